public import Base
import Storage

extension UnreadDrill {
    /// What a recount of everything has found.
    public struct Recount: Sendable, Hashable {
        /// Agents and conversations whose unread messages were counted.
        public var pairs = 0
        /// Of these, where lists say another number than the messages themselves.
        public var differences = 0
        /// Conversations whose totals differ from their messages, or whose numbers have a gap.
        public var faults = 0
        /// Customers' messages that are stored.
        public var messages = 0
    }

    private enum Bounds {
        static let page = 200
    }

    /// Counts what each agent has not read by the messages behind their cursor, and compares that with what lists say.
    ///
    /// Costs the messages of the company once for each agent.
    ///
    /// - Throws: errors of storage.
    public func recount(_ plan: Plan, in tenant: Tenant) async throws -> Recount {
        let store = DrillStore(storage: office.storage)
        var result = Recount()
        (result.faults, result.messages) = try await store.faults(in: tenant)
        for number in 0..<plan.agents {
            let agent = try await office.agents.agent(Self.person(number), .agent, in: tenant)
            for name in [ConversationView.Name.all, .snoozed, .closed] {
                var next: Cursor?
                repeat {
                    let page = try await office.threads.page(
                        ConversationView(name: name), for: agent, after: next, limit: Bounds.page, in: tenant)
                    let counted = try await store.unread(page.items.map(\.head.id), by: agent, in: tenant)
                    for seen in page.items {
                        result.pairs += 1
                        let truth = counted[seen.head.id] ?? 0
                        // Who has no cursor is told of 99 at most.
                        let isSame =
                            seen.readSequence == nil ? min(seen.unread, 99) == min(truth, 99) : seen.unread == truth
                        if !isSame { result.differences += 1 }
                    }
                    next = page.next
                } while next != nil
            }
        }
        return result
    }
}
