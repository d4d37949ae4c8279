import Base
import Caching
import Crypto
import Foundation
import Storage
import Synchronization

/// Pages of results: those of a search that is over come from memory until something about them changes.
final class MatchDesk: Sendable {
    enum Tag {
        static func search(_ id: ID<Search>) -> String { "discovery.search:\(id)" }
    }

    enum Bounds {
        static let page = 50
        static let pageMax = 200
        /// How many pages are made when a search ends.
        static let warmPages = 4
        /// Matches kept in memory.
        static let cachedRows = 200_000
        /// Searches of which this node knows that they go on.
        static let live = 10_000
    }

    /// What a page is asked for by.
    struct Ask: Sendable, Hashable {
        let search: ID<Search>
        var filter = MatchFilter()
        var sort = MatchSort.found
        var after: Cursor?
        var limit = Bounds.page

        /// The same in a line of bounded length.
        var mark: String {
            let after = after.map { cursor in
                SHA256.hash(data: Data(cursor.description.utf8)).map { String($0, radix: 16) }.joined(separator: ".")
            }
            return "\(search)/\(sort.rawValue)/\(limit)/\(after ?? "")/\(filter.mark)"
        }
    }

    /// A page with where its search stood when it was read.
    struct Found: Sendable {
        let page: Page<FoundMatch>
        /// How many matches the search has.
        let total: Int
        let state: Search.State
    }

    /// A page as nodes hand it to each other.
    private struct Stored: Codable {
        var items: [FoundMatch]
        var next: Cursor?
        var total: Int
        var state: Search.State
    }

    let store: MatchStore
    private let searches: SearchStore
    private let storage: Storage
    private let pages: Cache<Ask, Found>
    private let livePages: Cache<Ask, Found>
    /// What goes on is read each time: no other node has it, so none is asked.
    private let live = Mutex(BoundedMap<ID<Search>, Bool>(capacity: Bounds.live))
    private let counts: Cache<Ask, Int>

    init(storage: Storage, caches: CacheRegistry) {
        self.storage = storage
        store = MatchStore(storage: storage)
        searches = SearchStore(storage: storage)
        // What is not settled is "absent", and what is absent is not remembered.
        pages = Cache(
            "discovery.matchPages",
            CacheOptions(
                ttl: DiscoverySchema.day, failureWindow: .zero, absentTTL: .zero, capacity: Bounds.cachedRows,
                tenantShare: 0.25, weigh: { _, found in max(1, found.page.items.count) },
                tags: { [Tag.search($0.search)] }, isAbsent: { !$0.state.isSettled },
                // Whoever ends a search makes its first pages, so that its first viewer finds them, on whichever node.
                shared: .json(
                    name: \.mark,
                    write: {
                        Stored(items: $0.page.items, next: $0.page.next, total: $0.total, state: $0.state)
                    },
                    read: { Found(page: Page(items: $0.items, next: $0.next), total: $0.total, state: $0.state) })),
            in: caches)
        livePages = Cache(
            "discovery.livePages",
            CacheOptions(
                ttl: .milliseconds(1), failureWindow: .zero, absentTTL: .zero, capacity: 1_000,
                tags: { [Tag.search($0.search)] }, isAbsent: { _ in true }), in: caches)
        counts = Cache(
            "discovery.matchCounts",
            CacheOptions(
                ttl: DiscoverySchema.day, failureWindow: .zero, capacity: 20_000, tags: { [Tag.search($0.search)] },
                shared: .json(name: \.mark, write: { $0 }, read: { $0 })), in: caches)
    }

    /// A page of a search: one statement, or none when the search is over and somebody has seen the page, on any node.
    ///
    /// - Throws: `discovery.notFound`.
    func page(_ ask: Ask, in tenant: Tenant) async throws -> Found {
        if live.withLock({ $0[ask.search] != nil }) {
            let found = try await livePages.value(for: ask, in: tenant) { [self] in try await read(ask, in: tenant) }
            guard found.state.isSettled else { return found }
            // It has ended: what is kept from now on is read anew, under the fence of what keeps it.
            live.withLock { $0[ask.search] = nil }
        }
        let found = try await pages.value(for: ask, in: tenant) { [self] in try await read(ask, in: tenant) }
        if !found.state.isSettled { live.withLock { $0[ask.search] = true } }
        return found
    }

    private func read(_ ask: Ask, in tenant: Tenant) async throws -> Found {
        let page = try await store.page(
            of: ask.search, ask.filter, by: ask.sort, after: ask.after, limit: ask.limit, in: tenant)
        if let first = page.items.first {
            return Found(page: page.map(\.found), total: first.total, state: first.state)
        }
        guard
            let status = try await searches.status(of: ask.search, through: storage.reader(for: tenant), in: tenant)
        else { throw DiscoveryError.missing("search") }
        return Found(page: Page(items: [], next: nil), total: status.found, state: status.search.state)
    }

    /// How many of a search's matches pass a filter; from its counter when all do.
    func passing(_ filter: MatchFilter, of search: Search, found: Int, in tenant: Tenant) async throws -> Int {
        guard !filter.isEmpty else { return found }
        guard search.state.isSettled else { return try await store.count(of: search.id, filter, in: tenant) }
        return try await counts.value(for: Ask(search: search.id, filter: filter), in: tenant) { [store] in
            try await store.count(of: search.id, filter, in: tenant)
        }
    }

    /// Makes the first pages of a search that has just ended, so that its first viewer finds them.
    func warm(_ search: ID<Search>, in tenant: Tenant) async throws {
        var ask = Ask(search: search)
        for _ in 0..<Bounds.warmPages {
            guard let next = try await page(ask, in: tenant).page.next else { return }
            ask.after = next
        }
    }
}
