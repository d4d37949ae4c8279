import Base
import Caching
import Storage

/// Knows which channels are for some agents only.
///
/// A channel of which no agent is named is everybody's. Administrators and owners see all channels.
final class VisibilityDesk: Sendable {
    enum Bounds {
        /// Agents who are named for one channel.
        static let agents = 100
    }

    private static let tag = "inbox.visibility"

    private let store: VisibilityStore
    private let storage: Storage
    private let channels: ChannelDesk
    private let named: Cache<String, [ID<Channel>: Set<ID<Person>>]>

    init(storage: Storage, caches: CacheRegistry, channels: ChannelDesk) {
        self.storage = storage
        self.channels = channels
        store = VisibilityStore(storage: storage)
        named = Cache(
            "inbox.visibility", CacheOptions(ttl: .seconds(600), capacity: 20_000, tags: { _ in [Self.tag] }),
            in: caches)
    }

    /// Who is named for which channel; channels of everybody are not in it.
    func agents(in tenant: Tenant) async throws -> [ID<Channel>: Set<ID<Person>>] {
        try await named.value(for: "all", in: tenant) { [store] in
            try await shared { try await store.all(in: tenant) }
        }
    }

    /// The channels that somebody does not see, in order.
    func hidden(from person: ID<Person>, _ seat: Seat, in tenant: Tenant) async throws -> [ID<Channel>] {
        guard seat < .admin else { return [] }
        return try await agents(in: tenant).filter { !$0.value.contains(person) }.map(\.key).sorted()
    }

    /// The channels that an agent sees, by name.
    func channels(to agent: Agent, in tenant: Tenant) async throws -> [Channel] {
        try await channels.channels(in: tenant).filter { agent.sees($0.id) }
    }

    /// Names who sees a channel; nobody makes it everybody's.
    ///
    /// - Throws: `inbox.notFound`, `inbox.limitReached`.
    func set(_ people: [ID<Person>], for channel: ID<Channel>, in tenant: Tenant) async throws {
        guard people.count <= Bounds.agents else {
            throw InboxError(
                .limitReached, "A channel names at most \(Bounds.agents) agents.",
                context: ["limit": "\(Bounds.agents)"])
        }
        _ = try await channels.channel(channel, in: tenant)
        try await storage.write(for: tenant) { transaction in
            try await store.set(Array(Set(people)).sorted(), for: channel, through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: Self.tag))
        }
    }
}
