import Base
import InboxVendors

/// A thread with everything that is done with it.
struct ThreadView: Sendable {
    /// A choice of a form.
    struct Choice: Sendable {
        let value: String
        let label: String
        let isChosen: Bool
    }

    /// An answer that waits for its time.
    struct Later: Sendable {
        let body: String
        let iso: String
        let moment: String
        let cancelAction: String
    }

    /// A tag that the conversation has.
    struct TagChip: Sendable {
        let label: String
        let id: String
        let action: String
    }

    /// An answer that the bot suggests.
    struct Suggested: Sendable {
        let body: String
        let sources: [String]
        let useHref: String
    }

    let id: String
    let channelID: String
    let name: String
    let contactHref: String
    let listHref: String
    let channel: String
    let kind: String
    let isClosed: Bool
    let isAsleep: Bool
    let sleep: String
    let bot: String
    let botKind: String
    let hasBot: Bool
    let canTakeOver: Bool
    let window: String
    let windowISO: String
    let windowKind: String
    let hasWindow: Bool
    let canReply: Bool
    let messages: [MessageView]
    let olderHref: String
    let hasOlder: Bool
    let lastSequence: Int64
    let readSequence: Int64
    let isUnread: Bool
    let topic: String
    let epoch: String
    let offset: Int64
    let text: String
    let clientID: String
    let later: [Later]
    let hasLater: Bool
    let suggestion: Suggested?
    let hasSuggestion: Bool
    let tags: [TagChip]
    let tagChoices: [Choice]
    let assignees: [Choice]
    let assignee: String
    let holder: String
    let priorities: [Choice]
    let teams: [Choice]
    let hasTeams: Bool
    let actions: Actions
    let undo: Undo?

    /// Where the forms of a thread are sent.
    struct Actions: Sendable {
        let reply: String
        let note: String
        let draft: String
        let schedule: String
        let assign: String
        let takeOver: String
        let snooze: String
        let close: String
        let open: String
        let tag: String
        let priority: String
        let team: String
        let read: String
        let unread: String

        init(_ id: ID<Conversation>, in place: DeskPlace) {
            func form(_ verb: String) -> String { place.form(id, verb) }
            reply = form("reply")
            note = form("note")
            draft = form("draft")
            schedule = form("schedule")
            assign = form("assign")
            takeOver = form("takeover")
            snooze = form("snooze")
            close = form("close")
            open = form("open")
            tag = form("tag")
            priority = form("priority")
            team = form("team")
            read = form("read")
            unread = form("unread")
        }
    }

    /// How what was just done is taken back.
    struct Undo: Sendable {
        let action: String
        let assignee: String
        let isAssignment: Bool
    }

    /// What a thread is made from.
    struct Parts: Sendable {
        var seen: SeenConversation
        var messages: [Message]
        var place: DeskPlace
        var person: ID<Person>
        var channel: OpenChannel
        var draft: String
        var later: [ScheduledMessage]
        var suggestion: Suggestion?
        var tags: [Tag]
        var allTags: [Tag]
        var teams: [Team]
        var colleagues: [ID<Person>: String]
        var names: [ID<Person>: String]
        var position: (epoch: String, offset: Int64)
        var clientID: String
        var undo: Undo?
        var usesSuggestion: Bool
        var now: Timestamp
    }

    init(_ parts: Parts) {
        let (head, place, now) = (parts.seen.head, parts.place, parts.now)
        id = head.id.description
        channelID = head.channelID.description
        name = head.contactName
        contactHref = Addresses.contact(head.contactID)
        listHref = place.list()
        channel = parts.channel.channel.name
        kind = parts.channel.channel.kind.rawValue
        isClosed = head.state == .closed
        isAsleep = head.state == .snoozed
        sleep = head.snoozedUntil.map { "until \(Wording.moment($0, now: now))" } ?? "until the customer writes"
        (bot, botKind) = Self.bot(head)
        hasBot = !bot.isEmpty
        canTakeOver = head.state != .closed && (head.bot == .active || head.bot == .waiting || head.assigneeID == nil)
        let standing = parts.channel.adapter.rules.standing(lastCustomerAt: head.lastCustomerAt, at: now)
        (window, windowKind) = Self.window(head, standing, now)
        windowISO = head.windowEndsAt?.description ?? ""
        hasWindow = head.windowEndsAt != nil && head.state != .closed
        if case .closed = standing { canReply = false } else { canReply = head.state != .closed }
        let setting = MessageView.Setting(
            names: parts.names, contact: head.contactName, person: parts.person, place: place, now: now)
        var former: Message?
        messages = parts.messages.map { message in
            defer { former = message }
            return MessageView(message, after: former, in: setting)
        }
        let first = parts.messages.map(\.sequence).min() ?? 1
        hasOlder = first > 1
        olderHref = place.thread(head.id) + "&before=\(first)"
        lastSequence = head.lastSequence
        readSequence = parts.seen.readSequence ?? 0
        isUnread = parts.seen.unread > 0
        topic = "inbox/conversation/\(head.id)"
        epoch = parts.position.epoch
        offset = parts.position.offset
        text = parts.usesSuggestion ? parts.suggestion?.body ?? parts.draft : parts.draft
        clientID = parts.clientID
        later = parts.later.map { Later($0, in: place, at: now) }
        hasLater = !parts.later.isEmpty
        // What the bot suggests is for the customer's last message: once somebody has answered it is of no use.
        suggestion = parts.suggestion.flatMap { found in
            found.afterSequence > head.replySequence ? Suggested(found, place.thread(head.id)) : nil
        }
        hasSuggestion = suggestion != nil
        let own = Set(parts.tags.map(\.id))
        tags = parts.tags.map {
            TagChip(label: $0.label, id: $0.id.description, action: place.form(head.id, "tag"))
        }
        tagChoices = parts.allTags.filter { !own.contains($0.id) }.map {
            Choice(value: $0.id.description, label: $0.label, isChosen: false)
        }
        assignees = Self.assignees(parts)
        assignee = head.assigneeID.map { parts.names[$0] ?? "Somebody" } ?? ""
        holder = head.assigneeID?.description ?? ""
        priorities = ["As usual", "Raised", "High", "Urgent"].enumerated().map {
            Choice(value: "\($0.offset)", label: $0.element, isChosen: head.priority == $0.offset)
        }
        teams =
            [Choice(value: "", label: "None", isChosen: head.teamID == nil)]
            + parts.teams.map {
                Choice(value: $0.id.description, label: $0.name, isChosen: $0.id == head.teamID)
            }
        hasTeams = !parts.teams.isEmpty
        actions = Actions(head.id, in: place)
        undo = parts.undo
    }

