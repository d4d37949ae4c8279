import Base
import Hosting

/// The season of the demo as values: a pure function of a plan and of the time at which the demo begins.
///
/// Votes are skewed as real ones are: a few clips take most of them, most voters come once a day, two of a hundred are
/// supers. Winners follow from the votes by the rule that closes slots, see ``DemoStage``.
struct DemoSeason: Sendable {
    /// A slot with everything that happened in it.
    struct Scene: Sendable {
        var slot: Slot
        var clips: [Clip] = []
        /// In ascending order of their ids.
        var votes: [Vote] = []
        var removal: Removal?
    }

    let season: Season
    let salt: [UInt8]
    let track: Track
    let voters: [Voter]
    private(set) var scenes: [Scene] = []

    let plan: DemoPlan
    private let chance: DemoChance
    private let now: Timestamp
    let creators: [(id: ID<Person>, name: String)]

    init(_ plan: DemoPlan, in tenant: Tenant, at now: Timestamp) {
        self.plan = plan
        self.now = now
        let chance = DemoChance(seed: plan.seed)
        self.chance = chance
        let rules = SeasonRules()
        let opened = now + plan.closesIn - rules.slotLength - rules.slotLength * plan.locked
        season = Season(
            id: ID(at: opened, using: chance), title: plan.title, state: .active, rules: rules, pseudonymisedAt: nil,
            createdAt: opened)
        salt = chance.bytes(32)
        track = Track(id: ID(at: opened, using: chance), seasonID: season.id, name: "main", weight: 1)
        // Some of the voters have an account and a name.
        voters = (0..<plan.voters).map { number in
            let (high, low) = (chance.next(), chance.next())
            return number < plan.audience
                ? Voter(person: ID(high: high, low: low), in: tenant)
                : Voter(device: ID(high: high, low: low), in: tenant)
        }
        creators = (0..<plan.creators).map { (ID(at: opened, using: chance), DemoNames.person($0)) }
        var scene = plan.firstScene
        for position in 1...plan.slots {
            let opens = opened + rules.slotLength * (position - 1)
            scenes.append(Scene(slot: slot(position, opens: opens)))
            for _ in 0..<clipCount(of: position) {
                scenes[position - 1].clips.append(clip(number: scene, in: scenes[position - 1].slot))
                scene += 1
            }
        }
        vote()
    }

    private func clipCount(of position: Int) -> Int {
        switch position {
        case ...plan.locked: plan.clipsPerLockedSlot
        case plan.locked + 1: plan.clipsOpen
        case plan.locked + 2: plan.clipsNext
        default: 0
        }
    }

    private func slot(_ position: Int, opens: Timestamp) -> Slot {
        let closes = opens + season.rules.slotLength
        let state: Slot.State = position <= plan.locked ? .locked : position == plan.locked + 1 ? .voting : .upcoming
        return Slot(
            id: ID(at: season.createdAt, using: chance), seasonID: season.id, trackID: track.id, position: position,
            state: state, opensAt: opens, freezesAt: closes - season.rules.freeze, closesAt: closes, extensions: 0,
            decidedAt: state == .locked ? closes : nil)
    }

    private func clip(number: Int, in slot: Slot) -> Clip {
        let creator = creators[number % creators.count]
        // The open slot has late arrivals, so that the advantage of new clips can be seen.
        let isLate = slot.state == .voting && number % 9 == 0
        let activeAt = isLate ? now - .seconds(60 * (2 + chance.below(40))) : slot.opensAt
        return Clip(
            id: ID(at: activeAt, using: chance), seasonID: season.id, trackID: track.id, slotID: slot.id,
            personID: creator.id, title: DemoNames.title(number), credit: creator.name,
            genre: Clip.Genre.allCases[number % Clip.Genre.allCases.count], state: .active, activeAt: activeAt,
            files: DemoNames.files(number), milliseconds: 8_000, bytes: 420_000)
    }

    // MARK: Votes

