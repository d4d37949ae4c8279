import Base
import Realtime
import Storage
import Web

/// Reads what the pages of the inbox show.
struct ReadingDesk: Sendable {
    enum Bounds {
        /// Other conversations of a customer beside a thread.
        static let others = 8
    }

    let office: Office

    /// What a thread's page was asked for.
    struct Wish: Sendable {
        let id: ID<Conversation>
        var place: DeskPlace
        var before: Int64?
        var at: Int64?
        var usesSuggestion = false
        var undo: ThreadView.Undo?
    }

    /// The column of views with a page of the list: one statement, and one for the badges when they are old.
    func list(
        _ place: DeskPlace, for agent: Agent, after cursor: Cursor?, current: ID<Conversation>? = nil,
        in tenant: Tenant
    ) async throws -> ListView {
        let page = try await office.threads.page(place.conversations, for: agent, after: cursor, in: tenant)
        let channels = try await office.visible.channels(to: agent, in: tenant)
        return ListView(
            ListView.Parts(
                place: place, rows: page.items, next: page.next?.description, isFirst: cursor == nil, current: current,
                channels: channels, tags: try await office.tags.all(in: tenant),
                badges: try await office.threads.badges(of: agent, in: tenant),
                names: try await office.names.names(of: page.items.compactMap(\.head.assigneeID), in: tenant),
                topics: office.topics.lists(for: agent, channels.map(\.id)).map(\.description),
                now: office.clock.now()))
    }

    /// A thread, with what one has begun to answer and what is known of the customer.
    ///
    /// - Throws: `inbox.notFound`.
    func thread(_ wish: Wish, for agent: Agent, in tenant: Tenant) async throws -> (ThreadView, CustomerView) {
        let id = wish.id
        let seen = try await office.threads.conversation(id, for: agent, in: tenant)
        // Read before the messages: what comes between the two comes twice, and is then shown once.
        let position = try await office.storage.reader(for: tenant).position(
            of: office.topics.thread("\(id)"), at: office.clock.now())
        let messages = try await messages(wish, in: tenant)
        let colleagues = try await office.colleagues(in: tenant)
        let own = try await office.conversations.tags(of: [id], in: tenant)[id] ?? []
        let point = position.description.split(separator: ".")
        let thread = ThreadView(
            ThreadView.Parts(
                seen: seen, messages: messages, place: wish.place, person: agent.person,
                channel: try await office.channels.channel(seen.head.channelID, in: tenant),
                draft: try await office.scheduled.drafts.draft(of: agent.person, in: id, of: tenant)?.body ?? "",
                later: try await office.scheduled.store.waiting(in: id, of: tenant),
                suggestion: try await office.answering.store.suggestion(for: id, in: tenant), tags: own,
                allTags: try await office.tags.all(in: tenant), teams: try await office.teams.teams(in: tenant),
                colleagues: colleagues,
                names: try await names(in: messages, seen.head, colleagues, tenant),
                position: (String(point.first ?? ""), position.offset), clientID: office.chanceID(), undo: wish.undo,
                usesSuggestion: wish.usesSuggestion, now: office.clock.now()))
        return (thread, try await customer(of: seen.head, wish.place, agent, in: tenant))
    }

    /// The newest fifty, those before a number, or those around the one that was looked for.
    private func messages(_ wish: Wish, in tenant: Tenant) async throws -> [Message] {
        if let at = wish.at {
            let start = max(0, at - Int64(ThreadDesk.Bounds.thread / 2))
            return try await office.threads.messages(of: wish.id, .after(start), in: tenant)
        }
        return try await office.threads.messages(of: wish.id, .before(wish.before ?? .max), in: tenant)
    }

    private func names(
        in messages: [Message], _ head: Conversation, _ colleagues: [ID<Person>: String], _ tenant: Tenant
    ) async throws -> [ID<Person>: String] {
        let people = Set(messages.compactMap(\.personID) + [head.assigneeID].compactMap { $0 })
        let missing = people.filter { colleagues[$0] == nil }
        return try await office.names.names(of: missing, in: tenant).merging(colleagues) { $1 }
    }

    private func customer(
        of head: Conversation, _ place: DeskPlace, _ agent: Agent, in tenant: Tenant
    ) async throws -> CustomerView {
        let contact = try await office.contacts.contact(head.contactID, in: tenant)
        let others = try await office.conversations.store.conversations(
            with: head.contactID, for: agent, limit: Bounds.others, in: tenant)
        let channels = try await office.channels.channels(in: tenant)
        return CustomerView(
            contact, others, beside: head.id, in: place,
            channels: Dictionary(uniqueKeysWithValues: channels.map { ($0.id, $0) }), at: office.clock.now())
    }
}

/// The page of the inbox: the list, and a thread beside it when one is chosen.
struct DeskPage: Sendable {
    let frame: Frame
    let list: ListView
    let thread: ThreadView?
    let customer: CustomerView?
    let hasThread: Bool

    init(_ frame: Frame, _ list: ListView, thread: ThreadView? = nil, customer: CustomerView? = nil) {
        self.frame = frame
        self.list = list
        self.thread = thread
        self.customer = customer
        hasThread = thread != nil
    }
}
