import Base
import Caching
import Storage

/// Promises, and the clocks that hold people to them.
final class SlaDesk: Sendable {
    enum Bounds {
        /// Conversations that are read as due at once, and how often one run reads; the next run goes on.
        static let due = 500
        static let rounds = 20
        /// Conversations that are looked at beside each other.
        static let width = 8
        /// Lines that are read at once.
        static let lines = 200
        /// The shortest and longest wait for an answer that its author may still take back.
        static let heldMin: Duration = .seconds(5)
        static let heldMax: Duration = .seconds(600)
    }

    /// What cached values carry.
    enum Tag {
        static let levels = "inbox.serviceLevels"
    }

    let store: SlaStore
    let levelStore: ServiceLevelStore
    private let storage: Storage
    private let conversations: ConversationStore
    private let teams: TeamDesk
    private let channels: ChannelDesk
    private let answering: BotDesk
    private let notices: NoticeDesk
    private let topics: InboxTopics
    private let clock: any WallClock
    private let randomness: any Randomness
    private let kept: Cache<String, [ServiceLevel]>

    init(
        storage: Storage, caches: CacheRegistry, teams: TeamDesk, channels: ChannelDesk, answering: BotDesk,
        notices: NoticeDesk, topics: InboxTopics, clock: any WallClock, randomness: any Randomness
    ) {
        self.storage = storage
        self.teams = teams
        self.channels = channels
        self.answering = answering
        self.notices = notices
        self.topics = topics
        self.clock = clock
        self.randomness = randomness
        store = SlaStore(storage: storage)
        levelStore = ServiceLevelStore(storage: storage)
        conversations = ConversationStore(storage: storage)
        kept = Cache(
            "inbox.serviceLevels", CacheOptions(ttl: .seconds(600), capacity: 20_000, tags: { _ in [Tag.levels] }),
            in: caches)
    }

    // MARK: Promises

    /// All promises by name, from memory as a rule.
    func levels(in tenant: Tenant) async throws -> [ServiceLevel] {
        try await kept.value(for: "all", in: tenant) { [levelStore] in
            try await shared { try await levelStore.all(in: tenant) }
        }
    }

    /// What a promise is to be.
    struct LevelDraft: Sendable {
        var name: String
        var first: Int?
        var next: Int?
        var resolution: Int?
        var channels: [ID<Channel>] = []
        var hours: ID<BusinessHours>?
    }

    /// Makes a promise; it holds for what happens from now on.
    ///
    /// - Throws: `inbox.settingInvalid` naming the rule that is broken; `inbox.nameTaken`, `inbox.limitReached`.
    func make(_ draft: LevelDraft, in tenant: Tenant) async throws -> ServiceLevel {
        let now = clock.now()
        let level = ServiceLevel(
            id: ID(at: now, using: randomness), name: draft.name.storable.trimmed, first: draft.first,
            next: draft.next, resolution: draft.resolution, channels: draft.channels, hours: draft.hours,
            createdAt: now)
        if let fault = level.fault { throw InboxError.invalid("service level", fault) }
        try await named(level.name) {
            try await storage.write(for: tenant) { transaction in
                guard try await levelStore.insert(level, through: transaction, in: tenant) else {
                    throw InboxError.full(ServiceLevel.Bounds.levels, "service levels")
                }
                transaction.afterCommit(.invalidate(tag: Tag.levels))
            }
        }
        return level
    }

