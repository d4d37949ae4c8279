import Base
import Jobs
import Storage

/// What agents do with conversations beside answering: assign, take over, snooze, close, open, note, tag.
///
/// Each is one transaction under the lock of the head, and leaves a line in the thread.
final class ConversationDesk: Sendable {
    enum Bounds {
        /// The longest snooze.
        static let snooze: Duration = .seconds(365 * 86_400)
        /// People that a note mentions.
        static let mentions = 20
    }

    /// What happened, as a line of the thread says it.
    enum Happening: String, Sendable, CaseIterable {
        case assigned, unassigned, takenOver, snoozed, woken, closed, opened, handedOver, customerLeft, customerReturned
        case prioritised, moved
    }

    let store: ConversationStore
    private let storage: Storage
    private let messages: MessageStore
    private let tags: TagStore
    private let topics: InboxTopics
    private let notices: NoticeDesk
    private let clock: any WallClock
    private let randomness: any Randomness

    init(
        storage: Storage, topics: InboxTopics, notices: NoticeDesk, clock: any WallClock, randomness: any Randomness
    ) {
        self.storage = storage
        self.topics = topics
        self.notices = notices
        self.clock = clock
        self.randomness = randomness
        store = ConversationStore(storage: storage)
        messages = MessageStore(storage: storage)
        tags = TagStore(storage: storage)
    }

    // MARK: Who answers

    /// Gives a conversation to somebody, or to nobody.
    ///
    /// - Parameters:
    ///   - id: which.
    ///   - assignee: to whom.
    ///   - from: who had it when it was decided.
    ///   - person: who decides.
    ///   - tenant: whose.
    /// - Returns: the conversation as it is then.
    /// - Throws: `inbox.alreadyAssigned` when somebody else has it by now; `inbox.notFound`.
    func assign(
        _ id: ID<Conversation>, to assignee: ID<Person>?, from: ID<Person>?, by person: ID<Person>, in tenant: Tenant
    ) async throws -> Conversation {
        try await change(id, by: person, in: tenant) { head in
            if head.assigneeID == assignee { return nil }
            if let holder = head.assigneeID, holder != from {
                throw InboxError(
                    .alreadyAssigned, "Somebody else has the conversation by now.",
                    context: ["holder": holder.description])
            }
            head.assigneeID = assignee
            if assignee != nil { head.takeFromBot() }
            return assignee == nil ? .unassigned : .assigned
        }
    }

    /// Takes the word from the bot, and the conversation if nobody has it.
    func takeOver(_ id: ID<Conversation>, by person: ID<Person>, in tenant: Tenant) async throws -> Conversation {
        try await change(id, by: person, in: tenant) { head in
            guard head.bot == .active || head.bot == .waiting || head.assigneeID == nil else { return nil }
            head.takeFromBot()
            head.assigneeID = head.assigneeID ?? person
            return .takenOver
        }
    }

    /// Takes the word from the bot because the customer wants a person; nothing changes when people have it.
    func handOver(_ id: ID<Conversation>, in tenant: Tenant) async throws -> Conversation {
        try await change(id, by: nil, in: tenant) { head in
            guard head.bot == .active else { return nil }
            head.bot = .waiting
            head.botEpoch += 1
            return .handedOver
        }
    }

    // MARK: Order

    /// How pressing conversations are: as usual, and three steps above it.
    static let priorities = 0...3

    /// Says how pressing a conversation is.
    ///
    /// - Throws: `inbox.messageInvalid` for a step that there is not; `inbox.notFound`.
    func prioritise(
        _ id: ID<Conversation>, as priority: Int, by person: ID<Person>, in tenant: Tenant
    ) async throws -> Conversation {
        guard Self.priorities.contains(priority) else {
            throw InboxError(.messageInvalid, "A priority is one of \(Self.priorities).")
        }
        return try await change(id, by: person, in: tenant) { head in
            guard head.priority != priority else { return nil }
            head.priority = priority
            return .prioritised
        }
    }

    /// Gives a conversation to a team that there is, or to none.
    func move(
        _ id: ID<Conversation>, to team: ID<Team>?, by person: ID<Person>, in tenant: Tenant
    ) async throws -> Conversation {
        try await change(id, by: person, in: tenant) { head in
            guard head.teamID != team else { return nil }
            head.teamID = team
            return .moved
        }
    }

    // MARK: States

