import Accounts
import Base
import Caching
import Coordination
import Crypto
import Hosting
import Jobs
import Logging
import ServiceLifecycle
import Storage
import Telemetry
import Web

/// The product at work: everything that routes, pages and the demo use.
final class Playhouse: Sendable {
    /// What may be switched while it runs.
    enum Flags {
        static let requireAuthVoting = FeatureFlag(
            "requireAuthVoting", isOnByDefault: false, "Only people with an account may vote.")
        static let requireCaptchaVoting = FeatureFlag(
            "requireCaptchaVoting", isOnByDefault: false, "Voters must have solved a captcha lately.")
        static let multiVote = FeatureFlag(
            "multiVote", isOnByDefault: true,
            "Voters may vote for any number of clips of a slot; off: for one, and another vote moves it.")
        static let trustedCreators = FeatureFlag(
            "trustedCreators", isOnByDefault: false,
            "Clips of creators of whom three were approved and none removed compete without a moderator's look.")
        static let requireVerifiedUpload = FeatureFlag(
            "requireVerifiedUpload", isOnByDefault: false, "Only people whose address is verified may upload clips.")
        static let reviewComments = FeatureFlag(
            "reviewComments", isOnByDefault: false, "Comments wait for a moderator before others see them.")
        static let all = [
            requireAuthVoting, requireCaptchaVoting, multiVote, trustedCreators, requireVerifiedUpload,
            reviewComments,
        ]
    }

    let storage: Storage
    let clock: any WallClock
    let randomness: any Randomness
    let logger: Logger
    let timetable: Timetable
    let votes: VoteDesk
    let feed: FeedDesk
    let boards: BoardDesk
    let results: ResultDesk
    let notices: Notifications
    let steps: SlotSteps
    let advancer: SlotJobs
    let people: PersonDesk
    let comments: CommentDesk
    let reports: ReportDesk
    let folding: PersonJobs
    let reminders: ReminderJobs
    let replies: ReplyJobs
    let fairness: Fairness
    private let isOn: @Sendable (FeatureFlag, Tenant) -> Bool

