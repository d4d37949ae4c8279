public import Base

/// A bounded cache of values that everybody in a tenant may see, with one verb: get or load.
///
/// - One load per key runs in the process, however many ask. It runs in a task of the cache: a caller who gives up
///   takes nothing from the others, and the load is cancelled only when nobody waits for it any more.
/// - A value is fresh for the time to live, then served stale while one refresh runs, and while the source fails.
/// - A value whose tag was invalidated is never served again, nor is what a load brings that began before.
///
/// A hit takes one short lock of a part of the cache and allocates nothing. Values that differ by viewer belong in a
/// ``ViewerCache``, whose keys cannot be made without one.
///
/// ```swift
/// let seasons = Cache<String, Season?>("tournament.season", CacheOptions(tags: { _ in ["season"] }), in: registry)
/// let season = try await seasons.value(for: "active", in: tenant) { try await store.activeSeason(of: tenant) }
/// ```
public final class Cache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    let core: CacheCore<Key, Value>

    /// Makes a cache and enters it in `registry` under `name`, which must be new there.
    public init(_ name: String, _ options: CacheOptions<Key, Value> = CacheOptions(), in registry: CacheRegistry) {
        core = CacheCore(name: name, options: options, registry: registry)
        registry.enter(core)
    }

    /// Returns the value for `key` in `tenant`, loading it when there is none.
    ///
    /// `load` may run long after the call has returned (as a refresh), with the caller's task-local values.
    ///
    /// - Throws: what `load` threw, for the caller that led and for all who waited; within the failure window the same
    ///   error again; ``CachingError`` when the load takes too long or too many run; `CancellationError` when the
    ///   caller's own task is cancelled while it waits.
    public func value(
        for key: Key, in tenant: Tenant, load: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await core.value(for: CacheKey(scope: .tenant(tenant), name: key), load: load)
    }

    /// Returns a value that belongs to no tenant, such as which tenant a host name stands for.
    public func valueBypassingTenant(
        for key: Key, load: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await core.value(for: CacheKey(scope: .platform, name: key), load: load)
    }

    /// Forgets every value; loads that run bring theirs to their callers, and are not kept.
    public func removeAll() { core.removeAll() }

    /// What the cache has done so far.
    public var statistics: CacheStatistics { core.statistics }
}

/// A bounded cache of private values: each belongs to one viewer of one tenant.
///
/// Otherwise a ``Cache``.
public final class ViewerCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    let core: CacheCore<Key, Value>

    /// Makes a cache and enters it in `registry` under `name`, which must be new there.
    public init(_ name: String, _ options: CacheOptions<Key, Value> = CacheOptions(), in registry: CacheRegistry) {
        core = CacheCore(name: name, options: options, registry: registry)
        registry.enter(core)
    }

    /// Returns the value for `key` that `viewer` may see in `tenant`, loading it when there is none.
    ///
    /// - Throws: as ``Cache/value(for:in:load:)`` does.
    public func value(
        for key: Key, of viewer: Viewer, in tenant: Tenant, load: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try await core.value(for: CacheKey(scope: .viewer(tenant, viewer), name: key), load: load)
    }

    /// Forgets every value.
    public func removeAll() { core.removeAll() }

    /// What the cache has done so far.
    public var statistics: CacheStatistics { core.statistics }
}
