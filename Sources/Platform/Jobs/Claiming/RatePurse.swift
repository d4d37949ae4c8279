import Base
import Coordination

/// Tokens of rates, taken from the bank in small batches for the jobs that are about to be claimed.
///
/// Without the bank nothing of a kind that has a rate begins: a vendor's limit is not guessed at.
struct RatePurse {
    let bank: any TokenBank

    /// Takes up to `amount` tokens of every rate among the limits: as many as all of them give.
    mutating func take(upTo amount: Int, of limits: [JobLimit], for ask: ClaimAsk) async -> Int {
        var granted = amount
        var taken: [(account: TokenAccount, amount: Int)] = []
        for account in accounts(of: limits, for: ask) where granted > 0 {
            do throws(CoordinationError) {
                let batch = try await bank.take(upTo: granted, from: account)
                taken.append((account, batch.amount))
                granted = min(granted, batch.amount)
            } catch {
                granted = 0
            }
        }
        for (account, amount) in taken where amount > granted { await giveBack(amount - granted, to: account) }
        return granted
    }

    /// Gives back what was not used.
    func giveBack(_ amount: Int, of limits: [JobLimit], for ask: ClaimAsk) async {
        guard amount > 0 else { return }
        for account in accounts(of: limits, for: ask) { await giveBack(amount, to: account) }
    }

    private func giveBack(_ amount: Int, to account: TokenAccount) async {
        // Tokens that cannot be given back lapse, which errs on the side of the limit.
        try? await bank.giveBack(amount, to: account)
    }

    private func accounts(of limits: [JobLimit], for ask: ClaimAsk) -> [TokenAccount] {
        limits.compactMap { limit in
            guard case .rate(let rate) = limit.measure else { return nil }
            return TokenAccount(name: "jobs.\(limit.name).\(limit.key(for: ask))", rate: rate)
        }
    }
}
