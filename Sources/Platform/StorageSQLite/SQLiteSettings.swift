public import Base

/// How ``SQLiteStorage`` uses its file.
///
/// The defaults suit one server process on one machine.
public struct SQLiteSettings: Sendable {
    /// What must have reached the disk when a commit returns.
    public enum Synchronous: Int, Sendable, CaseIterable {
        /// The file stays whole, but the last commits may be lost when the power fails.
        case normal = 1
        /// What was acknowledged survives a power failure.
        case full = 2
        /// As `full`, and the directory is synchronised as well when journals are removed.
        case extra = 3
    }

    /// Connections that read, besides the one that writes.
    ///
    /// Defaults to 4; 1 to 64. Each may hold a thread while a statement runs.
    public var readers = 4
    /// Callers that may wait for the writer, and as many for the readers; one more is refused at once.
    ///
    /// Defaults to 1,024; 1 to 1,000,000.
    public var waitingMax = 1_024
    /// Longest wait for a connection.
    ///
    /// Defaults to 5 seconds; 1 millisecond to 10 minutes.
    public var leaseTimeout: Duration = .seconds(5)
    /// Longest run of one statement, or of one chunk of a stream.
    ///
    /// Defaults to 30 seconds; 1 millisecond to 1 hour.
    public var statementTimeout: Duration = .seconds(30)
    /// Longest wait for another process that writes to the same file.
    ///
    /// Defaults to 5 seconds; 0 to 10 minutes.
    public var busyTimeout: Duration = .seconds(5)
    /// What must have reached the disk when a commit returns.
    ///
    /// Defaults to ``Synchronous/full``.
    public var synchronous = Synchronous.full
    /// Pages that each connection keeps in memory.
    ///
    /// Defaults to 16 MiB; 1 MiB to 4 GiB.
    public var cacheBytes = ByteCount.mebibytes(16)
    /// How much of the file is mapped into memory.
    ///
    /// Defaults to 0: a mapped page that cannot be read kills the process instead of failing a statement. Up to 1 TiB.
    public var mapBytes = ByteCount.bytes(0)
    /// Size to which the write-ahead log is cut after a checkpoint, and from which on checkpoints wait for readers.
    ///
    /// Defaults to 64 MiB; 1 MiB to 16 GiB.
    public var journalBytes = ByteCount.mebibytes(64)
    /// Prepared statements that each connection keeps.
    ///
    /// Defaults to 256; 1 to 10,000. Texts of more than 8 KiB (tables of many values) are prepared anew each time.
    public var statementsMax = 256
    /// Single-statement writes that wait at the same time and are made durable by one commit.
    ///
    /// Defaults to 128; 1 to 1,000. Each keeps its own outcome.
    public var groupMax = 128
    /// How long ``SQLiteStorage/shutdown()`` waits for transactions that are still open.
    ///
    /// Defaults to 10 seconds; 0 to 10 minutes.
    public var shutdownPatience: Duration = .seconds(10)

    /// The defaults.
    public init() {}

    func check() {
        precondition((1...64).contains(readers), "\(readers) readers: 1 to 64 are possible")
        precondition((1...1_000_000).contains(waitingMax), "\(waitingMax) waiting callers: 1 to 1,000,000 are possible")
        precondition(
            (.milliseconds(1) ... .seconds(600)).contains(leaseTimeout),
            "a lease time-out of \(leaseTimeout): 1 ms to 10 min are possible")
        precondition(
            (.milliseconds(1) ... .seconds(3_600)).contains(statementTimeout),
            "a statement time-out of \(statementTimeout): 1 ms to 1 h are possible")
        precondition(
            (.zero ... .seconds(600)).contains(busyTimeout),
            "a busy time-out of \(busyTimeout): 0 to 10 min are possible")
        precondition(
            (ByteCount.mebibytes(1) ... .mebibytes(4_096)).contains(cacheBytes),
            "a cache of \(cacheBytes): 1 MiB to 4 GiB are possible")
        precondition(mapBytes <= .mebibytes(1 << 20), "a map of \(mapBytes): up to 1 TiB are possible")
        precondition(
            (ByteCount.mebibytes(1) ... .mebibytes(16_384)).contains(journalBytes),
            "a journal of \(journalBytes): 1 MiB to 16 GiB are possible")
        precondition((1...10_000).contains(statementsMax), "\(statementsMax) statements: 1 to 10,000 are possible")
        precondition((1...1_000).contains(groupMax), "groups of \(groupMax) writes: 1 to 1,000 are possible")
        precondition(
            (.zero ... .seconds(600)).contains(shutdownPatience),
            "a patience of \(shutdownPatience) at shutdown: 0 to 10 min are possible")
    }
}
