import Base
import Storage

/// Carries out groups of votes: the statement, the reasons of those that were refused, and another try for votes that a
/// race has stopped and nothing stands against any more.
struct VoteFlush: Sendable {
    let store: VoteStore
    let timetable: Timetable
    /// The lane of tallies that its groups raise.
    let lane: Int
    /// Groups of different stripes raise different lanes and are written at the same time.
    let stripe: Int
    let clock: any WallClock
    let known: KnownVoters
    let onChange: @Sendable (Tenant, Set<ID<Slot>>) -> Void

    private func frame(for tenant: Tenant) async throws -> VoteGroupFrame? {
        guard let programme = try await timetable.programme(in: tenant) else { return nil }
        return VoteGroupFrame(tenant: tenant, rules: programme.season.rules, now: clock.now(), lane: lane)
    }

    // MARK: Casting

    /// Casts a group in which each voter is at most once; outcomes in the order of the asks.
    func cast(_ asks: [VoteAsk], for tenant: Tenant) async throws -> [VoteOutcome] {
        guard let frame = try await frame(for: tenant) else { return asks.map { _ in .refused(.slotClosed) } }
        let marked = known.marking(asks)
        let outcomes =
            switch store.storage.dialect {
            case .postgres:
                try await ordered {
                    try await attempt(marked, frame: frame, through: store.storage.writer(for: tenant, stripe: stripe))
                }
            case .sqlite:
                try await store.storage.write(for: tenant) { transaction in
                    try await attempt(marked, frame: frame, through: transaction)
                }
            }
        settle(outcomes, asks: asks, for: tenant)
        return outcomes
    }

    /// Runs a single statement, and again when the engine could not order it.
    private func ordered<Result>(_ body: () async throws -> Result) async throws -> Result {
        var attempts = 1
        while true {
            do {
                return try await body()
            } catch let error as StorageError where error.isRetryable && attempts < VoteDesk.Bounds.attempts {
                attempts += 1
            }
        }
    }

    private func attempt(
        _ asks: [VoteAsk], frame: VoteGroupFrame, through writing: some Writing
    ) async throws -> [VoteOutcome] {
        var outcomes = [VoteOutcome?](repeating: nil, count: asks.count)
        var open = Array(asks.indices)
        for _ in 0..<VoteDesk.Bounds.attempts where !open.isEmpty {
            let group = open.map { asks[$0] }
            let placed = try await store.cast(group, frame: frame, through: writing)
            var byVoter: [ID<Voter>: VoteStore.Placed] = [:]
            for vote in placed { byVoter[vote.voterID] = vote }
            var lost: [(voterID: ID<Voter>, weight: Int)] = []
            for index in open {
                guard let vote = byVoter[asks[index].voter.id] else { continue }
                if let outcome = Self.outcome(of: vote, ask: asks[index], frame: frame) {
                    outcomes[index] = .cast(outcome)
                } else {
                    lost.append((vote.voterID, frame.rules.weight(of: asks[index].kind)))
                }
            }
            if !lost.isEmpty { try await store.giveBack(lost, frame: frame, through: writing) }
            open = open.filter { outcomes[$0] == nil }
            guard !open.isEmpty else { break }
            let facts = try await store.facts(about: open.map { asks[$0] }, frame: frame, through: writing)
            for (index, fact) in zip(open, facts) {
                outcomes[index] = Self.outcome(of: asks[index], given: fact, frame: frame)
            }
            open = open.filter { outcomes[$0] == nil }
        }
        guard open.isEmpty else {
            throw StorageError(
                .serializationFailure, "a group of votes met changes of the same voters again and again: try once more")
        }
        return outcomes.compactMap { $0 }
    }

    private static func outcome(
        of vote: VoteStore.Placed, ask: VoteAsk, frame: VoteGroupFrame
    ) -> CastVote? {
        guard let id = vote.voteID, let slot = vote.slotID else { return nil }
        return CastVote(
            id: id, slotID: slot, clipID: ask.clipID, kind: ask.kind, weight: frame.rules.weight(of: ask.kind),
            allowance: Allowance(
                used: vote.weightUsed, at: frame.now, rules: frame.rules, weightMax: ask.weightMax))
    }

