import Base

import typealias Storage.SQLConvertible

/// A conversation with a customer on a channel: its row is all that lists show.
struct Conversation: Sendable, Hashable {
    enum Bounds {
        /// Characters of the beginning of the newest message.
        static let previewCharacters = 140
        /// A closed conversation whose customer writes again within this time is opened again.
        static let reopening: Duration = .seconds(7 * 86_400)
        /// How many of the newest messages are looked at for a preview when the newest one is deleted.
        static let previewDepth = 200
    }

    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case open, snoozed, closed
    }

    /// Who answers.
    enum Bot: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        /// The bot, until it or a person says otherwise.
        case active
        /// The bot has handed over; nobody has taken it.
        case waiting
        /// A person, until the conversation is closed.
        case human
        /// There is no bot on this channel.
        case off
    }

    let id: ID<Conversation>
    var contactID: ID<Contact>
    let pointID: ID<ContactPoint>
    let channelID: ID<Channel>
    var contactName: String
    var state: State
    var bot: Bot
    /// Rises whenever somebody other than the bot takes the word: what the bot began before does not count any more.
    var botEpoch: Int64 = 0
    var botFailures = 0
    var botReplies = 0
    var assigneeID: ID<Person>?
    var teamID: ID<Team>?
    var priority = 0
    /// The number of the newest message; they are numbered from 1 without a gap.
    var lastSequence: Int64 = 0
    /// Messages of the customer.
    var customerTotal: Int64 = 0
    /// The number of the newest answer, whoever gave it.
    var replySequence: Int64 = 0
    var lastMessageAt: Timestamp
    var lastCustomerAt: Timestamp?
    /// Until when the vendor lets anybody answer; `nil` where it does not care.
    var windowEndsAt: Timestamp?
    var preview = Preview()
    var snoozedUntil: Timestamp?
    /// How often it was closed.
    var closings = 0
    var closedAt: Timestamp?
    var openedAt: Timestamp
    var firstReplyAt: Timestamp?
    let createdAt: Timestamp

    /// The beginning of the message that is shown last.
    struct Preview: Sendable, Hashable {
        var text = ""
        var role = Message.Role.customer
        var sentAt: Timestamp?
        var sequence: Int64 = 0
    }
}

extension Conversation {
    /// Takes in a message that was written behind the others.
    ///
    /// - Parameters:
    ///   - message: the message with its number.
    ///   - window: how long after the customer's last message the vendor lets anybody answer; `nil` for ever.
    mutating func take(_ message: Message, window: Duration?) {
        lastSequence = max(lastSequence, message.sequence)
        customerTotal = max(customerTotal, message.customerIndex)
        guard message.role.isSaid else { return }
        lastMessageAt = max(lastMessageAt, message.sentAt)
        show(message)
        switch message.role {
        case .customer:
            let last = max(lastCustomerAt ?? message.sentAt, message.sentAt)
            lastCustomerAt = last
            windowEndsAt = window.map { last + $0 }
        case .agent, .bot:
            replySequence = max(replySequence, message.sequence)
            firstReplyAt = firstReplyAt ?? message.sentAt
        case .note, .event: break
        }
    }

    /// Shows the message in lists if it comes last in the thread.
    private mutating func show(_ message: Message) {
        guard !message.isHidden else { return }
        if let shown = preview.sentAt {
            guard (message.sentAt, message.sequence) > (shown, preview.sequence) else { return }
        }
        preview = Preview(message)
    }

    /// Whether the bot alone has answered.
    var isDeflected: Bool { bot == .active && botReplies > 0 }

    /// A person has taken the word: the bot is out, with whatever it was about to say.
    mutating func takeFromBot() {
        guard bot == .active || bot == .waiting else { return }
        bot = .human
        botEpoch += 1
    }

    /// Opens it again for a message of the customer's.
    ///
    /// - Parameters:
    ///   - time: when.
    ///   - isBotFirst: whether the bot answers first on this channel.
    mutating func reopen(at time: Timestamp, isBotFirst: Bool) {
        if state == .closed {
            bot = isBotFirst ? .active : .off
            botEpoch += 1
            botFailures = 0
            botReplies = 0
            // Whoever answered last answers again, for some days.
            if let closedAt, time - closedAt > Team.Bounds.stickiness { assigneeID = nil }
            openedAt = time
            firstReplyAt = nil
            closedAt = nil
        }
        state = .open
        snoozedUntil = nil
    }
}

extension Conversation.Preview {
    init(_ message: Message) {
        let line = message.body.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        text =
            line.isEmpty
            ? message.files.first.map { "[\($0.kind)]" } ?? ""
            : line
                .firstScalars(Conversation.Bounds.previewCharacters)
        role = message.role
        sentAt = message.sentAt
        sequence = message.sequence
    }
}

extension String {
    /// The first Unicode scalars.
    func firstScalars(_ count: Int) -> String { String(String.UnicodeScalarView(unicodeScalars.prefix(count))) }
}
