import Base
import Caching
import Limits
import Storage

/// What searches and profiles cost, kept in the platform's ledger within the transaction that does the work.
final class CreditDesk: Sendable {
    enum Tag {
        static let workspace = "discovery.workspace"
    }

    enum Bounds {
        /// How long a reservation stands that nobody settles: well past the hour of a search.
        static let reservation: Duration = .seconds(6 * 3_600)
    }

    let creators: CreditLedger
    let enrichments: CreditLedger
    private let store: WorkspaceStore
    private let clock: any WallClock
    private let first: CreditPlan
    private let plans: Cache<String, Workspace>

    /// - Parameters:
    ///   - storage: the database.
    ///   - caches: where caches are entered.
    ///   - limits: where ledgers are entered.
    ///   - clock: the time.
    ///   - first: the plan of a workspace that nobody has set one for.
    init(storage: Storage, caches: CacheRegistry, limits: LimitRegistry, clock: any WallClock, first: CreditPlan) {
        creators = CreditLedger(
            "discovery.credits", per: .anniversary, storage: storage, clock: clock, in: limits)
        enrichments = CreditLedger(
            "discovery.enrichments", per: .anniversary, storage: storage, clock: clock, in: limits)
        store = WorkspaceStore(storage: storage)
        self.clock = clock
        self.first = first
        plans = Cache(
            "discovery.workspaces",
            CacheOptions(
                ttl: .seconds(60), staleWindow: .seconds(60), tags: { _ in [Tag.workspace] }, shared: .json()),
            in: caches)
    }

    /// The workspace's plan; one that has none begins with the first.
    func workspace(in tenant: Tenant) async throws -> Workspace {
        try await plans.value(for: "plan", in: tenant) { [self] in
            try await shared {
                if let workspace = try await store.workspace(in: tenant) { return workspace }
                let begun = Workspace(
                    plan: first, startedAt: clock.now(), zone: "UTC", subscription: nil, isActive: true)
                try await store.begin(begun, in: tenant)
                return try await store.workspace(in: tenant) ?? begun
            }
        }
    }

    /// What is left of a month's creators.
    func left(in tenant: Tenant) async throws -> (workspace: Workspace, creators: CreditUsage) {
        let workspace = try await workspace(in: tenant)
        let usage = try await creators.usage(
            of: LimitKey(tenant), zone: workspace.timeZone, anchor: workspace.startedAt)
        return (workspace, usage)
    }

    /// Reserves a round's creators.
    ///
    /// - Throws: `discovery.creditsShort` with what is needed and what is available.
    func reserve(
        _ amount: Int, for round: ID<SearchRound>, note: String, under workspace: Workspace, in tenant: Tenant,
        through transaction: WriteTransaction
    ) async throws {
        let claim = CreditClaim(
            LimitKey(tenant), amount: amount, limit: workspace.creators(at: clock.now()), zone: workspace.timeZone,
            anchor: workspace.startedAt)
        let admission = try await creators.reserve(
            round, claim, ttl: Bounds.reservation, note: note, in: transaction)
        if case .refused(let refusal) = admission {
            throw DiscoveryError(
                .creditsShort, "This search may bring \(amount) creators, and the month has \(refusal.remaining) left.",
                retryAfter: refusal.retryAfter,
                context: ["needed": "\(amount)", "available": "\(refusal.remaining)", "plan": workspace.plan.rawValue])
        }
    }

    /// Reserves one profile that a person has asked for.
    ///
    /// - Throws: `discovery.creditsShort` when none is left this month.
    func reserveProfile(
        for batch: ID<EnrichmentBatch>, under workspace: Workspace, in tenant: Tenant,
        through transaction: WriteTransaction
    ) async throws {
        let claim = CreditClaim(
            LimitKey(tenant), amount: 1, limit: workspace.enrichments(at: clock.now()), zone: workspace.timeZone,
            anchor: workspace.startedAt)
        let admission = try await enrichments.reserve(
            batch, claim, ttl: Bounds.reservation, note: "profile", in: transaction)
        if case .refused(let refusal) = admission {
            throw DiscoveryError(
                .creditsShort, "No profile is left of this month's plan.", retryAfter: refusal.retryAfter,
                context: ["needed": "1", "available": "\(refusal.remaining)", "plan": workspace.plan.rawValue])
        }
    }

    /// Reserves as many profiles as are left, at most `wanted`; returns how many.
    func reserveProfiles(
        upTo wanted: Int, for round: ID<SearchRound>, under workspace: Workspace, in tenant: Tenant,
        through transaction: WriteTransaction
    ) async throws -> Int {
        var amount = wanted
        // A refusal says what is left; the second try asks for that.
        for _ in 0..<2 where amount > 0 {
            let claim = CreditClaim(
                LimitKey(tenant), amount: amount, limit: workspace.enrichments(at: clock.now()),
                zone: workspace.timeZone, anchor: workspace.startedAt)
            let admission = try await enrichments.reserve(
                round, claim, ttl: Bounds.reservation, note: "profiles", in: transaction)
            guard case .refused(let refusal) = admission else { return amount }
            amount = min(amount, refusal.remaining)
        }
        return 0
    }
}