    private mutating func vote() {
        let open = plan.locked
        let busy = open + 1
        let removed = plan.removed?.votes ?? 0
        let each = (plan.votes - removed) / busy
        for position in 0..<busy {
            let isLast = position == open
            let count = isLast ? plan.votes - removed - each * open : each
            var ballots = honest(count, in: scenes[position])
            if plan.tie == position + 1 { level(&ballots, in: scenes[position]) }
            if let trick = plan.removed, trick.position == position + 1 {
                ballots += farmed(trick.votes, besides: ballots, in: &scenes[position])
            }
            scenes[position].votes = ballots.sorted { $0.id < $1.id }
        }
    }

    private func honest(_ count: Int, in scene: Scene) -> [Vote] {
        let clips = scene.clips
        // Popularity falls with the rank as in Zipf's law, softened; ranks are shuffled by chance.
        var weights = (0..<clips.count).map { 1 / Double($0 + 3) }
        var generator = chance.generator
        weights.shuffle(using: &generator)
        let total = weights.reduce(0, +)
        var taken: Set<ID<Vote>> = []
        var special: Set<Int> = []
        var votes: [Vote] = []
        let end = min(scene.slot.freezesAt, now) - .seconds(1)
        while votes.count < count, taken.count < clips.count * voters.count / 2 {
            var draw = chance.fraction() * total
            let place = weights.firstIndex { weight in
                draw -= weight
                return draw < 0
            }
            let clip = clips[place ?? 0]
            let voter = chance.below(voters.count)
            // The pair as one number: a voter has one vote for a clip.
            guard taken.insert(ID(high: UInt64(voter), low: clip.id.low)).inserted else { continue }
            let isSuper = votes.count % 50 == 0 && special.insert(voter).inserted
            votes.append(
                cast(
                    isSuper ? .super : .normal, on: clip, by: voters[voter],
                    between: max(scene.slot.opensAt, clip.activeAt), and: end))
        }
        return votes
    }

    private func cast(
        _ kind: Vote.Kind, on clip: Clip, by voter: Voter, between start: Timestamp, and end: Timestamp
    ) -> Vote {
        let span = max(1, (end - start).microseconds)
        let at = start + .microseconds(Int64(chance.fraction() * Double(span)))
        return Vote(
            id: ID(at: at, using: chance), slotID: clip.slotID, clipID: clip.id, voterID: voter.id, kind: kind,
            weight: season.rules.weight(of: kind), castAt: at)
    }

    /// Adds votes until the two best clips are level; which one wins is then decided by the time of their last votes.
    private func level(_ votes: inout [Vote], in scene: Scene) {
        var scores: [ID<Clip>: Int] = [:]
        for vote in votes { scores[vote.clipID, default: 0] += vote.weight }
        let ranked = scores.sorted { ($0.value, $0.key) > ($1.value, $1.key) }
        guard ranked.count > 1, let clip = scene.clips.first(where: { $0.id == ranked[1].key }) else { return }
        let known = Set(votes.filter { $0.clipID == clip.id }.map(\.voterID))
        let fresh = voters.filter { !known.contains($0.id) }
        for voter in fresh.prefix(ranked[0].value - ranked[1].value) {
            votes.append(
                cast(
                    .normal, on: clip, by: voter, between: scene.slot.opensAt,
                    and: scene.slot.freezesAt - .seconds(600)))
        }
    }

    /// Votes of one clip by devices that replayed a key; a moderator took them out.
    private func farmed(_ count: Int, besides votes: [Vote], in scene: inout Scene) -> [Vote] {
        let clip = scene.clips[scene.clips.count / 2]
        let voted = Set(votes.filter { $0.clipID == clip.id }.map(\.voterID))
        let start = scene.slot.opensAt + .seconds(6 * 3_600)
        let id = ID<Removal>(at: start + .seconds(3_600), using: chance)
        let farmed = voters.filter { !voted.contains($0.id) }.suffix(count).map { voter in
            var vote = cast(.normal, on: clip, by: voter, between: start, and: start + .seconds(1_200))
            vote.removalID = id
            return vote
        }
        scene.removal = Removal(
            id: id, slotID: scene.slot.id, caseID: ID(at: start + .seconds(1_800), using: chance),
            reason: "same device key replayed", votes: farmed.count, weight: farmed.reduce(0) { $0 + $1.weight },
            changedResult: true, removedAt: scene.slot.closesAt - .seconds(3_600), removedBy: "Director")
        return farmed
    }
}
