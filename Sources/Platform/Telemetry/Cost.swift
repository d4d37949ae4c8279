import Synchronization

/// What one unit of work (a request, a job run, a page) has cost so far.
///
/// The layers below add to the record of the task they run in; who opened it reads it at the end. Any task may
/// add; an addition takes one short uncontended lock.
public final class Cost: Sendable {
    /// The record of the unit of work that the current task belongs to; `nil` outside of any.
    @TaskLocal public static var current: Cost?

    /// What is counted.
    public enum Item: Int, CaseIterable, Sendable {
        /// Statements sent to a database on behalf of this work alone.
        case statements
        /// Grouped statements that carried this work together with others'.
        case sharedStatements
        /// Rows that came back.
        case rowsRead
        /// Rows that were written.
        case rowsWritten
        /// Microseconds spent waiting for the database.
        case databaseMicroseconds
        /// Bytes of response body.
        case bytesSent
        /// Cache look-ups that were served from memory.
        case cacheHits
        /// Cache look-ups that had to load or to wait for a load.
        case cacheMisses
        /// Decisions of limits, granted and refused.
        case limitDecisions
        /// Calls to the outside world.
        case outboundCalls
        /// Tokens of language models.
        case tokens
        /// Jobs that were run.
        case jobs
        /// Money spent on vendors, in millionths of the installation's currency.
        case money
    }

    private let counters = Mutex(SIMDCounters())

    /// Opens an empty record.
    public init() {}

    /// Adds to one of the counters.
    public func add(_ amount: Int = 1, to item: Item) {
        counters.withLock { $0.values[item.rawValue] &+= amount }
    }

    /// Reads one of the counters.
    public subscript(item: Item) -> Int { counters.withLock { $0.values[item.rawValue] } }

    /// Runs `work` with a new record and returns both its result and the record.
    public static func measure<Result>(
        _ work: () async throws -> Result
    ) async rethrows -> (result: Result, cost: Cost) {
        let cost = Cost()
        let result = try await $current.withValue(cost) { try await work() }
        return (result, cost)
    }
}

/// All counters in one fixed piece of memory: opening a record allocates once.
private struct SIMDCounters {
    var values = SIMD16<Int>(repeating: 0)
}
