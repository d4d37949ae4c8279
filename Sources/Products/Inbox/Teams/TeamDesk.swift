import Base
import Caching
import Storage

/// Teams and hours of a company: few, looked at often, changed rarely.
final class TeamDesk: Sendable {
    /// What cached values carry.
    enum Tag {
        static let teams = "inbox.teams"
        static let hours = "inbox.hours"
    }

    let store: TeamStore
    let hourStore: HoursStore
    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness
    private let keptTeams: Cache<String, [Team]>
    private let keptHours: Cache<String, [BusinessHours]>

    init(storage: Storage, caches: CacheRegistry, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        store = TeamStore(storage: storage)
        hourStore = HoursStore(storage: storage)
        keptTeams = Cache(
            "inbox.teams", CacheOptions(ttl: .seconds(600), capacity: 20_000, tags: { _ in [Tag.teams] }), in: caches)
        keptHours = Cache(
            "inbox.hours", CacheOptions(ttl: .seconds(600), capacity: 20_000, tags: { _ in [Tag.hours] }), in: caches)
    }

    // MARK: Teams

    /// All teams by name, from memory as a rule.
    func teams(in tenant: Tenant) async throws -> [Team] {
        try await keptTeams.value(for: "all", in: tenant) { [store] in
            try await shared { try await store.all(in: tenant) }
        }
    }

    /// What a team is to be.
    struct TeamDraft: Sendable {
        var name: String
        var channels: [ID<Channel>] = []
        var members: [Team.Member] = []
    }

    /// Makes a team.
    ///
    /// - Throws: `inbox.settingInvalid` naming the rule that is broken; `inbox.nameTaken`, `inbox.limitReached`.
    func make(_ draft: TeamDraft, in tenant: Tenant) async throws -> Team {
        let now = clock.now()
        let team = Team(
            id: ID(at: now, using: randomness), name: draft.name.storable.trimmed, channels: draft.channels,
            members: draft.members)
        try await write(team, in: tenant) { transaction in
            guard try await self.store.insert(team, at: now, through: transaction, in: tenant) else {
                throw InboxError.full(Team.Bounds.teams, "teams")
            }
        }
        return team
    }

    /// Changes a team.
    ///
    /// - Throws: as ``make(_:in:)``; `inbox.notFound`.
    func change(_ id: ID<Team>, to draft: TeamDraft, in tenant: Tenant) async throws -> Team {
        let team = Team(
            id: id, name: draft.name.storable.trimmed, channels: draft.channels, members: draft.members)
        try await write(team, in: tenant) { transaction in
            guard try await self.store.update(team, through: transaction, in: tenant) else {
                throw InboxError.missing("team")
            }
        }
        return team
    }

    private func write(
        _ team: Team, in tenant: Tenant, _ body: @Sendable (WriteTransaction) async throws -> Void
    ) async throws {
        if let fault = team.fault { throw InboxError.invalid("team", fault) }
        try await named(team.name) {
            try await storage.write(for: tenant) { transaction in
                try await body(transaction)
                try await store.setMembers(of: team, through: transaction, in: tenant)
                transaction.afterCommit(.invalidate(tag: Tag.teams))
            }
        }
    }

    /// Has somebody be in a team with a cap, or not any more without one.
    ///
    /// - Throws: as ``change(_:to:in:)``.
    func set(_ person: ID<Person>, cap: Int?, in id: ID<Team>, of tenant: Tenant) async throws {
        guard let team = try await store.all(in: tenant).first(where: { $0.id == id }) else {
            throw InboxError.missing("team")
        }
        var members = team.members.filter { $0.person != person }
        if let cap { members.append(Team.Member(person: person, cap: cap)) }
        _ = try await change(
            id, to: TeamDraft(name: team.name, channels: team.channels, members: members), in: tenant)
    }

    /// Removes a team; its conversations stay, without one.
    ///
    /// - Throws: `inbox.notFound`.
    func remove(_ id: ID<Team>, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            guard try await store.delete(id, through: transaction, in: tenant) else { throw InboxError.missing("team") }
            transaction.afterCommit(.invalidate(tag: Tag.teams))
        }
    }

    // MARK: Hours

    /// All hours by name, from memory as a rule.
    func hours(in tenant: Tenant) async throws -> [BusinessHours] {
        try await keptHours.value(for: "all", in: tenant) { [hourStore] in
            try await shared { try await hourStore.all(in: tenant) }
        }
    }

    /// The plan of some hours, else the usual one; `nil` when the company is always there.
    func plan(_ id: ID<BusinessHours>?, in tenant: Tenant) async throws -> WeekPlan? {
        let all = try await hours(in: tenant)
        return (all.first { $0.id == id } ?? all.first { $0.isUsual })?.plan
    }

    /// Makes hours, or changes those of an id.
    ///
    /// - Throws: `inbox.settingInvalid` naming the rule that is broken; `inbox.nameTaken`, `inbox.limitReached`,
    ///   `inbox.notFound`.
    func set(
        _ id: ID<BusinessHours>?, named name: String, _ plan: WeekPlan, isUsual: Bool, in tenant: Tenant
    ) async throws -> BusinessHours {
        let now = clock.now()
        let hours = BusinessHours(
            id: id ?? ID(at: now, using: randomness), name: name.storable.trimmed, plan: plan, isUsual: isUsual)
        if let fault = hours.fault { throw InboxError.invalid("plan of hours", fault) }
        try await named(hours.name) {
            try await storage.write(for: tenant) { transaction in
                if isUsual { try await hourStore.clearUsual(through: transaction, in: tenant) }
                let isDone =
                    id == nil
                    ? try await hourStore.insert(hours, at: now, through: transaction, in: tenant)
                    : try await hourStore.update(hours, through: transaction, in: tenant)
                guard isDone else {
                    throw id == nil
                        ? InboxError.full(BusinessHours.Bounds.plans, "plans of hours") : InboxError.missing("plan")
                }
                transaction.afterCommit(.invalidate(tag: Tag.hours))
            }
        }
        return hours
    }

    /// Removes hours; what went by them goes by the usual ones.
    ///
    /// - Throws: `inbox.notFound`.
    func removeHours(_ id: ID<BusinessHours>, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            guard try await hourStore.delete(id, through: transaction, in: tenant) else {
                throw InboxError.missing("plan of hours")
            }
            transaction.afterCommit(.invalidate(tag: Tag.hours))
        }
    }
}

/// Does what writes a name that must be the only one of its kind.
///
/// - Throws: `inbox.nameTaken`.
func named(_ name: String, _ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch let error as StorageError where error.code == .uniqueViolation {
        throw InboxError(.nameTaken, "There is one of this name already.", context: ["name": name])
    }
}
