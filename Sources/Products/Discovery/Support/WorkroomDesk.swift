import Accounts
import Base
import Blobs
import Caching
import Jobs
import Realtime
import Storage
import Web

/// Where people work on what was found: lists, boards, contacts, campaigns, saved searches and exports, put together.
final class WorkroomDesk: Sendable {
    let storage: Storage
    let clock: any WallClock
    let lists: ListDesk
    let entries: EntryDesk
    let links: ShareLinkDesk
    let campaigns: CampaignDesk
    let savedSearches: SavedSearchDesk
    let exports: ExportDesk
    let dashboards: DashboardDesk
    let live: ListTopics
    let steps: ListSteps
    let randomness: any Randomness
    let names: NameKeeper

    /// - Parameters:
    ///   - storage: the database.
    ///   - caches: where caches are entered.
    ///   - blobs: where files are kept.
    ///   - realtime: tells those who look at boards, on all nodes.
    ///   - notifications: tells people of files that are ready.
    ///   - clock: the time.
    ///   - randomness: chance.
    ///   - nameOf: gives names of people.
    ///   - start: starts a search for its owner.
    init(
        storage: Storage, caches: CacheRegistry, blobs: any BlobStore, realtime: Realtime,
        notifications: Notifications, clock: any WallClock, randomness: any Randomness, nameOf: @escaping PersonNaming,
        start: @escaping SavedSearchDesk.Start
    ) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        names = NameKeeper(caches: caches, nameOf: nameOf)
        lists = ListDesk(storage: storage, caches: caches, clock: clock, randomness: randomness)
        live = ListTopics(realtime: realtime, lists: lists, names: names)
        entries = EntryDesk(storage: storage, lists: lists, live: live, clock: clock, randomness: randomness)
        links = ShareLinkDesk(storage: storage, lists: lists, clock: clock, randomness: randomness)
        campaigns = CampaignDesk(storage: storage, clock: clock, randomness: randomness)
        savedSearches = SavedSearchDesk(storage: storage, clock: clock, randomness: randomness, start: start)
        exports = ExportDesk(
            storage: storage, blobs: blobs, notifications: notifications, clock: clock, randomness: randomness)
        dashboards = DashboardDesk(storage: storage, caches: caches)
        steps = ListSteps(
            storage: storage, lists: lists, entries: entries, exports: exports.store, live: live, clock: clock,
            randomness: randomness)
    }

    /// The product's rights across tenants that this work needs.
    static let capabilities = [ExportStore.sweep, SavedSearchStore.sweep]

    /// Writes a note about a list that who asks may edit, or about a creator.
    ///
    /// - Throws: `discovery.notFound`, `discovery.notAllowed`, `discovery.listInvalid`.
    func note(
        _ typed: String, list: ID<CreatorList>?, creator: ID<Creator>?, by asker: Asker, in tenant: Tenant
    ) async throws -> Note {
        let now = clock.now()
        guard (list == nil) != (creator == nil) else {
            throw DiscoveryError(.listInvalid, "A note is about a list or about a creator.")
        }
        let note = Note(
            id: ID(at: now, using: randomness), listID: list, creatorID: creator, personID: asker.person,
            text: try Note.text(typed), at: now)
        if let list {
            guard try await lists.board(list, for: asker, in: tenant).shown.role >= .editor else {
                throw DiscoveryError(.notAllowed, "Who may only look at a list cannot write about it.")
            }
        }
        guard try await entries.contacts.insert(note, through: storage.writer(for: tenant), in: tenant) else {
            throw DiscoveryError.missing("creator")
        }
        return note
    }

    /// The API.
    var routes: [Route] {
        let routes =
            DashboardRoutes(room: self).routes + ListRoutes(room: self).routes + EntryRoutes(room: self).routes
            + ContactRoutes(room: self).routes + ShareLinkRoutes(room: self).routes
            + CampaignRoutes(room: self).routes + SavedSearchRoutes(room: self).routes + ExportRoutes(room: self).routes
        return routes.map { $0.mounted(under: PathTemplate(Addresses.api)) }
    }

    /// The pages and their forms.
    var pages: [Route] {
        DashboardPageRoutes(room: self).routes + ListPageRoutes(room: self).routes
            + CampaignPageRoutes(room: self).routes + ExportPageRoutes(room: self).routes
            + SavedSearchPageRoutes(room: self).routes
    }

    /// How its jobs are handled.
    var jobs: [JobHandler] {
        ListJobs.handlers(steps, entries.contacts, storage) + ExportJobs.handlers(exports)
            + SavedSearchJobs.handlers(savedSearches)
    }

    /// What is done by the clock.
    static let schedules = ExportJobs.schedules + SavedSearchJobs.schedules
}
