import Base
import Dispatch
import Synchronization

/// Where passwords are hashed: on a few threads of its own, with a bounded queue, never on an event loop.
///
/// What does not fit into the queue is refused at once, so that a storm of sign-ins costs a bounded part of the machine.
final class PasswordWorkshop: Sendable {
    private typealias Work = @Sendable () -> Void

    private struct State {
        var running = 0
        var waiting: BoundedQueue<Work>
    }

    private let threads: Int
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "accounts.passwords", attributes: .concurrent)

    /// Opens a workshop.
    ///
    /// - Parameters:
    ///   - threads: How many passwords are hashed at once; 1 to 64.
    ///   - waitingMax: How many may wait; 1 to 10,000.
    init(threads: Int, waitingMax: Int) {
        precondition((1...64).contains(threads), "\(threads) threads are not within 1 to 64")
        precondition((1...10_000).contains(waitingMax), "\(waitingMax) waiting are not within 1 to 10,000")
        self.threads = threads
        state = Mutex(State(waiting: BoundedQueue(capacity: waitingMax)))
    }

    /// How many passwords are being hashed or wait.
    var load: Int { state.withLock { $0.running + $0.waiting.count } }

    /// Runs work on one of the threads; throws `accounts.busy` when too much waits already.
    func run<Result: Sendable>(
        _ work: @escaping @Sendable () throws(AccountsError) -> Result
    ) async throws(AccountsError) -> Result {
        let outcome: Swift.Result<Result, AccountsError> = await withCheckedContinuation { continuation in
            let isTaken = submit {
                continuation.resume(returning: Swift.Result { () throws(AccountsError) in try work() })
            }
            if !isTaken {
                let refusal = AccountsError(
                    .busy, "Too many people sign in at this moment; try again in a few seconds.")
                continuation.resume(returning: .failure(refusal))
            }
        }
        return try outcome.get()
    }

    private func submit(_ work: @escaping Work) -> Bool {
        enum Place { case started, queued, refused }
        let place = state.withLock { state -> Place in
            if state.running < threads {
                state.running += 1
                return .started
            }
            return state.waiting.append(work) ? .queued : .refused
        }
        if place == .started { start(work) }
        return place != .refused
    }

    private func start(_ work: @escaping Work) {
        queue.async {
            work()
            let next = self.state.withLock { state -> Work? in
                if let next = state.waiting.popFirst() { return next }
                state.running -= 1
                return nil
            }
            if let next { self.start(next) }
        }
    }
}
