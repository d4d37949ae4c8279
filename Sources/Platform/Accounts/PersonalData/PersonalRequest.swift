public import Base
public import Storage

/// That somebody has asked for their data, or for its removal, and how far that has come.
public struct PersonalRequest: Sendable, Hashable {
    /// What was asked for.
    public enum Kind: String, Sendable, Hashable, CaseIterable, SQLConvertible {
        /// A copy of everything.
        case export
        /// The removal of everything.
        case erasure
    }

    /// How far it has come.
    public enum State: String, Sendable, Hashable, CaseIterable, SQLConvertible {
        /// Under way.
        case running
        /// Everything is removed; a bare number is kept until the longest session has ended, so that old ones stay
        /// refused.
        case settling
        /// Ended.
        case done
    }

    /// The request.
    public let id: ID<PersonalRequest>
    /// Who asked; the pseudonym when an erasure is done.
    public let person: ID<Person>
    /// What stands in the person's place where something must stay.
    public let pseudonym: ID<Person>
    /// Where it was asked for.
    public let tenant: Tenant
    /// What was asked for.
    public let kind: Kind
    /// How far it has come.
    public let state: State
    /// When it was asked for.
    public let requestedAt: Timestamp
    /// When it ended.
    public let finishedAt: Timestamp?
    /// What it waits for, or how many records were handed over.
    public let note: String?
}

extension PersonalRequest: RowDecodable {
    static let columns: SQL = "id, person_id, pseudonym, asked_in, kind, state, requested_at, finished_at, note"

    /// Reads the row of `personal_requests`.
    public init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        person = try row.value(at: 1)
        pseudonym = try row.value(at: 2)
        tenant = Tenant(try row.value(at: 3))
        kind = try row.value(at: 4)
        state = try row.value(at: 5)
        requestedAt = try row.value(at: 6)
        finishedAt = try row.optional(at: 7)
        note = try row.optional(at: 8)
    }
}
