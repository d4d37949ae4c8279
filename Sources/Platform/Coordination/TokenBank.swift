/// Where the nodes of a cluster fetch their part of a common limit, in small batches.
///
/// Time is the bank's own. Tokens that a node took and did not spend may be given back, or lapse: a crash of a node
/// loses tokens, never makes any. A node that leases `b` tokens at a time lets at most `b` more pass in a stretch of
/// time than the limit says, because it may spend them later than it took them.
public protocol TokenBank: Sendable {
    /// Takes up to `amount` tokens: as many as there are.
    func take(upTo amount: Int, from account: TokenAccount) async throws(CoordinationError) -> TokenBatch

    /// Gives tokens back that were taken and not spent.
    func giveBack(_ amount: Int, to account: TokenAccount) async throws(CoordinationError)
}

/// A common limit and whom it is kept for.
public struct TokenAccount: Sendable, Hashable {
    /// Names the limit and its key; at most 512 bytes.
    public let name: String
    /// The rate at which tokens come back.
    public let rate: GCRA

    /// Names an account.
    public init(name: String, rate: GCRA) {
        self.name = name
        self.rate = rate
    }
}

/// What the bank handed out.
public struct TokenBatch: Sendable, Hashable {
    /// Tokens that the caller may spend; 0 when there are none.
    public let amount: Int
    /// When at least one token will be there, if none is now.
    public let retryAfter: Duration?

    /// Makes a batch; for back ends.
    public init(amount: Int, retryAfter: Duration?) {
        self.amount = amount
        self.retryAfter = retryAfter
    }
}
