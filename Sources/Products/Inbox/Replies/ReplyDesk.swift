import Base
import InboxVendors
import Jobs
import Storage

/// Takes answers of agents: once, in order, inside the vendor's window, and not beside somebody else's.
final class ReplyDesk: Sendable {
    enum Bounds {
        /// How long an answer can be taken back, in seconds.
        static let undo = 0...30
        static let undoDefault = 5
        /// Answers of others that a refusal shows.
        static let unseen = 20
        /// People that a note mentions.
        static let mentions = 20
    }

    let store: ReplyStore
    let conversations: ConversationStore
    let messages: MessageStore
    private let storage: Storage
    private let channels: ChannelDesk
    private let topics: InboxTopics
    private let clock: any WallClock
    private let randomness: any Randomness

    init(
        storage: Storage, channels: ChannelDesk, topics: InboxTopics, clock: any WallClock, randomness: any Randomness
    ) {
        self.storage = storage
        self.channels = channels
        self.topics = topics
        self.clock = clock
        self.randomness = randomness
        store = ReplyStore(storage: storage)
        conversations = ConversationStore(storage: storage)
        messages = MessageStore(storage: storage)
    }

    /// An answer that is to be.
    struct Draft: Sendable {
        let conversation: ID<Conversation>
        let channel: ID<Channel>
        var body: String
        var clientID: String
        /// The number of the newest message that its author has seen.
        var seen: Int64
        /// Whether it is sent although others have answered meanwhile.
        var isConfirmed = false
        /// Seconds in which it can be taken back.
        var undo = Bounds.undoDefault
        /// A file that is sent without words.
        var file: StoredFile?
    }

    // MARK: Answering

    /// Takes an answer: the conversation's head, the message, and what the transaction writes last.
    ///
    /// - Returns: the answer; the one that was taken before when its client sends it again.
    /// - Throws: `inbox.messageInvalid`, `inbox.tooLong`, `inbox.windowClosed`, `inbox.threadMoved`,
    ///   `inbox.conversationClosed`, `inbox.notFound`.
    func reply(_ draft: Draft, by person: ID<Person>, in tenant: Tenant) async throws -> Message {
        let open = try await channels.channel(draft.channel, in: tenant)
        let (channel, rules) = (open.channel, open.adapter.rules)
        let now = clock.now()
        let body = draft.file == nil ? try Self.body(draft.body, rules.text) : ""
        let outcome = try await storage.write(for: tenant) { transaction -> Outcome in
            let ask = ReplyStore.Ask(
                conversation: draft.conversation, person: person, clientID: draft.clientID,
                seen: draft.isConfirmed ? nil : draft.seen, preview: Self.preview(body, draft.file), at: now,
                customerSince: rules.window.map { now - (rules.personWindow ?? $0) })
            if let head = try await store.take(ask, through: transaction, in: tenant), head.channelID == channel.id {
                return .taken(try await insert(body, draft, by: person, at: now, head, transaction, tenant), head)
            }
            return try await refusal(of: ask, draft, channel, transaction, tenant)
        }
        switch outcome {
        case .taken(let message, let head):
            topics.tell(head, in: tenant)
            return message
        case .known(let message): return message
        case .onlyOwn:
            // What has come since they looked is their own: their other window has said it.
            var again = draft
            again.isConfirmed = true
            return try await reply(again, by: person, in: tenant)
        }
    }

    private enum Outcome: Sendable {
        case taken(Message, Conversation)
        case known(Message)
        case onlyOwn
    }

    private static func body(_ text: String, _ rule: TextRule) throws -> String {
        let body = text.storable.trimmed
        guard !body.isEmpty else { throw InboxError(.messageInvalid, "An answer says something.") }
        let length = rule.length(of: body)
        guard length <= rule.limit, body.unicodeScalars.count <= Message.Bounds.bodyCharacters else {
            throw InboxError(
                .tooLong, "The answer has \(length) \(rule.unit.rawValue); this channel takes \(rule.limit).",
                context: ["length": "\(length)", "limit": "\(rule.limit)", "unit": rule.unit.rawValue])
        }
        return body
    }

