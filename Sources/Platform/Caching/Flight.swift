import Synchronization

/// One caller that waits for a load: a promise that is kept once, by whoever comes first.
final class Waiter<Value: Sendable>: Sendable {
    private enum State {
        case fresh
        case waiting(CheckedContinuation<Value, any Error>)
        case done(Result<Value, any Error>)
    }

    private let state = Mutex(State.fresh)

    /// Settles the promise; later calls change nothing.
    func finish(_ result: Result<Value, any Error>) {
        let continuation = state.withLock { state -> CheckedContinuation<Value, any Error>? in
            switch state {
            case .fresh:
                state = .done(result)
                return nil
            case .waiting(let continuation):
                state = .done(result)
                return continuation
            case .done: return nil
            }
        }
        continuation?.resume(with: result)
    }

    /// Suspends until the promise is kept.
    func value() async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let result = state.withLock { state -> Result<Value, any Error>? in
                if case .done(let result) = state { return result }
                state = .waiting(continuation)
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }
}

/// A load that runs, and who waits for it.
struct Flight<Key: Sendable, Value: Sendable>: Sendable {
    let key: Key
    /// The number of the fence before the load began, and the slots of its tags.
    let began: UInt64
    let slots: [UInt32]
    /// A refresh serves nobody in particular: it runs on when nobody waits.
    let isRefresh: Bool
    var waiters: [UInt64: Waiter<Value>] = [:]
    var task: Task<Void, Never>?
}
