public import Base
public import Storage

/// Gives back the credits of reservations that nobody settled in time.
///
/// Several nodes may do it at the same time: each takes other rows. Nobody waits for it to reserve: who is refused
/// sweeps the tenant's own overdue reservations first.
public final class CreditSweeper: Sendable {
    private let storage: Storage
    private let store: CreditStore
    private let clock: any WallClock

    /// Makes a sweeper.
    ///
    /// - Parameters:
    ///   - storage: where the ledgers are.
    ///   - clock: tells what is overdue.
    public init(storage: Storage, clock: any WallClock) {
        self.storage = storage
        store = CreditStore(storage: storage, ledger: "")
        self.clock = clock
    }

    /// Whether anything is overdue.
    public func isAnyOverdue() async throws -> Bool { try await store.isAnyOverdue(at: clock.now()) }

    /// Gives back everything that is overdue now, in batches; returns how many.
    @discardableResult
    public func sweep() async throws -> Int {
        var total = 0
        while true {
            let now = clock.now()
            let count = try await storage.write(bypassingTenant: LimitsSchema.sweepCapability) { transaction in
                try await self.store.expire(of: nil, at: now, in: transaction)
            }
            total += count
            guard count == CreditStore.batchRows else { return total }
        }
    }
}