    private static func preview(_ body: String, _ file: StoredFile?) -> String {
        if let file { return "[\(file.kind)]" }
        return body.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            .firstScalars(Conversation.Bounds.previewCharacters)
    }

    private func insert(
        _ body: String, _ draft: Draft, by person: ID<Person>, at now: Timestamp, _ head: Conversation,
        _ transaction: WriteTransaction, _ tenant: Tenant
    ) async throws -> Message {
        // An answer is never shown before what it answers, whatever the clocks of other nodes say.
        var message = Message(
            id: ID(at: now, using: randomness), conversationID: head.id, sequence: head.lastSequence,
            channelID: head.channelID, role: .agent, clientID: draft.clientID, personID: person, body: body,
            customerIndex: head.customerTotal, delivery: .queued, sendAfter: now + .seconds(Int64(draft.undo)),
            sentAt: head.lastMessageAt, createdAt: now)
        if let file = draft.file { message.files = [MessageFile(file)] }
        try await store.insert(message, through: transaction, in: tenant)
        if let file = draft.file {
            let isThere = try await FileStore(storage: storage).attach(
                file.id, to: message, through: transaction, in: tenant)
            guard isThere else { throw InboxError.missing("file") }
        }
        try topics.publish([message], head, in: transaction)
        try InboxJobs.send(head.id, after: .seconds(Int64(draft.undo)), in: transaction)
        try transaction.tally(Self.tallies(of: message, head, at: now))
        return message
    }

    static func tallies(of message: Message, _ head: Conversation, at now: Timestamp) -> [Tally] {
        func tally(_ kind: Tally.Kind, _ amount: Int64 = 1) -> Tally {
            Tally(
                kind: kind, conversation: head.id, channel: head.channelID, person: message.personID, amount: amount,
                at: now)
        }
        var tallies = [tally(message.role == .bot ? .botReply : .agentReply)]
        if head.firstReplyAt == now {
            tallies.append(tally(.firstReply, max(0, (now - head.openedAt).components.seconds)))
        }
        return tallies
    }

    /// Why an answer was not taken.
    private func refusal(
        of ask: ReplyStore.Ask, _ draft: Draft, _ channel: Channel, _ transaction: WriteTransaction, _ tenant: Tenant
    ) async throws -> Outcome {
        let known = try await store.message(
            client: ask.clientID, in: ask.conversation, through: transaction, of: tenant)
        if let known { return .known(known) }
        let found = try await conversations.conversation(ask.conversation, through: transaction, in: tenant)
        guard let head = found, head.channelID == channel.id else { throw InboxError.missing("conversation") }
        guard head.state != .closed else {
            throw InboxError(.conversationClosed, "The conversation is closed: open it again to answer.")
        }
        if let since = ask.customerSince, (head.lastCustomerAt ?? .epoch) < since {
            let closed = head.lastCustomerAt.map { $0 + (ask.at - since) }
            throw InboxError(
                .windowClosed, "The vendor takes no answer so long after the customer's last message.",
                context: closed.map { ["closedAt": $0.description] } ?? [:])
        }
        let others = try await store.answers(
            after: draft.seen, notBy: ask.person, in: head.id, limit: Bounds.unseen, through: transaction, of: tenant)
        guard !others.isEmpty else { return .onlyOwn }
        var error = InboxError(
            .threadMoved,
            "Somebody has answered meanwhile: read it, then send yours all the same if it is still right.",
            context: ["lastSequence": "\(head.lastSequence)"])
        error.unseen = others
        throw error
    }

    // MARK: Taking back

