public import Base
public import Logging
public import ServiceLifecycle
public import Storage

/// Gives back the credits of reservations that nobody settled in time, for as long as it runs.
///
/// Several nodes may run it at the same time: each takes other rows. Nobody waits for it to reserve: who is refused
/// sweeps the tenant's own overdue reservations first.
public final class CreditSweeper: Service {
    private let storage: Storage
    private let store: CreditStore
    private let clock: any WallClock
    private let interval: Duration
    private let logger: Logger

    /// Makes a sweeper.
    ///
    /// - Parameters:
    ///   - storage: where the ledgers are.
    ///   - clock: tells what is overdue.
    ///   - interval: time between two sweeps. Defaults to 10 seconds; 1 second to 1 hour.
    ///   - logger: told when a sweep fails.
    public init(storage: Storage, clock: any WallClock, interval: Duration = .seconds(10), logger: Logger) {
        precondition((.seconds(1) ... .seconds(3_600)).contains(interval), "a sweep every \(interval): 1 s to 1 h")
        self.storage = storage
        store = CreditStore(storage: storage, ledger: "")
        self.clock = clock
        self.interval = interval
        self.logger = logger
    }

    /// Sweeps until the shutdown.
    public func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { [self] in
                while true {
                    do {
                        _ = try await sweep()
                    } catch let error as StorageError where error.code != .cancelled {
                        logger.error("credits.sweepFailed", metadata: ["error": .string(error.description)])
                    }
                    try await clock.sleep(for: interval)
                }
            }
        } catch is CancellationError {
            // The shutdown: a batch that was interrupted has been undone.
        }
    }

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
