public import Base
import Coordination
import Synchronization
import Telemetry

/// One rate, kept exactly for many keys.
///
/// A decision is O(1), takes one short lock of a part of the table, and consumes nothing when it is a refusal.
public final class RateLimiter: Sendable {
    private final class Part: Sendable {
        let state: Mutex<RateTable>

        init(_ table: RateTable) { state = Mutex(table) }
    }

    private static let partCount = 8

    /// What is allowed.
    public let rule: RateRule
    private let clock: any WallClock
    private let parts: [Part]

    /// Makes a limiter of its own; one that the console knows comes from ``LimitRegistry/limiter(for:)``.
    public init(_ rule: RateRule, clock: any WallClock) {
        self.rule = rule
        self.clock = clock
        parts = (0..<Self.partCount).map { _ in
            Part(RateTable(rate: rule.rate(nodes: 1), capacity: rule.keysMax / Self.partCount))
        }
    }

    /// Decides whether `key` may have `amount` more now.
    ///
    /// - Parameters:
    ///   - key: for whom.
    ///   - amount: tokens, 0 (only look) or more. Defaults to 1.
    /// - Returns: the grant, or the refusal with its reason and when to ask again.
    public func admit(_ key: LimitKey, amount: Int = 1) -> Admission {
        Cost.current?.add(to: .limitDecisions)
        let now = clock.uptime().nanoseconds
        switch part(of: key).state.withLock({ $0.admit(key, amount: amount, now: now) }) {
        case .granted(_, let remaining, let fullAfter):
            return .granted(
                Grant(rule: rule.name, limit: rule.limit, remaining: remaining, resetAfter: .nanoseconds(fullAfter)))
        case .refused(let after, let remaining):
            return .refused(
                Refusal(
                    reason: after == nil ? .amount : .rate, rule: rule.name, limit: rule.limit, remaining: remaining,
                    retryAfter: after.map { .nanoseconds($0) }))
        }
    }

    /// Undoes a grant of ``admit(_:amount:)`` exactly, when a later check refused the whole.
    public func giveBack(_ key: LimitKey, amount: Int = 1) {
        part(of: key).state.withLock { $0.giveBack(key, amount: amount) }
    }

    /// Grants only this node's part from now on.
    func share(among nodes: Int) {
        let rate = rule.rate(nodes: nodes)
        for part in parts { part.state.withLock { $0.rate = rate } }
    }

    /// What the limiter has decided so far.
    public var statistics: LimitStatistics {
        var sum = LimitStatistics(rule: rule.name, limit: rule.limit, period: "\(rule.period)")
        for part in parts {
            part.state.withLock { table in
                sum.granted += table.granted
                sum.refused += table.refused
                sum.keys += table.count
                sum.forgotten += table.forgotten
            }
        }
        return sum
    }

    private func part(of key: LimitKey) -> Part {
        parts[Int((UInt(bitPattern: key.hashValue) >> 32) % UInt(parts.count))]
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
}
