import Base
import Caching
import Jobs
import Storage

/// What is done with single creators: reading their profile anew, leaving them out, taking several for one person.
struct CreatorDesk: Sendable {
    let storage: Storage
    let store: CreatorStore
    let enrichment: EnrichmentStore
    let identities: IdentityStore
    let credits: CreditDesk
    let clock: any WallClock
    let randomness: any Randomness

    func creator(_ id: ID<Creator>, in tenant: Tenant) async throws -> Creator {
        guard let creator = try await store.creator(id, through: storage.reader(for: tenant), in: tenant) else {
            throw DiscoveryError.missing("creator")
        }
        return creator
    }

    /// A page of the workspace's creators: by words, or by handle when the text begins with `@`.
    func page(
        matching text: String?, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws -> Page<Creator> {
        let text = Keyword.normalised(text ?? "")
        let handle = text.hasPrefix("@") ? String(text.dropFirst()) : nil
        let words = handle == nil ? Array(CreatorWords.split(text).prefix(CreatorWords.Bounds.asked)) : []
        // Nobody is found by signs alone.
        if handle == nil, words.isEmpty, !text.isEmpty { return Page(items: [], next: nil) }
        return try await store.page(
            matching: words, handle: handle, after: cursor, limit: limit, in: tenant)
    }

    /// All that is known of a creator, in one state of the database.
    func report(on id: ID<Creator>, in tenant: Tenant) async throws -> CreatorReport {
        try await storage.read(for: tenant) { reading in
            guard let creator = try await store.creator(id, through: reading, in: tenant) else {
                throw DiscoveryError.missing("creator")
            }
            let posts = try await store.posts(of: id, through: reading, in: tenant)
            return CreatorReport(
                creator: creator, posts: posts.sorted { ($0.postedAt ?? .epoch) > ($1.postedAt ?? .epoch) },
                history: try await store.history(of: id, days: 90, through: reading, in: tenant),
                sameAs: try await identities.others(of: id, through: reading, in: tenant))
        }
    }

    /// Has a profile read again unless it was read within a week, which costs nothing.
    ///
    /// - Returns: the creator as it is then, waiting or as it was.
    func enrich(_ id: ID<Creator>, for person: ID<Person>, in tenant: Tenant) async throws -> Creator {
        let workspace = try await credits.workspace(in: tenant)
        let now = clock.now()
        let batch = ID<EnrichmentBatch>(at: now, using: randomness)
        return try await storage.write(for: tenant) { transaction in
            let queued = try await enrichment.queue(
                [id], before: now - Creator.Bounds.freshness, through: transaction, in: tenant)
            guard let creator = try await store.creator(id, through: transaction, in: tenant) else {
                throw DiscoveryError.missing("creator")
            }
            guard !queued.isEmpty else { return creator }
            try await credits.reserveProfile(for: batch, under: workspace, in: tenant, through: transaction)
            try transaction.enqueue(
                EnrichmentJobs.enrich,
                EnrichmentJobs.Batch(
                    creators: [id], person: person, search: nil, reservation: batch,
                    until: now + EnrichmentJobs.Bounds.patience))
            return creator
        }
    }

    /// Leaves a creator out of searches, or no longer.
    func setBlocked(_ isBlocked: Bool, _ id: ID<Creator>, in tenant: Tenant) async throws {
        let now = clock.now()
        let isThere = try await storage.write(for: tenant) { transaction in
            try await store.setBlocked(isBlocked ? now : nil, id, through: transaction, in: tenant)
        }
        guard isThere else { throw DiscoveryError.missing("creator") }
    }

    // MARK: Identities

    /// Takes profiles of several platforms for one person.
    ///
    /// - Throws: `discovery.identityInvalid` unless there are two to six profiles, each of another platform or handle.
    func link(_ ids: [ID<Creator>], by person: ID<Person>, in tenant: Tenant) async throws -> [Creator] {
        let ids = Set(ids).sorted()
        guard (2...IdentityStore.Bounds.creators).contains(ids.count) else {
            throw DiscoveryError(.identityInvalid, "An identity has 2 to \(IdentityStore.Bounds.creators) profiles.")
        }
        let now = clock.now()
        let identity = ID<Identity>(at: now, using: randomness)
        return try await storage.write(for: tenant) { transaction in
            let creators = try await store.creators(ids, through: transaction, in: tenant)
            guard creators.count == ids.count else { throw DiscoveryError.missing("creator") }
            guard Set(creators.map(\.platform)).count > 1 else {
                throw DiscoveryError(.identityInvalid, "Profiles of one platform are different people.")
            }
            try await identities.link(ids, as: identity, by: person, at: now, through: transaction, in: tenant)
            return creators
        }
    }

    /// Has a profile stand for itself again.
    func unlink(_ id: ID<Creator>, in tenant: Tenant) async throws {
        let isThere = try await storage.write(for: tenant) { transaction in
            try await identities.unlink(id, through: transaction, in: tenant)
        }
        guard isThere else { throw DiscoveryError.missing("identity") }
    }
}

/// What is known of a creator.
struct CreatorReport: Sendable {
    let creator: Creator
    /// The newest first.
    let posts: [CreatorPost]
    /// The newest first.
    let history: [CreatorDay]
    /// The other profiles of the same person.
    let sameAs: [Creator]
}
