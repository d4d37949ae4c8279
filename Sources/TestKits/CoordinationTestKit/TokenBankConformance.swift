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

    /// Checks the sentence, on accounts that begin with `prefix` and that nobody else uses.
    ///
    /// - Throws: ``ConformanceFailure`` when it does not hold, or what the back end throws.
    public func check(_ bank: any TokenBank, prefix: String, pass: (Duration) async throws -> Void) async throws {
        // Slow enough that nothing comes back while the check runs, unless it waits.
        let account = TokenAccount(name: prefix, rate: GCRA(limit: 10, per: .seconds(10)))
        switch self {
        case .handsOutWhatThereIs:
            let batches = [
                try await bank.take(upTo: 4, from: account), try await bank.take(upTo: 8, from: account),
                try await bank.take(upTo: 1, from: account),
            ]
            try require(batches.map(\.amount) == [4, 6, 0], "10 tokens were handed out as \(batches.map(\.amount))")
            try require(batches[0].retryAfter == nil, "a granted batch names a wait")
            try require(
                batches[2].retryAfter.map { $0 > .zero && $0 <= .seconds(1) } ?? false,
                "the next token comes within a second, not \(batches[2].retryAfter as Any)")
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
        case .refillsWithTime:
            _ = try await bank.take(upTo: 10, from: account)
            try await pass(.milliseconds(2_100))
            let batch = try await bank.take(upTo: 10, from: account)
            try require(batch.amount == 2, "\(batch.amount) tokens came back in 2.1 s at one a second")
        }
    }
}
