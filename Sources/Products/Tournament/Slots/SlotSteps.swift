import Accounts
import Base
import Jobs
import Storage

/// Takes a slot through its states, one idempotent transaction per step.
///
/// Whoever comes second finds the slot in another state and does nothing.
struct SlotSteps: Sendable {
    let storage: Storage
    let clock: any WallClock
    let notices: Notifications
    /// Is waited for between a count and the decision that follows from it: for tests of what may happen there.
    var hasCounted: @Sendable () async throws -> Void = {}

    private var slots: SlotStore { SlotStore(storage: storage) }
    private var clips: ClipStore { ClipStore(storage: storage) }
    private var seasons: SeasonStore { SeasonStore(storage: storage) }
    private var winners: WinnerStore { WinnerStore(storage: storage) }
    private var ballots: BallotStore { BallotStore(storage: storage) }
    private var people: PersonStore { PersonStore(storage: storage) }
    private var removals: RemovalStore { RemovalStore(storage: storage) }

    enum Bounds {
        /// How often votes are counted when some are removed meanwhile; then the sweep comes back.
        static let counts = 4
        /// When a result is looked at again that waits for a removal to end.
        static let removalPause: Duration = .seconds(10)
    }

    /// What a step has led to, for the log.
    enum Outcome: Sendable, Hashable {
        case nothing
        case opened, waiting, frozen, lengthened
        case decided(ID<Clip>)
        case final
    }

    /// Takes the one step that is due, if any.
    func advance(_ id: ID<Slot>, in tenant: Tenant) async throws -> Outcome {
        let reader = storage.reader(for: tenant)
        guard let slot = try await slots.slot(id, through: reader, in: tenant),
            let season = try await seasons.season(slot.seasonID, through: reader, in: tenant)
        else { return .nothing }
        switch slot.step(at: clock.now(), rules: season.rules) {
        case .wait: return .nothing
        case .open: return try await open(slot, of: season, in: tenant)
        case .freeze: return try await freeze(slot, in: tenant)
        case .count: return try await count(slot, of: season, in: tenant)
        case .finalise: return try await finalise(slot, of: season, in: tenant)
        }
    }

