public import Base
public import Coordination
import Synchronization

/// All limits of the process, for those who apply them and for the operator's console.
public final class LimitRegistry: Sendable {
    private enum Bounds {
        static let rules = 1_024
    }

    private struct State {
        var limiters: [String: RateLimiter] = [:]
        var credits: [String: CreditLedger] = [:]
        var slots: [String: SharedSlots] = [:]
        var dependencies: [String: Dependency] = [:]
        var nodes = 1
        var isLeasing = false
    }

    private let clock: any WallClock
    private let state = Mutex(State())
    private let desk: Mutex<LeaseDesk?>
    private let applying = Mutex(())

    /// Quotas, budgets and concurrency slots of the process.
    public let ledger: Ledger
    /// What nodes tell each other of dependencies.
    ///
    /// Needs ``run()`` to reach them.
    public let pauses: PauseBoard

    /// Makes a registry without rules.
    ///
    /// - Parameters:
    ///   - clock: measures rates and times to live.
    ///   - ledger: the bounds of the ledger in memory.
    ///   - bank: where the nodes fetch their part of common rates; `nil` when there is none. Needs ``run()``.
    ///   - bus: carries what nodes find of dependencies; `nil` when there are no others. Needs ``run()``.
    ///   - randomness: names this node and its pauses on the bus. Defaults to the system's.
    public init(
        clock: any WallClock, ledger: LedgerOptions = LedgerOptions(), bank: (any TokenBank)? = nil,
        bus: (any Bus)? = nil, randomness: any Randomness = SystemRandomness()
    ) {
        self.clock = clock
        pauses = PauseBoard(clock: clock, randomness: randomness, bus: bus)
        self.ledger = Ledger(clock: clock, ledger)
        desk = Mutex(nil)
        guard let bank else { return }
        let made = LeaseDesk(
            bank: bank, clock: clock, onChange: { [weak self] in self?.apply() },
            onSweep: { [weak self] in self?.sweep() })
        desk.withLock { $0 = made }
    }

    /// Carries tokens between the limiters and the common bank, and pauses of dependencies between the nodes, until the
    /// task is cancelled; a service's `run()`.
    ///
    /// While it does not run, and while the bank does not answer, each node grants its part: ``share(among:)``.
    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            if let desk = desk.withLock({ $0 }) { group.addTask { await desk.run() } }
            group.addTask { await self.pauses.run() }
            await group.waitForAll()
        }
    }

    /// How common limits do on this node; `nil` where there is no bank.
    public var leaseStatus: LeaseStatus? { desk.withLock { $0 }?.status }

    /// Tells the limiters how they are to grant; one at a time, so that an older answer is never the last.
    private func apply() {
        applying.withLock { _ in
            let isLeasing = desk.withLock { $0 }?.isLeasing ?? false
            let (limiters, nodes) = state.withLock { state in
                state.isLeasing = isLeasing
                return (Array(state.limiters.values), state.nodes)
            }
            for limiter in limiters { limiter.share(among: nodes, isLeasing: isLeasing) }
        }
    }

    private func sweep() {
        for limiter in state.withLock({ Array($0.limiters.values) }) { limiter.sweep() }
    }

    /// The limiter of a rule, made when it is first asked for.
    ///
    /// Keep it: finding it takes a lock.
    ///
    /// Two different rules of one name are a mistake of the program and stop it.
    public func limiter(for rule: RateRule) -> RateLimiter {
        let desk = desk.withLock { $0 }
        return state.withLock { state in
            if let limiter = state.limiters[rule.name] {
                precondition(limiter.rule == rule, "there are two different limits named \(rule.name)")
                return limiter
            }
            precondition(state.limiters.count < Bounds.rules, "there are more than \(Bounds.rules) limits")
            let limiter = RateLimiter(rule, clock: clock, desk: desk)
            limiter.share(among: state.nodes, isLeasing: state.isLeasing)
            state.limiters[rule.name] = limiter
            return limiter
        }
    }

    /// Lets the console know of a durable ledger.
    func enter(_ ledger: CreditLedger) {
        state.withLock { state in
            precondition(state.credits[ledger.name] == nil, "there are two ledgers named \(ledger.name)")
            precondition(state.credits.count < Bounds.rules, "there are more than \(Bounds.rules) ledgers")
            state.credits[ledger.name] = ledger
        }
    }

    /// Lets the console know of slots that all nodes share.
    func enter(_ slots: SharedSlots) {
        state.withLock { state in
            precondition(state.slots[slots.name] == nil, "there are two sets of slots named \(slots.name)")
            precondition(state.slots.count < Bounds.rules, "there are more than \(Bounds.rules) sets of slots")
            state.slots[slots.name] = slots
        }
    }

    /// Lets the console know of a dependency.
    func enter(_ dependency: Dependency) {
        state.withLock { state in
            precondition(
                state.dependencies[dependency.name] == nil, "there are two dependencies named \(dependency.name)")
            precondition(state.dependencies.count < Bounds.rules, "there are more than \(Bounds.rules) dependencies")
            state.dependencies[dependency.name] = dependency
        }
    }

    /// What has happened at every dependency, by name.
    public var dependencies: [Dependency.Statistics] {
        state.withLock { Array($0.dependencies.values) }.map(\.statistics).sorted { $0.name < $1.name }
    }

    /// Decides one rule for one key.
    public func admit(rule: RateRule, key: LimitKey, amount: Int = 1) -> Admission {
        limiter(for: rule).admit(key, amount: amount)
    }

    /// Decides several rates as a whole, such as tenant, then person, then key: all or nothing.
    ///
    /// The grant that is returned is the one with the least left. While the answer is being found another request may
    /// see as taken what this one gives back a moment later when it is refused.
    public func admit(_ steps: [RateStep]) -> Admission {
        var tightest: Grant?
        for (position, step) in steps.enumerated() {
            let limiter = limiter(for: step.rule)
            switch limiter.admit(step.key, amount: step.amount) {
            case .granted(let grant):
                if tightest.map({ grant.remaining < $0.remaining }) ?? true { tightest = grant }
            case .refused(let refusal):
                for step in steps[..<position] {
                    self.limiter(for: step.rule).giveBack(step.key, amount: step.amount)
                }
                return .refused(refusal)
            }
        }
        guard let tightest else { preconditionFailure("a decision needs at least one rate") }
        return .granted(tightest)
    }

    /// Tells how many nodes serve now: each grants its part of every rate, so that the sum stays within it, or takes
    /// its lots from the common bank, which are the smaller the more nodes there are.
    public func share(among nodes: Int) {
        precondition(nodes > 0, "\(nodes) nodes cannot share a limit")
        let isChanged = state.withLock { state in
            defer { state.nodes = nodes }
            return state.nodes != nodes
        }
        if isChanged { apply() }
    }

    /// The statistics of every rule, by name.
    public var statistics: [LimitStatistics] {
        let (limiters, credits, slots) = state.withLock { state in
            (Array(state.limiters.values), Array(state.credits.values), Array(state.slots.values))
        }
        var all = limiters.map(\.statistics) + ledger.statistics
        all += credits.map(\.statistics)
        all += slots.map(\.statistics)
        return all.sorted { $0.rule < $1.rule }
    }
}

/// One of several rates that are decided as a whole.
public struct RateStep: Sendable, Hashable {
    /// The rate.
    public let rule: RateRule
    /// For whom.
    public let key: LimitKey
    /// How much.
    public let amount: Int

    /// Makes a step.
    public init(_ rule: RateRule, _ key: LimitKey, amount: Int = 1) {
        self.rule = rule
        self.key = key
        self.amount = amount
    }
}
