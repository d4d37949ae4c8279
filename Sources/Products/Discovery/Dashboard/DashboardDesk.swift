import Base
import Caching
import Storage

/// Keeps what each person sees first for a minute, and shows it for four more while it is read anew.
final class DashboardDesk: Sendable {
    private struct Key: Hashable, Sendable {
        let person: ID<Person>
        let seat: Seat
    }

    private let store: DashboardStore
    private let cache: ViewerCache<Key, Dashboard>

    init(storage: Storage, caches: CacheRegistry) {
        store = DashboardStore(storage: storage)
        cache = ViewerCache(
            "discovery.dashboards",
            CacheOptions(
                ttl: .seconds(60), staleWindow: .seconds(240), capacity: 20_000, tenantShare: 0.5,
                tags: { [ListDesk.Tag.person($0.person)] }), in: caches)
    }

    /// What somebody sees first: from memory, else one statement.
    func dashboard(of asker: Asker, in tenant: Tenant) async throws -> Dashboard {
        try await cache.value(
            for: Key(person: asker.person, seat: asker.seat), of: Viewer(asker.person), in: tenant
        ) { [store] in try await store.dashboard(of: asker, in: tenant) }
    }
}
