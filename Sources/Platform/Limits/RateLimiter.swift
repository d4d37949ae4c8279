public import Base
import Coordination
import Synchronization
import Telemetry

/// One rate, kept for many keys: exactly on one node, and within a stated bound on several.
///
/// A decision is O(1), takes one short lock of a part of the table, and consumes nothing when it is a refusal. With a
/// common bank (``LimitRegistry``) a node spends tokens that it has taken there ahead of use; without one it grants its
/// part of the rate.
public final class RateLimiter: Sendable {
    private struct State {
        /// What this node has granted, at the whole rate or at the node's part of it.
        var table: RateTable
        /// What this node has taken from the bank; `nil` while it grants its part.
        var leases: LeaseTable?
        var waiters: [LimitKey: [Waiter]] = [:]
    }

    private final class Part: Sendable {
        let state: Mutex<State>

        init(_ table: RateTable) { state = Mutex(State(table: table)) }
    }

    private enum Bounds {
        static let parts = 8
        /// Callers that wait for the bank, per part.
        static let waiters = 4_096
        /// What a synchronous caller is told while the bank is being asked.
        static let pause: Int64 = 20_000_000
        /// Looks at the bank's answer before a waiting caller is refused.
        static let looks = 64
        /// Errands of one part and sweep.
        static let errands = 256
    }

    /// What is allowed.
    public let rule: RateRule
    private let clock: any WallClock
    private let desk: LeaseDesk?
    private let parts: [Part]

    /// Makes a limiter of its own; one that the console knows comes from ``LimitRegistry/limiter(for:)``.
    public convenience init(_ rule: RateRule, clock: any WallClock) { self.init(rule, clock: clock, desk: nil) }

    init(_ rule: RateRule, clock: any WallClock, desk: LeaseDesk?) {
        self.rule = rule
        self.clock = clock
        self.desk = desk
        parts = (0..<Bounds.parts).map { _ in
            Part(RateTable(rate: rule.rate(nodes: 1), capacity: rule.keysMax / Bounds.parts))
        }
    }

    private enum Outcome { case decided(Admission), pending }

    /// Decides whether `key` may have `amount` more now.
    ///
    /// Never waits. When this node has nothing left and has just asked the bank, the answer is a refusal that says to
    /// ask again in 20 ms; ``admitWaiting(_:amount:)`` does so.
    ///
    /// - Parameters:
    ///   - key: for whom.
    ///   - amount: tokens, 0 (only look) or more. Defaults to 1.
    /// - Returns: the grant, or the refusal with its reason and when to ask again.
    public func admit(_ key: LimitKey, amount: Int = 1) -> Admission {
        Cost.current?.add(to: .limitDecisions)
        switch decide(key, amount) {
        case .decided(let admission): return admission
        case .pending: return refusal(after: Bounds.pause, remaining: 0)
        }
    }

    /// Decides as ``admit(_:amount:)`` does, and waits for the bank's answer where the decision depends on it.
    ///
    /// Suspends only then: for a round trip for each lot that those before need, at most 64.
    public func admitWaiting(_ key: LimitKey, amount: Int = 1) async -> Admission {
        Cost.current?.add(to: .limitDecisions)
        for _ in 0..<Bounds.looks {
            if case .decided(let admission) = decide(key, amount) { return admission }
            await wait(for: key)
        }
        if case .decided(let admission) = decide(key, amount) { return admission }
        return refusal(after: Bounds.pause, remaining: 0)
    }

    private func decide(_ key: LimitKey, _ amount: Int) -> Outcome {
        let now = clock.uptime().nanoseconds
        let (outcome, errand) = part(of: key).state.withLock { state -> (Outcome, LeaseTable.Errand?) in
            switch state.table.admit(key, amount: amount, now: now) {
            case .refused(let after, let remaining):
                return (.decided(refusal(after: after, remaining: remaining)), nil)
            case .granted(_, let remaining, let fullAfter):
                let grant = Grant(
                    rule: rule.name, limit: rule.limit, remaining: remaining, resetAfter: .nanoseconds(fullAfter))
                guard state.leases != nil, amount > 0,
                    let (decision, errand) = state.leases?.admit(key, amount: amount, now: now)
                else { return (.decided(.granted(grant)), nil) }
                switch decision {
                case .granted: return (.decided(.granted(grant)), errand)
                case .refused(let after):
                    state.table.takeBack(key, amount: amount, isRefusal: true)
                    return (.decided(refusal(after: after, remaining: 0)), errand)
                case .pending:
                    state.table.takeBack(key, amount: amount, isRefusal: false)
                    return (.pending, errand)
                }
            }
        }
        if let errand { send(errand) }
        return outcome
    }

    private func refusal(after: Int64?, remaining: Int) -> Admission {
        .refused(
            Refusal(
                reason: after == nil ? .amount : .rate, rule: rule.name, limit: rule.limit, remaining: remaining,
                retryAfter: after.map { .nanoseconds($0) }))
    }

