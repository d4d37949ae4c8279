import Accounts
import Base
import Storage
import Telemetry
import Web

/// What moderators do about suspicious votes: look, see the effect, decide.
final class FraudDesk: Sendable {
    enum Bounds {
        /// Batches that the deciding request carries out itself; a job does the rest.
        static let batchesAtOnce = 4
        /// Votes of a case that its page lists.
        static let ballotsShown = 100
    }

    /// A case with everything a decision needs.
    struct Dossier: Sendable {
        let fraudCase: FraudCase
        let slot: Slot
        let season: Season
        /// What a removal would do; `nil` for a decided case.
        let effect: RemovalEffect?
        let ballots: [CaseBallot]
        let clips: ClipCast
    }

    let cases: FraudStore
    let removal: RemovalSteps
    private let storage: Storage
    private let timetable: Timetable
    private let ballots: BallotStore
    private let bans: BanKeeper
    private let trail: AuditTrail
    private let events: EventLog
    private let clock: any WallClock
    private let randomness: any Randomness

    /// - Parameters:
    ///   - storage: the database.
    ///   - timetable: seasons, slots, clips.
    ///   - removal: takes votes out.
    ///   - bans: who is banned.
    ///   - trail: who did what.
    ///   - events: where decisions are told.
    ///   - clock: the time.
    ///   - randomness: makes ids.
    init(
        storage: Storage, timetable: Timetable, removal: RemovalSteps, bans: BanKeeper, trail: AuditTrail,
        events: EventLog, clock: any WallClock, randomness: any Randomness
    ) {
        cases = FraudStore(storage: storage)
        ballots = BallotStore(storage: storage)
        self.storage = storage
        self.timetable = timetable
        self.removal = removal
        self.bans = bans
        self.trail = trail
        self.events = events
        self.clock = clock
        self.randomness = randomness
    }

    /// A case with the effect that its removal would have; seven statements at most.
    func dossier(_ id: ID<FraudCase>, in tenant: Tenant) async throws -> Dossier? {
        let reader = storage.reader(for: tenant)
        guard let found = try await cases.fraudCase(id, through: reader, in: tenant),
            let slot = try await timetable.slots.slot(found.slotID, through: reader, in: tenant),
            let season = try await timetable.seasons.season(slot.seasonID, through: reader, in: tenant)
        else { return nil }
        let shown = try await cases.ballots(of: id, limit: Bounds.ballotsShown, in: tenant)
        return Dossier(
            fraudCase: found, slot: slot, season: season,
            effect: found.state == .open ? try await effect(of: id, slot: slot, season: season, in: tenant) : nil,
            ballots: shown, clips: try await timetable.clips(of: slot.id, in: tenant))
    }

    /// What the removal of a case's votes would do to the ranking.
    func effect(of id: ID<FraudCase>, slot: Slot, season: Season, in tenant: Tenant) async throws -> RemovalEffect {
        let votes = try await cases.votes(of: id, in: tenant)
        let entrants = try await timetable.clips.entrants(
            of: slot.id, through: storage.reader(for: tenant), in: tenant)
        var count = RemovalCount(clips: entrants, removing: votes)
        try await ballots.stream(slot.id, of: season, in: tenant) { chunk in
            for ballot in chunk { count.add(ballot) }
        }
        return count.effect(rules: season.rules)
    }

    /// Opens a case by hand about all that some voters have cast in a slot; `nil` when that is nothing.
    func open(
        about voters: [ID<Voter>], in slot: ID<Slot>, reason: String, by moderator: RemovalSteps.Moderator,
        tenant: Tenant
    ) async throws -> FraudCase? {
        let votes = try await cases.standing(of: voters, in: slot, tenant: tenant)
        guard !votes.isEmpty else { return nil }
        let now = clock.now()
        let fraud = FraudCase(
            id: ID(at: now, using: AnyRandomness(randomness)), slotID: slot, reasons: [reason], voters: voters.count,
            votes: votes.count, state: .open, fingerprint: nil, openedAt: now, decidedAt: nil, decidedBy: nil)
        try await storage.write(for: tenant) { transaction in
            _ = try await cases.upsert(fraud, through: transaction, in: tenant)
            try await cases.add(votes, to: fraud.id, slot: slot, through: transaction, in: tenant)
            try await trail.append(
                "fraudCase.opened", by: moderator.actor, on: ("fraudCase", fraud.id.description),
                ["slot": slot.description, "votes": String(votes.count)], for: tenant, in: transaction)
        }
        events.record(
            .caseOpened,
            ["slot": .text(slot.description), "votes": .number(votes.count), "voters": .number(voters.count)])
        return fraud
    }

