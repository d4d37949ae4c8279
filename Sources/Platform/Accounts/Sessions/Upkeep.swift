public import Base
public import Coordination
public import Storage
public import Telemetry

/// Keeps what this node holds in memory of accounts up to date: runs beside requests for as long as the process.
public struct AccountsUpkeep: Sendable {
    /// How often other nodes' revocations and tenants are looked for where no bus tells of them: every 2 seconds.
    public static let interval = Duration.seconds(2)
    private static let flushEvery = Duration.seconds(30)

    private let epochs: SessionEpochs
    private let directory: TenantDirectory
    private let keys: KeyRing
    private let clock: any WallClock
    private let events: EventLog
    private let pace: WatchPace

    /// Takes what is to be kept up to date.
    ///
    /// `pace` says how often is asked. Defaults to every ``interval``.
    public init(
        epochs: SessionEpochs, directory: TenantDirectory, keys: KeyRing, clock: any WallClock, events: EventLog,
        pace: WatchPace = WatchPace(untold: interval)
    ) {
        self.pace = pace
        self.epochs = epochs
        self.directory = directory
        self.keys = keys
        self.clock = clock
        self.events = events
    }

    /// Loads everything once; a node must not serve before.
    public func load() async throws(StorageError) {
        try await directory.refresh()
        try await epochs.refresh()
    }

    /// Refreshes at its pace until the task is cancelled.
    ///
    /// While the database cannot be reached, the node goes on with what it knows, and tells.
    ///
    /// - Throws: `CancellationError` when the task is cancelled, nothing else.
    public func run() async throws {
        var flushedAt = clock.uptime()
        while true {
            try await pace.wait(on: clock)
            do throws(StorageError) {
                try await load()
                guard clock.uptime() - flushedAt >= Self.flushEvery else { continue }
                flushedAt = clock.uptime()
                try await keys.flushUses()
            } catch {
                if error.code == .cancelled { throw CancellationError() }
                events.record(.statementFailed, ["statement": "accounts.upkeep", "code": .text(error.code.rawValue)])
            }
        }
    }
}
