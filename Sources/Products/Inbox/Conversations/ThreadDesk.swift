import Base
import Caching
import Storage

/// What agents look at: lists, threads, how far they have read.
final class ThreadDesk: Sendable {
    enum Bounds {
        static let page = 25
        static let thread = 50
    }

    let store: ConversationStore
    let messages: MessageStore
    private let storage: Storage
    private let cursors: CursorStore
    private let topics: InboxTopics
    private let counted: ViewerCache<String, Badges>

    init(storage: Storage, caches: CacheRegistry, topics: InboxTopics) {
        self.storage = storage
        self.topics = topics
        store = ConversationStore(storage: storage)
        messages = MessageStore(storage: storage)
        cursors = CursorStore(storage: storage)
        counted = ViewerCache(
            "inbox.badges", CacheOptions(ttl: .seconds(5), capacity: 100_000), in: caches)
    }

    /// A page of a view: one statement.
    func page(
        _ view: ConversationView, for agent: Agent, after cursor: Cursor?, limit: Int = Bounds.page, in tenant: Tenant
    ) async throws -> Page<SeenConversation> {
        try await store.page(view, for: agent, after: cursor, limit: limit, in: tenant)
    }

    /// - Throws: `inbox.notFound`.
    func conversation(_ id: ID<Conversation>, for agent: Agent, in tenant: Tenant) async throws -> SeenConversation {
        let seen = try await store.seen(id, by: agent, through: storage.reader(for: tenant), in: tenant)
        guard let seen, agent.sees(seen.head.channelID) else { throw InboxError.missing("conversation") }
        return seen
    }

    /// How much is unread, at most five seconds old.
    func badges(of agent: Agent, in tenant: Tenant) async throws -> Badges {
        try await counted.value(for: "badges", of: Viewer(agent.person), in: tenant) { [store] in
            try await store.badges(of: agent, in: tenant)
        }
    }

    /// A part of a thread in the order of its numbers: one statement, two when there is nothing.
    ///
    /// - Throws: `inbox.notFound`.
    func messages(
        of id: ID<Conversation>, _ part: ThreadPart, limit: Int = Bounds.thread, in tenant: Tenant
    ) async throws -> [Message] {
        let reader = storage.reader(for: tenant)
        let found = try await messages.some(of: id, part, limit: limit, through: reader, in: tenant)
        if found.isEmpty, try await store.conversation(id, through: reader, in: tenant) == nil {
            throw InboxError.missing("conversation")
        }
        return found
    }

    /// Has read up to a message: one statement.
    ///
    /// Told to the agent's other sessions.
    ///
    /// - Throws: `inbox.notFound`.
    func read(
        _ id: ID<Conversation>, upTo sequence: Int64, by agent: Agent, in tenant: Tenant
    ) async throws -> ReadCursor {
        let cursor = try await cursors.advance(to: sequence, id, of: agent.person, in: tenant)
        return try tell(cursor, id, agent, in: tenant)
    }

    /// Has not read a message and what comes behind it.
    ///
    /// - Throws: `inbox.notFound`.
    func unread(
        _ id: ID<Conversation>, from sequence: Int64, by agent: Agent, in tenant: Tenant
    ) async throws -> ReadCursor {
        let cursor = try await cursors.reset(to: max(0, sequence - 1), id, of: agent.person, in: tenant)
        return try tell(cursor, id, agent, in: tenant)
    }

    private func tell(
        _ cursor: ReadCursor?, _ id: ID<Conversation>, _ agent: Agent, in tenant: Tenant
    ) throws -> ReadCursor {
        guard let cursor else { throw InboxError.missing("conversation") }
        topics.tell(
            InboxTopics.AgentNote(
                kind: .cursor, conversation: id, readSequence: cursor.sequence, unread: cursor.unread),
            to: agent.person, in: tenant)
        return cursor
    }
}
