import Base
import Storage

/// Gives out links to lists and takes them back.
final class ShareLinkDesk: Sendable {
    let store: ShareLinkStore
    private let lists: ListDesk
    private let entries: EntryStore
    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness

    init(storage: Storage, lists: ListDesk, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.lists = lists
        self.clock = clock
        self.randomness = randomness
        entries = EntryStore(storage: storage)
        store = ShareLinkStore(storage: storage)
    }

    /// Makes a link to a list and shares the list by link, which its whole team then sees too.
    ///
    /// - Returns: the link and its token, which cannot be told again.
    /// - Throws: `discovery.notFound`, `discovery.notAllowed`, `discovery.limitReached`.
    func create(
        for id: ID<CreatorList>, days: Int, by asker: Asker, in tenant: Tenant
    ) async throws -> (link: ShareLink, token: String) {
        let now = clock.now()
        let days = min(max(days, ShareLink.Bounds.days.lowerBound), ShareLink.Bounds.days.upperBound)
        let token = ShareLink.makeToken(using: randomness)
        guard let hash = ShareLink.hash(of: token) else { preconditionFailure("a token is base64url of 16 bytes") }
        let link = ShareLink(
            id: ID(at: now, using: randomness), listID: id, personID: asker.person, createdAt: now,
            expiresAt: now + .seconds(days * 86_400))
        try await storage.write(for: tenant) { transaction in
            var list = try await lists.locked(id, by: asker, atLeast: .owner, through: transaction, in: tenant).list
            guard try await store.insert(link, hash: hash, through: transaction, in: tenant) else {
                throw DiscoveryError(
                    .limitReached, "A list has at most \(ShareLink.Bounds.links) links; revoke one first.",
                    context: ["limit": "\(ShareLink.Bounds.links)"])
            }
            if list.visibility != .link {
                list.visibility = .link
                try await lists.store.update(list, through: transaction, in: tenant)
            }
            try ListJobs.record(
                Activity(
                    id: ID(at: now, using: randomness), listID: id, creatorID: nil, personID: asker.person,
                    event: .shared, detail: "\(days) days", at: now), in: transaction)
            transaction.afterCommit(.invalidate(tag: ListDesk.Tag.list(id)))
        }
        return (link, token)
    }

    /// Takes one link back, or all of a list.
    func revoke(_ link: ID<ShareLink>?, of id: ID<CreatorList>, by asker: Asker, in tenant: Tenant) async throws {
        let now = clock.now()
        try await storage.write(for: tenant) { transaction in
            _ = try await lists.locked(id, by: asker, atLeast: .owner, through: transaction, in: tenant)
            _ = try await store.revoke(link, of: id, at: now, through: transaction, in: tenant)
        }
    }

    /// What a token leads to: a list and a page of its creators.
    ///
    /// - Throws: `discovery.notFound` alike for tokens that are over, revoked, of another workspace or made up.
    func open(
        _ token: String, after cursor: Cursor?, in tenant: Tenant
    ) async throws -> (board: SharedBoard, page: Page<EntryCard>) {
        guard let hash = ShareLink.hash(of: token),
            let board = try await store.board(of: hash, at: clock.now(), in: tenant)
        else { throw DiscoveryError.missing("list") }
        let page = try await entries.sharedPage(
            of: board.list.id, after: cursor, limit: ShareLink.Bounds.page, in: tenant)
        return (board, page)
    }
}
