import Base
import Synchronization

/// What connections want done that takes waiting: a bounded line that a few tasks serve.
///
/// A connection has no task of its own; what it asks for is brought here and answered on its event loop.
final class Desk: Sendable {
    enum Bounds {
        /// What may wait; more is refused.
        static let waiting = 65_536
        /// Tasks that serve.
        static let clerks = 16
    }

    typealias Work = @Sendable () async -> Void

    private struct State {
        var line = BoundedQueue<Work>(capacity: Bounds.waiting)
        var idle: [UInt64: CheckedContinuation<Work?, Never>] = [:]
        var lastID: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Brings work; `false` when too much waits.
    func bring(_ work: @escaping Work) -> Bool {
        let (isTaken, clerk) = state.withLock { state -> (Bool, CheckedContinuation<Work?, Never>?) in
            if let id = state.idle.keys.first { return (true, state.idle.removeValue(forKey: id)) }
            return (state.line.append(work), nil)
        }
        clerk?.resume(returning: work)
        return isTaken
    }

    /// Serves until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<Bounds.clerks {
                group.addTask { while let work = await self.next() { await work() } }
            }
        }
    }

    private func next() async -> Work? {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let work = state.withLock { state -> Work?? in
                    if Task.isCancelled { return .some(nil) }
                    if let work = state.line.popFirst() { return .some(work) }
                    state.idle[id] = continuation
                    return .none
                }
                if let work { continuation.resume(returning: work) }
            }
        } onCancel: {
            state.withLock { $0.idle.removeValue(forKey: id) }?.resume(returning: nil)
        }
    }
}