    /// Puts a conversation aside until a time, or until the customer writes.
    ///
    /// - Throws: `inbox.timeInvalid`, `inbox.conversationClosed`, `inbox.notFound`.
    func snooze(
        _ id: ID<Conversation>, until time: Timestamp?, by person: ID<Person>, in tenant: Tenant
    ) async throws -> Conversation {
        let now = clock.now()
        if let time {
            guard time > now, time - now <= Bounds.snooze else {
                throw InboxError(.timeInvalid, "A conversation sleeps until a time to come, at most a year.")
            }
        }
        return try await change(
            id, by: person, in: tenant,
            then: { transaction in
                if let time { try InboxJobs.wake(id, after: time - now, in: transaction) }
            },
            { head in
                guard head.state != .closed else {
                    throw InboxError(.conversationClosed, "The conversation is closed.")
                }
                head.state = .snoozed
                head.snoozedUntil = time
                return .snoozed
            })
    }

    /// Wakes a conversation whose time has come.
    func wake(_ id: ID<Conversation>, in tenant: Tenant) async throws {
        let now = clock.now()
        do {
            _ = try await change(id, by: nil, in: tenant) { head in
                guard head.state == .snoozed, let until = head.snoozedUntil, until <= now else { return nil }
                head.state = .open
                head.snoozedUntil = nil
                return .woken
            }
        } catch let error as InboxError where error.code == .notFound {
            // It is gone, and sleeps well.
        }
    }

    /// Closes a conversation; one that is closed stays so.
    func close(_ id: ID<Conversation>, by person: ID<Person>, in tenant: Tenant) async throws -> Conversation {
        let now = clock.now()
        return try await change(id, by: person, in: tenant) { head in
            guard head.state != .closed else { return nil }
            head.state = .closed
            head.snoozedUntil = nil
            head.closedAt = now
            head.closings += 1
            return .closed
        }
    }

    /// Opens a conversation that sleeps or is closed.
    ///
    /// - Throws: `inbox.conversationClosed` when the customer has a newer one.
    func open(_ id: ID<Conversation>, by person: ID<Person>, in tenant: Tenant) async throws -> Conversation {
        let now = clock.now()
        do {
            return try await change(id, by: person, in: tenant) { head in
                guard head.state != .open else { return nil }
                // A person has opened it: the bot does not begin again.
                let bot = head.bot
                head.reopen(at: now, isBotFirst: false)
                head.bot = bot == .off ? .off : .human
                return .opened
            }
        } catch let error as StorageError where error.code == .uniqueViolation {
            throw InboxError(.conversationClosed, "The customer has a newer conversation: go on there.")
        }
    }

    // MARK: Among agents

    /// Writes a note that the customer never sees.
    ///
    /// - Throws: `inbox.messageInvalid`, `inbox.notFound`.
    func note(
        _ text: String, mentioning people: [ID<Person>], on id: ID<Conversation>, clientID: String?,
        by person: ID<Person>, in tenant: Tenant
    ) async throws -> Message {
        let body = text.storable.trimmed
        guard (1...Message.Bounds.bodyCharacters).contains(body.unicodeScalars.count),
            people.count <= Bounds.mentions
        else {
            throw InboxError(
                .messageInvalid,
                "A note has 1 to \(Message.Bounds.bodyCharacters) characters and mentions \(Bounds.mentions) people.")
        }
        let now = clock.now()
        return try await storage.write(for: tenant) { transaction in
            guard var head = try await store.locked(id, through: transaction, in: tenant) else {
                throw InboxError.missing("conversation")
            }
            var note = line(head, role: .note, body, by: person, at: now)
            note.clientID = clientID
            let written = try await messages.append([note], to: head, through: transaction, in: tenant)
            guard let note = written.first else {
                let known = try await ReplyStore(storage: storage).message(
                    client: clientID ?? "", in: id, through: transaction, of: tenant)
                guard let known else { throw InboxError.missing("note") }
                return known
            }
            head.lastSequence = note.sequence
            try await store.update(head, through: transaction, in: tenant)
            try await store.mention(people, in: id, at: now, through: transaction, of: tenant)
            let others = people.filter { $0 != person }
            try await notices.tell(
                others, .mentioned, "A note about \(head.contactName) names you", body, about: id, in: transaction,
                of: tenant)
            try topics.publish([note], head, in: transaction)
            return note
        }
    }

