public import Foundation

/// A limit on what is used up: a quota, a budget, or how many at once.
public struct LedgerRule: Sendable, Hashable {
    /// When what was used comes back.
    public enum Period: Sendable, Hashable {
        /// At midnight of the key's time zone.
        case day
        /// On the first of the month, midnight of the key's time zone.
        case month
        /// Never: a budget.
        case forever
        /// As soon as it is settled: slots held at the same time.
        case whileHeld
    }

    /// The rule's name; unique in the process.
    public let name: String
    /// What a key may use per period, in whole units (tokens, minor units of money, slots); 0 or more.
    public let limit: Int
    /// When it comes back.
    public let period: Period

    /// Makes a rule.
    public init(_ name: String, limit: Int, per period: Period) {
        precondition(limit >= 0, "the limit \(name) cannot be negative: \(limit)")
        self.name = name
        self.limit = limit
        self.period = period
    }
}

/// A part of one limit that a reservation asks for.
public struct Claim: Sendable, Hashable {
    /// The limit.
    public let rule: LedgerRule
    /// For whom.
    public let key: LimitKey
    /// How much, at most; 0 or more.
    public let amount: Int
    /// The time zone whose days and months count.
    public let zone: TimeZone
    /// This key's own limit, where its plan differs from the rule's.
    public let limit: Int

    /// Makes a claim.
    ///
    /// - Parameters:
    ///   - rule: the limit.
    ///   - key: for whom.
    ///   - amount: the most that the work can use. Defaults to 1.
    ///   - zone: defaults to UTC.
    ///   - limit: defaults to the rule's.
    public init(
        _ rule: LedgerRule, _ key: LimitKey, amount: Int = 1, zone: TimeZone = .gmt, limit: Int? = nil
    ) {
        precondition(amount >= 0, "an amount of \(amount) cannot be reserved from \(rule.name)")
        self.rule = rule
        self.key = key
        self.amount = amount
        self.zone = zone
        self.limit = limit ?? rule.limit
    }
}

/// The entity of a reservation's id, which its caller chooses: the same id is the same reservation.
public enum Reservation {}

/// How settling a reservation ended.
public enum Settlement: Sendable, Hashable {
    /// What was used is charged, the rest is free again.
    case settled
    /// It had been settled before; nothing changed.
    case repeated
    /// It had expired, so others may have got its part; what was used is charged all the same.
    case late
    /// No reservation of this id is known; nothing changed.
    case unknown
}

/// What a key has used and reserved of a limit.
public struct Usage: Sendable, Hashable {
    /// Charged in the current period.
    public var used = 0
    /// Reserved and not yet settled.
    public var held = 0
}

/// The bounds of a ledger.
public struct LedgerOptions: Sendable {
    /// Keys with something used or reserved.
    ///
    /// Defaults to 200,000; at least 1. Beyond it new keys are refused.
    public var accountsMax: Int
    /// Reservations open at once.
    ///
    /// Defaults to 100,000; at least 1. Beyond it new ones are refused.
    public var reservationsMax: Int
    /// Finished reservations remembered, so that repeats are known as such.
    ///
    /// Defaults to 100,000; at least 1.
    public var finishedMax: Int

    /// Options with the defaults stated at each.
    public init(accountsMax: Int = 200_000, reservationsMax: Int = 100_000, finishedMax: Int = 100_000) {
        self.accountsMax = accountsMax
        self.reservationsMax = reservationsMax
        self.finishedMax = finishedMax
    }
}
