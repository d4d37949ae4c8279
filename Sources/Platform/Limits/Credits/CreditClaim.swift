public import Base
public import Foundation
public import Storage

/// A part of somebody's allowance that a reservation asks for.
public struct CreditClaim: Sendable, Hashable {
    /// Whose allowance: the tenant's, or that of somebody within it.
    public let key: LimitKey
    /// How much, at most; 0 or more.
    public let amount: Int
    /// What the key may use per period, as its plan says now.
    public let limit: Int
    /// The time zone whose midnights count.
    public let zone: TimeZone
    /// When the first period began, for ``CreditPeriod/anniversary``.
    public let anchor: Timestamp

    /// The tenant of the key.
    let tenant: Tenant

    /// Makes a claim.
    ///
    /// - Parameters:
    ///   - key: whose allowance; its tenant must be known.
    ///   - amount: the most that the work can use.
    ///   - limit: what the key may use per period; 0 or more.
    ///   - zone: defaults to UTC.
    ///   - anchor: the day of the month on which an anniversary renews. Defaults to the first.
    public init(
        _ key: LimitKey, amount: Int, limit: Int, zone: TimeZone = .gmt, anchor: Timestamp = .epoch
    ) {
        guard let tenant = key.tenant else { preconditionFailure("credits belong to a tenant; \(key) has none") }
        precondition(amount >= 0 && limit >= 0, "\(amount) of \(limit) credits cannot be reserved")
        precondition(key.storedName.utf8.count <= 200, "a key of \(key.storedName.utf8.count) bytes: 200 are possible")
        self.key = key
        self.amount = amount
        self.limit = limit
        self.zone = zone
        self.anchor = anchor
        self.tenant = tenant
    }
}

/// What a key has of its allowance in the current period.
public struct CreditUsage: Sendable, Hashable {
    /// Charged.
    public var used = 0
    /// Reserved and not yet settled.
    public var held = 0
    /// When the period ends; `nil` when it does not.
    public var endsAt: Timestamp?

    /// What may still be reserved of `limit`.
    public func remaining(of limit: Int) -> Int { max(0, limit - used - held) }
}

/// A line of a ledger's journal: what changed, and what it changed.
public struct CreditEntry: Sendable, Hashable, RowDecodable {
    /// What happened.
    public enum Kind: String, Sendable, CaseIterable, SQLEncodable, SQLDecodable {
        /// Taken from what is free.
        case reserve
        /// Charged with what was really used; the rest is free again.
        case settle
        /// Given back by whoever had reserved it, in whole or in part.
        case release
        /// Given back because nobody had settled it in time.
        case expire
    }

    /// When.
    public let madeAt: Timestamp
    /// The reservation, by the id that its caller chose.
    public let reservation: ID<Reservation>
    /// Whose allowance, as the ledger names it: empty for the tenant's own.
    public let holder: String
    /// The number of the change of this reservation, from 1.
    public let revision: Int
    /// What happened.
    public let kind: Kind
    /// By how much that which is held has changed.
    public let held: Int
    /// What was charged.
    public let used: Int
    /// What it is for, as the caller noted.
    public let note: String

    /// The columns, in the order of ``init(row:)``.
    static let columns: SQL = "made_at, reservation_id, holder, revision, kind, held, used, note"

    /// Reads a row.
    public init(row: SQLRow) throws(StorageError) {
        madeAt = try row.value(at: 0)
        reservation = try row.value(at: 1)
        holder = try row.value(at: 2)
        revision = try row.value(at: 3)
        kind = try row.value(at: 4)
        held = try row.value(at: 5)
        used = try row.value(at: 6)
        note = try row.value(at: 7)
    }
}