    /// - Parameters:
    ///   - storage: the database.
    ///   - caches: where caches are entered.
    ///   - clock: the time.
    ///   - randomness: chance.
    ///   - lane: the lane of tallies that this node writes.
    ///   - logger: where services report.
    ///   - events: where decisions about fairness are told.
    ///   - captcha: how captchas are checked.
    ///   - filesBase: the public base address of clips' files; `nil` for this site.
    ///   - bus: tells other nodes what they hold in memory; `nil` for none.
    ///   - isOn: whether a feature is on.
    ///   - nameOf: gives the name of who has an account.
    init(
        storage: Storage, caches: CacheRegistry, clock: any WallClock, randomness: any Randomness, lane: Int,
        logger: Logger, events: EventLog? = nil, captcha: CaptchaKind = .none, filesBase: String? = nil,
        bus: (any Bus)? = nil,
        isOn: @escaping @Sendable (FeatureFlag, Tenant) -> Bool = { flag, _ in flag.isOnByDefault },
        nameOf: @escaping PersonNaming = { _, _ in nil }
    ) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        self.logger = logger
        self.isOn = isOn
        timetable = Timetable(storage: storage, caches: caches, addresses: FileAddresses(base: filesBase))
        let keeper = BoardKeeper(storage: storage, caches: caches, clock: clock, logger: logger)
        votes = VoteDesk(
            storage: storage, timetable: timetable, lane: lane, clock: clock, randomness: randomness
        ) { _, slots in keeper.touch(slots) }
        notices = Notifications(storage: storage, clock: clock, randomness: randomness)
        steps = SlotSteps(storage: storage, clock: clock, notices: notices)
        fairness = Fairness(
            storage: storage, timetable: timetable, steps: steps, lane: lane, clock: clock, randomness: randomness,
            events: events ?? .silent(clock: clock, products: Event.tournament), captcha: captcha,
            bus: bus
        ) { _, slots in keeper.touch(slots) }
        feed = FeedDesk(
            storage: storage, timetable: timetable, votes: votes, boards: keeper,
            caches: caches, clock: clock, randomness: randomness, logger: logger
        ) { [risk = fairness.risk] in risk.noteReplay(by: $0, foreign: $1, repeated: $2) }
        boards = BoardDesk(keeper: keeper, timetable: timetable, caches: caches)
        results = ResultDesk(storage: storage, timetable: timetable, caches: caches)
        advancer = SlotJobs(
            steps: steps, slots: timetable.slots, clock: clock, logger: logger
        ) { [checks = fairness.checks] in await checks.check($0, in: $1) }
        people = PersonDesk(storage: storage, timetable: timetable, caches: caches, clock: clock, nameOf: nameOf)
        comments = CommentDesk(storage: storage, caches: caches, clock: clock, randomness: randomness, lane: lane)
        reports = ReportDesk(storage: storage, comments: comments, clock: clock, randomness: randomness)
        folding = PersonJobs(storage: storage, clock: clock, logger: logger)
        reminders = ReminderJobs(
            store: ReminderStore(storage: storage), slots: timetable.slots, notices: notices)
        replies = ReplyJobs(store: ReplyStore(storage: storage), notices: notices)
    }

    /// What runs beside requests, in order of start.
    var services: [any Service] {
        votes.tills + [votes.withdrawing, feed.views, boards.keeper, feed] + fairness.services
    }

    /// What is done by jobs.
    var jobs: [JobHandler] {
        advancer.handlers + folding.handlers + reminders.handlers + replies.handlers
            + FairnessJobs(fairness: fairness).handlers
    }

    /// What is enqueued by the clock.
    var schedules: [JobSchedule] {
        advancer.schedules + folding.schedules + reminders.schedules + replies.schedules
            + FairnessJobs(fairness: fairness).schedules
    }

    func isOn(_ flag: FeatureFlag, in tenant: Tenant) -> Bool { isOn(flag, tenant) }

    /// The voter of a request: the account, else the device.
    func voter(_ context: RequestContext) throws -> Voter {
        switch try context.voter() {
        case .person(let person): Voter(person: person, in: context.tenant)
        case .device(let device): Voter(device: device, in: context.tenant)
        }
    }

    /// Casts a vote for whom a request comes from, under the flags of the tenant.
    func cast(
        _ kind: Vote.Kind, on clip: ID<Clip>, by context: RequestContext, request: String? = nil
    ) async throws -> CastVote {
        let voter = try voter(context)
        let entry = try await fairness.admit(
            voter, to: clip, context, needsAccount: isOn(Flags.requireAuthVoting, in: context.tenant),
            needsCaptcha: isOn(Flags.requireCaptchaVoting, in: context.tenant))
        let outcome = try await votes.cast(
            kind, on: clip, by: voter, in: context.tenant, request: request.map(Self.number),
            moves: !isOn(Flags.multiVote, in: context.tenant), weightMax: entry.weightMax)
        switch outcome {
        case .cast(let vote):
            fairness.risk.note(vote, by: voter.id, entry.finding, in: context.tenant)
            return vote
        case .refused(let refusal): throw Problem(refusal.error(at: clock.now()))
        }
    }

    /// Takes back the vote of whom a request comes from.
    func withdraw(from clip: ID<Clip>, by context: RequestContext) async throws -> WithdrawnVote {
        switch try await votes.withdraw(from: clip, by: try voter(context), in: context.tenant) {
        case .withdrawn(let vote): return vote
        case .refused(let refusal): throw Problem(refusal.error)
        }
    }

    /// What a voter has done in the slot that is on; `nil` when none is.
    func record(of voter: Voter, in tenant: Tenant) async throws -> (record: VoterRecord, rules: SeasonRules)? {
        guard let programme = try await timetable.programme(in: tenant), let track = programme.main,
            let slot = try await timetable.currentSlot(of: track.id, in: tenant)
        else { return nil }
        let rules = programme.season.rules
        return (try await votes.record(of: voter, in: slot.id, rules: rules, tenant: tenant), rules)
    }

    /// Closes a slot now and takes it through the count.
    func close(_ slot: ID<Slot>, in tenant: Tenant) async throws -> Slot {
        guard try await steps.close(slot, in: tenant) != .nothing else {
            throw Problem(TournamentError(.slotClosed, "This slot is not being voted on."))
        }
        guard let closed = try await timetable.slots.slot(slot, through: storage.reader(for: tenant), in: tenant) else {
            throw Problem(TournamentError(.notFound, "There is no such slot."))
        }
        return closed
    }

    /// A request's name as a number.
    private static func number(_ text: String) -> Int64 {
        let bytes = Array(SHA256.hash(data: Array(text.utf8)).prefix(8))
        return Int64(bitPattern: bytes.reduce(0) { $0 << 8 | UInt64($1) })
    }
}

extension Problem {
    /// A refusal of the tournament as HTTP tells it.
    init(_ error: TournamentError) {
        self.init(
            error.code.rawValue, error.message, retryAfter: error.retryAfter,
            members: error.context.sorted { $0.key < $1.key }.map {
                JSONValue.Member($0.key, Int64($0.value).map(JSONValue.integer) ?? .text($0.value))
            })
    }
}
