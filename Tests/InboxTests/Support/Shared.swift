import Synchronization

/// Something that tasks of a test write together.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result: Sendable>(_ body: (inout sending Value) -> Result) -> Result {
        value.withLock { body(&$0) }
    }
}
