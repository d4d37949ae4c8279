import Accounts
import Base
import Jobs
import Storage
import Telemetry

/// Takes the votes of a case out of a slot in bounded batches, each a transaction under the slot's lock.
///
/// After every commit tallies are the sums of the votes that count. A process that dies in between leaves a removal
/// that says so; the next look of any node goes on with it. A result becomes final only when no removal is under way.
struct RemovalSteps: Sendable {
    /// Who decides: for the audit trail, and as everybody reads it.
    struct Moderator: Sendable {
        let actor: AuditEntry.Actor
        let name: String

        /// The person; `nil` for a program.
        var personID: ID<Person>? {
            if case .person(let id) = actor { id } else { nil }
        }
    }

    enum Start: Sendable, Hashable {
        /// Batches follow.
        case begun(ID<Removal>, ID<Slot>)
        /// The result is final: the line is shown, and nothing changes.
        case shown(ID<Slot>)
        /// Somebody has decided already.
        case decided(FraudCase.State)
        case unknown
    }

    enum Bounds {
        /// What the request that begins a removal has for itself before a job goes on with it.
        static let ownTime: Duration = .seconds(2)
    }

    let storage: Storage
    let clock: any WallClock
    let randomness: any Randomness
    /// The lane of tallies that this node writes.
    let lane: Int
    let steps: SlotSteps
    let trail: AuditTrail
    let events: EventLog
    let onChange: @Sendable (Tenant, Set<ID<Slot>>) -> Void

    private var slots: SlotStore { SlotStore(storage: storage) }
    private var frauds: FraudStore { FraudStore(storage: storage) }
    private var removals: RemovalStore { RemovalStore(storage: storage) }
    private var winners: WinnerStore { WinnerStore(storage: storage) }

    /// Decides a case for removal and writes the public line; the votes follow in ``batch(_:of:case:in:)``.
    func begin(
        _ id: ID<FraudCase>, reason: String, by moderator: Moderator, in tenant: Tenant
    ) async throws -> Start {
        guard let found = try await frauds.fraudCase(id, through: storage.reader(for: tenant), in: tenant) else {
            return .unknown
        }
        let removalID = ID<Removal>(at: clock.now(), using: AnyRandomness(randomness))
        let start = try await storage.write(for: tenant) { transaction -> Start in
            guard let slot = try await slots.locked(found.slotID, through: transaction, in: tenant) else {
                return .unknown
            }
            let now = clock.now()
            guard
                try await frauds.decide(
                    id, .removed, by: moderator, at: now, through: transaction, in: tenant)
            else {
                let state = try await frauds.fraudCase(id, through: transaction, in: tenant)?.state
                return .decided(state ?? .removed)
            }
            // Of a final result nothing changes: what would have been removed is told.
            let isFinal = slot.state == .locked
            let told = isFinal ? try await removals.counting(id, of: slot.id, through: transaction, in: tenant) : (0, 0)
            let removal = Removal(
                id: removalID, slotID: slot.id, caseID: id, reason: reason, votes: told.0, weight: told.1,
                changedResult: !isFinal, removedAt: now, removedBy: moderator.name)
            try await winners.insert(removal, by: moderator.personID, through: transaction, in: tenant)
            if !isFinal {
                try await removals.set(isOpen: true, removalID, through: transaction, in: tenant)
                try transaction.enqueue(FraudJobs.removals, NoJobInput(), after: Bounds.ownTime)
            }
            try await trail.append(
                "votes.removed", by: moderator.actor, on: ("fraudCase", id.description),
                ["slot": slot.id.description, "reason": reason, "isFinal": String(isFinal)], for: tenant,
                in: transaction)
            transaction.afterCommit(.invalidate(tag: Timetable.Tag.result(slot.id)))
            return isFinal ? .shown(slot.id) : .begun(removalID, slot.id)
        }
        switch start {
        case .begun(_, let slot), .shown(let slot):
            events.record(.caseDecided, ["slot": .text(slot.description), "state": "removed"])
        case .decided, .unknown: break
        }
        return start
    }

    /// Takes one batch out; returns whether there may be more.
    func batch(_ removal: ID<Removal>, of slot: ID<Slot>, case id: ID<FraudCase>, in tenant: Tenant) async throws
        -> Bool
    {
        let taken = try await storage.write(for: tenant) { transaction -> Int in
            guard try await slots.locked(slot, through: transaction, in: tenant) != nil else { return 0 }
            let taken = try await removals.take(id, of: slot, as: removal, through: transaction, in: tenant)
            var counts: [ID<Clip>: ClipCount] = [:]
            for vote in taken {
                counts[vote.clipID, default: ClipCount(clipID: vote.clipID)].votes -= 1
                counts[vote.clipID]?.score -= vote.weight
            }
            try await ClipStore(storage: storage).count(
                Array(counts.values), lane: lane, through: transaction, in: tenant)
            try await removals.note(
                votes: taken.count, weight: taken.reduce(0) { $0 + $1.weight }, of: removal, slot: slot,
                through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: Timetable.Tag.result(slot)))
            return taken.count
        }
        if taken > 0 {
            events.record(
                .votesRemoved, amount: taken, ["slot": .text(slot.description), "votes": .number(taken)])
            onChange(tenant, [slot])
        }
        return taken == RemovalStore.Bounds.batch
    }

    /// Takes batches out until there are no more, or `batchesMax` are done; then counts a provisional slot anew.
    ///
    /// Returns whether the removal is complete.
    func run(
        _ removal: ID<Removal>, of slot: ID<Slot>, case id: ID<FraudCase>, batchesMax: Int, in tenant: Tenant
    ) async throws -> Bool {
        for _ in 0..<batchesMax {
            guard try await batch(removal, of: slot, case: id, in: tenant) else {
                // Open until the result fits the votes: whoever dies before this line is followed by the next look.
                _ = try await recount(slot, in: tenant)
                try await removals.set(
                    isOpen: false, removal, through: storage.writer(for: tenant), in: tenant)
                return true
            }
        }
        return false
    }

    /// Counts a slot anew while its result is provisional; says whether the winner is another.
    func recount(_ slot: ID<Slot>, in tenant: Tenant) async throws -> Winner? {
        let before = try await winners.winner(of: slot, through: storage.reader(for: tenant), in: tenant)
        guard let before, before.state == .provisional else { return before }
        let after = try await steps.recount(slot, in: tenant)
        events.record(
            .slotRecounted,
            ["slot": .text(slot.description), "isChanged": .flag(after?.clipID != before.clipID)])
        return after
    }

    /// Lets the votes of a case stand.
    func dismiss(_ id: ID<FraudCase>, reason: String, by moderator: Moderator, in tenant: Tenant) async throws -> Start
    {
        let start = try await storage.write(for: tenant) { transaction -> Start in
            guard let found = try await frauds.fraudCase(id, through: transaction, in: tenant) else { return .unknown }
            guard
                try await frauds.decide(
                    id, .dismissed, by: moderator, at: clock.now(), through: transaction, in: tenant)
            else { return .decided(found.state) }
            try await trail.append(
                "fraudCase.dismissed", by: moderator.actor, on: ("fraudCase", id.description),
                ["slot": found.slotID.description, "reason": reason], for: tenant, in: transaction)
            return .shown(found.slotID)
        }
        if case .shown(let slot) = start {
            events.record(.caseDecided, ["slot": .text(slot.description), "state": "dismissed"])
        }
        return start
    }
}