    private static func assignees(_ parts: Parts) -> [Choice] {
        let held = parts.seen.head.assigneeID
        let others = parts.colleagues.filter { $0.key != parts.person }.sorted {
            ($0.value, $0.key) < ($1.value, $1.key)
        }
        return [Choice(value: "", label: "Nobody", isChosen: held == nil)]
            + [Choice(value: parts.person.description, label: "Me", isChosen: held == parts.person)]
            + others.map { Choice(value: $0.key.description, label: $0.value, isChosen: held == $0.key) }
    }

    static func bot(_ head: Conversation) -> (text: String, kind: String) {
        switch head.bot {
        case .active: ("The bot answers", "good")
        case .waiting: ("The bot has handed over: a person is waited for", "accent")
        case .human: ("A person has the word", "plain")
        case .off: ("", "plain")
        }
    }

    static func window(_ head: Conversation, _ standing: ChannelRules.Standing, _ now: Timestamp) -> (
        text: String, kind: String
    ) {
        guard let end = head.windowEndsAt else { return ("", "plain") }
        switch standing {
        case .open:
            return (
                "answer within \(Wording.span(max(.zero, end - now)))", end - now < .seconds(7_200) ? "bad" : "plain"
            )
        case .peopleOnly: return ("the bot may no longer answer; you still may", "gold")
        case .closed: return ("the channel takes no answer any more", "bad")
        }
    }
}

extension ThreadView.Later {
    init(_ message: ScheduledMessage, in place: DeskPlace, at now: Timestamp) {
        body = message.body
        iso = message.dueAt.description
        moment = Wording.day(message.dueAt, now: now) + ", " + Wording.clock(message.dueAt)
        cancelAction =
            "\(Addresses.base)/scheduled/\(message.id)/cancel?conversation=\(message.conversationID)&"
            + place.query.dropFirst()
    }
}

extension ThreadView.Suggested {
    init(_ suggestion: Suggestion, _ thread: String) {
        body = suggestion.body
        sources = suggestion.sources.map { $0.heading.isEmpty ? $0.title : "\($0.title), \($0.heading)" }
        useHref = thread + "&use=suggestion"
    }
}

/// What is known of the customer, beside a thread.
struct CustomerView: Sendable {
    struct Fact: Sendable {
        let label: String
        let value: String
    }

    struct Other: Sendable {
        let href: String
        let channel: String
        let preview: String
        let moment: String
        let state: String
    }

    let name: String
    let initials: String
    let href: String
    let facts: [Fact]
    let hasFacts: Bool
    let others: [Other]
    let hasOthers: Bool

    init(
        _ contact: Contact, _ conversations: [Conversation], beside id: ID<Conversation>?, in place: DeskPlace,
        channels: [ID<Channel>: Channel], at now: Timestamp
    ) {
        name = contact.name
        initials = Wording.initials(contact.name)
        href = Addresses.contact(contact.id)
        var facts: [Fact] = []
        if let email = contact.email { facts.append(Fact(label: "E-mail", value: email)) }
        if let phone = contact.phone { facts.append(Fact(label: "Telephone", value: phone)) }
        if let locale = contact.locale { facts.append(Fact(label: "Language", value: locale)) }
        facts += contact.fields.sorted { $0.key < $1.key }.prefix(12).map { Fact(label: $0.key, value: $0.value) }
        self.facts = facts
        hasFacts = !facts.isEmpty
        others = conversations.filter { $0.id != id }.map { other in
            Other(
                href: place.thread(other.id), channel: channels[other.channelID]?.name ?? "A channel",
                preview: other.preview.text, moment: Wording.moment(other.lastMessageAt, now: now),
                state: other.state.rawValue)
        }
        hasOthers = !others.isEmpty
    }
}
