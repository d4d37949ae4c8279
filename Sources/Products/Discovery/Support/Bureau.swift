import Base
import Caching
import Logging
import Storage
import Telemetry

/// The product at work: everything that routes, pages, jobs and the demo use.
final class Bureau: Sendable {
    let storage: Storage
    let clock: any WallClock
    let randomness: any Randomness
    let logger: Logger
    let events: EventLog

    /// - Parameters:
    ///   - storage: the database.
    ///   - caches: where caches are entered.
    ///   - clock: the time.
    ///   - randomness: chance.
    ///   - logger: where services report.
    ///   - events: where what happens is told.
    init(
        storage: Storage, caches: CacheRegistry, clock: any WallClock, randomness: any Randomness, logger: Logger,
        events: EventLog
    ) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        self.logger = logger
        self.events = events
    }
}
