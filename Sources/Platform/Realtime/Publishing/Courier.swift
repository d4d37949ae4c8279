import Base
import Storage
import Synchronization

/// Word of what this node's transactions have published, from their commits to the task that sends it.
///
/// Bounded: of too many topics at once only "look" remains.
final class Courier: CommitObserver {
    enum Bounds {
        static let topics = 10_000
    }

    /// What has been published since it was last asked.
    struct News: Sendable {
        var counts: [TopicKey: Int] = [:]
        /// Whether there is more than is named.
        var mustLook = false
    }

    private let news = Mutex(News())
    private let bell = Bell()

    func committed(_ effects: [CommitEffect], for tenant: Tenant?) async {
        for case .wrote(TopicOutbox.name, let texts) in effects {
            let hints = texts.compactMap(PublishedHint.init)
            news.withLock { news in
                for hint in hints {
                    if news.counts[hint.key] != nil || news.counts.count < Bounds.topics {
                        news.counts[hint.key, default: 0] += hint.count
                    } else {
                        news.mustLook = true
                    }
                }
                if hints.isEmpty || hints.count < texts.count { news.mustLook = true }
            }
            bell.ring()
        }
    }

    /// Waits for word and takes it; nothing when the task is cancelled.
    func next() async -> News {
        await bell.wait()
        return news.withLock { news in
            defer { news = News() }
            return news
        }
    }
}

/// Wakes one task, also when it rang before the task waited.
final class Bell: Sendable {
    private struct State {
        var isRung = false
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func ring() {
        state.withLock { state in
            if state.waiter == nil { state.isRung = true }
            defer { state.waiter = nil }
            return state.waiter
        }?.resume()
    }

    /// Returns when it rings, at once when it has, or when the task is cancelled.
    func wait() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if state.isRung || Task.isCancelled {
                        state.isRung = false
                        return true
                    }
                    precondition(state.waiter == nil, "two tasks wait for one bell")
                    state.waiter = continuation
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            ring()
        }
    }
}
