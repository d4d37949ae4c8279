public import Coordination

/// What every ``TokenBank`` must do.
///
/// Times are given to `pass`, which makes them pass for the back end.
public enum TokenBankConformance: String, CaseIterable, Sendable {
    /// As many tokens as there are, then none and when to ask again.
    case handsOutWhatThereIs
    /// Many nodes that ask at once get no more together than the account has.
    case neverHandsOutMore
    /// Accounts are separate.
    case separatesAccounts
    /// What is given back can be taken again.
    case takesBack
    /// Tokens come back at the account's rate.
    case refillsWithTime
    /// However many take and give back at once, what is out in the end and what is there are all there were.
    case balancesUnderParallelTakers
    /// An account that takes a year to fill counts as exactly as one of seconds.
    case countsSlowAccounts
    /// What is given back beyond what was taken makes no tokens; nor does asking for none, or for more than ever.
    case makesNoTokens

    /// Checks the sentence, on accounts that begin with `prefix` and that nobody else uses.
    ///
    /// - Throws: ``ConformanceFailure`` when it does not hold, or what the back end throws.
    public func check(_ bank: any TokenBank, prefix: String, pass: (Duration) async throws -> Void) async throws {
        // Slow enough that nothing comes back while the check runs, however busy the machine.
        let account = TokenAccount(name: prefix, rate: GCRA(limit: 10, per: .seconds(100_000)))
        switch self {
        case .handsOutWhatThereIs:
            let batches = [
                try await bank.take(upTo: 4, from: account), try await bank.take(upTo: 8, from: account),
                try await bank.take(upTo: 1, from: account),
            ]
            try require(batches.map(\.amount) == [4, 6, 0], "10 tokens were handed out as \(batches.map(\.amount))")
            try require(batches[0].retryAfter == nil, "a granted batch names a wait")
            try require(
                batches[2].retryAfter.map { $0 > .seconds(9_000) && $0 <= .seconds(10_000) } ?? false,
                "the next token comes within 10,000 s, not \(batches[2].retryAfter as Any)")
        case .neverHandsOutMore:
            let sum = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<20 { group.addTask { try await bank.take(upTo: 3, from: account).amount } }
                return try await group.reduce(0, +)
            }
            try require(sum == 10, "an account of 10 handed out \(sum)")
        case .separatesAccounts:
            _ = try await bank.take(upTo: 10, from: account)
            let other = TokenAccount(name: prefix + ".other", rate: account.rate)
            let batch = try await bank.take(upTo: 10, from: other)
            try require(batch.amount == 10, "one account took from another")
        case .takesBack:
            _ = try await bank.take(upTo: 10, from: account)
            try await bank.giveBack(3, to: account)
            let batch = try await bank.take(upTo: 10, from: account)
            try require(batch.amount == 3, "3 tokens were given back and \(batch.amount) could be taken")
        case .refillsWithTime: try await refills(bank, prefix, pass)
        case .balancesUnderParallelTakers: try await balances(bank, prefix)
        case .countsSlowAccounts: try await countsSlowAccounts(bank, prefix)
        case .makesNoTokens: try await makesNoTokens(bank, prefix)
        }
    }

    private func refills(
        _ bank: any TokenBank, _ prefix: String, _ pass: (Duration) async throws -> Void
    ) async throws {
        let account = TokenAccount(name: prefix, rate: GCRA(limit: 10, per: .seconds(10)))
        let start = ContinuousClock.now
        _ = try await bank.take(upTo: 10, from: account)
        try await pass(.milliseconds(2_100))
        let amount = try await bank.take(upTo: 10, from: account).amount
        // A busy machine lets more time pass than it was asked to.
        let most = max(2, Int((ContinuousClock.now - start) / .seconds(1)))
        try require(amount >= 2 && amount <= most, "\(amount) tokens came back in \(most) s at one a second")
    }

    private func balances(_ bank: any TokenBank, _ prefix: String) async throws {
        let account = TokenAccount(name: prefix, rate: GCRA(limit: 100, per: .seconds(1_000_000)))
        let kept = try await withThrowingTaskGroup(of: Int.self) { group in
            for taker in 0..<16 {
                group.addTask {
                    var kept = 0
                    for round in 0..<25 {
                        let taken = try await bank.take(upTo: 1 + (taker + round) % 5, from: account).amount
                        let back = min(taken, round % 3)
                        try await bank.giveBack(back, to: account)
                        kept += taken - back
                    }
                    return kept
                }
            }
            return try await group.reduce(0, +)
        }
        let rest = try await bank.take(upTo: 100, from: account).amount
        try require(kept + rest == 100, "of 100 tokens \(kept) were kept and \(rest) were left")
    }

    private func countsSlowAccounts(_ bank: any TokenBank, _ prefix: String) async throws {
        for (name, limit) in [("few", 7), ("many", 1_000)] {
            let rate = GCRA(limit: limit, per: .seconds(366 * 86_400))
            let account = TokenAccount(name: "\(prefix).\(name)", rate: rate)
            let first = try await bank.take(upTo: limit - 1, from: account).amount
            let second = try await bank.take(upTo: 5, from: account).amount
            let none = try await bank.take(upTo: 1, from: account)
            try require(
                [first, second, none.amount] == [limit - 1, 1, 0], "\(limit) were \(first), \(second), \(none.amount)")
            let wait = none.retryAfter ?? .zero
            try require(
                wait > .zero && wait <= .nanoseconds(rate.interval) + .milliseconds(1),
                "the next of \(limit) a year comes after \(wait)")
        }
    }

    private func makesNoTokens(_ bank: any TokenBank, _ prefix: String) async throws {
        let account = TokenAccount(name: prefix, rate: GCRA(limit: 10, per: .seconds(100_000)))
        try await bank.giveBack(5, to: account)
        let none = try await bank.take(upTo: 0, from: account)
        try require(none == TokenBatch(amount: 0, retryAfter: nil), "taking no token gave \(none)")
        let first = try await bank.take(upTo: 4, from: account).amount
        try await bank.giveBack(9, to: account)
        let all = try await bank.take(upTo: 1_000, from: account).amount
        try require([first, all] == [4, 10], "of 10 tokens \(first), then, all given back, \(all) were handed out")
    }
}
