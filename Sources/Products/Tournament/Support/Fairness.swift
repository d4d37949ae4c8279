import Accounts
import Base
import Coordination
import ServiceLifecycle
import Storage
import Telemetry
import Web

/// How captchas are checked here.
enum CaptchaKind: Sendable {
    case none
    /// The built-in check of demos.
    case local
    case verified(any CaptchaVerifier, siteKey: String)
}

/// Everything that makes a result believable, put together: risk, captcha, bans, the fraud desk and the standing checks.
final class Fairness: Sendable {
    /// What a voter is let in with.
    struct Entry: Sendable {
        let finding: RiskDesk.Finding
        /// What the voter may spend a day where that is less than the season allows.
        let weightMax: Int?
    }

    static let capabilities = [
        BanStore.watcher, FraudStore.watcher, PseudonymStore.capability, TallyCheckStore.capability,
    ]

    let risk: RiskDesk
    let bans: BanKeeper
    let captcha: CaptchaDesk
    let desk: FraudDesk
    let grouping: FraudJobs
    let checks: TallyCheckDesk
    let pseudonyms: PseudonymDesk
    let events: EventLog

    init(
        storage: Storage, timetable: Timetable, steps: SlotSteps, lane: Int, clock: any WallClock,
        randomness: any Randomness, events: EventLog, captcha kind: CaptchaKind, bus: (any Bus)?,
        onChange: @escaping @Sendable (Tenant, Set<ID<Slot>>) -> Void
    ) {
        self.events = events
        risk = RiskDesk(
            keeper: RiskKeeper(store: RiskStore(storage: storage), clock: clock, events: events), clock: clock,
            randomness: randomness, events: events)
        bans = BanKeeper(storage: storage, clock: clock, events: events, bus: bus)
        let (widget, verifier) = Self.captcha(kind)
        captcha = CaptchaDesk(
            widget: widget, verifier: verifier, timetable: timetable, clock: clock, randomness: randomness,
            events: events)
        let trail = AuditTrail(storage: storage, clock: clock, randomness: randomness)
        let removal = RemovalSteps(
            storage: storage, clock: clock, randomness: randomness, lane: lane, steps: steps, trail: trail,
            events: events, onChange: onChange)
        grouping = FraudJobs(
            storage: storage, removal: removal, clock: clock, randomness: randomness, events: events)
        desk = FraudDesk(
            storage: storage, timetable: timetable, removal: removal, bans: bans, trail: trail, events: events,
            clock: clock, randomness: randomness)
        checks = TallyCheckDesk(
            store: TallyCheckStore(storage: storage), randomness: randomness, events: events)
        pseudonyms = PseudonymDesk(
            store: PseudonymStore(storage: storage), seasons: timetable.seasons, clock: clock, randomness: randomness,
            events: events)
    }

    private static func captcha(_ kind: CaptchaKind) -> (CaptchaDesk.Widget, any CaptchaVerifier) {
        switch kind {
        case .none: (.none, MissingVerifier())
        case .local: (.local, MissingVerifier())
        case .verified(let verifier, let siteKey): (.turnstile(siteKey: siteKey), verifier)
        }
    }

    /// What runs beside requests, in order of start.
    var services: [any Service] { [bans, risk.keeper] }

    /// Decides before storage, without a statement, whether a voter may vote: account, captcha, risk, ban.
    func admit(
        _ voter: Voter, to clip: ID<Clip>, _ context: RequestContext, needsAccount: Bool, needsCaptcha: Bool
    ) async throws -> Entry {
        var weightMax: Int?
        if needsCaptcha {
            guard let pass = try await captcha.pass(of: context, voter.id) else {
                throw Problem(TournamentError(.captchaRequired, "Solve the captcha first, then vote."))
            }
            weightMax = pass.dailyWeight
        }
        let finding = risk.assess(context, voter.id)
        if finding.risk.isBlocking {
            risk.noteBlocked(voter.id, on: clip, finding, in: context.tenant)
            throw Problem(TournamentError(.riskBlocked, "This looks automated, so the vote is not counted."))
        }
        if bans.isBanned(voter.id, in: context.tenant) { throw Problem(VoteRefusal.banned.error(at: .epoch)) }
        if needsAccount, voter.personID == nil {
            throw Problem(TournamentError(.signInRequired, "Voting here needs an account: sign in first."))
        }
        return Entry(finding: finding, weightMax: weightMax)
    }
}
