import Base
import InboxVendors
import Storage

/// Writes the demo's contacts and conversations, each as if it had come at its time: heads take messages in by the rules
/// that hold for all, and what has happened is counted as everything else is.
struct DemoTalkFilling: Sendable {
    private enum Bounds {
        /// Contacts, and conversations, of a transaction.
        static let contacts = 200
        static let conversations = 100
    }

    let office: Office
    let place: DemoPlace
    let channels: [ChannelKind: OpenChannel]
    let now: Timestamp
    let chance: any Randomness

    private var company: DemoCompany { place.company }
    private var tenant: Tenant { place.tenant }
    private var storage: Storage { office.storage }

    /// Writes everything.
    func fill() async throws {
        let points = try await fillContacts()
        for start in stride(from: 0, to: company.scale.conversations, by: Bounds.conversations) {
            let numbers = start..<min(start + Bounds.conversations, company.scale.conversations)
            try await storage.write(for: tenant) { transaction in
                for number in numbers {
                    try await write(company.conversation(number), points, transaction)
                }
            }
        }
        while try await office.counts.fold(tenant) > 0 {}
    }

    private func fillContacts() async throws -> [ContactPoint] {
        let store = ContactStore(storage: storage)
        var points: [ContactPoint] = []
        let start = now - .seconds(91 * 86_400)
        for first in stride(from: 0, to: company.scale.contacts, by: Bounds.contacts) {
            let numbers = first..<min(first + Bounds.contacts, company.scale.contacts)
            points += try await storage.write(for: tenant) { transaction in
                var written: [ContactPoint] = []
                for customer in numbers.map(company.contact) {
                    guard let channel = channels[customer.channel]?.channel else { continue }
                    let contact = Contact(
                        id: ID(at: start, using: chance), name: customer.name, email: customer.email,
                        phone: customer.phone, locale: customer.locale, fields: [:], createdAt: start, version: 1)
                    let point = ContactPoint(
                        id: ID(at: start, using: chance), contactID: contact.id, channelID: channel.id,
                        externalUserID: customer.externalUserId)
                    try await store.insert(contact, point, picture: nil, through: transaction, in: tenant)
                    written.append(point)
                }
                return written
            }
        }
        return points
    }

    private func write(
        _ talk: DemoConversation, _ points: [ContactPoint], _ transaction: WriteTransaction
    ) async throws {
        let customer = company.contact(talk.contact)
        let point = points[talk.contact]
        guard let open = channels[customer.channel], let first = talk.lines.first else { return }
        let start = time(first)
        var head = Conversation(
            id: ID(at: start, using: chance), contactID: point.contactID, pointID: point.id,
            channelID: open.channel.id, contactName: customer.name,
            // Somebody who has written before has one conversation that is not closed.
            state: talk.state == .closed ? .closed : .open, bot: .active, lastMessageAt: .epoch, openedAt: start,
            createdAt: start)
        let conversations = ConversationStore(storage: storage)
        try await conversations.insert(head, through: transaction, in: tenant)
        let lines = talk.lines.map { message($0, of: talk, in: head) }
        let written = try await MessageStore(storage: storage).append(
            lines, to: head, through: transaction, in: tenant)
        for message in written {
            head.take(message, window: open.adapter.rules.window)
            if message.role == .agent { head.takeFromBot() }
            if message.role == .bot { head.botReplies += 1 }
        }
        settle(&head, as: talk)
        try await conversations.update(head, through: transaction, in: tenant)
        if let rating = rating(of: head, talk) {
            _ = try await RatingStore(storage: storage).insert(rating, through: transaction, in: tenant)
        }
        try transaction.find(written)
        try transaction.tally(tallies(of: written, head, talk))
    }

    private func time(_ line: DemoConversation.Line) -> Timestamp { now - .seconds(Int64(line.secondsAgo)) }

    private func message(
        _ line: DemoConversation.Line, of talk: DemoConversation, in head: Conversation
    ) -> Message {
        let role: Message.Role =
            switch line.role {
            case .customer: .customer
            case .bot: .bot
            case .agent: .agent
            }
        return Message(
            id: ID(at: time(line), using: chance), conversationID: head.id, sequence: 0, channelID: head.channelID,
            role: role, personID: role == .agent ? place.assignee(of: talk) : nil, body: line.text,
            delivery: role == .customer ? .received : .read, sentAt: time(line), createdAt: time(line))
    }

    /// How the conversation stands now.
    private func settle(_ head: inout Conversation, as talk: DemoConversation) {
        head.assigneeID = place.assignee(of: talk)
        if head.assigneeID != nil { head.takeFromBot() }
        switch talk.state {
        case .pressing:
            head.priority = 2
            if head.bot == .active { head.bot = .waiting }
        case .open:
            // What nobody has taken and is not the bot's to answer waits for somebody.
            if head.bot == .active, head.preview.role == .customer { head.bot = .waiting }
        case .snoozed:
            head.state = .snoozed
            head.snoozedUntil = now + .seconds(86_400)
        case .closed:
            head.state = .closed
            head.closings = 1
            head.closedAt = head.lastMessageAt + .seconds(120)
        }
    }

    /// What the customer thought of it, an hour after it was closed.
    private func rating(of head: Conversation, _ talk: DemoConversation) -> Rating? {
        guard let points = talk.rating, let time = head.closedAt else { return nil }
        return Rating(
            id: ID(at: time, using: chance), conversationID: head.id, closing: head.closings,
            channelID: head.channelID, personID: head.assigneeID, points: points, text: nil,
            createdAt: time + .seconds(3_600))
    }

    private func tallies(of messages: [Message], _ head: Conversation, _ talk: DemoConversation) -> [Tally] {
        func tally(_ kind: Tally.Kind, at time: Timestamp, by person: ID<Person>? = nil, _ amount: Int64 = 1) -> Tally {
            Tally(
                kind: kind, conversation: head.id, channel: head.channelID, person: person, amount: amount, at: time)
        }
        var tallies = [tally(.opened, at: head.openedAt)]
        for message in messages {
            switch message.role {
            case .customer: tallies.append(tally(.inbound, at: message.sentAt))
            case .bot: tallies.append(tally(.botReply, at: message.sentAt))
            case .agent: tallies.append(tally(.agentReply, at: message.sentAt, by: message.personID))
            case .note, .event: break
            }
        }
        if let time = head.firstReplyAt {
            tallies.append(tally(.firstReply, at: time, max(0, (time - head.openedAt).components.seconds)))
        }
        if let agent = messages.first(where: { $0.role == .agent }) {
            tallies.append(tally(.handOff, at: agent.sentAt))
        }
        if let time = head.closedAt {
            tallies.append(tally(.closed, at: time, by: head.assigneeID))
            tallies.append(tally(.resolution, at: time, (time - head.openedAt).components.seconds))
            if let points = talk.rating {
                tallies.append(
                    tally(.rating, at: time + .seconds(3_600), by: head.assigneeID, Int64(points)))
            }
        }
        return tallies
    }
}
