import Base
import Coordination
import Synchronization

/// The errands between this node's limiters and the common bank.
///
/// Limiters decide at once and leave an errand; the desk runs them, some at the same time, and knows whether the bank
/// answers. While it does not, or while nobody runs the desk, limiters grant their node's part of each rate.
final class LeaseDesk: Sendable {
    private enum Bounds {
        /// Errands that wait; more are refused and their limiters ask again.
        static let waiting = 16_384
        /// Errands under way at once.
        static let underWay = 64
        /// Time between two looks at what lies unused, and at a bank that does not answer.
        static let sweep = Duration.seconds(1)
    }

    struct Errand: Sendable {
        var account: TokenAccount
        /// Tokens to take, or negative to give back.
        var amount: Int
        /// Told what came of it; `nil` when the bank did not answer.
        var done: @Sendable (TokenBatch?) -> Void
    }

    private struct State {
        var isRunning = false
        var isReachable = true
        var failures = 0
        var taken = 0
        var returned = 0
    }

    private let bank: any TokenBank
    private let clock: any WallClock
    private let state = Mutex(State())
    private let errands: AsyncStream<Errand>
    private let inbox: AsyncStream<Errand>.Continuation
    private let onChange: @Sendable () -> Void
    private let onSweep: @Sendable () -> Void

    init(
        bank: any TokenBank, clock: any WallClock, onChange: @escaping @Sendable () -> Void,
        onSweep: @escaping @Sendable () -> Void
    ) {
        self.bank = bank
        self.clock = clock
        self.onChange = onChange
        self.onSweep = onSweep
        (errands, inbox) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Bounds.waiting))
    }

    /// Whether limiters may rely on the bank.
    var isLeasing: Bool { state.withLock { $0.isRunning && $0.isReachable } }

    var status: LeaseStatus {
        state.withLock {
            LeaseStatus(
                isLeasing: $0.isRunning && $0.isReachable, failures: $0.failures, taken: $0.taken,
                returned: $0.returned)
        }
    }

    /// Leaves an errand; answers it at once when too many wait.
    func leave(_ errand: Errand) {
        guard case .enqueued = inbox.yield(errand) else { return errand.done(nil) }
    }

    /// Runs errands until the task is cancelled.
    func run() async {
        change { $0.isRunning = true }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.sweep() }
            group.addTask { await self.serve() }
            await group.waitForAll()
        }
        change { $0.isRunning = false }
    }

    private func serve() async {
        await withTaskGroup(of: Void.self) { group in
            var underWay = 0
            for await errand in errands {
                if underWay >= Bounds.underWay {
                    await group.next()
                    underWay -= 1
                }
                underWay += 1
                group.addTask { await self.perform(errand) }
            }
        }
    }

    private func sweep() async {
        while !Task.isCancelled {
            do { try await clock.sleep(for: Bounds.sweep) } catch { return }
            if !state.withLock({ $0.isReachable }) { await probe() }
            onSweep()
        }
    }

    /// Asks whether the bank answers again.
    private func probe() async {
        let account = TokenAccount(name: "l:probe", rate: GCRA(limit: 1_000, per: .seconds(1)))
        do {
            _ = try await bank.take(upTo: 1, from: account)
            change { $0.isReachable = true }
        } catch {
            state.withLock { $0.failures += 1 }
        }
    }

    private func perform(_ errand: Errand) async {
        do {
            if errand.amount < 0 {
                try await bank.giveBack(-errand.amount, to: errand.account)
                state.withLock { $0.returned -= errand.amount }
                errand.done(TokenBatch(amount: 0, retryAfter: nil))
            } else {
                let batch = try await bank.take(upTo: errand.amount, from: errand.account)
                state.withLock { $0.taken += batch.amount }
                errand.done(batch)
            }
        } catch {
            if !Task.isCancelled {
                change {
                    $0.isReachable = false
                    $0.failures += 1
                }
            }
            errand.done(nil)
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let isChanged = state.withLock { state in
            let before = state.isRunning && state.isReachable
            body(&state)
            return before != (state.isRunning && state.isReachable)
        }
        if isChanged { onChange() }
    }
}

/// How common limits do on this node, for the operator's console.
public struct LeaseStatus: Sendable, Hashable {
    /// Whether tokens come from the common bank; if not, this node grants its part of each rate.
    public var isLeasing: Bool
    /// Calls that the bank did not answer.
    public var failures: Int
    /// Tokens taken from the bank.
    public var taken: Int
    /// Tokens given back unused.
    public var returned: Int
}
