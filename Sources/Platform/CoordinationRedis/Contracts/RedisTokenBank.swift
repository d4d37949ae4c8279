import Base
public import Coordination

/// The token bank on Redis: one script per call, by the server's time.
///
/// An account that the server forgets, in a restart without persistence or for want of room, is full again: in such a
/// moment at most the account's burst is handed out beyond the limit.
public struct RedisTokenBank: TokenBank {
    private enum Bounds {
        /// Lua counts exactly up to here.
        static let exact: Int64 = 1 << 52
    }

    private let client: RedisClient

    /// Keeps accounts on the client's server.
    public init(_ client: RedisClient) { self.client = client }

    /// Takes up to `amount` tokens.
    public func take(upTo amount: Int, from account: TokenAccount) async throws(CoordinationError) -> TokenBatch {
        precondition(amount >= 0, "an amount of \(amount) tokens cannot be taken")
        let reply = try await run(RedisScripts.take, amount, account)
        guard let numbers = reply.elements?.compactMap(\.number), numbers.count == 2 else {
            throw .unreadable("take tokens")
        }
        let wait = numbers[1] > 0 ? Duration.microseconds(numbers[1]) : nil
        return TokenBatch(amount: Int(numbers[0]), retryAfter: wait)
    }

    /// Gives tokens back.
    public func giveBack(_ amount: Int, to account: TokenAccount) async throws(CoordinationError) {
        precondition(amount >= 0, "an amount of \(amount) tokens cannot be given back")
        _ = try await run(RedisScripts.giveBack, amount, account)
    }

    private func run(
        _ script: RedisScript, _ amount: Int, _ account: TokenAccount
    ) async throws(CoordinationError) -> RESPValue {
        try CoordinationBounds.check(name: account.name)
        // Accounts that take longer than 52 days to fill are counted in microseconds, which are rounded up: never more
        // is granted.
        let isFine = account.rate.interval * Int64(account.rate.burst) < Bounds.exact
        let interval = isFine ? account.rate.interval : (account.rate.interval + 999) / 1_000
        return try await client.coordinating { client throws(RedisError) in
            try await client.run(
                script, keys: ["\(client.options.prefix):bank:\(account.name)"],
                [
                    .number(Int(interval)), .number(account.rate.burst), .number(min(amount, account.rate.burst)),
                    .number(isFine ? 1_000 : 1),
                ])
        }
    }
}

extension RedisClient {
    /// Does something with the client's errors in the words of the contracts.
    func coordinating<Result>(
        _ body: (RedisClient) async throws(RedisError) -> Result
    ) async throws(CoordinationError) -> Result {
        do { return try await body(self) } catch { throw CoordinationError(error) }
    }
}

extension CoordinationError {
    init(_ error: RedisError) {
        self.init(
            .unavailable, "Redis did not do what was asked (\(error.code.rawValue)).",
            context: error.context, underlying: error)
    }

    static func unreadable(_ what: StaticString) -> CoordinationError {
        CoordinationError(.unavailable, "Redis answered with something else than asked for: \(what).")
    }
}