    private static func outcome(of ask: VoteAsk, given facts: VoteFacts, frame: VoteGroupFrame) -> VoteOutcome? {
        // The same request again: it was carried out, and gets the answer that it got.
        if let request = ask.request, facts.standingRequest == request, let standing = facts.standing,
            let slot = facts.slotID, facts.standingKind == ask.kind
        {
            return .cast(
                CastVote(
                    id: standing, slotID: slot, clipID: ask.clipID, kind: ask.kind,
                    weight: frame.rules.weight(of: ask.kind),
                    allowance: Allowance(
                        used: facts.weightUsed, at: frame.now, rules: frame.rules, weightMax: ask.weightMax)))
        }
        return VoteRefusal.reason(
            facts, kind: ask.kind, at: frame.now, rules: frame.rules, weightMax: ask.weightMax
        ).map { .refused($0) }
    }

    /// Casts a vote where there is one per slot: one that stands on another clip gives way in the same transaction.
    func move(_ ask: VoteAsk, for tenant: Tenant) async throws -> VoteOutcome {
        guard let frame = try await frame(for: tenant) else { return .refused(.slotClosed) }
        let marked = known.marking([ask])
        do {
            let outcomes = try await store.storage.write(for: tenant) { transaction in
                let other = try await store.otherStanding(
                    of: ask.voter.id, besides: ask.clipID, through: transaction, in: tenant)
                if let other, other.isRemoved {
                    // A removed vote keeps its place: whoever cast it has had the one vote of the slot.
                    throw MoveRefused(refusal: .alreadyVoted(other.kind))
                }
                if let other {
                    _ = try await store.withdraw(
                        [WithdrawAsk(voterID: ask.voter.id, clipID: other.clipID)], frame: frame, through: transaction)
                }
                let outcomes = try await attempt(marked, frame: frame, through: transaction)
                // Nothing of a move remains when its second half is refused.
                if other != nil, case .refused(let refusal) = outcomes[0] { throw MoveRefused(refusal: refusal) }
                return outcomes
            }
            settle(outcomes, asks: [ask], for: tenant)
            return outcomes[0]
        } catch let error as MoveRefused {
            return .refused(error.refusal)
        }
    }

    private struct MoveRefused: Error {
        let refusal: VoteRefusal
    }

    private func settle(_ outcomes: [VoteOutcome], asks: [VoteAsk], for tenant: Tenant) {
        var slots: Set<ID<Slot>> = []
        var voters: [ID<Voter>] = []
        for (outcome, ask) in zip(outcomes, asks) {
            guard case .cast(let vote) = outcome else { continue }
            slots.insert(vote.slotID)
            voters.append(ask.voter.id)
        }
        known.insert(voters)
        if !slots.isEmpty { onChange(tenant, slots) }
    }

    // MARK: Withdrawing

    /// Takes back a group in which each voter is at most once; outcomes in the order of the asks.
    func withdraw(_ asks: [WithdrawAsk], for tenant: Tenant) async throws -> [WithdrawOutcome] {
        guard let frame = try await frame(for: tenant) else { return asks.map { _ in .refused(.noVote) } }
        var byVoter: [ID<Voter>: VoteStore.Withdrawn] = [:]
        var frozen: Set<WithdrawAsk> = []
        var missing = asks
        for _ in 0..<VoteDesk.Bounds.attempts where !missing.isEmpty {
            for vote in try await withdrawOnce(missing, frame: frame) { byVoter[vote.voterID] = vote }
            missing = missing.filter { byVoter[$0.voterID] == nil }
            guard !missing.isEmpty else { break }
            let standing = try await store.standing(missing, frame: frame)
            frozen.formUnion(missing.filter { standing[$0] == false })
            // A vote that stands although its slot takes votes was cast in between: it is taken back now.
            missing = missing.filter { standing[$0] == true }
        }
        if !byVoter.isEmpty { onChange(tenant, Set(byVoter.values.map(\.slotID))) }
        return asks.map { ask in
            guard let vote = byVoter[ask.voterID] else {
                return .refused(frozen.contains(ask) ? .votingFrozen : .noVote)
            }
            return .withdrawn(
                WithdrawnVote(
                    slotID: vote.slotID, clipID: vote.clipID, kind: vote.kind, weight: vote.weight,
                    isReturned: vote.day == frame.day,
                    allowance: vote.weightUsed.map { Allowance(used: $0, at: frame.now, rules: frame.rules) }))
        }
    }

    private func withdrawOnce(
        _ asks: [WithdrawAsk], frame: VoteGroupFrame
    ) async throws -> [VoteStore.Withdrawn] {
        switch store.storage.dialect {
        case .postgres:
            try await ordered {
                try await store.withdraw(asks, frame: frame, through: store.storage.writer(for: frame.tenant))
            }
        case .sqlite:
            try await store.storage.write(for: frame.tenant) { transaction in
                try await store.withdraw(asks, frame: frame, through: transaction)
            }
        }
    }
}
