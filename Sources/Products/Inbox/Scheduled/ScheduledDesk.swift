import Base
import Jobs
import Storage

/// Drafts, and answers that are sent later: at their time everything is looked at once more.
final class ScheduledDesk: Sendable {
    let store: ScheduledStore
    let drafts: DraftStore
    private let storage: Storage
    private let replies: ReplyDesk
    private let notices: NoticeDesk
    private let clock: any WallClock
    private let randomness: any Randomness

    init(
        storage: Storage, replies: ReplyDesk, notices: NoticeDesk, clock: any WallClock, randomness: any Randomness
    ) {
        self.storage = storage
        self.replies = replies
        self.notices = notices
        self.clock = clock
        self.randomness = randomness
        store = ScheduledStore(storage: storage)
        drafts = DraftStore(storage: storage)
    }

    // MARK: Drafts

    /// Keeps what somebody has begun to answer; nothing at all drops it.
    ///
    /// - Throws: `inbox.messageInvalid`, `inbox.notFound`.
    func keepDraft(
        _ text: String, of person: ID<Person>, in conversation: ID<Conversation>, of tenant: Tenant
    ) async throws {
        let body = text.storable
        guard body.unicodeScalars.count <= Message.Bounds.bodyCharacters else {
            throw InboxError(
                .messageInvalid, "A draft has at most \(Message.Bounds.bodyCharacters) characters.")
        }
        guard !body.isEmpty else { return try await drafts.drop(of: person, in: conversation, of: tenant) }
        let isKept = try await drafts.keep(
            Draft(body: body, changedAt: clock.now()), of: person, in: conversation,
            through: storage.writer(for: tenant), of: tenant)
        guard isKept else { throw InboxError.missing("conversation") }
    }

    // MARK: Later

    /// An answer for later.
    struct Wish: Sendable {
        let conversation: ID<Conversation>
        var body: String
        var at: Timestamp
        var cancelsOnReply = true
    }

    /// Takes an answer that is to be sent later.
    ///
    /// - Throws: `inbox.messageInvalid`, `inbox.timeInvalid`; `inbox.limitReached` without such an open conversation or
    ///   when too many wait in it.
    func schedule(_ wish: Wish, by person: ID<Person>, in tenant: Tenant) async throws -> ScheduledMessage {
        let now = clock.now()
        let body = wish.body.storable.trimmed
        guard (1...Message.Bounds.bodyCharacters).contains(body.unicodeScalars.count) else {
            throw InboxError(
                .messageInvalid, "An answer has 1 to \(Message.Bounds.bodyCharacters) characters.")
        }
        guard wish.at > now, wish.at - now <= ScheduledMessage.Bounds.ahead else {
            throw InboxError(.timeInvalid, "An answer is sent at a time to come, at most 90 days ahead.")
        }
        let message = ScheduledMessage(
            id: ID(at: now, using: randomness), conversationID: wish.conversation, personID: person, body: body,
            dueAt: wish.at, cancelsOnReply: wish.cancelsOnReply, seenCustomer: 0, state: .waiting)
        try await storage.write(for: tenant) { transaction in
            guard try await store.insert(message, at: now, through: transaction, in: tenant) else {
                throw InboxError(
                    .limitReached,
                    "There is no such open conversation, or \(ScheduledMessage.Bounds.each) answers wait in it.")
            }
            try InboxJobs.sendLater(message.id, after: wish.at - now, in: transaction)
        }
        return message
    }

    /// Takes back an answer that waits.
    ///
    /// - Throws: `inbox.notFound`.
    func cancel(_ id: ID<ScheduledMessage>, by person: ID<Person>, in tenant: Tenant) async throws {
        let isDone = try await store.settle(
            id, as: .cancelled, nil, of: person, at: clock.now(), through: storage.writer(for: tenant), in: tenant)
        guard isDone else { throw InboxError.missing("answer that waits") }
    }

    /// Sends an answer whose time has come, or makes it a draft of its author's when things have changed.
    func send(_ id: ID<ScheduledMessage>, in tenant: Tenant) async throws {
        let reader = storage.reader(for: tenant)
        guard let message = try await store.message(id, through: reader, in: tenant), message.state == .waiting else {
            return
        }
        let found = try await replies.conversations.conversation(
            message.conversationID, through: reader, in: tenant)
        guard let head = found else {
            return try await draft(message, because: "conversationGone", in: tenant)
        }
        if message.cancelsOnReply, head.customerTotal > message.seenCustomer {
            return try await draft(message, because: "customerReplied", in: tenant)
        }
        // The same answer when it is tried again: what was taken before is found by its name.
        var answer = ReplyDesk.Draft(
            conversation: head.id, channel: head.channelID, body: message.body, clientID: "scheduled:\(id)",
            seen: head.lastSequence)
        answer.isConfirmed = !message.cancelsOnReply
        answer.undo = 0
        do {
            _ = try await replies.reply(answer, by: message.personID, in: tenant)
        } catch let error as InboxError {
            return try await draft(message, because: error.code.rawValue, in: tenant)
        }
        _ = try await store.settle(
            id, as: .sent, nil, of: nil, at: clock.now(), through: storage.writer(for: tenant), in: tenant)
    }

    private func draft(_ message: ScheduledMessage, because reason: String, in tenant: Tenant) async throws {
        let now = clock.now()
        try await storage.write(for: tenant) { transaction in
            let isSettled = try await store.settle(
                message.id, as: .drafted, reason, of: nil, at: now, through: transaction, in: tenant)
            guard isSettled else { return }
            _ = try await drafts.keep(
                Draft(body: message.body, changedAt: now), of: message.personID, in: message.conversationID,
                through: transaction, of: tenant)
            try await notices.tell(
                [message.personID], .scheduledDrafted, "An answer was not sent at its time, and is a draft",
                message.body, about: message.conversationID, in: transaction, of: tenant)
        }
    }
}
