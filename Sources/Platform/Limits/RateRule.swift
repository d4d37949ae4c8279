import Coordination

/// A rate: how many, per what time, how many at once.
public struct RateRule: Sendable, Hashable {
    /// The rule's name, as in `tournament.vote`; unique in the process.
    public let name: String
    /// Tokens per ``period``; 1 to 1,000,000,000.
    public let limit: Int
    /// The time in which ``limit`` tokens come back, evenly spread; 1 millisecond to 366 days.
    public let period: Duration
    /// Tokens that may be taken at once; 1 or more.
    ///
    /// Over any time t at most `burst + limit × t / period` pass.
    public let burst: Int
    /// Keys kept at once.
    ///
    /// Beyond it the fullest of a few is forgotten, which makes it full: the statistics count it.
    public let keysMax: Int

    /// Over which processes the rate counts.
    public let scope: Scope

    /// Over which processes a rate counts.
    public enum Scope: Sendable, Hashable {
        /// Over all nodes together: tokens are taken from the common bank where there is one.
        case cluster
        /// On each node for itself: for what protects the node, and for keys that come by once.
        case node
    }

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - name: unique in the process.
    ///   - limit: tokens per `period`.
    ///   - period: defaults to 1 minute.
    ///   - burst: defaults to `limit`.
    ///   - keysMax: defaults to 100,000; at least 64.
    ///   - scope: defaults to all nodes together.
    public init(
        _ name: String, limit: Int, per period: Duration = .seconds(60), burst: Int? = nil, keysMax: Int = 100_000,
        scope: Scope = .cluster
    ) {
        self.name = name
        self.limit = limit
        self.period = period
        self.burst = burst ?? limit
        self.keysMax = keysMax
        self.scope = scope
        precondition(keysMax >= 64, "the rule \(name) cannot keep fewer than 64 keys; \(keysMax) were given")
        _ = rate(nodes: 1)
    }

    /// This node's part of the rate when `nodes` share it: the sum over all nodes never exceeds the rule, except that
    /// each node grants at least one token at once.
    func rate(nodes: Int) -> GCRA {
        GCRA(limit: limit, per: period * nodes, burst: max(1, burst / nodes))
    }

    /// How many tokens a node takes from the bank at once, and grants on credit to a key that it does not know yet: so
    /// few that all nodes together hold a quarter of the burst, and one at least.
    func lot(nodes: Int) -> Int { max(1, burst / (8 * nodes)) }
}
