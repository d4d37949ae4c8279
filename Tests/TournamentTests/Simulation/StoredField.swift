import Base
import BaseTestKit
import Storage

@testable import Tournament

/// A slot in a real database with two nodes, in a tenant of its own.
struct StoredField: Playfield {
    let stage: Stage
    let nodes: [Playhouse]
    let tenant: Tenant
    let season: Season
    let slot: ID<Slot>
    let clips: [ID<Clip>]
    let rules: VotingModel.Rules

    init(_ stage: Stage, nodes: [Playhouse], rules: VotingModel.Rules, number: Int) async throws {
        self.stage = stage
        self.nodes = nodes
        self.rules = rules
        tenant = Tenant(ID(high: 0x51, low: UInt64(number)))
        let now = stage.clock.now()
        var season = SeasonRules()
        season.dailyWeight = rules.cap
        season.votersMinimum = rules.votersMinimum
        season.extensionsMax = rules.extensionsMax
        season.slotHours = Int(rules.length / 3_600_000_000)
        let made = Season(
            id: ID(at: now, using: stage.chance), title: "Simulated", state: .active, rules: season, createdAt: now)
        self.season = made
        let track = Track(id: ID(at: now, using: stage.chance), seasonID: made.id, name: "main", weight: 1)
        let slots = (0..<2).map { index in
            let opensAt = now + season.slotLength * index
            return Slot(
                id: ID(at: now, using: stage.chance), seasonID: made.id, trackID: track.id, position: index + 1,
                state: index == 0 ? .voting : .upcoming, opensAt: opensAt,
                freezesAt: opensAt + season.slotLength - season.freeze, closesAt: opensAt + season.slotLength,
                extensions: 0)
        }
        slot = slots[0].id
        let entered = (0..<Schedule.clips).map { index in
            Clip(
                id: ID(at: now, using: stage.chance), seasonID: made.id, trackID: track.id, slotID: slots[0].id,
                personID: index == 0 ? Self.maker : ID(high: 9, low: UInt64(index)), title: "Clip \(index)",
                credit: "Maker", genre: .drama, state: .active, activeAt: now, files: Clip.Files(),
                milliseconds: 8_000, bytes: 1)
        }
        clips = entered.map(\.id)
        let (salt, tenant) = (stage.chance.bytes(32), tenant)
        try await stage.storage.write(for: tenant) { transaction in
            try await SeasonStore(storage: stage.storage).insert(
                made, salt: salt, tracks: [track], through: transaction, in: tenant)
            try await SlotStore(storage: stage.storage).insert(
                slots.map { ($0, $0.position == 1 ? $0.freezesAt : nil) }, through: transaction, in: tenant)
            try await ClipStore(storage: stage.storage).insert(entered, through: transaction, in: tenant)
        }
    }

    private static let maker = ID<Person>(high: 9, low: 0)

    var model: VotingModel {
        VotingModel(
            rules: rules, clipOrder: clips.indices.sorted { clips[$0] < clips[$1] },
            now: stage.clock.now().microseconds)
    }

    private func voter(_ number: Int) -> Tournament.Voter {
        number == 0
            ? Voter(person: Self.maker, in: tenant)
            : Voter(device: ID(high: 77, low: UInt64(number)), in: tenant)
    }

    func perform(_ step: VotingModel.Step, node: Int) async throws -> VotingModel.Answer {
        switch step {
        case .cast(let voter, let clip, let kind, let request):
            .init(
                try await nodes[node].votes.cast(
                    Vote.Kind.allCases[kind.rawValue], on: clips[clip], by: self.voter(voter), in: tenant,
                    request: request.map(Int64.init)))
        case .withdraw(let voter, let clip):
            .init(try await nodes[node].votes.withdraw(from: clips[clip], by: self.voter(voter), in: tenant))
        }
    }

    func remove(_ voters: Set<Int>) async throws -> Int {
        let cases = FraudStore(storage: stage.storage)
        let votes = try await cases.standing(of: voters.map { voter($0).id }, in: slot, tenant: tenant)
        guard !votes.isEmpty else { return 0 }
        let desk = nodes[0].fairness.desk
        guard
            let fraud = try await desk.open(
                about: voters.map { voter($0).id }, in: slot, reason: "simulated", by: RemovalTests.moderator,
                tenant: tenant)
        else { return 0 }
        _ = try await desk.remove(fraud.id, reason: "simulated", by: RemovalTests.moderator, in: tenant)
        let lines = try await WinnerStore(storage: stage.storage).removals(
            of: slot, through: stage.storage.reader(for: tenant), in: tenant)
        return lines.first { $0.caseID == fraud.id }?.votes ?? -1
    }

