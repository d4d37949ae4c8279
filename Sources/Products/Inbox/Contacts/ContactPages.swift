import Base

/// The page of contacts.
struct ContactsPage: Sendable {
    struct Line: Sendable {
        let id: String
        let href: String
        let name: String
        let initials: String
        let email: String
        let phone: String
        let since: String
    }

    let frame: Frame
    let action = Addresses.contacts
    let eraseAction = Addresses.contacts + "/erase"
    let exportHref = Addresses.api + "/exports/contacts"
    let words: String
    let isSearched: Bool
    let lines: [Line]
    let isEmpty: Bool
    let hasNext: Bool
    let nextHref: String
    let hasFirst: Bool
    let firstHref: String

    init(
        frame: Frame, contacts: [Contact], words: String, next: String?, isFirst: Bool, at now: Timestamp
    ) {
        self.frame = frame
        self.words = words
        isSearched = !words.trimmed.isEmpty
        lines = contacts.map {
            Line(
                id: $0.id.description, href: Addresses.contact($0.id), name: $0.name,
                initials: Wording.initials($0.name), email: $0.email ?? "", phone: $0.phone ?? "",
                since: Wording.day($0.createdAt, now: now))
        }
        isEmpty = contacts.isEmpty
        let query = "?q=\(Query.encoded(words))"
        hasNext = next != nil
        nextHref = "\(Addresses.contacts)\(query)&after=\(Query.encoded(next ?? ""))"
        hasFirst = !isFirst
        firstHref = Addresses.contacts + query
    }
}

/// The page of a contact.
struct ContactPage: Sendable {
    struct Alike: Sendable {
        let name: String
        let initials: String
        let why: String
        let mergeHref: String
    }

    struct Merged: Sendable {
        let id: String
        let moment: String
        let what: String
    }

    struct Line: Sendable {
        let message: MessageView
        let channel: String
        let href: String
        /// Whether the next message is of another conversation, or there is none.
        let isLastThere: Bool
    }

    /// What the page is made from.
    struct Parts: Sendable {
        var contact: Contact
        var conversations: [Conversation]
        var messages: [Message]
        var alike: [Contact]
        var merges: [Merge]
        var channels: [Channel]
        var names: [ID<Person>: String]
        var person: ID<Person>
        var isFull: Bool
        var now: Timestamp
    }

    let frame: Frame
    let name: String
    let initials: String
    let email: String
    let phone: String
    let fields: String
    let since: String
    let mergedInto: String
    let isMerged: Bool
    let changeAction: String
    let eraseAction: String
    let undoAction: String
    let mergeAction: String
    let customer: CustomerView
    let lines: [Line]
    let hasLines: Bool
    let olderHref: String
    let hasOlder: Bool
    let alike: [Alike]
    let hasAlike: Bool
    let merges: [Merged]
    let hasMerges: Bool

    init(frame: Frame, parts: Parts) {
        let (contact, now) = (parts.contact, parts.now)
        self.frame = frame
        name = contact.name
        initials = Wording.initials(contact.name)
        email = contact.email ?? ""
        phone = contact.phone ?? ""
        fields = contact.fields.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: "\n")
        since = Wording.day(contact.createdAt, now: now)
        mergedInto = contact.mergedInto.map(Addresses.contact) ?? ""
        isMerged = contact.mergedInto != nil
        changeAction = Addresses.contact(contact.id, "change")
        eraseAction = Addresses.contact(contact.id, "erase")
        undoAction = Addresses.contact(contact.id, "undo")
        mergeAction = Addresses.contact(contact.id, "merge")
        let channels = Dictionary(uniqueKeysWithValues: parts.channels.map { ($0.id, $0) })
        let place = DeskPlace(view: .all)
        customer = CustomerView(contact, parts.conversations, beside: nil, in: place, channels: channels, at: now)
        let setting = MessageView.Setting(
            names: parts.names, contact: contact.name, person: parts.person, place: place, now: now,
            isOneThread: false)
        var former: Message?
        lines = parts.messages.enumerated().map { index, message in
            defer { former = message }
            let next = parts.messages.dropFirst(index + 1).first
            return Line(
                message: MessageView(message, after: former, in: setting),
                channel: channels[message.channelID]?.name ?? "A channel",
                href: place.thread(message.conversationID) + "&at=\(message.sequence)#m\(message.sequence)",
                isLastThere: next?.conversationID != message.conversationID)
        }
        hasLines = !lines.isEmpty
        hasOlder = parts.isFull
        let oldest = parts.messages.first?.sentAt.description ?? ""
        olderHref = "\(Addresses.contact(contact.id))?before=\(Query.encoded(oldest))"
        alike = parts.alike.map { other in
            Alike(
                name: other.name, initials: Wording.initials(other.name),
                why: other.email == contact.email && other.email != nil ? "the same e-mail address" : "the same number",
                mergeHref: "\(Addresses.contact(contact.id, "merge"))?with=\(other.id)")
        }
        hasAlike = !alike.isEmpty && !isMerged
        merges = parts.merges.map { merge in
            Merged(
                id: merge.id.description, moment: Wording.day(merge.at, now: now),
                what: Wording.count(merge.moved.conversations.count, "conversation"))
        }
        hasMerges = !merges.isEmpty
    }

    /// The fields that a text holds, one on each line, as in `size: 54`.
    static func fields(from text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            let key = String(parts[0]).trimmed
            if !key.isEmpty { fields[key] = String(parts[1]).trimmed }
        }
        return fields
    }
}

/// Two contacts side by side.
struct MergePage: Sendable {
    struct Row: Sendable {
        let field: String
        let label: String
        let own: String
        let other: String
        /// Whether both know it and differ, so that one is chosen.
        let isChoice: Bool
    }

    let frame: Frame
    let intoName: String
    let fromName: String
    let intoHref: String
    let from: String
    let action: String
    let rows: [Row]

    init(frame: Frame, _ into: Contact, _ from: Contact) {
        self.frame = frame
        intoName = into.name
        fromName = from.name
        intoHref = Addresses.contact(into.id)
        self.from = from.id.description
        action = Addresses.contact(into.id, "merge")
        let (own, theirs) = (into.values, from.values)
        let order = ["name", "email", "phone", "locale"]
        let keys = order + Set(own.keys).union(theirs.keys).subtracting(order).sorted()
        rows = keys.filter { own[$0] != nil || theirs[$0] != nil }.map { key in
            Row(
                field: key, label: Self.label(key), own: own[key] ?? "", other: theirs[key] ?? "",
                isChoice: own[key] != nil && theirs[key] != nil && own[key] != theirs[key])
        }
    }

    private static func label(_ field: String) -> String {
        switch field {
        case "name": "Name"
        case "email": "E-mail"
        case "phone": "Telephone"
        case "locale": "Language"
        default: String(field.dropFirst("fields.".count))
        }
    }
}
