import Base
import Caching
import Jobs
import Storage

/// Rules: making them, and carrying them out at what has happened.
final class RuleDesk: Sendable {
    /// What cached values carry.
    enum Tag {
        static let rules = "inbox.rules"
    }

    let store: RuleStore
    private let storage: Storage
    private let conversations: ConversationStore
    private let messages: MessageStore
    private let tags: TagStore
    private let topics: InboxTopics
    private let notices: NoticeDesk
    private let clock: any WallClock
    private let randomness: any Randomness
    private let kept: Cache<String, [Rule]>

    init(
        storage: Storage, caches: CacheRegistry, topics: InboxTopics, notices: NoticeDesk, clock: any WallClock,
        randomness: any Randomness
    ) {
        self.storage = storage
        self.topics = topics
        self.notices = notices
        self.clock = clock
        self.randomness = randomness
        store = RuleStore(storage: storage)
        conversations = ConversationStore(storage: storage)
        messages = MessageStore(storage: storage)
        tags = TagStore(storage: storage)
        kept = Cache(
            "inbox.rules", CacheOptions(ttl: .seconds(600), capacity: 20_000, tags: { _ in [Tag.rules] }), in: caches)
    }

    /// All rules of a company in their order.
    func rules(in tenant: Tenant) async throws -> [Rule] {
        try await kept.value(for: "all", in: tenant) { [store] in
            try await shared { try await store.all(in: tenant) }
        }
    }

    // MARK: Making

    /// Makes a rule, the last in order.
    ///
    /// - Throws: `inbox.ruleInvalid` naming what is wrong; `inbox.limitReached`.
    func make(
        named name: String, at event: Tally.Kind, if conditions: Rule.Conditions, do actions: [Rule.Action],
        by person: ID<Person>, in tenant: Tenant
    ) async throws -> Rule {
        let now = clock.now()
        let rule = Rule(
            id: ID(at: now, using: randomness), name: name.storable.trimmed, event: event, conditions: conditions,
            actions: actions, place: 0, isPaused: false, fired: 0)
        if let fault = rule.fault {
            throw InboxError(.ruleInvalid, "The rule cannot be so for its \(fault).", context: ["field": fault])
        }
        try await storage.write(for: tenant) { transaction in
            guard try await store.insert(rule, by: person, at: now, through: transaction, in: tenant) else {
                throw InboxError(
                    .limitReached, "A company has at most \(Rule.Bounds.rules) rules.",
                    context: ["limit": "\(Rule.Bounds.rules)"])
            }
            transaction.afterCommit(.invalidate(tag: Tag.rules))
        }
        return rule
    }

    /// Pauses a rule, lets it go on, or removes it.
    ///
    /// - Throws: `inbox.notFound`.
    func set(_ id: ID<Rule>, paused isPaused: Bool?, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            let isDone =
                if let isPaused {
                    try await store.pause(id, isPaused, nil, through: transaction, in: tenant)
                } else {
                    try await store.delete(id, through: transaction, in: tenant)
                }
            guard isDone else { throw InboxError.missing("rule") }
            transaction.afterCommit(.invalidate(tag: Tag.rules))
        }
    }

    /// Has a rule be carried out before the one that stands above it; the first one stays.
    ///
    /// - Throws: `inbox.notFound`.
    func raise(_ id: ID<Rule>, in tenant: Tenant) async throws {
        let all = try await store.all(in: tenant)
        guard let place = all.firstIndex(where: { $0.id == id }) else { throw InboxError.missing("rule") }
        guard place > 0 else { return }
        try await storage.write(for: tenant) { transaction in
            try await store.swap(all[place], all[place - 1], through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: Tag.rules))
        }
    }

    // MARK: Happening

    /// Has rules be carried out at what has happened, of those events that the company has rules for.
    func enqueue(_ tallies: [Tally], in transaction: WriteTransaction, of tenant: Tenant) async throws {
        let events = Set(try await rules(in: tenant).filter { !$0.isPaused }.map(\.event))
        for tally in tallies where events.contains(tally.kind) && tally.chain.depth < Rule.Bounds.depth {
            let event = RuleEvent(
                kind: tally.kind, conversation: tally.conversation, chain: tally.chain,
                id: ID(at: clock.now(), using: randomness))
            try InboxJobs.rule(event, in: transaction)
        }
    }

    /// Carries out the rules for an event, once.
    func carryOut(_ event: RuleEvent, in tenant: Tenant) async throws {
        let rules = try await rules(in: tenant).filter { $0.event == event.kind }
        guard !rules.isEmpty else { return }
        let now = clock.now()
        let administrators = try await notices.administrators(in: tenant)
        let changed = try await storage.write(for: tenant) { transaction -> Conversation? in
            guard let head = try await conversations.locked(event.conversation, through: transaction, in: tenant) else {
                return nil
            }
            let recent = try await store.firings(
                in: head.id, since: now - .seconds(60), through: transaction, of: tenant)
            let outcome = RuleMachine(now: now).fire(rules, on: head, event.chain, recent: recent)
            for id in outcome.paused {
                _ = try await store.pause(id, true, "loop", through: transaction, in: tenant)
                transaction.afterCommit(.invalidate(tag: Tag.rules))
                try await notices.tell(
                    administrators, .rulePaused, "“\(rules.first { $0.id == id }?.name ?? "A rule")” has paused itself",
                    "Rules fired too often within a minute in one conversation.", at: Addresses.replies,
                    in: transaction, of: tenant)
            }
            guard !outcome.fired.isEmpty,
                try await store.note(outcome.fired, event, at: now, through: transaction, in: tenant)
            else { return nil }
            return try await write(outcome, event, at: now, in: tenant, transaction)
        }
        if let changed { topics.tell(changed, in: tenant) }
    }

    private func write(
        _ outcome: RuleMachine.Outcome, _ event: RuleEvent, at now: Timestamp, in tenant: Tenant,
        _ transaction: WriteTransaction
    ) async throws -> Conversation {
        var head = outcome.head
        var lines: [Message] = []
        for effect in outcome.effects {
            switch effect {
            case .tag(let tag): _ = try await tags.put(tag, on: head.id, through: transaction, in: tenant)
            case .line(let role, let body):
                lines.append(
                    Message(
                        id: ID(at: now, using: randomness), conversationID: head.id, sequence: 0,
                        channelID: head.channelID, role: role, body: body, delivery: .received, sentAt: now,
                        createdAt: now))
            }
        }
        let written = try await messages.append(lines, to: head, through: transaction, in: tenant)
        head.lastSequence += Int64(written.count)
        try await conversations.update(head, through: transaction, in: tenant)
        try topics.publish(written, head, in: transaction)
        let chain = event.chain.following(outcome.fired)
        try transaction.tally(
            outcome.tallies.map { kind in
                var tally = Tally(kind: kind, conversation: head.id, channel: head.channelID, at: now)
                tally.chain = chain
                return tally
            })
        return head
    }
}
