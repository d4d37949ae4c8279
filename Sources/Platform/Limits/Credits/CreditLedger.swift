public import Base
public import Foundation
public import Storage
import Synchronization
import Telemetry

/// A durable quota or budget: credits, tokens, money, kept in the database and exact on any number of nodes.
///
/// Reserve → settle → or expire, as the ``Ledger`` in memory, but inside the caller's transaction: what is reserved and
/// what is done with it are committed together or not at all. All verbs are idempotent by the reservation's id, which
/// is that of the thing it pays for.
///
/// ```swift
/// try await storage.write(for: tenant) { transaction in
///     let claim = CreditClaim(LimitKey(tenant), amount: search.target, limit: plan.credits, zone: tenant.zone)
///     if case .refused(let refusal) = try await credits.reserve(search.id, claim, in: transaction) { … }
///     try await store.insert(search, in: transaction)
/// }
/// …
/// try await credits.settle(search.id, used: delivered, for: tenant, in: transaction)
/// ```
///
/// Each verb is one statement on PostgreSQL; on SQLite, where statements cost no round trip, three at most.
public final class CreditLedger: Sendable {
    /// The bounds of a ledger.
    public enum Bounds {
        /// Claims of one reservation.
        public static let claims = 8
        /// The longest time that a reservation may stay open: 366 days.
        public static let ttl = Duration.seconds(366 * 86_400)
        /// Bytes of a note; longer ones are cut.
        public static let noteBytes = 200
    }

    /// The ledger's name, as in `discovery.credits`; unique in the process, and stored with every row.
    public let name: String
    /// When what was used comes back.
    public let period: CreditPeriod

    private let storage: Storage
    private let store: CreditStore
    private let clock: any WallClock
    private let counts: Mutex<LimitStatistics>

    /// Opens a ledger and enters it in `registry`, in which its name must be new.
    public init(
        _ name: String, per period: CreditPeriod, storage: Storage, clock: any WallClock, in registry: LimitRegistry
    ) {
        precondition((1...100).contains(name.utf8.count), "a ledger's name has 1 to 100 bytes, not \(name)")
        self.name = name
        self.period = period
        self.storage = storage
        self.clock = clock
        store = CreditStore(storage: storage, ledger: name)
        counts = Mutex(LimitStatistics(rule: name, limit: 0, period: "\(period)"))
        registry.enter(self)
    }

    // MARK: Reserve

    /// Reserves a part of one allowance.
    ///
    /// - Parameters:
    ///   - id: what is paid for. The same id again is answered with ``Grant/isRepeat`` and reserves nothing further, as
    ///     long as it is open or settled; one that was released or has expired may be reserved anew.
    ///   - claim: whose, how much, of how much.
    ///   - ttl: when an unsettled reservation is given back. Defaults to 1 day; more than zero, at most 366 days.
    ///   - note: what it is for, shown in the journal.
    ///   - transaction: the caller's; `nil` for one of its own.
    /// - Returns: the grant, or the refusal with what is left; after a refusal nothing has been written.
    /// - Throws: `StorageError`; the transaction cannot be committed then.
    public func reserve<Entity>(
        _ id: ID<Entity>, _ claim: CreditClaim, ttl: Duration = .seconds(86_400), note: String = "",
        in transaction: WriteTransaction? = nil
    ) async throws -> Admission {
        try await reserve(id, [claim], ttl: ttl, note: note, in: transaction)
    }

