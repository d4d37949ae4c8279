public import Base
public import Storage

/// What is known about a tenant.
public struct TenantRecord: Sendable, Hashable {
    /// Who may become a member.
    public enum Joining: String, Sendable, CaseIterable {
        /// Whoever signs up.
        case open
        /// Whoever is let in.
        case invited
    }

    /// Whether the tenant is served.
    public enum State: String, Sendable, CaseIterable {
        /// It is.
        case active
        /// It is not; its data stays.
        case suspended
    }

    /// The tenant.
    public let tenant: Tenant
    /// Its short name, the first label of its host under the installation's domain.
    public let slug: String
    /// A host of its own; `nil` for none.
    public let host: String?
    /// Its name for people.
    public let name: String
    /// Who may become a member.
    public let joining: Joining
    /// Whether it is served.
    public let state: State
    /// When it was made.
    public let createdAt: Timestamp
    /// When it was changed last.
    public let changedAt: Timestamp
}

extension TenantRecord: RowDecodable {
    static let columns: SQL = "id, slug, host, name, joining, state, created_at, changed_at"

    /// Reads the row of `tenants`.
    public init(row: SQLRow) throws(StorageError) {
        tenant = try Tenant(row.value("id"))
        slug = try row.value("slug")
        host = try row.optional("host")
        name = try row.value("name")
        guard let joining = try Joining(rawValue: row.value("joining")),
            let state = try State(rawValue: row.value("state"))
        else { throw StorageError(.rowMismatch, "a row of tenants holds a word that is none of its choices") }
        self.joining = joining
        self.state = state
        createdAt = try row.value("created_at")
        changedAt = try row.value("changed_at")
    }
}

/// The rules of tenants' names.
enum TenantNaming {
    /// 2 to 40 of `a–z 0–9 -`, beginning with a letter, not ending with a dash.
    static func isSlug(_ text: String) -> Bool {
        guard (2...40).contains(text.utf8.count), let first = text.utf8.first, (97...122).contains(first),
            text.utf8.last != UInt8(ascii: "-")
        else { return false }
        return text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") }
    }

    /// A host name in lower case without port, at most 253 bytes.
    static func isHost(_ text: String) -> Bool {
        guard (1...253).contains(text.utf8.count) else { return false }
        return text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
            (1...63).contains(label.count) && label.first != UInt8(ascii: "-") && label.last != UInt8(ascii: "-")
                && label.allSatisfy {
                    (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-")
                }
        }
    }
}
