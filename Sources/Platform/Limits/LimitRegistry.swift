public import Base
import Synchronization

/// All limits of the process, for those who apply them and for the operator's console.
public final class LimitRegistry: Sendable {
    private enum Bounds {
        static let rules = 1_024
    }

    private struct State {
        var limiters: [String: RateLimiter] = [:]
        var credits: [String: CreditLedger] = [:]
        var nodes = 1
    }

    private let clock: any WallClock
    private let state = Mutex(State())

    /// Quotas, budgets and concurrency slots of the process.
    public let ledger: Ledger

    /// Makes a registry without rules.
    public init(clock: any WallClock, ledger: LedgerOptions = LedgerOptions()) {
        self.clock = clock
        self.ledger = Ledger(clock: clock, ledger)
    }

    /// The limiter of a rule, made when it is first asked for.
    ///
    /// Keep it: finding it takes a lock.
    ///
    /// Two different rules of one name are a mistake of the program and stop it.
    public func limiter(for rule: RateRule) -> RateLimiter {
        state.withLock { state in
            if let limiter = state.limiters[rule.name] {
                precondition(limiter.rule == rule, "there are two different limits named \(rule.name)")
                return limiter
            }
            precondition(state.limiters.count < Bounds.rules, "there are more than \(Bounds.rules) limits")
            let limiter = RateLimiter(rule, clock: clock)
            limiter.share(among: state.nodes)
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

    /// Tells how many nodes serve now: each grants its part of every rate, so that the sum stays within it.
    public func share(among nodes: Int) {
        precondition(nodes > 0, "\(nodes) nodes cannot share a limit")
        let limiters = state.withLock { state in
            state.nodes = nodes
            return Array(state.limiters.values)
        }
        for limiter in limiters { limiter.share(among: nodes) }
    }

    /// The statistics of every rule, by name.
    public var statistics: [LimitStatistics] {
        let (limiters, credits) = state.withLock { (Array($0.limiters.values), Array($0.credits.values)) }
        return (limiters.map(\.statistics) + credits.map(\.statistics) + ledger.statistics)
            .sorted { $0.rule < $1.rule }
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
