import Base
import Synchronization

/// Lets a bounded number of calls to one host run at once; a bounded number waits, first come first served.
final class HostGate: Sendable {
    /// A call's turn; letting it go passes it on.
    final class Turn: Sendable {
        private let gate: HostGate
        private let host: String

        fileprivate init(_ gate: HostGate, _ host: String) {
            self.gate = gate
            self.host = host
        }

        deinit { gate.leave(host) }
    }

    /// That a call was given up; set and read under the gate's lock.
    private final class Mark: Sendable {
        let isSet = Atomic(false)
    }

    private struct Waiter {
        var mark: Mark
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct Host {
        var running = 0
        var waiting: [Waiter] = []
    }

    private struct State {
        var hosts: [String: Host] = [:]
        var running = 0
        var waiting = 0
    }

    private enum Entry { case admitted, refused, cancelled, queued }

    private let runningMax: Int
    private let waitingMax: Int
    private let state = Mutex(State())

    init(runningMax: Int, waitingMax: Int) {
        self.runningMax = runningMax
        self.waitingMax = waitingMax
    }

    /// Calls that run now, and that wait.
    var load: (running: Int, waiting: Int) { state.withLock { ($0.running, $0.waiting) } }

    /// Waits for a turn.
    ///
    /// - Throws: `outbound.busy` when the queue is full; `CancellationError`.
    func enter(_ host: String) async throws -> Turn {
        let mark = Mark()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                switch admit(host, Waiter(mark: mark, continuation: continuation)) {
                case .admitted: continuation.resume()
                case .cancelled: continuation.resume(throwing: CancellationError())
                case .refused:
                    continuation.resume(
                        throwing: OutboundError(
                            .busy, "\(runningMax) calls to the host run and \(waitingMax) wait; try again later.",
                            context: ["host": host]))
                case .queued: break
                }
            }
        } onCancel: {
            abandon(host, mark)?.resume(throwing: CancellationError())
        }
        return Turn(self, host)
    }

    private func admit(_ host: String, _ waiter: Waiter) -> Entry {
        state.withLock { state in
            if waiter.mark.isSet.load(ordering: .relaxed) { return .cancelled }
            var entry = state.hosts[host] ?? Host()
            if entry.running < runningMax {
                entry.running += 1
                state.running += 1
                state.hosts[host] = entry
                return .admitted
            }
            guard entry.waiting.count < waitingMax else { return .refused }
            entry.waiting.append(waiter)
            state.waiting += 1
            state.hosts[host] = entry
            return .queued
        }
    }

    private func abandon(_ host: String, _ mark: Mark) -> CheckedContinuation<Void, any Error>? {
        state.withLock { state in
            mark.isSet.store(true, ordering: .relaxed)
            // Not queued yet: `admit` sees the mark. Its turn has come already: the call itself sees that it is over.
            guard let index = state.hosts[host]?.waiting.firstIndex(where: { $0.mark === mark }) else { return nil }
            state.waiting -= 1
            return state.hosts[host]?.waiting.remove(at: index).continuation
        }
    }

    private func leave(_ host: String) {
        let next: Waiter? = state.withLock { state in
            guard var entry = state.hosts[host] else { return nil }
            let next = entry.waiting.isEmpty ? nil : entry.waiting.removeFirst()
            if next == nil {
                entry.running -= 1
                state.running -= 1
            } else {
                state.waiting -= 1
            }
            state.hosts[host] = entry.running == 0 ? nil : entry
            return next
        }
        next?.continuation.resume()
    }
}
