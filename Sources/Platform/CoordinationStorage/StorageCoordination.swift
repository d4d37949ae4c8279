public import Base
public import Coordination
public import Storage
public import Telemetry

/// What nodes share through PostgreSQL, where there is no Redis.
public enum StorageCoordination {
    enum Bounds {
        /// How often what is over is removed.
        static let sweepEvery = Duration.seconds(60)
        /// Rows in one statement.
        static let sweepRows = 1_000
        /// Statements for one table in a sweep; the next one goes on.
        static let sweepBatches = 100
        /// Values that are kept; those that end first go first.
        static let values = 100_000
    }

    /// Brings bus, cache and bank together on a database of PostgreSQL.
    ///
    /// - Parameters:
    ///   - storage: the database, whose migrations of ``CoordinationSchema`` have run.
    ///   - channel: the name of the channel of notifications. Defaults to `capstan_bus`.
    ///   - clock: paces.
    ///   - randomness: names this node and generations.
    ///   - events: hears of gaps, and of a database that goes away.
    /// - Returns: the services, whose `run` must run.
    public static func services(
        _ storage: Storage, channel: String = "capstan_bus", clock: any WallClock, randomness: any Randomness,
        events: EventLog
    ) -> CoordinationServices {
        let bus = StorageBus(storage, channel: channel, clock: clock, randomness: randomness, events: events)
        return CoordinationServices(
            bus: bus, cache: StorageSharedCache(storage, randomness: randomness), bank: StorageTokenBank(storage),
            status: { bus.status },
            run: {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await bus.run() }
                    group.addTask { try await sweepAll(storage, clock: clock, events: events) }
                    try await group.next()
                    group.cancelAll()
                }
            })
    }

    /// Removes what is over every minute, on each node: rows that another holds are left to it.
    private static func sweepAll(_ storage: Storage, clock: any WallClock, events: EventLog) async throws {
        while true {
            try await clock.sleep(for: Bounds.sweepEvery)
            do throws(StorageError) {
                try await sweep(storage)
            } catch {
                if error.code == .cancelled { throw CancellationError() }
                events.record(
                    .statementFailed, ["statement": "coordination.sweep", "code": .text(error.code.rawValue)])
            }
        }
    }

    /// Removes what is over, and the values beyond their number.
    static func sweep(_ storage: Storage) async throws(StorageError) {
        let writer = storage.writer(bypassingTenant: CoordinationSchema.capability)
        for statement in [
            over("coordination_values"), over("coordination_tags"), over("coordination_leases"),
            over("coordination_tokens"), surplus,
        ] {
            for _ in 0..<Bounds.sweepBatches {
                if try await writer.execute("coordination.sweep", statement) < Bounds.sweepRows { break }
            }
        }
    }

    private static func over(_ table: StaticString) -> SQL {
        """
        DELETE FROM \(raw: table) WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM \(raw: table) WHERE expires_at < clock_timestamp()
            ORDER BY expires_at LIMIT \(Bounds.sweepRows) FOR UPDATE SKIP LOCKED))
        """
    }

    private static var surplus: SQL {
        """
        DELETE FROM coordination_values WHERE ctid = ANY(ARRAY(
            SELECT ctid FROM coordination_values ORDER BY expires_at DESC
            OFFSET \(Bounds.values) LIMIT \(Bounds.sweepRows)))
        """
    }
}
