import Synchronization

/// Ends a handler's task from outside: by a time-out, a cancellation, or the end of the worker.
final class RunWatch: Sendable {
    enum Reason: Sendable {
        case timedOut
        case cancelled
        case interrupted
        /// The lease was lost: whatever the handler returns counts for nothing.
        case lost
    }

    private struct State {
        var isOver = false
        var reason: Reason?
        /// Whether the job's fate was decided without waiting for the handler.
        var isAbandoned = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    var reason: Reason? { state.withLock { $0.reason } }
    var isAbandoned: Bool { state.withLock { $0.isAbandoned } }

    /// Asks the handler to end; the first reason counts, but for a loss.
    func end(_ reason: Reason) {
        let waiter = state.withLock { state in
            if state.reason == nil || reason == .lost { state.reason = reason }
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Marks that the handler has returned.
    func markOver() {
        let waiter = state.withLock { state in
            state.isOver = true
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }

    /// Decides the job's fate without the handler; `false` when it has returned, or that was done before.
    func abandon() -> Bool {
        state.withLock { state in
            guard !state.isOver, !state.isAbandoned else { return false }
            state.isAbandoned = true
            return true
        }
    }

    /// Returns when the handler has returned or is to end.
    func wait() async {
        await withCheckedContinuation { continuation in
            let isReady = state.withLock { state in
                if state.isOver || state.reason != nil { return true }
                state.waiter = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}