    /// Takes an answer back that has not been sent.
    ///
    /// - Throws: `inbox.notFound`; `inbox.tooLate` when it is on its way.
    func withdraw(_ id: ID<Message>, by person: ID<Person>, in tenant: Tenant) async throws {
        let head = try await storage.write(for: tenant) { transaction in
            try await settle(id, by: person, in: tenant, transaction) { message in
                guard message.delivery == .queued, message.attempts == 0 else {
                    throw InboxError(.tooLate, "The message is on its way already.")
                }
                return (.withdrawn, [.queued])
            }
        }
        topics.tell(head, in: tenant)
    }

    /// Says an answer otherwise that has not been sent.
    ///
    /// - Returns: the answer as it will be sent.
    /// - Throws: `inbox.notFound`; `inbox.messageInvalid`, also for a file; `inbox.tooLong`; `inbox.tooLate` when it is on
    ///   its way.
    func rewrite(
        _ id: ID<Message>, to text: String, by person: ID<Person>, in tenant: Tenant
    ) async throws -> Message {
        let (message, head) = try await storage.write(for: tenant) { transaction in
            guard let known = try await store.message(id, through: transaction, in: tenant), known.role == .agent,
                known.personID == person,
                var head = try await conversations.locked(known.conversationID, through: transaction, in: tenant)
            else { throw InboxError.missing("message") }
            guard known.files.isEmpty else { throw InboxError(.messageInvalid, "A file has no words to change.") }
            let rules = try await channels.channel(head.channelID, in: tenant).adapter.rules
            let written = try await store.rewrite(
                id, to: try Self.body(text, rules.text), through: transaction, in: tenant)
            guard let written else { throw InboxError(.tooLate, "The message is on its way already.") }
            if written.sequence == head.preview.sequence {
                head.preview = Conversation.Preview(written)
                try await conversations.update(head, through: transaction, in: tenant)
            }
            try topics.publish(changed: [written], of: head.id, in: transaction)
            try transaction.find([written])
            return (written, head)
        }
        topics.tell(head, in: tenant)
        return message
    }

    /// Has a message be sent again that could not be sent.
    ///
    /// - Throws: `inbox.notFound`; `inbox.tooLate` when it has been sent, or is on its way.
    func retry(_ id: ID<Message>, by person: ID<Person>, in tenant: Tenant) async throws {
        _ = try await storage.write(for: tenant) { transaction in
            try await settle(id, by: person, in: tenant, transaction) { message in
                guard message.delivery == .failed else {
                    throw InboxError(.tooLate, "Only what could not be sent is sent again.")
                }
                message.attempts = 0
                message.failure = nil
                message.sendAfter = nil
                try InboxJobs.send(message.conversationID, after: nil, in: transaction)
                return (.queued, [.failed])
            }
        }
    }

    private func settle(
        _ id: ID<Message>, by person: ID<Person>, in tenant: Tenant, _ transaction: WriteTransaction,
        _ decide: (inout Message) throws -> (Message.Delivery, [Message.Delivery])
    ) async throws -> Conversation {
        guard var message = try await store.message(id, through: transaction, in: tenant), message.role == .agent,
            message.personID == person,
            var head = try await conversations.locked(message.conversationID, through: transaction, in: tenant)
        else { throw InboxError.missing("message") }
        let (delivery, former) = try decide(&message)
        let settled = try await store.settle(message, as: delivery, from: former, through: transaction, in: tenant)
        guard let settled else { throw InboxError(.tooLate, "The message is on its way already.") }
        if delivery == .withdrawn, settled.sequence == head.preview.sequence {
            let newest = try await messages.newestShown(of: head, through: transaction, in: tenant)
            head.preview = newest.map(Conversation.Preview.init) ?? Conversation.Preview()
            try await conversations.update(head, through: transaction, in: tenant)
        }
        try topics.publish(changed: [settled], of: head.id, in: transaction)
        if delivery == .withdrawn { try transaction.find([settled]) }
        return head
    }
}