    /// Takes a promise back; clocks that run for it run on, new ones do not begin.
    ///
    /// - Throws: `inbox.notFound`.
    func remove(_ id: ID<ServiceLevel>, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            guard try await levelStore.delete(id, through: transaction, in: tenant) else {
                throw InboxError.missing("service level")
            }
            transaction.afterCommit(.invalidate(tag: Tag.levels))
        }
    }

    // MARK: Clocks

    /// Has conversations be looked at in which something has happened, in the transaction that counts it.
    func note(_ tallies: [Tally], in transaction: WriteTransaction, of tenant: Tenant) async throws {
        guard try await !levels(in: tenant).isEmpty else { return }
        let touched = Set(tallies.filter { $0.kind.movesClocks }.map(\.conversation)).sorted()
        try await store.touch(touched, at: clock.now(), through: transaction, in: tenant)
    }

    /// Looks at everything whose time has come, of all companies.
    func lookAtDue() async throws {
        for _ in 0..<Bounds.rounds {
            let due = try await store.due(at: clock.now(), limit: Bounds.due)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (place, one) in due.enumerated() {
                    if place >= Bounds.width { try await group.next() }
                    group.addTask { try await self.look(at: one.conversation, in: one.tenant) }
                }
                try await group.waitForAll()
            }
            if due.count < Bounds.due { return }
        }
    }

    /// Reads what has been said and done since the last look, and what time has made of it.
    func look(at id: ID<Conversation>, in tenant: Tenant) async throws {
        let head = try await conversations.conversation(id, through: storage.reader(for: tenant), in: tenant)
        let machine = try await machine(for: head, in: tenant)
        let people = try await head.asyncMap { try await notices.watchers(of: $0, teams: teams, in: tenant) }
        let now = clock.now()
        let changed = try await storage.write(for: tenant) { transaction -> Bool in
            guard var story = try await store.locked(id, through: transaction, in: tenant) else { return false }
            guard let head, let machine else {
                // The conversation is gone: nothing is owed to anybody.
                try await store.write(story, lookingAt: nil, of: id, through: transaction, in: tenant)
                return false
            }
            var outcomes: [SlaMachine.Outcome] = []
            let held = try await follow(head, machine, &story, &outcomes, at: now, in: tenant, transaction)
            if held == nil { outcomes += machine.look(at: now, &story) }
            let look = [machine.nextLook(story), held].compactMap { $0 }.min()
            // While an answer may be taken back nothing is called broken: it may have been in time.
            try await store.write(
                story, lookingAt: held ?? look, of: id, through: transaction, in: tenant)
            try transaction.tally(Self.tallies(of: outcomes, head, at: now))
            return try await tell(outcomes, of: head, to: people ?? NoticeDesk.Watchers(), in: tenant, transaction)
        }
        guard changed else { return }
        let escalated = try await conversations.conversation(id, through: storage.reader(for: tenant), in: tenant)
        if let escalated { topics.tell(escalated, in: tenant) }
    }

    private func machine(for head: Conversation?, in tenant: Tenant) async throws -> SlaMachine? {
        guard let head else { return nil }
        let level = ServiceLevel.level(of: head.channelID, among: try await levels(in: tenant))
        // A bot that only suggests leaves the answer to people.
        let answers = try await answering.policy(in: tenant).policy.mode == .answers
        let isBotFirst = try await channels.channel(head.channelID, in: tenant).channel.isBotFirst
        return SlaMachine(
            level: level, plan: try await teams.plan(level?.hours, in: tenant), isBotFirst: answers && isBotFirst)
    }

    /// Reads the lines behind those that the clocks know, up to an answer that may still be taken back.
    ///
    /// - Returns: when to look again at such an answer; `nil` when everything was read.
    private func follow(
        _ head: Conversation, _ machine: SlaMachine, _ story: inout SlaStory, _ outcomes: inout [SlaMachine.Outcome],
        at now: Timestamp, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws -> Timestamp? {
        while true {
            let lines = try await store.lines(
                of: head.id, after: story.seen, limit: Bounds.lines, through: transaction, in: tenant)
            for line in lines {
                if line.mayBeTakenBack {
                    let waited = now - line.createdAt
                    let soon = now + min(max(waited, Bounds.heldMin), Bounds.heldMax)
                    return max(soon, (line.sendAfter ?? now) + .milliseconds(1))
                }
                story.seen = line.sequence
                if let event = line.event {
                    outcomes += machine.apply(event, at: line.createdAt, to: &story)
                }
            }
            if lines.count < Bounds.lines { return nil }
        }
    }

    private static func tallies(
        of outcomes: [SlaMachine.Outcome], _ head: Conversation, at now: Timestamp
    ) -> [Tally] {
        func tally(_ kind: Tally.Kind, _ amount: Int64 = 1) -> Tally {
            Tally(
                kind: kind, conversation: head.id, channel: head.channelID, person: head.assigneeID, amount: amount,
                at: now)
        }
        return outcomes.compactMap { outcome in
            switch outcome.what {
            case .warned: nil
            case .met: tally(.slaMet)
            case .breached: tally(.slaBreached)
            case .restored: tally(.slaBreached, -1)
            }
        }
    }

    /// Warns and escalates; returns whether the conversation stands above others from now on.
    private func tell(
        _ outcomes: [SlaMachine.Outcome], of head: Conversation, to people: NoticeDesk.Watchers, in tenant: Tenant,
        _ transaction: WriteTransaction
    ) async throws -> Bool {
        guard head.state == .open else { return false }
        var isChanged = false
        for outcome in outcomes {
            switch outcome.what {
            case .met, .restored: continue
            case .warned:
                try await notices.tell(
                    people.warned, .slaWarned, "\(head.contactName) waits: \(outcome.kind.label) is nearly due",
                    head.preview.text, about: head.id, in: transaction, of: tenant)
            case .breached:
                isChanged = try await store.escalate(head.id, through: transaction, in: tenant) || isChanged
                try await notices.tell(
                    people.escalated, .slaBreached,
                    "\(head.contactName) waits too long: \(outcome.kind.label) is overdue",
                    head.preview.text, about: head.id, in: transaction, of: tenant)
            }
        }
        return isChanged
    }
}

extension SlaClock.Kind {
    /// What it is, for people.
    var label: String {
        switch self {
        case .first: "the first answer"
        case .next: "the next answer"
        case .resolution: "the resolution"
        }
    }
}

extension SlaStore.Line {
    /// Whether its author may still take it back.
    fileprivate var mayBeTakenBack: Bool { role == .agent && delivery == .queued && attempts == 0 }

    /// What clocks take it for; `nil` for what does not move them.
    var event: SlaMachine.Event? {
        switch role {
        case .customer: return isDeleted ? nil : .customer
        case .agent: return delivery == .withdrawn ? nil : .person
        case .bot: return .bot
        case .note: return nil
        case .event: break
        }
        switch ConversationDesk.Happening(rawValue: happening) {
        case .assigned, .takenOver: return .taken
        case .snoozed: return .snoozed
        case .woken: return .woken
        case .closed: return .closed
        case .opened: return .opened
        case .handedOver: return .handedOver
        default: return nil
        }
    }
}

extension Tally.Kind {
    /// Whether a thread has a line then that moves clocks.
    fileprivate var movesClocks: Bool {
        switch self {
        case .opened, .closed, .inbound, .botReply, .agentReply, .handOff, .assigned, .snoozed, .woken: true
        case .firstReply, .resolution, .tokens, .rating, .slaMet, .slaBreached, .deflected: false
        }
    }
}

extension Optional {
    fileprivate func asyncMap<Result>(_ body: (Wrapped) async throws -> Result) async rethrows -> Result? {
        guard let self else { return nil }
        return try await body(self)
    }
}
