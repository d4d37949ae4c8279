public import Base
import Synchronization

/// Lets as many calls run at once as ``AdaptiveMachine`` finds that the other side bears; a bounded number waits, first
/// come first served.
///
/// Each process finds its own limit: with `n` of them the other side sees the sum, and each halves on its own when the
/// sum is too much.
public final class AdaptiveGate: Sendable {
    /// One call; that it was given up is set and read under the gate's lock.
    private final class Mark: Sendable {
        let isSet = Atomic(false)
    }

    private struct Waiter {
        let mark: Mark
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var machine: AdaptiveMachine
        var running = 0
        var waiting: [Waiter] = []
        var refused = 0
    }

    private enum Entry { case admitted, refused, queued }

    /// The name, for refusals.
    public let name: String
    private let waitingMax: Int
    private let clock: any WallClock
    private let state: Mutex<State>

    /// Makes a gate that lets the least of `range` run at first.
    ///
    /// - Parameters:
    ///   - name: For refusals; a word from the program's text.
    ///   - range: How many calls may run at once; 1 or more.
    ///   - waitingMax: How many wait. Defaults to 256; 0 or more.
    ///   - clock: Measures how long calls take.
    public init(_ name: String, _ range: ClosedRange<Int>, waitingMax: Int = 256, clock: any WallClock) {
        precondition(waitingMax >= 0, "\(waitingMax) calls cannot wait")
        self.name = name
        self.waitingMax = waitingMax
        self.clock = clock
        state = Mutex(State(machine: AdaptiveMachine(range)))
    }

    /// How many may run now, run now, wait now, and were refused since the start.
    public var load: (limit: Int, running: Int, waiting: Int, refused: Int) {
        state.withLock { ($0.machine.limit, $0.running, $0.waiting.count, $0.refused) }
    }

    /// Runs `work` when it is its turn, and learns from how it ends.
    ///
    /// - Parameters:
    ///   - outcome: What an end says; `nil` when it says nothing, as for a call that was not made.
    ///   - work: What is run.
    /// - Returns: What the work returns.
    /// - Throws: ``LimitsError`` with ``Refusal/Reason/concurrency`` when too many wait; `CancellationError`; else what
    ///   the work throws.
    public func run<Success>(
        outcome: (Result<Success, any Error>) -> AdaptiveMachine.Outcome?, _ work: () async throws -> Success
    ) async throws -> Success {
        try await enter()
        let start = clock.uptime()
        do {
            let value = try await work()
            leave(outcome(.success(value)), since: start)
            return value
        } catch {
            leave(outcome(.failure(error)), since: start)
            throw error
        }
    }

    private func enter() async throws {
        let mark = Mark()
        let isAdmitted = try await withTaskCancellationHandler {
            try await queue(mark)
        } onCancel: {
            abandon(mark)?.resume(returning: false)
        }
        guard isAdmitted else { throw CancellationError() }
    }

    private func queue(_ mark: Mark) async throws -> Bool {
        let refusal = Mutex<LimitsError?>(nil)
        let isAdmitted = await withCheckedContinuation { continuation in
            let entry: Entry? = state.withLock { state in
                if mark.isSet.load(ordering: .relaxed) { return nil }
                if state.running < state.machine.limit, state.waiting.isEmpty {
                    state.running += 1
                    return .admitted
                }
                guard state.waiting.count < waitingMax else {
                    state.refused += 1
                    refusal.withLock { $0 = self.refusal(state.machine.limit) }
                    return .refused
                }
                state.waiting.append(Waiter(mark: mark, continuation: continuation))
                return .queued
            }
            switch entry {
            case .queued: break
            case .admitted: continuation.resume(returning: true)
            case .refused, nil: continuation.resume(returning: false)
            }
        }
        if let refusal = refusal.withLock({ $0 }) { throw refusal }
        return isAdmitted
    }

    private func refusal(_ limit: Int) -> LimitsError {
        LimitsError(
            Refusal(reason: .concurrency, rule: name, limit: limit, remaining: 0, retryAfter: .seconds(1)))
    }

    private func abandon(_ mark: Mark) -> CheckedContinuation<Bool, Never>? {
        state.withLock { state in
            mark.isSet.store(true, ordering: .relaxed)
            // Not queued yet: it sees the mark. Admitted already: the work itself sees that it is cancelled.
            guard let index = state.waiting.firstIndex(where: { $0.mark === mark }) else { return nil }
            return state.waiting.remove(at: index).continuation
        }
    }

    private func leave(_ outcome: AdaptiveMachine.Outcome?, since start: Duration) {
        let now = clock.uptime()
        let next = state.withLock { state in
            if let outcome {
                let isFull = state.running >= state.machine.limit
                state.machine.note(outcome, took: now - start, isFull: isFull, at: now)
            }
            state.running -= 1
            let count = max(0, min(state.waiting.count, state.machine.limit - state.running))
            let next = Array(state.waiting.prefix(count))
            state.waiting.removeFirst(count)
            state.running += count
            return next
        }
        for waiter in next { waiter.continuation.resume(returning: true) }
    }
}
