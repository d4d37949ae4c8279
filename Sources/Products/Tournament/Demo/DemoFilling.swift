import Base
import Hosting
import Storage

/// Fills the demo's tenants, each once: a tenant that has a season is left as it is.
struct DemoFilling: Sendable {
    let storage: Storage
    let clock: any WallClock
    let lane: Int

    private var store: DemoStore { DemoStore(storage: storage) }

    /// The tenants of the demo with their plans; the same on every start.
    static func tenants(on stage: DemoStage) async throws -> [(tenant: Tenant, plan: DemoPlan)] {
        [
            (stage.home, .lighthouse),
            (try await stage.tenant(slug: "night-school", named: "Night School"), .lanterns),
        ]
    }

    func fill(_ stage: DemoStage) async throws {
        for (tenant, plan) in try await Self.tenants(on: stage) {
            if try await !store.hasSeason(in: tenant) {
                try await fill(tenant, with: DemoSeason(plan, in: tenant, at: clock.now()))
                try await analyse()
            }
        }
    }

    /// Has PostgreSQL look at what was written in one go; until then it plans as if the tables were empty.
    private func analyse() async throws {
        guard storage.dialect == .postgres else { return }
        try await storage.writer(bypassingTenant: SlotStore.sweep).execute("demo.analyse", "ANALYZE")
    }

    /// Writes a season in one transaction.
    func fill(_ tenant: Tenant, with demo: DemoSeason) async throws {
        let rules = demo.season.rules
        try await storage.write(for: tenant) { transaction in
            try await SeasonStore(storage: storage).insert(
                demo.season, salt: demo.salt, tracks: [demo.track], through: transaction, in: tenant)
            try await SlotStore(storage: storage).insert(
                demo.scenes.map { ($0.slot, $0.slot.state == .voting ? $0.slot.freezesAt : nil) },
                through: transaction, in: tenant)
            let results = demo.scenes.map { scene in
                scene.slot.state == .locked ? Self.result(of: scene, salt: demo.salt) : nil
            }
            let clips = zip(demo.scenes, results).flatMap { scene, winner in
                scene.clips.map { clip in
                    var clip = clip
                    if let winner { clip.state = winner.clipID == clip.id ? .winner : .eliminated }
                    return clip
                }
            }
            try await store.insert(clips: clips, through: transaction, in: tenant)
            try await store.insert(
                voters: demo.voters, at: demo.season.createdAt, through: transaction, in: tenant)
            for scene in demo.scenes where !scene.votes.isEmpty {
                if let removal = scene.removal {
                    try await store.insert(removal, through: transaction, in: tenant)
                }
                try await store.insert(votes: scene.votes, rules: rules, through: transaction, in: tenant)
                try await store.insert(
                    numbers: Self.numbers(of: scene), lane: lane, through: transaction, in: tenant)
            }
            let spent = Self.spent(demo.scenes.flatMap(\.votes), rules: rules)
            try await store.insert(spent: spent, rules: rules, through: transaction, in: tenant)
            for winner in results.compactMap({ $0 }) {
                _ = try await WinnerStore(storage: storage).insert(winner, through: transaction, in: tenant)
            }
            let social = DemoSocial(
                demo, comments: demo.plan.comments, seed: demo.plan.seed &+ 1, at: clock.now())
            try await store.insert(social, lane: lane, through: transaction, in: tenant)
            let people = Self.tallies(
                of: demo, social: social, winners: results.compactMap { $0 }, spent: spent, at: clock.now())
            try await store.insert(
                tallies: people.tallies, mark: people.mark, through: transaction, in: tenant)
            try await fillCases(of: demo, through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: Timetable.Tag.season))
        }
    }

    /// The votes of the decided case, and a case that waits: the latest votes of the clip that leads.
    private func fillCases(
        of demo: DemoSeason, through transaction: WriteTransaction, in tenant: Tenant
    ) async throws {
        let cases = FraudStore(storage: storage)
        for scene in demo.scenes {
            guard let id = scene.removal?.caseID else { continue }
            try await cases.add(
                scene.votes.filter { $0.removalID != nil }.map(\.id), to: id, slot: scene.slot.id,
                through: transaction, in: tenant)
        }
        guard let open = demo.scenes.first(where: { $0.slot.state == .voting }),
            let leader = Dictionary(grouping: open.votes, by: \.clipID).max(by: {
                ($0.value.count, $0.key) < ($1.value.count, $1.key)
            })
        else { return }
        let suspicious = leader.value.sorted { $0.id < $1.id }.suffix(41)
        let id = open.slot.id.cast(to: ID<FraudCase>.self)
        try await store.insertCase(
            id, state: .open, of: open.slot.id, voters: suspicious.count,
            at: open.slot.opensAt + .seconds(7_200), decidedBy: nil, through: transaction, in: tenant)
        try await cases.add(
            suspicious.map(\.id), to: id, slot: open.slot.id, through: transaction, in: tenant)
        try await store.raiseRisk(
            of: suspicious.map(\.voterID), to: RiskReason.replayedToken.points + RiskReason.manyNewcomers.points,
            through: transaction, in: tenant)
    }

    /// The result of a slot by the rule that closes slots.
    private static func result(of scene: DemoSeason.Scene, salt: [UInt8]) -> Winner? {
        var recount = Recount(clips: scene.clips.map { Standing(clipID: $0.id, activeAt: $0.activeAt) })
        for vote in scene.votes {
            recount.add(
                Ballot(
                    id: vote.id, castAt: vote.castAt, clipID: vote.clipID,
                    voter: Pseudonym(of: vote.voterID, salt: salt), kind: vote.kind, weight: vote.weight,
                    state: vote.removalID == nil ? .counted : .removed))
        }
        let ranking = recount.ranking
        guard case .winner(let clip, let belowMinimum) = Verdict.of(ranking, rules: SeasonRules(), extensions: 0)
        else { return nil }
        var winner = SlotSteps.winner(
            clip, belowMinimum: belowMinimum, of: scene.slot, by: recount, ranking: ranking, at: scene.slot.closesAt)
        winner.state = .final
        return winner
    }

    private static func numbers(of scene: DemoSeason.Scene) -> [DemoStore.Numbers] {
        let counted = Dictionary(grouping: scene.votes.filter(\.counts), by: \.clipID)
        return scene.clips.map { clip in
            let votes = counted[clip.id] ?? []
            return DemoStore.Numbers(
                clipID: clip.id, votes: votes.count, score: votes.reduce(0) { $0 + $1.weight },
                lastVoteAt: votes.map(\.castAt).max(), views: votes.count * 3 + 40)
        }
    }

    private static func spent(_ votes: [Vote], rules: SeasonRules) -> [DemoStore.Spent] {
        struct Key: Hashable {
            var voter: ID<Voter>
            var day: CalendarDay
        }
        var days: [Key: (weight: Int, votes: Int)] = [:]
        for vote in votes {
            let key = Key(voter: vote.voterID, day: CalendarDay(of: vote.castAt, in: rules.zone))
            let before = days[key] ?? (0, 0)
            days[key] = (before.weight + vote.weight, before.votes + 1)
        }
        return days.map { DemoStore.Spent(voterID: $0.voter, day: $0.day, weight: $1.weight, votes: $1.votes) }
            .sorted { ($0.voterID, $0.day) < ($1.voterID, $1.day) }
    }
}