    /// Lets time pass once nothing is under way that is measured by it: loads of caches have a deadline, which a jump of a
    /// day would pass in no time at all.
    func wait(_ microseconds: Int64) async {
        for _ in 0..<1_000_000 where stage.clock.sleeperCount > 0 { await Task.yield() }
        stage.clock.advance(by: .microseconds(microseconds))
    }

    func advance(node: Int) async throws -> Bool { try await nodes[node].steps.advance(slot, in: tenant) != .nothing }

    // MARK: Looking

    private struct SpentRow: RowDecodable {
        let voterID: ID<Tournament.Voter>
        let day: Int64
        let weight: Int
        let votes: Int

        init(row: SQLRow) throws(StorageError) {
            voterID = try row.value(at: 0)
            day = try row.value(at: 1)
            weight = try row.value(at: 2)
            votes = try row.value(at: 3)
        }
    }

    func differences(from model: VotingModel) async throws -> [String] {
        var found: [String] = []
        let reader = stage.storage.reader(for: tenant)
        let tallies = try await ClipStore(storage: stage.storage).tallies(of: slot, in: tenant)
        for tally in tallies {
            guard let clip = clips.firstIndex(of: tally.clipID) else { continue }
            if tally.score != model.score(clip) || tally.votes != model.voters(clip) {
                found.append(
                    "tally of \(clip): \(tally.score) of \(tally.votes), not \(model.score(clip)) of \(model.voters(clip))"
                )
            }
        }
        let spent = try await reader.list(
            SpentRow.self, "test.spent",
            "SELECT d.voter_id, d.day, d.weight_used, d.votes FROM vote_days d WHERE d.tenant_id = \(tenant)",
            limit: 1_000)
        for number in 0..<Schedule.voters {
            let id = voter(number).id
            for row in spent where row.voterID == id {
                let expected = model.spent[[Int64(number), row.day]] ?? 0
                if row.weight != expected || row.weight > rules.cap {
                    found.append("voter \(number) on day \(row.day) spent \(row.weight), not \(expected)")
                }
            }
        }
        let entrants = try await ClipStore(storage: stage.storage).entrants(of: slot, through: reader, in: tenant)
        let recount = try await BallotStore(storage: stage.storage).count(
            slot, of: season, entrants: entrants, in: tenant)
        if recount.ballots != model.votes.count { found.append("\(recount.ballots) ballots, not \(model.votes.count)") }
        let places = recount.ranking.compactMap { clips.firstIndex(of: $0.clipID) }
        if places != model.ranking { found.append("order \(places), not \(model.ranking)") }
        let winner = try await WinnerStore(storage: stage.storage).winner(of: slot, through: reader, in: tenant)
        let index = winner.flatMap { clips.firstIndex(of: $0.clipID) }
        if index != model.winner { found.append("winner \(index ?? -1), not \(model.winner ?? -1)") }
        if let winner {
            if winner.belowMinimum != model.isBelowMinimum { found.append("the mark below the minimum is wrong") }
            if winner.digest != recount.digestText { found.append("the digest is not the ballots'") }
            if winner.standings != recount.ranking { found.append("the standings are not the ballots'") }
        }
        return found
    }
}

extension VotingModel.Answer {
    init(_ outcome: VoteOutcome) {
        switch outcome {
        case .cast(let vote): self = .cast(weight: vote.weight, used: vote.allowance.used)
        case .refused(let refusal): self.init(refusal)
        }
    }

    init(_ refusal: VoteRefusal) {
        switch refusal {
        case .ownClip: self = .ownClip
        case .slotClosed, .clipNotFound, .banned: self = .closed
        case .votingFrozen: self = .frozen
        case .alreadyVoted(let kind):
            self = .alreadyVoted(VotingModel.Kind.allCases[Vote.Kind.allCases.firstIndex(of: kind) ?? 0])
        case .superSpent: self = .superSpent
        case .megaSpent: self = .megaSpent
        case .dailyLimit(let allowance): self = .dailyLimit(left: allowance.left)
        }
    }

    init(_ outcome: WithdrawOutcome) {
        switch outcome {
        case .withdrawn(let vote): self = .withdrawn(weight: vote.weight, isReturned: vote.isReturned)
        case .refused(.noVote): self = .noVote
        case .refused(.votingFrozen): self = .frozen
        }
    }
}