    // MARK: Tags

    /// All tags of the company, by label.
    func allTags(in tenant: Tenant) async throws -> [Tag] { try await tags.all(in: tenant) }

    /// Makes a tag, or finds the one of the label.
    ///
    /// - Throws: `inbox.messageInvalid`, `inbox.limitReached`.
    func makeTag(_ label: String, in tenant: Tenant) async throws -> Tag {
        let label = label.storable.trimmed
        guard (1...Tag.Bounds.labelCharacters).contains(label.unicodeScalars.count) else {
            throw InboxError(.messageInvalid, "A tag has 1 to \(Tag.Bounds.labelCharacters) characters.")
        }
        let now = clock.now()
        let tag = Tag(id: ID(at: now, using: randomness), label: label)
        guard let made = try await tags.make(tag, at: now, in: tenant) else {
            throw InboxError(
                .limitReached, "A company has at most \(Tag.Bounds.tags) tags.",
                context: ["limit": "\(Tag.Bounds.tags)"])
        }
        return made
    }

    /// Puts a tag on a conversation, or takes it off.
    ///
    /// - Throws: `inbox.notFound` without such a tag or conversation, or when it has as many as it may.
    func tag(
        _ id: ID<Conversation>, with tag: ID<Tag>, isOn: Bool, in tenant: Tenant
    ) async throws {
        guard isOn else { return try await tags.take(tag, off: id, in: tenant) }
        guard try await tags.put(tag, on: id, through: storage.writer(for: tenant), in: tenant) else {
            throw InboxError(
                .notFound, "There is no such tag or conversation, or it has \(Tag.Bounds.each) tags already.")
        }
    }

    /// The tags of conversations that are shown together.
    func tags(of ids: [ID<Conversation>], in tenant: Tenant) async throws -> [ID<Conversation>: [Tag]] {
        try await tags.tags(of: ids, in: tenant)
    }

    // MARK: The one way

    private func line(
        _ head: Conversation, role: Message.Role, _ body: String, by person: ID<Person>?, at now: Timestamp
    ) -> Message {
        Message(
            id: ID(at: now, using: randomness), conversationID: head.id, sequence: 0, channelID: head.channelID,
            role: role, personID: person, body: body, delivery: .received, sentAt: now, createdAt: now)
    }

    /// Changes a head under its lock; `nil` from `body` leaves it as it is.
    private func change(
        _ id: ID<Conversation>, by person: ID<Person>?, in tenant: Tenant,
        then more: @Sendable (WriteTransaction) throws -> Void = { _ in },
        _ body: @Sendable (inout Conversation) throws -> Happening?
    ) async throws -> Conversation {
        let now = clock.now()
        let (head, isChanged) = try await storage.write(for: tenant) { transaction in
            guard var head = try await store.locked(id, through: transaction, in: tenant) else {
                throw InboxError.missing("conversation")
            }
            guard let happening = try body(&head) else { return (head, false) }
            let written = try await messages.append(
                [line(head, role: .event, happening.rawValue, by: person, at: now)], to: head, through: transaction,
                in: tenant)
            head.lastSequence += Int64(written.count)
            try await store.update(head, through: transaction, in: tenant)
            try more(transaction)
            try topics.publish(written, head, in: transaction)
            try transaction.tally(Self.tallies(of: happening, head, by: person, at: now))
            return (head, true)
        }
        if isChanged { topics.tell(head, in: tenant) }
        return head
    }

    private static func tallies(
        of happening: Happening, _ head: Conversation, by person: ID<Person>?, at now: Timestamp
    ) -> [Tally] {
        func tally(_ kind: Tally.Kind, _ amount: Int64 = 1) -> Tally {
            Tally(
                kind: kind, conversation: head.id, channel: head.channelID, person: person, amount: amount, at: now)
        }
        switch happening {
        case .closed:
            let ends = [tally(.closed), tally(.resolution, max(0, (now - head.openedAt).components.seconds))]
            return head.isDeflected ? ends + [tally(.deflected)] : ends
        case .opened: return [tally(.opened)]
        case .handedOver: return [tally(.handOff)]
        case .assigned, .takenOver: return [tally(.assigned)]
        case .snoozed: return [tally(.snoozed)]
        case .woken: return [tally(.woken)]
        case .unassigned, .customerLeft, .customerReturned, .prioritised, .moved: return []
        }
    }
}
