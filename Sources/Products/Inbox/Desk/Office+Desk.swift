import Base
import Caching
import Storage
import Web

extension Office {
    /// The person who asks, who may see the conversation: one statement for who does not see all channels, else none.
    ///
    /// - Throws: `inbox.notAllowed`; `inbox.notFound` for a conversation of a channel that they do not see.
    func person(of context: RequestContext, at id: ID<Conversation>) async throws -> ID<Person> {
        let agent = try await agents.agent(of: context)
        guard !agent.hidden.isEmpty else { return agent.person }
        let head = try await head(id, in: context.tenant)
        guard agent.sees(head.channelID) else { throw InboxError.missing("conversation") }
        return agent.person
    }

    /// - Throws: `inbox.notFound`.
    func head(_ id: ID<Conversation>, in tenant: Tenant) async throws -> Conversation {
        let found = try await conversations.store.conversation(id, through: storage.reader(for: tenant), in: tenant)
        guard let found else { throw InboxError.missing("conversation") }
        return found
    }

    /// Those who answer here, by name; who has no place in the company any more is left out.
    func colleagues(in tenant: Tenant) async throws -> [ID<Person>: String] {
        let people = try await agents.all(in: tenant)
        return try await names.names(of: people, in: tenant).filter { $0.value != NameKeeper.nobody }
    }

    /// A name of a message that no other has.
    func chanceID() -> String { ID<Message>(at: clock.now(), using: randomness).description }
}

/// The tags of a company, kept for a minute: each page offers them.
final class TagKeeper: Sendable {
    private let store: TagStore
    private let known: Cache<String, [Tag]>
    private let caches: CacheRegistry

    init(storage: Storage, caches: CacheRegistry) {
        store = TagStore(storage: storage)
        self.caches = caches
        known = Cache(
            "inbox.tags", CacheOptions(ttl: .seconds(60), capacity: 20_000, tags: { _ in ["inbox.tags"] }), in: caches)
    }

    /// All tags of a company, by label.
    func all(in tenant: Tenant) async throws -> [Tag] {
        try await known.value(for: "all", in: tenant) { [store] in
            try await shared { try await store.all(in: tenant) }
        }
    }

    /// A tag was made: it is offered from now on.
    func forget(in tenant: Tenant) async { await caches.invalidate(tags: ["inbox.tags"], for: tenant) }
}

/// Whom a note names: colleagues whose whole name stands behind an @.
enum Mentions {
    static func people(in text: String, of colleagues: [ID<Person>: String]) -> [ID<Person>] {
        let text = text.lowercased()
        return colleagues.filter { text.contains("@\($0.value.lowercased())") }.map(\.key).sorted()
            .prefix(ConversationDesk.Bounds.mentions).map { $0 }
    }
}

/// A time as a form's field writes it: without a zone, by the clock of who filled it in.
enum LocalTime {
    /// Reads a time, as in `2026-11-27T09:30`.
    ///
    /// - Parameters:
    ///   - text: what the field holds.
    ///   - minutesBehind: how many minutes that clock is behind UTC, as scripts tell it; 0 without a script.
    /// - Returns: the time; `nil` for anything else.
    static func timestamp(_ text: String, minutesBehind: Int64) -> Timestamp? {
        guard let time = Timestamp("\(text.prefix(16)):00Z"), text.utf8.count >= 16 else { return nil }
        return time + .seconds(minutesBehind * 60)
    }
}
