import Base
import Caching
import Storage
import Web

/// Knows since when people answer here, without a statement for who has been seen before.
final class AgentKeeper: Sendable {
    private let store: AgentStore
    private let clock: any WallClock
    private let visible: VisibilityDesk
    private let joined: Cache<ID<Person>, Timestamp>
    private let known: Cache<String, [ID<Person>]>

    init(storage: Storage, caches: CacheRegistry, visible: VisibilityDesk, clock: any WallClock) {
        self.visible = visible
        known = Cache("inbox.colleagues", CacheOptions(ttl: .seconds(60), capacity: 20_000), in: caches)
        store = AgentStore(storage: storage)
        self.clock = clock
        joined = Cache("inbox.agents", CacheOptions(ttl: .seconds(3_600), capacity: 100_000), in: caches)
    }

    /// A person as an agent.
    func agent(_ person: ID<Person>, _ seat: Seat, in tenant: Tenant) async throws -> Agent {
        let now = clock.now()
        let since = try await joined.value(for: person, in: tenant) { [store] in
            try await shared { try await store.joined(person, at: now, in: tenant) }
        }
        return Agent(
            person: person, seat: seat, joinedAt: since,
            hidden: try await visible.hidden(from: person, seat, in: tenant))
    }

    /// All who answer or have answered here, at most a minute old.
    func all(in tenant: Tenant) async throws -> [ID<Person>] {
        try await known.value(for: "all", in: tenant) { [store] in
            try await shared { try await store.all(in: tenant) }
        }
    }

    /// Who asks.
    func agent(of context: RequestContext, atLeast seat: Seat = .agent) async throws -> Agent {
        let person = try context.person(atLeast: seat)
        return try await agent(person, context.principal.role.map(Seat.init) ?? .agent, in: context.tenant)
    }
}
