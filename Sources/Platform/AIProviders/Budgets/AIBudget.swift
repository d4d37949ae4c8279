public import Base
public import Foundation
public import Limits

/// An allowance that a call is charged to: of a person, a key or the whole tenant, for a day, a month or once.
///
/// ```swift
/// let tokens = CreditLedger("academy.tokens", per: .day, storage: storage, clock: clock, in: limits)
/// …
/// AIBudget(tokens, of: LimitKey(tenant, person), limit: 100_000, in: .tokens, zone: person.zone)
/// ```
public struct AIBudget: Sendable {
    /// What is counted.
    public enum Unit: String, Sendable, Hashable, CaseIterable {
        /// Calls.
        case calls
        /// Tokens, read and written.
        case tokens
        /// Millionths of the installation's currency.
        case money
    }

    /// Where it is kept.
    public let ledger: CreditLedger
    /// What is counted.
    public let unit: Unit
    /// Whose.
    public let key: LimitKey
    /// What may be used per period of the ledger.
    public let limit: Int
    /// The time zone whose midnights count.
    public let zone: TimeZone
    /// When the first period began, for a ledger by anniversaries.
    public let anchor: Timestamp

    /// Names an allowance.
    ///
    /// - Parameters:
    ///   - ledger: where it is kept. All budgets of one ledger in a call have the same unit.
    ///   - key: whose; of the tenant for which the call is made.
    ///   - limit: what may be used per period of the ledger; 0 or more.
    ///   - unit: what is counted.
    ///   - zone: whose midnights count. Defaults to UTC.
    ///   - anchor: when the first period began. Defaults to the first of a month.
    public init(
        _ ledger: CreditLedger, of key: LimitKey, limit: Int, in unit: Unit, zone: TimeZone = .gmt,
        anchor: Timestamp = .epoch
    ) {
        self.ledger = ledger
        self.unit = unit
        self.key = key
        self.limit = limit
        self.zone = zone
        self.anchor = anchor
    }

    func claim(_ amount: Int) -> CreditClaim {
        CreditClaim(key, amount: amount, limit: limit, zone: zone, anchor: anchor)
    }
}

extension AIBudget.Unit {
    /// What a call uses in this unit.
    func amount(of usage: TokenUsage, at price: ModelPrice) -> Int {
        switch self {
        case .calls: 1
        case .tokens: usage.total
        case .money: price.cost(of: usage)
        }
    }

    /// How many tokens may be written for what is left, after `input` has been read; negative when not even that.
    func output(within left: Int, input: Int, at price: ModelPrice, atMost wanted: Int) -> Int {
        switch self {
        case .calls: return left >= 1 ? wanted : -1
        case .tokens: return min(wanted, left - input)
        case .money:
            guard price.output > 0 else { return price.cost(of: TokenUsage(input: input)) <= left ? wanted : -1 }
            // What a budget has left may be far more than the product fits into.
            let ceiling = price.cost(of: TokenUsage(input: input, output: wanted))
            guard left < ceiling else { return wanted }
            return (left * 1_000_000 - input * price.input) / price.output
        }
    }
}
