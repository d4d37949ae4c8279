public import Base
import Foundation
public import Storage

/// Something that somebody did and that must be possible to look up: who, what, to what, when.
public struct AuditEntry: Sendable, Hashable {
    /// Who did it.
    public enum Actor: Sendable, Hashable {
        /// A person.
        case person(ID<Person>)
        /// A program with an API key.
        case key(ID<APIKey>)
        /// The platform itself.
        case system

        /// `person`, `key` or `system`.
        public var kind: String {
            switch self {
            case .person: "person"
            case .key: "key"
            case .system: "system"
            }
        }

        var number: ID<AuditEntry>? {
            switch self {
            case .person(let id): id.cast(to: ID<AuditEntry>.self)
            case .key(let id): id.cast(to: ID<AuditEntry>.self)
            case .system: nil
            }
        }
    }

    /// How many bytes the details of an entry may have together.
    public static let detailBytesMax = 4_096

    /// The entry's own id.
    public let id: ID<AuditEntry>
    /// When it was done.
    public let madeAt: Timestamp
    /// Who did it.
    public let actor: Actor
    /// What was done: `noun.verbPast`, as in `role.changed`.
    public let action: String
    /// What kind of thing it was done to, as in `person`.
    public let subjectKind: String
    /// Which one.
    public let subjectID: String
    /// What else is worth knowing; no secrets.
    public let detail: [String: String]
}

extension AuditEntry: RowDecodable {
    static let columns: SQL = "id, made_at, actor_kind, actor_id, action, subject_kind, subject_id, detail"

    /// Reads the row of `audit_entries`.
    public init(row: SQLRow) throws(StorageError) {
        id = try row.value("id")
        madeAt = try row.value("made_at")
        let number = try row.optional("actor_id", as: ID<AuditEntry>.self)
        switch (try row.value("actor_kind", as: String.self), number) {
        case ("person", let number?): actor = .person(number.cast(to: ID<Person>.self))
        case ("key", let number?): actor = .key(number.cast(to: ID<APIKey>.self))
        default: actor = .system
        }
        action = try row.value("action")
        subjectKind = try row.value("subject_kind")
        subjectID = try row.value("subject_id")
        let text = try row.value("detail", as: String.self)
        do {
            detail = try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
        } catch {
            throw StorageError(.rowMismatch, "the column detail of audit_entries holds no object of texts")
        }
    }
}
