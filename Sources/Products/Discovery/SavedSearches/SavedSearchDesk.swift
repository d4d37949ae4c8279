import Base
import Storage

/// Keeps searches that run by themselves, and starts those that are due under their owners' limits.
final class SavedSearchDesk: Sendable {
    /// Starts a search for somebody; throws what a person would be told.
    typealias Start = @Sendable (SearchWish, SavedSearch, Tenant) async throws -> ID<Search>

    let store: SavedSearchStore
    private let lists: ListStore
    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness
    private let start: Start

    init(storage: Storage, clock: any WallClock, randomness: any Randomness, start: @escaping Start) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        self.start = start
        store = SavedSearchStore(storage: storage)
        lists = ListStore(storage: storage)
    }

    /// Saves a search; its first run is a day or week from now.
    ///
    /// - Throws: `discovery.listInvalid`, `discovery.limitReached`.
    func save(
        _ wish: SearchWish, named name: String?, every rhythm: SavedSearch.Rhythm, by asker: Asker, in tenant: Tenant
    ) async throws -> SavedSearch {
        let now = clock.now()
        let id = ID<SavedSearch>(at: now, using: randomness)
        var wish = wish
        // Who is known already is left out: that is what makes it worth while to look again.
        wish.exclusions.known = true
        let saved = SavedSearch(
            id: id, personID: asker.person, name: try Name.read(name ?? wish.title), wish: wish, rhythm: rhythm,
            isPaused: false, nextRunAt: SavedSearch.first(rhythm, savedAt: now, id: id), createdAt: now)
        try await storage.write(for: tenant) { transaction in
            guard
                try await lists.take(
                    "savedSearches", max: SavedSearch.Bounds.savedSearches, through: transaction, in: tenant)
            else {
                throw DiscoveryError(
                    .limitReached,
                    "The workspace has \(SavedSearch.Bounds.savedSearches) saved searches; delete one first.",
                    context: ["limit": "\(SavedSearch.Bounds.savedSearches)"])
            }
            try await store.insert(saved, through: transaction, in: tenant)
        }
        return saved
    }

    /// Deletes one of somebody's.
    ///
    /// - Throws: `discovery.notFound`.
    func delete(_ id: ID<SavedSearch>, of person: ID<Person>, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            guard try await store.delete(id, of: person, through: transaction, in: tenant) else {
                throw DiscoveryError.missing("saved search")
            }
            try await lists.giveBack("savedSearches", through: transaction, in: tenant)
        }
    }

    /// Pauses one of somebody's, or lets it go on at its next time.
    ///
    /// - Throws: `discovery.notFound`.
    func pause(_ id: ID<SavedSearch>, _ isPaused: Bool, of person: ID<Person>, in tenant: Tenant) async throws {
        guard let saved = try await store.savedSearch(id, through: storage.reader(for: tenant), in: tenant),
            saved.personID == person,
            try await store.pause(
                id, isPaused, next: max(saved.nextRunAt, saved.next(after: clock.now())), of: person, in: tenant)
        else { throw DiscoveryError.missing("saved search") }
    }

    // MARK: What is due

    /// Starts what is due in all tenants; each run is taken by one process only.
    ///
    /// - Returns: how many were started.
    @discardableResult
    func startDue() async throws -> Int {
        let now = clock.now()
        var started = 0
        for due in try await store.due(at: now, limit: SavedSearch.Bounds.due) {
            guard
                let saved = try await store.savedSearch(
                    due.id, through: storage.reader(for: due.tenant), in: due.tenant),
                // Another process may have taken it since: what is read then is due later.
                saved.nextRunAt <= now,
                try await store.take(
                    saved, next: saved.next(after: now), at: now, through: storage.writer(for: due.tenant),
                    in: due.tenant)
            else { continue }
            do {
                let search = try await start(saved.wish, saved, due.tenant)
                try await store.note(saved.id, search: search, failure: nil, in: due.tenant)
                started += 1
            } catch let error as DiscoveryError {
                // What would have been told to the person stands beside the saved search; it is tried again soon.
                let next = min(saved.next(after: now), now + SavedSearch.Bounds.retry)
                try await store.note(saved.id, search: nil, failure: error.message, next: next, in: due.tenant)
            }
        }
        return started
    }
}