    /// Undoes a grant of ``admit(_:amount:)`` exactly, when a later check refused the whole.
    public func giveBack(_ key: LimitKey, amount: Int = 1) {
        part(of: key).state.withLock { state in
            state.table.giveBack(key, amount: amount)
            state.leases?.giveBack(key, amount: amount)
        }
    }

    // MARK: Nodes

    /// Grants this node's part of the rate from now on, or with `isLeasing` what it takes from the bank.
    func share(among nodes: Int, isLeasing: Bool = false) {
        let isLeasing = isLeasing && rule.scope == .cluster
        let rate = rule.rate(nodes: isLeasing || rule.scope == .node ? 1 : nodes)
        for part in parts {
            let waiters = part.state.withLock { state in
                state.table.rate = rate
                let lot = rule.lot(nodes: nodes)
                if !isLeasing {
                    state.leases = nil
                } else if state.leases?.lot != lot {
                    state.leases = LeaseTable(lot: lot, capacity: max(1, rule.keysMax / Bounds.parts))
                }
                defer { state.waiters = [:] }
                return state.waiters.values.flatMap { $0 }
            }
            for waiter in waiters { waiter.wake() }
        }
    }

    /// Sends what lies unused back to the bank, and pays what is owed.
    func sweep() {
        let now = clock.uptime().nanoseconds
        for part in parts {
            let errands = part.state.withLock { $0.leases?.sweep(now: now, limit: Bounds.errands) ?? [] }
            for errand in errands { send(errand) }
        }
    }

    private func send(_ errand: LeaseTable.Errand) {
        let account = TokenAccount(name: errand.key.accountName(of: rule.name), rate: rule.rate(nodes: 1))
        desk?.leave(
            LeaseDesk.Errand(account: account, amount: errand.amount) { [weak self] batch in
                if errand.amount > 0 { self?.answer(errand.key, batch) }
            })
    }

    private func answer(_ key: LimitKey, _ batch: TokenBatch?) {
        let now = clock.uptime().nanoseconds
        let (waiters, surplus) = part(of: key).state.withLock { state -> ([Waiter], LeaseTable.Errand?) in
            let wait = batch.flatMap { $0.amount > 0 ? nil : $0.retryAfter }?.nanoseconds
            let surplus =
                state.leases == nil
                ? nil : state.leases?.filled(key, with: batch?.amount ?? 0, wait: wait, now: now)
            return (state.waiters.removeValue(forKey: key) ?? [], surplus)
        }
        if let surplus { send(surplus) }
        for waiter in waiters { waiter.wake() }
    }

    /// Waits until the bank has answered for a key, or the mode has changed.
    private func wait(for key: LimitKey) async {
        let waiter = Waiter()
        let isWaiting = part(of: key).state.withLock { state in
            guard state.leases?.isAsking(key) == true, state.waiters.count < Bounds.waiters else { return false }
            state.waiters[key, default: []].append(waiter)
            return true
        }
        guard isWaiting else { return }
        await withTaskCancellationHandler {
            await waiter.wait()
        } onCancel: {
            waiter.wake()
        }
    }

    // MARK: Statistics

    /// What the limiter has decided so far.
    public var statistics: LimitStatistics {
        var sum = LimitStatistics(rule: rule.name, limit: rule.limit, period: "\(rule.period)")
        for part in parts {
            part.state.withLock { state in
                sum.granted += state.table.granted
                sum.refused += state.table.refused
                sum.keys += state.table.count
                sum.forgotten += state.table.forgotten + (state.leases?.forgotten ?? 0)
                sum.isLeased = sum.isLeased || state.leases != nil
            }
        }
        return sum
    }

    private func part(of key: LimitKey) -> Part {
        parts[Int((UInt(bitPattern: key.hashValue) >> 32) % UInt(parts.count))]
    }
}

/// One caller that waits for the bank: woken once, by whoever comes first.
private final class Waiter: Sendable {
    private enum State {
        case fresh
        case waiting(CheckedContinuation<Void, Never>)
        case done
    }

    private let state = Mutex(State.fresh)

    func wake() {
        let continuation = state.withLock { state -> CheckedContinuation<Void, Never>? in
            defer { state = .done }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        continuation?.resume()
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isDone = state.withLock { state in
                if case .done = state { return true }
                state = .waiting(continuation)
                return false
            }
            if isDone { continuation.resume() }
        }
    }
}

/// What one rule has decided since the process started.
public struct LimitStatistics: Sendable, Hashable {
    /// The rule's name.
    public var rule: String
    /// What it allows per period.
    public var limit: Int
    /// The period, for people.
    public var period: String
    /// Requests granted.
    public var granted = 0
    /// Requests refused.
    public var refused = 0
    /// Keys kept now.
    public var keys = 0
    /// Keys forgotten before they were full again, because there were too many.
    public var forgotten = 0
    /// Whether tokens come from the bank that the nodes share.
    public var isLeased = false
}