    /// Reserves parts of several allowances as a whole, such as the tenant's and the person's: all or none.
    ///
    /// - Parameters:
    ///   - id: what is paid for.
    ///   - claims: 1 to ``Bounds/claims``, all of one tenant and each of another key. Locks are taken in the order of
    ///     the keys, whatever the order here.
    ///   - ttl: when an unsettled reservation is given back. Defaults to 1 day; more than zero, at most 366 days.
    ///   - note: what it is for, shown in the journal.
    ///   - transaction: the caller's; `nil` for one of its own.
    /// - Returns: the grant with the least left, or the first refusal.
    /// - Throws: `StorageError`; the transaction cannot be committed then.
    public func reserve<Entity>(
        _ id: ID<Entity>, _ claims: [CreditClaim], ttl: Duration = .seconds(86_400), note: String = "",
        in transaction: WriteTransaction? = nil
    ) async throws -> Admission {
        precondition((1...Bounds.claims).contains(claims.count), "a reservation of \(claims.count) claims")
        precondition(ttl > .zero && ttl <= Bounds.ttl, "a reservation for \(ttl): more than zero, at most 366 days")
        let tenant = claims[0].tenant
        precondition(claims.allSatisfy { $0.tenant == tenant }, "claims of one reservation are of one tenant")
        precondition(Set(claims.map(\.key)).count == claims.count, "claims of one reservation are of different keys")
        Cost.current?.add(claims.count, to: .limitDecisions)
        let note = String(decoding: note.utf8.prefix(Bounds.noteBytes), as: UTF8.self)
        let ordered = claims.sorted { $0.key.storedName < $1.key.storedName }
        let answer = try await within(transaction, tenant) { transaction in
            var tightest: Grant?
            for (number, claim) in ordered.enumerated() {
                let ask = self.ask(id, claim, ttl: ttl, note: note)
                switch try await self.decide(ask, claim, in: transaction) {
                case .refused(let refusal):
                    if number > 0 {
                        _ = try await self.store.finish(
                            .release(amount: nil), ask.id, for: tenant, at: ask.now, in: transaction)
                    }
                    return Admission.refused(refusal)
                case .granted(let grant):
                    if tightest.map({ grant.remaining < $0.remaining }) ?? true { tightest = grant }
                }
            }
            guard let tightest else { preconditionFailure("a reservation without claims has passed") }
            return Admission.granted(tightest)
        }
        counts.withLock { counts in
            if answer.isGranted { counts.granted += 1 } else { counts.refused += 1 }
        }
        return answer
    }

    private func ask<Entity>(_ id: ID<Entity>, _ claim: CreditClaim, ttl: Duration, note: String) -> CreditAsk {
        let now = clock.now()
        return CreditAsk(
            tenant: claim.tenant, id: ID(high: id.high, low: id.low), holder: claim.key.storedName,
            amount: claim.amount, limit: claim.limit,
            window: period.window(at: now, in: claim.zone, anchor: claim.anchor), now: now, expiresAt: now + ttl,
            note: note)
    }

    /// Asks, and once more when what stood in the way has meanwhile expired.
    private func decide(
        _ ask: CreditAsk, _ claim: CreditClaim, in transaction: WriteTransaction
    ) async throws -> Admission {
        var answer = try await store.reserve(ask, in: transaction)
        let isOverdue = answer.known == .open && (answer.knownUntil.map { $0 <= ask.now } ?? false)
        if isOverdue || !answer.isKnown && !answer.isGranted {
            let expired = try await store.expire(of: ask.tenant, at: ask.now, in: transaction)
            if expired > 0 { answer = try await store.reserve(ask, in: transaction) }
        }
        let remaining = max(0, claim.limit - answer.used - answer.held)
        let endsAt = answer.endsAt ?? ask.window.upperBound
        let resetAfter = endsAt < CreditPeriod.never ? max(.milliseconds(1), endsAt - ask.now) : nil
        if answer.isGranted || answer.isKnown {
            return .granted(
                Grant(
                    rule: name, limit: claim.limit, remaining: remaining, resetAfter: resetAfter,
                    isRepeat: answer.isKnown))
        }
        let reason: Refusal.Reason = claim.amount > claim.limit ? .amount : period == .forever ? .budget : .quota
        return .refused(
            Refusal(
                reason: reason, rule: name, limit: claim.limit, remaining: min(remaining, max(0, claim.amount - 1)),
                retryAfter: reason == .quota ? resetAfter : nil))
    }

    // MARK: Settle, release, expire

    /// Charges what was really used and frees the rest.
    ///
    /// - Parameters:
    ///   - id: what was paid for.
    ///   - used: may exceed what was reserved, and is then charged in full; `nil` charges what is reserved.
    ///   - tenant: whose.
    ///   - transaction: the caller's; `nil` for one of its own.
    /// - Returns: how it ended; nothing of it is an error.
    /// - Throws: `StorageError`.
    @discardableResult
    public func settle<Entity>(
        _ id: ID<Entity>, used: Int? = nil, for tenant: Tenant, in transaction: WriteTransaction? = nil
    ) async throws -> Settlement {
        precondition(used ?? 0 >= 0, "\(used ?? 0) credits cannot have been used")
        return try await finish(.settle(used: used), id, for: tenant, in: transaction)
    }

