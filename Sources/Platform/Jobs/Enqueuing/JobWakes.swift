import Base
import Storage
import Synchronization

/// Word of new jobs: from the transactions of this process to its worker and to the bus.
///
/// Bounded: of too many queues at once only "look" remains.
final class JobWakes: CommitObserver {
    /// What has come in since it was last asked.
    struct News: Sendable {
        var hints: [WakeHint] = []
        /// Whether there is more than the hints tell.
        var mustLook = false

        var isEmpty: Bool { hints.isEmpty && !mustLook }
    }

    enum Bounds {
        static let hints = 256
    }

    /// Who waits for word: at most one of each.
    private enum Reader: Hashable {
        case worker, sender
    }

    private struct State {
        var news = News()
        var outgoing = News()
        var cancelled: [JobKey] = []
        var onCancel: (@Sendable (JobKey) -> Void)?
        var waiting: [Reader: CheckedContinuation<Void, Never>] = [:]
        /// Whether somebody called since the last wait.
        var isRung = false
    }

    private let state = Mutex(State())

    func committed(_ effects: [CommitEffect], for tenant: Tenant?) async {
        for case .wrote(JobOutbox.name, let texts) in effects {
            let hints = texts.compactMap(WakeHint.init)
            tell(hints, mustLook: texts.isEmpty || hints.count < texts.count)
        }
    }

    /// Takes word of this process's own jobs, which goes to the other nodes too.
    func tell(_ hints: [WakeHint], mustLook: Bool = false) {
        wake { state in
            Self.add(hints, mustLook, to: &state.outgoing)
            Self.add(hints, mustLook, to: &state.news)
        }
    }

    /// Takes word of other nodes' jobs.
    func hear(_ hints: [WakeHint], mustLook: Bool) { wake { Self.add(hints, mustLook, to: &$0.news) } }

    /// Has other nodes end jobs; of very many at once the rest is found with signs of life.
    func tellCancelled(_ keys: [JobKey]) {
        wake { state in state.cancelled += keys.prefix(Bounds.hints - min(Bounds.hints, state.cancelled.count)) }
    }

    /// Sets who ends jobs in this process.
    func onCancel(_ body: @escaping @Sendable (JobKey) -> Void) { state.withLock { $0.onCancel = body } }

    /// Has a job ended in this process, if it runs here.
    func callCancelled(_ key: JobKey) { state.withLock { $0.onCancel }?(key) }

    /// Has the worker go round once more: something in it has changed.
    func ring() { wake { $0.isRung = true } }

    private static func add(_ hints: [WakeHint], _ mustLook: Bool, to news: inout News) {
        if mustLook { news.mustLook = true }
        for hint in hints {
            if let place = news.hints.lastIndex(where: { $0.isSameHead(as: hint) }) {
                news.hints[place] = news.hints[place].earlier(hint)
            } else if news.hints.count < Bounds.hints {
                news.hints.append(hint)
            } else {
                news.mustLook = true
            }
        }
    }

    private func wake(_ change: (inout State) -> Void) {
        let woken = state.withLock { state in
            change(&state)
            let sender =
                state.outgoing.isEmpty && state.cancelled.isEmpty ? nil : state.waiting.removeValue(forKey: .sender)
            return [state.waiting.removeValue(forKey: .worker), sender]
        }
        for continuation in woken { continuation?.resume() }
    }

    /// What has come in, which is then forgotten.
    func take() -> News {
        state.withLock { state in
            defer {
                state.news = News()
                state.isRung = false
            }
            return state.news
        }
    }

    /// What is to be told to other nodes, which is then forgotten.
    func takeOutgoing() -> (news: News, cancelled: [JobKey]) {
        state.withLock { state in
            defer {
                state.outgoing = News()
                state.cancelled = []
            }
            return (state.outgoing, state.cancelled)
        }
    }

    /// Returns when there are news, or at once when there have been some since the last ``take()``; or when the task is
    /// cancelled.
    func wait() async { await wait(as: .worker) { !$0.news.isEmpty || $0.isRung } }

    /// The same for what is to be told.
    func waitForOutgoing() async { await wait(as: .sender) { !$0.outgoing.isEmpty || !$0.cancelled.isEmpty } }

    private func wait(as reader: Reader, unless isReady: @Sendable (State) -> Bool) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDone = state.withLock { state in
                    if isReady(state) || Task.isCancelled { return true }
                    // One reader: who comes second takes the place, and the first goes round for nothing.
                    state.waiting.updateValue(continuation, forKey: reader)?.resume()
                    return false
                }
                if isDone { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: reader) }?.resume()
        }
    }
}