    /// Decides for removal; says whether all votes are out already.
    ///
    /// Throws `tournament.notFound` and `tournament.caseDecided`.
    func remove(
        _ id: ID<FraudCase>, reason: String, by moderator: RemovalSteps.Moderator, in tenant: Tenant
    ) async throws -> (slot: ID<Slot>, isComplete: Bool, changesResult: Bool) {
        switch try await removal.begin(id, reason: reason, by: moderator, in: tenant) {
        case .unknown: throw TournamentError(.notFound, "There is no such case.")
        case .decided(let state): throw Self.decided(state)
        case .shown(let slot): return (slot, true, false)
        case .begun(let removalID, let slot):
            let isComplete = try await removal.run(
                removalID, of: slot, case: id, batchesMax: Bounds.batchesAtOnce, in: tenant)
            return (slot, isComplete, true)
        }
    }

    /// Lets the votes of a case stand.
    func dismiss(
        _ id: ID<FraudCase>, reason: String, by moderator: RemovalSteps.Moderator, in tenant: Tenant
    ) async throws {
        switch try await removal.dismiss(id, reason: reason, by: moderator, in: tenant) {
        case .unknown: throw TournamentError(.notFound, "There is no such case.")
        case .decided(let state): throw Self.decided(state)
        case .shown, .begun: return
        }
    }

    /// Bans a voter, or lifts the ban.
    func ban(
        _ voter: ID<Voter>, isBanned: Bool, reason: String, by moderator: RemovalSteps.Moderator, in tenant: Tenant
    ) async throws {
        let ban = try await storage.write(for: tenant) { transaction -> Ban? in
            let ban = try await bans.set(
                voter, isBanned: isBanned, reason: reason, through: transaction, in: tenant)
            guard ban != nil else { return nil }
            let subject = (kind: "voter" as StaticString, id: voter.description)
            if isBanned {
                try await trail.append(
                    "voter.banned", by: moderator.actor, on: subject, ["reason": reason], for: tenant, in: transaction)
            } else {
                try await trail.append(
                    "voter.admitted", by: moderator.actor, on: subject, ["reason": reason], for: tenant,
                    in: transaction)
            }
            return ban
        }
        guard let ban else { throw TournamentError(.notFound, "There is no such voter.") }
        await bans.announce(ban, in: tenant)
        events.record(.voterBanned, ["isBanned": .flag(isBanned)])
    }

    /// Counts a provisional slot anew because a moderator asks for it.
    func recount(_ slot: ID<Slot>, by moderator: RemovalSteps.Moderator, in tenant: Tenant) async throws -> Winner? {
        let winner = try await removal.recount(slot, in: tenant)
        if let winner {
            try await trail.append(
                "slot.recounted", by: moderator.actor, on: ("slot", slot.description),
                ["winner": winner.clipID.description], for: tenant)
        }
        return winner
    }

    private static func decided(_ state: FraudCase.State) -> TournamentError {
        TournamentError(
            .caseDecided, "This case is decided already: \(state.rawValue).", context: ["state": state.rawValue])
    }
}

extension RemovalSteps.Moderator {
    /// Whoever sent a request: the trail knows the person, the public reads the office.
    init(_ context: RequestContext) throws {
        self.init(
            actor: .person(try context.person()),
            name: context.principal.has(.administrator) ? "the director" : "a moderator")
    }
}