    /// Gives a reservation back, in whole or in part.
    ///
    /// Giving back the whole is idempotent. A part is given back each time, so it belongs into the transaction that
    /// notes why.
    ///
    /// - Parameters:
    ///   - id: what was to be paid for.
    ///   - amount: how much of it; `nil` for all, which ends the reservation.
    ///   - tenant: whose.
    ///   - transaction: the caller's; `nil` for one of its own.
    /// - Returns: how it ended; nothing of it is an error.
    /// - Throws: `StorageError`.
    @discardableResult
    public func release<Entity>(
        _ id: ID<Entity>, amount: Int? = nil, for tenant: Tenant, in transaction: WriteTransaction? = nil
    ) async throws -> Settlement {
        precondition(amount ?? 0 >= 0, "\(amount ?? 0) credits cannot be given back")
        return try await finish(.release(amount: amount), id, for: tenant, in: transaction)
    }

    /// Keeps an open reservation for `ttl` from now on; returns whether it was open.
    @discardableResult
    public func renew<Entity>(
        _ id: ID<Entity>, ttl: Duration, for tenant: Tenant, in transaction: WriteTransaction? = nil
    ) async throws -> Bool {
        precondition(ttl > .zero && ttl <= Bounds.ttl, "a reservation for \(ttl): more than zero, at most 366 days")
        let expiresAt = clock.now() + ttl
        return try await within(transaction, tenant) { transaction in
            try await self.store.renew(ID(high: id.high, low: id.low), for: tenant, until: expiresAt, in: transaction)
        }
    }

    private func finish<Entity>(
        _ change: CreditChange, _ id: ID<Entity>, for tenant: Tenant, in transaction: WriteTransaction?
    ) async throws -> Settlement {
        let now = clock.now()
        let id = ID<Reservation>(high: id.high, low: id.low)
        return try await within(transaction, tenant) { transaction in
            try await self.store.finish(change, id, for: tenant, at: now, in: transaction)
        }
    }

    private func within<Result: Sendable>(
        _ transaction: WriteTransaction?, _ tenant: Tenant,
        _ body: (WriteTransaction) async throws -> Result
    ) async throws -> Result {
        guard let transaction else { return try await storage.write(for: tenant, body) }
        precondition(transaction.scope.tenant == tenant, "\(name): the transaction is of another tenant")
        return try await body(transaction)
    }

    // MARK: Reading

    /// What a key has used and reserved in its current period.
    ///
    /// - Parameters:
    ///   - key: whose.
    ///   - zone: the time zone whose midnights count.
    ///   - anchor: when the first period began, for ``CreditPeriod/anniversary``.
    /// - Returns: zeros when nothing was reserved yet.
    /// - Throws: `StorageError`.
    public func usage(
        of key: LimitKey, zone: TimeZone = .gmt, anchor: Timestamp = .epoch
    ) async throws(StorageError) -> CreditUsage {
        guard let tenant = key.tenant else { preconditionFailure("credits belong to a tenant; \(key) has none") }
        let window = period.window(at: clock.now(), in: zone, anchor: anchor)
        var usage = try await store.usage(of: key.storedName, since: window.lowerBound, for: tenant) ?? CreditUsage()
        let endsAt = usage.endsAt ?? window.upperBound
        usage.endsAt = endsAt < CreditPeriod.never ? endsAt : nil
        return usage
    }

    /// A page of the journal, the newest first.
    public func entries(
        of tenant: Tenant, after cursor: Cursor? = nil, limit: Int = 50
    ) async throws(StorageError) -> Page<CreditEntry> {
        try await store.entries(of: tenant, after: cursor, limit: limit)
    }

    /// The journal of one reservation, the oldest change first; at most 500.
    public func entries<Entity>(
        of id: ID<Entity>, in tenant: Tenant
    ) async throws(StorageError) -> [CreditEntry] {
        try await store.entries(of: ID(high: id.high, low: id.low), in: tenant)
    }

    /// What the ledger has decided in this process.
    public var statistics: LimitStatistics { counts.withLock { $0 } }
}
