import Base
import Storage

/// Vectors in memory, of as many tenants as fit: read once, then kept up to date by what has changed.
actor VectorShelf {
    enum Bounds {
        /// How long vectors may stand without being looked at before they are read anew: less than removals are told.
        static let lifetime = Duration.seconds(6 * 86_400)
    }

    private struct Key: Hashable {
        var tenant: Tenant
        var index: ID<VectorIndex>
    }

    private struct Kept {
        var set: VectorSet
        var usedAt: Duration
    }

    private var kept: [Key: Kept] = [:]
    private var loading: [Key: [CheckedContinuation<Void, Never>]] = [:]
    private let bytesMax: Int
    private let clock: any WallClock

    init(bytesMax: Int, clock: any WallClock) {
        self.bytesMax = bytesMax
        self.clock = clock
    }

    /// Bytes of all vectors in memory.
    var bytes: Int { kept.values.reduce(0) { $0 + $1.set.bytes } }

    /// The vectors of an index at the version that the transaction sees; one task reads, the others wait for it.
    func set(
        of index: VectorIndex, for tenant: Tenant, from store: IndexStore, in transaction: ReadTransaction
    ) async throws -> VectorSet {
        let key = Key(tenant: tenant, index: index.id)
        while true {
            if let found = current(key), found.version == index.version { return found }
            guard loading[key] != nil else { break }
            await withCheckedContinuation { loading[key]?.append($0) }
        }
        let known = current(key)
        // A transaction that sees an older state than memory has reads for itself, and leaves memory as it is.
        if let known, known.version > index.version {
            return try await store.bring(nil, of: index, upToDateFor: tenant, in: transaction)
        }
        loading[key] = []
        defer { for waiter in loading.removeValue(forKey: key) ?? [] { waiter.resume() } }
        let fresh = try await store.bring(known, of: index, upToDateFor: tenant, in: transaction)
        kept[key] = Kept(set: fresh, usedAt: clock.uptime())
        trim(but: key)
        return fresh
    }

    private func current(_ key: Key) -> VectorSet? {
        let now = clock.uptime()
        guard let found = kept[key] else { return nil }
        guard now - found.usedAt < Bounds.lifetime else {
            kept[key] = nil
            return nil
        }
        kept[key]?.usedAt = now
        return found.set
    }

    /// Lets go of what was not used for the longest time until the rest fits.
    private func trim(but newest: Key) {
        var bytes = bytes
        for (key, found) in kept.sorted(by: { $0.value.usedAt < $1.value.usedAt })
        where bytes > bytesMax && key != newest {
            kept[key] = nil
            bytes -= found.set.bytes
        }
    }
}
