import Base
import Limits
import Storage

/// Reserves what a call may cost before it is made, and charges what it did cost afterwards.
struct BudgetDesk: Sendable {
    enum Bounds {
        /// Budgets of one call.
        static let budgets = 8
        /// The shortest answer that is worth its call, unless a shorter one was asked for.
        static let outputMin = 16
    }

    /// What a call may use at most.
    struct Ask: Sendable {
        var id: ID<Answer>
        var tenant: Tenant
        var input: Int
        var output: Int
        var price: ModelPrice
        var ttl: Duration
        var note: String
    }

    /// Ledgers with their budgets, in the order in which their locks are taken.
    private let groups: [(ledger: CreditLedger, unit: AIBudget.Unit, budgets: [AIBudget])]

    /// Whether money is among them, so that a model needs a price.
    var countsMoney: Bool { groups.contains { $0.unit == .money } }

    /// Whether nobody pays.
    var isEmpty: Bool { groups.isEmpty }

    init(_ budgets: [AIBudget]) {
        precondition(budgets.count <= Bounds.budgets, "a call has \(budgets.count) budgets of \(Bounds.budgets)")
        let byLedger = Dictionary(grouping: budgets) { $0.ledger.name }
        groups = byLedger.sorted { $0.key < $1.key }.map { name, budgets in
            precondition(
                budgets.allSatisfy { $0.unit == budgets[0].unit }, "the ledger \(name) counts one thing, not several")
            return (budgets[0].ledger, budgets[0].unit, budgets)
        }
    }

    /// Reserves in all ledgers, or throws, which undoes all.
    ///
    /// - Returns: how many tokens may be written: as many as asked for, or what the smallest budget has left.
    /// - Throws: `ai.budgetSpent` when not even a short answer fits; `ai.answerTaken` when the id is charged already.
    func reserve(_ ask: Ask, in transaction: WriteTransaction) async throws -> Int {
        var output = ask.output
        let least = min(ask.output, Bounds.outputMin)
        for group in groups {
            // Each refusal names what one of the keys has left; the next try fits into that.
            for attempt in 0... {
                let most = TokenUsage(input: ask.input, output: output)
                let amount = group.unit.amount(of: most, at: ask.price)
                let admission = try await group.ledger.reserve(
                    ask.id, group.budgets.map { $0.claim(amount) }, ttl: ask.ttl, note: ask.note, in: transaction)
                guard case .refused(let refusal) = admission else {
                    if case .granted(let grant) = admission, grant.isRepeat {
                        throw AIError(.answerTaken, "A call of this id has been charged already.")
                    }
                    break
                }
                let fitting = group.unit.output(
                    within: refusal.remaining, input: ask.input, at: ask.price, atMost: output)
                if fitting >= least, attempt < group.budgets.count {
                    output = fitting
                } else if refusal.reason == .amount, output > least {
                    // What exceeds the limit itself never comes back; the least that makes sense does, and says when.
                    output = least
                } else {
                    throw Self.spent(refusal, group.unit)
                }
            }
        }
        return output
    }

    /// Charges what was used, and frees the rest.
    func settle(
        _ id: ID<Answer>, usage: TokenUsage, at price: ModelPrice, for tenant: Tenant,
        in transaction: WriteTransaction
    ) async throws {
        for group in groups {
            try await group.ledger.settle(
                id, used: group.unit.amount(of: usage, at: price), for: tenant, in: transaction)
        }
    }

    /// Frees all of it.
    func release(_ id: ID<Answer>, for tenant: Tenant, in transaction: WriteTransaction) async throws {
        for group in groups { try await group.ledger.release(id, for: tenant, in: transaction) }
    }

    private static func spent(_ refusal: Refusal, _ unit: AIBudget.Unit) -> AIError {
        AIError(
            .budgetSpent,
            "The budget \(refusal.rule) has \(refusal.remaining) of \(refusal.limit) \(unit.rawValue) left.",
            retryAfter: refusal.retryAfter,
            context: [
                "budget": refusal.rule, "left": "\(refusal.remaining)", "limit": "\(refusal.limit)",
                "unit": unit.rawValue,
            ])
    }
}
