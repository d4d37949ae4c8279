import Base
import Storage

/// Makes campaigns and moves them on.
final class CampaignDesk: Sendable {
    let store: CampaignStore
    private let lists: ListStore
    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness

    init(storage: Storage, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        store = CampaignStore(storage: storage)
        lists = ListStore(storage: storage)
    }

    /// Makes a campaign.
    ///
    /// - Throws: `discovery.listInvalid`, `discovery.limitReached`.
    func create(
        _ name: String, state: Campaign.State = .active, by asker: Asker, in tenant: Tenant
    ) async throws -> Campaign {
        let now = clock.now()
        let campaign = Campaign(
            id: ID(at: now, using: randomness), personID: asker.person, name: try Name.read(name), state: state,
            createdAt: now, version: 1)
        try await storage.write(for: tenant) { transaction in
            guard
                try await lists.take(
                    "campaigns", max: Campaign.Bounds.campaigns, through: transaction, in: tenant)
            else {
                throw DiscoveryError(
                    .limitReached, "The workspace has \(Campaign.Bounds.campaigns) campaigns, the most it may have.",
                    context: ["limit": "\(Campaign.Bounds.campaigns)"])
            }
            try await store.insert(campaign, through: transaction, in: tenant)
        }
        return campaign
    }

    /// Renames a campaign or moves it on.
    ///
    /// - Throws: `discovery.notFound`, `discovery.listInvalid`.
    func change(
        _ id: ID<Campaign>, name: String?, state: Campaign.State?, in tenant: Tenant
    ) async throws -> Campaign {
        let name = try name.map { typed throws(DiscoveryError) in try Name.read(typed) }
        guard
            let campaign = try await store.update(
                id, name: name, state: state, through: storage.writer(for: tenant), in: tenant)
        else { throw DiscoveryError.missing("campaign") }
        return campaign
    }
}
