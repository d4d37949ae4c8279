/// The generic cell rate algorithm (ITU-T I.371): a token bucket whose whole state is one number per key.
///
/// The state is the theoretical arrival time: the moment at which the bucket would be full again, in nanoseconds of
/// an uptime. A key whose arrival time has passed is full, and may be forgotten without anybody noticing. In any
/// stretch of time t at most `burst + t / interval` tokens are granted. A refusal changes nothing.
public struct GCRA: Sendable, Hashable {
    /// Tokens that may be taken at once.
    public let burst: Int
    /// Nanoseconds in which one token comes back.
    public let interval: Int64

    /// What was decided.
    public enum Decision: Sendable, Hashable {
        /// Taken; the new state, the tokens left, and the nanoseconds until the bucket is full again.
        case granted(arrival: Int64, remaining: Int, fullAfter: Int64)
        /// Not taken; the nanoseconds until this amount would be granted (`nil`: more than ``burst``, never), and
        /// the tokens left.
        case refused(after: Int64?, remaining: Int)
    }

    /// `limit` tokens per `period`, of which `burst` may be taken at once.
    ///
    /// - Parameters:
    ///   - limit: 1 to 1,000,000,000.
    ///   - period: 1 millisecond to 366 days. The interval is rounded up to whole nanoseconds, so that rounding never
    ///     grants more.
    ///   - burst: defaults to `limit`; at least 1.
    public init(limit: Int, per period: Duration, burst: Int? = nil) {
        let nanoseconds = period.nanoseconds
        precondition(
            (1...1_000_000_000).contains(limit) && (1_000_000...31_622_400_000_000_000).contains(nanoseconds),
            "a rate of \(limit) per \(period) is outside of 1 to 1,000,000,000 per 1 ms to 366 days")
        self.interval = (nanoseconds + Int64(limit) - 1) / Int64(limit)
        self.burst = burst ?? limit
        precondition(
            self.burst > 0 && self.interval.multipliedReportingOverflow(by: Int64(self.burst)).partialValue > 0
                && !self.interval.multipliedReportingOverflow(by: Int64(self.burst)).overflow,
            "a burst of \(self.burst) does not fit a rate of \(limit) per \(period)")
    }

    /// Decides on `amount` tokens at `now`; `arrival` is the key's state, or anything in the past for a new key.
    public func decide(arrival: Int64, now: Int64, amount: Int = 1) -> Decision {
        precondition(amount >= 0, "an amount of \(amount) tokens cannot be taken")
        let full = interval * Int64(burst)
        // A machine's uptime never steps back, but two threads may read it in one order and decide in the other.
        let base = Swift.max(arrival, now)
        let left = Swift.max(0, full - (base - now))
        guard amount <= burst else { return .refused(after: nil, remaining: Int(left / interval)) }
        let next = base + interval * Int64(amount)
        let wait = next - now - full
        guard wait <= 0 else { return .refused(after: wait, remaining: Int(left / interval)) }
        return .granted(arrival: next, remaining: Int(-wait / interval), fullAfter: next - now)
    }

    /// The state after `amount` tokens that were granted have been given back unused.
    ///
    /// Exact: every later decision is as if they had never been taken.
    public func arrival(_ arrival: Int64, givingBack amount: Int) -> Int64 { arrival - interval * Int64(amount) }
}

extension Duration {
    /// Whole nanoseconds, rounded toward zero; saturates after 292 years.
    public var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, sumOverflow) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return sumOverflow ? (seconds < 0 ? .min : .max) : sum
    }
}
