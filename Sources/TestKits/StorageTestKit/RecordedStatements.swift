public import Storage
import Synchronization

/// Remembers which statements were sent, for tests of budgets and plans.
///
/// Keeps at most 10,000.
public final class RecordedStatements: StatementRecorder {
    /// A statement and on whose behalf it was sent.
    public struct Entry: Sendable {
        /// The statement.
        public let request: StatementRequest
        /// On whose behalf.
        public let scope: Scope
    }

    private let entries = Mutex<[Entry]>([])

    /// Remembers nothing yet.
    public init() {}

    /// The names, in the order of sending.
    public var names: [String] { entries.withLock { $0.map(\.request.name) } }

    /// The statements, in the order of sending.
    public var all: [Entry] { entries.withLock { $0 } }

    /// One statement for each name and text, in the order of first sending.
    public var distinct: [Entry] {
        var seen: Set<[String]> = []
        return all.filter { seen.insert([$0.request.name, $0.request.sql.text]).inserted }
    }

    /// Forgets all.
    public func clear() { entries.withLock { $0 = [] } }

    /// Takes note of a statement.
    public func willSend(_ request: StatementRequest, scope: Scope) {
        entries.withLock { entries in
            precondition(entries.count < 10_000, "a test sends more than 10,000 statements to its recorder")
            entries.append(Entry(request: request, scope: scope))
        }
    }
}
