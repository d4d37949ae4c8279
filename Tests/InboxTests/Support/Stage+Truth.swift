import Base
import Storage
import Testing

@testable import Inbox

/// What must hold at every commit, counted anew from the messages.
extension Stage {
    private struct External: RowDecodable {
        let id: String
        let count: Int

        init(row: SQLRow) throws(StorageError) {
            id = try row.value(at: 0)
            count = try row.value(at: 1)
        }
    }

    /// Numbers without a gap, totals and preview as a recount says, each vendor's id once.
    func checkTruth(in tenant: Tenant? = nil, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let tenant = tenant ?? self.tenant
        for head in try await conversations(in: tenant) {
            let thread = try await thread(head.id, in: tenant)
            let name = "\(head.contactName) \(head.id)"
            #expect(
                thread.map(\.sequence) == (0..<thread.count).map { Int64($0 + 1) }, "\(name): a gap",
                sourceLocation: sourceLocation)
            #expect(
                head.lastSequence == Int64(thread.count), "\(name): the last number", sourceLocation: sourceLocation)
            let customers = thread.filter { $0.role == .customer }
            #expect(
                head.customerTotal == Int64(customers.count), "\(name): the customer's messages",
                sourceLocation: sourceLocation)
            #expect(
                customers.map(\.customerIndex) == (0..<customers.count).map { Int64($0 + 1) }, "\(name): their numbers",
                sourceLocation: sourceLocation)
            let shown = thread.filter { $0.role.isSaid && !$0.isHidden }
                .max { ($0.sentAt, $0.sequence) < ($1.sentAt, $1.sequence) }
            #expect(
                head.preview == (shown.map(Conversation.Preview.init) ?? Conversation.Preview()),
                "\(name): the preview",
                sourceLocation: sourceLocation)
            let said = thread.filter(\.role.isSaid)
            #expect(
                said.isEmpty || head.lastMessageAt == said.map(\.sentAt).max(), "\(name): the last time",
                sourceLocation: sourceLocation)
            #expect(
                head.replySequence == (thread.last { $0.role == .agent || $0.role == .bot }?.sequence ?? 0),
                "\(name): the last answer", sourceLocation: sourceLocation)
        }
        let repeated = try await storage.reader(for: tenant).list(
            External.self, "test.repeated",
            """
            SELECT m.external_id, count(*) FROM inbox_messages m WHERE m.tenant_id = \(tenant)
                AND m.external_id IS NOT NULL GROUP BY m.channel_id, m.external_id HAVING count(*) > 1
            """, limit: 10)
        #expect(repeated.isEmpty, "\(repeated.map(\.id)) are there more than once", sourceLocation: sourceLocation)
    }

    /// What an agent has not read is what a recount behind their cursor says.
    func checkUnread(of person: ID<Person>, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let agent = try await agent(person)
        for head in try await conversations() {
            let seen = try await office.threads.conversation(head.id, for: agent, in: tenant)
            let customers = try await thread(head.id).filter { $0.role == .customer }
            let counted =
                seen.readSequence.map { read in customers.count { $0.sequence > read } }
                ?? min(customers.count { $0.createdAt >= agent.joinedAt }, 99)
            #expect(
                min(seen.unread, 99) == Int64(min(counted, 99)), "\(head.contactName): unread",
                sourceLocation: sourceLocation)
        }
    }
}