    /// Ends voting now instead of at the planned time, counts and decides: for a director who does not want to wait.
    ///
    /// What comes behind moves forward by as much. A slot that is not being voted on is left alone.
    func close(_ id: ID<Slot>, in tenant: Tenant) async throws -> Outcome {
        let isFrozen = try await storage.write(for: tenant) { transaction in
            guard let planned = try await slots.locked(id, through: transaction, in: tenant), planned.state == .voting
            else { return false }
            var slot = planned
            slot.state = .counting
            slot.closesAt = max(planned.opensAt + .microseconds(2), min(planned.closesAt, clock.now()))
            slot.freezesAt = min(planned.freezesAt, slot.closesAt - .microseconds(1))
            guard try await slots.update(slot, from: .voting, dueAt: slot.closesAt, through: transaction, in: tenant)
            else { return false }
            try await slots.shift(
                behind: slot, by: slot.closesAt - planned.closesAt, through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: Timetable.Tag.slot(slot.trackID)))
            return true
        }
        return isFrozen ? try await advance(id, in: tenant) : .nothing
    }

    // MARK: Steps

    /// Writes what the clock changes of a slot, and has it moved on exactly when it is due again.
    ///
    /// One that waits for a clip is looked at by the sweep, or by whoever brings the clip.
    private func update(
        _ slot: Slot, from state: Slot.State, dueAt: Timestamp?, through transaction: WriteTransaction,
        in tenant: Tenant
    ) async throws -> Bool {
        guard try await slots.update(slot, from: state, dueAt: dueAt, through: transaction, in: tenant) else {
            return false
        }
        if let dueAt, slot.state != .waiting {
            try transaction.enqueue(
                SlotJobs.advance, slot.id, after: min(max(.zero, dueAt - clock.now()), JobBounds.delay))
        }
        return true
    }

    private func open(_ slot: Slot, of season: Season, in tenant: Tenant) async throws -> Outcome {
        try await storage.write(for: tenant) { transaction in
            guard season.state == .active,
                let slot = try await slots.locked(slot.id, through: transaction, in: tenant),
                slot.state == .upcoming || slot.state == .waiting
            else { return .nothing }
            let now = clock.now()
            let isBusy = try await slots.isTrackBusy(besides: slot, through: transaction, in: tenant)
            return try await begin(slot, at: now, mayVote: !isBusy, of: season, through: transaction, in: tenant)
        }
    }

    /// Step one of the close, short: from here on no vote or withdrawal can commit.
    private func freeze(_ slot: Slot, in tenant: Tenant) async throws -> Outcome {
        try await storage.write(for: tenant) { transaction in
            guard var slot = try await slots.locked(slot.id, through: transaction, in: tenant), slot.state == .voting
            else { return .nothing }
            slot.state = .counting
            guard try await update(slot, from: .voting, dueAt: slot.closesAt, through: transaction, in: tenant)
            else { return .nothing }
            transaction.afterCommit(.invalidate(tag: Timetable.Tag.slot(slot.trackID)))
            return .frozen
        }
    }

    /// Steps two and three of the close: counts outside of any write, then decides in one transaction.
    ///
    /// Votes may be removed while they are counted; then they are counted again.
    private func count(_ slot: Slot, of season: Season, in tenant: Tenant) async throws -> Outcome {
        for _ in 0..<Bounds.counts {
            if let outcome = try await countOnce(slot, of: season, in: tenant) { return outcome }
        }
        return .nothing
    }

    private func countOnce(_ slot: Slot, of season: Season, in tenant: Tenant) async throws -> Outcome? {
        let mark = try await removals.mark(of: slot.id, through: storage.reader(for: tenant), in: tenant)
        let entrants = try await clips.entrants(of: slot.id, through: storage.reader(for: tenant), in: tenant)
        let recount = try await ballots.count(slot.id, of: season, entrants: entrants, in: tenant)
        let ranking = recount.ranking
        let verdict = Verdict.of(ranking, rules: season.rules, extensions: slot.extensions)
        try await hasCounted()
        return try await storage.write(for: tenant) { transaction -> Outcome? in
            guard let slot = try await slots.locked(slot.id, through: transaction, in: tenant),
                slot.state == .counting
            else { return .nothing }
            guard try await removals.mark(of: slot.id, through: transaction, in: tenant) == mark else { return nil }
            transaction.afterCommit(.invalidate(tag: Timetable.Tag.slot(slot.trackID)))
            switch verdict {
            case .winner(let clip, let belowMinimum):
                let winner = Self.winner(
                    clip, belowMinimum: belowMinimum, of: slot, by: recount, ranking: ranking, at: clock.now())
                return try await decide(slot, winner, of: season, through: transaction, in: tenant)
            case .lengthen:
                let longer = slot.lengthened(at: clock.now(), rules: season.rules)
                guard
                    try await update(
                        longer, from: .counting, dueAt: longer.freezesAt, through: transaction, in: tenant)
                else { return .nothing }
                try await slots.shift(
                    behind: slot, by: longer.closesAt - slot.closesAt, through: transaction, in: tenant)
                return .lengthened
            case .wait:
                var waiting = slot
                waiting.state = .waiting
                _ = try await update(
                    waiting, from: .counting, dueAt: clock.now() + Slot.wakeEvery, through: transaction, in: tenant)
                return .waiting
            }
        }
    }

    private func decide(
        _ slot: Slot, _ winner: Winner, of season: Season, through transaction: WriteTransaction, in tenant: Tenant
    ) async throws -> Outcome {
        guard try await winners.insert(winner, through: transaction, in: tenant) else { return .nothing }
        try await clips.settle(slot.id, winner: winner.clipID, through: transaction, in: tenant)
        try await people.raise(
            PersonChange(wins: 1), ofMakerOf: winner.clipID, through: transaction, in: tenant)
        if let clip = try await clips.entered(winner.clipID, through: transaction, in: tenant)?.clip {
            try await notices.notify(
                [clip.personID], .clipWon, .won(clip, slot), for: tenant, in: transaction)
        }
        var decided = slot
        decided.state = .provisional
        decided.decidedAt = winner.decidedAt
        let isStill = try await update(
            decided, from: .counting, dueAt: winner.decidedAt + season.rules.review, through: transaction, in: tenant)
        precondition(isStill, "a locked slot changed its state under its lock")
        for tag in [Timetable.Tag.clips(slot.id), Timetable.Tag.result(slot.id), Timetable.Tag.film] {
            transaction.afterCommit(.invalidate(tag: tag))
        }
        if let next = try await slots.following(slot, through: transaction, in: tenant), next.state == .upcoming {
            // A close that came on time keeps the plan; a late one begins now.
            let isLate = winner.decidedAt - slot.closesAt > .seconds(60)
            _ = try await begin(
                next, at: isLate ? winner.decidedAt : max(slot.closesAt, next.opensAt), mayVote: true, of: season,
                through: transaction, in: tenant)
        }
        return .decided(winner.clipID)
    }

    /// Lets voting begin, or wait where there is nothing to vote on or another slot is still on.
    private func begin(
        _ slot: Slot, at time: Timestamp, mayVote: Bool, of season: Season, through transaction: WriteTransaction,
        in tenant: Tenant
    ) async throws -> Outcome {
        var next = slot
        transaction.afterCommit(.invalidate(tag: Timetable.Tag.slot(slot.trackID)))
        if mayVote, try await clips.hasActive(in: slot.id, through: transaction, in: tenant) {
            next = slot.opened(at: time, rules: season.rules)
            _ = try await update(
                next, from: slot.state, dueAt: next.freezesAt, through: transaction, in: tenant)
            try await slots.shift(behind: slot, by: next.closesAt - slot.closesAt, through: transaction, in: tenant)
            try transaction.enqueue(ReminderJobs.tell, slot.id)
            return .opened
        }
        next.state = .waiting
        _ = try await update(
            next, from: slot.state, dueAt: clock.now() + Slot.wakeEvery, through: transaction, in: tenant)
        return .waiting
    }

    private func finalise(_ slot: Slot, of season: Season, in tenant: Tenant) async throws -> Outcome {
        try await storage.write(for: tenant) { transaction in
            guard var slot = try await slots.locked(slot.id, through: transaction, in: tenant),
                slot.state == .provisional
            else { return .nothing }
            if try await removals.isOpen(in: slot.id, through: transaction, tenant: tenant) {
                // A final result has all its removals behind it.
                _ = try await update(
                    slot, from: .provisional, dueAt: clock.now() + Bounds.removalPause, through: transaction,
                    in: tenant)
                return .nothing
            }
            slot.state = .locked
            try await winners.finalise(slot.id, through: transaction, in: tenant)
            _ = try await update(slot, from: .provisional, dueAt: nil, through: transaction, in: tenant)
            if try await !slots.hasUnlocked(season.id, through: transaction, in: tenant) {
                try await seasons.setState(.finished, of: season.id, through: transaction, in: tenant)
                transaction.afterCommit(.invalidate(tag: Timetable.Tag.season))
            }
            for tag in [
                Timetable.Tag.slot(slot.trackID), Timetable.Tag.result(slot.id), Timetable.Tag.film,
            ] {
                transaction.afterCommit(.invalidate(tag: tag))
            }
            return .final
        }
    }

    // MARK: Counting again

    /// Counts a slot whose result is still provisional anew, and replaces the winner if it is another.
    ///
    /// Returns the result that stands now; `nil` when there is none.
    func recount(_ id: ID<Slot>, in tenant: Tenant) async throws -> Winner? {
        for _ in 0..<Bounds.counts {
            let (winner, isCurrent) = try await recountOnce(id, in: tenant)
            if isCurrent { return winner }
        }
        throw StorageError(.serializationFailure, "votes were removed while they were counted, again and again")
    }

    private func recountOnce(_ id: ID<Slot>, in tenant: Tenant) async throws -> (winner: Winner?, isCurrent: Bool) {
        let reader = storage.reader(for: tenant)
        guard let slot = try await slots.slot(id, through: reader, in: tenant), slot.state.isClosed,
            let season = try await seasons.season(slot.seasonID, through: reader, in: tenant)
        else { return (nil, true) }
        guard slot.state == .provisional else {
            return (try await winners.winner(of: id, through: reader, in: tenant), true)
        }
        let mark = try await removals.mark(of: id, through: reader, in: tenant)
        let entrants = try await clips.entrants(of: id, through: reader, in: tenant)
        let recount = try await ballots.count(id, of: season, entrants: entrants, in: tenant)
        let ranking = recount.ranking
        try await hasCounted()
        // A slot that has a winner is not lengthened any more.
        guard
            case .winner(let clip, let belowMinimum) = Verdict.of(
                ranking, rules: season.rules, extensions: season.rules.extensionsMax)
        else { return (try await winners.winner(of: id, through: reader, in: tenant), true) }
        return try await storage.write(for: tenant) { transaction -> (winner: Winner?, isCurrent: Bool) in
            guard let slot = try await slots.locked(id, through: transaction, in: tenant), slot.state == .provisional
            else { return (try await winners.winner(of: id, through: transaction, in: tenant), true) }
            guard try await removals.mark(of: id, through: transaction, in: tenant) == mark else { return (nil, false) }
            let winner = Self.winner(
                clip, belowMinimum: belowMinimum, of: slot, by: recount, ranking: ranking,
                at: slot.decidedAt ?? clock.now())
            let before = try await winners.winner(of: id, through: transaction, in: tenant)?.clipID
            if try await winners.replace(winner, through: transaction, in: tenant) {
                try await clips.settle(id, winner: clip, through: transaction, in: tenant)
                if let before, before != clip {
                    try await people.moveWin(from: before, to: clip, through: transaction, in: tenant)
                    if let clip = try await clips.entered(clip, through: transaction, in: tenant)?.clip {
                        try await notices.notify(
                            [clip.personID], .clipWon, .won(clip, slot), for: tenant, in: transaction)
                    }
                }
            }
            for tag in [Timetable.Tag.clips(id), Timetable.Tag.result(id), Timetable.Tag.film] {
                transaction.afterCommit(.invalidate(tag: tag))
            }
            return (try await winners.winner(of: id, through: transaction, in: tenant), true)
        }
    }

    static func winner(
        _ clip: ID<Clip>, belowMinimum: Bool, of slot: Slot, by recount: Recount, ranking: [Standing], at now: Timestamp
    ) -> Winner {
        let standing = recount.standings[clip]
        return Winner(
            slotID: slot.id, clipID: clip, score: standing?.score ?? 0, voters: standing?.voters ?? 0,
            state: .provisional, digest: recount.digestText, belowMinimum: belowMinimum, standings: ranking,
            ballots: recount.ballots, removed: recount.removed, withdrawn: recount.withdrawn, decidedAt: now)
    }
}
