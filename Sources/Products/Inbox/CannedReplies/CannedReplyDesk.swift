import Base
import Caching
import Storage

/// Texts that are used again: found from memory while somebody types.
final class CannedReplyDesk: Sendable {
    /// What cached values carry.
    enum Tag {
        static let replies = "inbox.cannedReplies"
    }

    let store: CannedReplyStore
    private let storage: Storage
    private let conversations: ConversationStore
    private let names: NameKeeper
    private let clock: any WallClock
    private let randomness: any Randomness
    private let kept: Cache<String, [CannedReply]>

    init(
        storage: Storage, caches: CacheRegistry, names: NameKeeper, clock: any WallClock, randomness: any Randomness
    ) {
        self.storage = storage
        self.names = names
        self.clock = clock
        self.randomness = randomness
        store = CannedReplyStore(storage: storage)
        conversations = ConversationStore(storage: storage)
        kept = Cache(
            "inbox.cannedReplies",
            CacheOptions(ttl: .seconds(600), capacity: 5_000, tags: { _ in [Tag.replies] }), in: caches)
    }

    /// Those that somebody may use and means, the likeliest first: no statement while they are in memory.
    func found(_ text: String, for person: ID<Person>, in tenant: Tenant) async throws -> [CannedReply] {
        let all = try await kept.value(for: "all", in: tenant) { [store] in
            try await shared { try await store.all(in: tenant) }
        }
        return CannedReply.found(text, among: all, for: person)
    }

    /// Makes one, of the company without an owner.
    ///
    /// - Throws: `inbox.settingInvalid` naming the rule that is broken; `inbox.nameTaken`, `inbox.limitReached`.
    func make(_ shortcut: String, _ body: String, of owner: ID<Person>?, in tenant: Tenant) async throws -> CannedReply
    {
        let now = clock.now()
        let reply = CannedReply(
            id: ID(at: now, using: randomness), owner: owner, shortcut: CannedReply.shortcut(shortcut),
            body: body.storable.trimmed)
        try await write(reply, in: tenant) { transaction in
            guard try await self.store.insert(reply, at: now, through: transaction, in: tenant) else {
                throw InboxError.full(CannedReply.Bounds.replies, "replies")
            }
        }
        return reply
    }

    /// Changes one of the owner, or of the company without.
    ///
    /// - Throws: as ``make(_:_:of:in:)``; `inbox.notFound`.
    func change(
        _ id: ID<CannedReply>, to shortcut: String, _ body: String, of owner: ID<Person>?, in tenant: Tenant
    ) async throws -> CannedReply {
        let now = clock.now()
        let reply = CannedReply(
            id: id, owner: owner, shortcut: CannedReply.shortcut(shortcut), body: body.storable.trimmed)
        try await write(reply, in: tenant) { transaction in
            guard try await self.store.update(reply, at: now, through: transaction, in: tenant) else {
                throw InboxError.missing("reply")
            }
        }
        return reply
    }

    private func write(
        _ reply: CannedReply, in tenant: Tenant, _ body: @Sendable (WriteTransaction) async throws -> Void
    ) async throws {
        if let fault = reply.fault { throw InboxError.invalid("reply", fault) }
        try await named(reply.shortcut) {
            try await storage.write(for: tenant) { transaction in
                try await body(transaction)
                transaction.afterCommit(.invalidate(tag: Tag.replies))
            }
        }
    }

    /// Removes one of the owner, or of the company without.
    ///
    /// - Throws: `inbox.notFound`.
    func remove(_ id: ID<CannedReply>, of owner: ID<Person>?, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            guard try await store.delete(id, of: owner, through: transaction, in: tenant) else {
                throw InboxError.missing("reply")
            }
            transaction.afterCommit(.invalidate(tag: Tag.replies))
        }
    }

    /// Takes one for a conversation: counts it, and fills in the names.
    ///
    /// - Throws: `inbox.notFound`.
    func use(
        _ id: ID<CannedReply>, in conversation: ID<Conversation>, by person: ID<Person>, of tenant: Tenant
    ) async throws -> String {
        let head = try await conversations.conversation(
            conversation, through: storage.reader(for: tenant), in: tenant)
        guard let head, let reply = try await store.use(id, by: person, in: tenant) else {
            throw InboxError.missing("reply or conversation")
        }
        let name = try await names.names(of: [person], in: tenant)[person] ?? ""
        return reply.filled(contact: head.contactName == Contact.nameless ? "" : head.contactName, agent: name)
    }
}
