public import Storage
import Synchronization

/// Remembers which statements were sent, for tests of budgets and plans.
///
/// Keeps at most 10,000.
public final class RecordedStatements: StatementRecorder {
    private let requests = Mutex<[StatementRequest]>([])

    /// Remembers nothing yet.
    public init() {}

    /// The names, in the order of sending.
    public var names: [String] { requests.withLock { $0.map(\.name) } }

    /// The statements, in the order of sending.
    public var all: [StatementRequest] { requests.withLock { $0 } }

    /// Forgets all.
    public func clear() { requests.withLock { $0 = [] } }

    /// Takes note of a statement.
    public func willSend(_ request: StatementRequest, scope: Scope) {
        requests.withLock { requests in
            precondition(requests.count < 10_000, "a test sends more than 10,000 statements to its recorder")
            requests.append(request)
        }
    }
}
