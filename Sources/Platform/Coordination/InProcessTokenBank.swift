public import Base
import Synchronization

/// The token bank of a single process.
public final class InProcessTokenBank: TokenBank {
    private let clock: any WallClock
    private let arrivals: Mutex<BoundedMap<String, Int64>>

    /// Makes a bank.
    ///
    /// - Parameters:
    ///   - clock: the bank's time.
    ///   - accountsMax: accounts remembered, the least recently used are forgotten. Defaults to 100,000; at least 1.
    public init(clock: any WallClock, accountsMax: Int = 100_000) {
        self.clock = clock
        arrivals = Mutex(BoundedMap(capacity: accountsMax))
    }

    /// Takes up to `amount` tokens.
    public func take(upTo amount: Int, from account: TokenAccount) async throws(CoordinationError) -> TokenBatch {
        try CoordinationBounds.check(name: account.name)
        let now = clock.uptime().nanoseconds
        return arrivals.withLock { arrivals in
            let arrival = arrivals[account.name] ?? .min
            let available: Int
            switch account.rate.decide(arrival: arrival, now: now, amount: 0) {
            case .granted(_, let remaining, _), .refused(_, let remaining): available = remaining
            }
            let taken = min(amount, max(available, min(amount, 1)))
            switch account.rate.decide(arrival: arrival, now: now, amount: taken) {
            case .granted(let arrival, _, _):
                arrivals[account.name] = arrival
                return TokenBatch(amount: taken, retryAfter: nil)
            case .refused(let after, _):
                return TokenBatch(amount: 0, retryAfter: after.map { .nanoseconds($0) })
            }
        }
    }

    /// Gives tokens back.
    public func giveBack(_ amount: Int, to account: TokenAccount) async throws(CoordinationError) {
        precondition(amount >= 0, "an amount of \(amount) tokens cannot be given back")
        arrivals.withLock { arrivals in
            guard let arrival = arrivals[account.name] else { return }
            arrivals[account.name] = account.rate.arrival(arrival, givingBack: amount)
        }
    }
}
