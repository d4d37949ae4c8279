import Base
import Caching
import Storage

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
