import Base

/// A line of a thread, as pages show it and scripts add it.
struct MessageView: Sendable {
    let id: String
    let sequence: Int64
    /// By what links find it on the page.
    let anchor: String
    let side: String
    let author: String
    let body: String
    let clock: String
    let iso: String
    let day: String
    let startsDay: Bool
    let isEvent: Bool
    let isNote: Bool
    let isDeleted: Bool
    let isEdited: Bool
    let hasBody: Bool
    let files: [FileView]
    let mark: String
    let hasMark: Bool
    let isFailed: Bool
    let failure: String
    let retryAction: String
    let withdrawAction: String
    let canWithdraw: Bool
    let isOwn: Bool

    /// A file of a message.
    struct FileView: Sendable {
        let label: String
        let kind: String
        let href: String
        let hasHref: Bool
        let isImage: Bool
        /// The size of our copy, or why there is none.
        let note: String
    }

    /// What surrounds a line of a thread.
    struct Setting: Sendable {
        var names: [ID<Person>: String]
        var contact: String
        var person: ID<Person>
        var place: DeskPlace
        var now: Timestamp
        /// Whether all messages are of one conversation, so that their numbers name them.
        var isOneThread = true
    }

    init(_ message: Message, after former: Message?, in setting: Setting) {
        id = message.id.description
        sequence = message.sequence
        anchor = setting.isOneThread ? "m\(message.sequence)" : "m-\(message.id)"
        author = Self.author(of: message, in: setting)
        isEvent = message.role == .event
        isNote = message.role == .note
        isDeleted = message.deletedAt != nil || message.delivery == .withdrawn
        isEdited = message.editedAt != nil && message.deletedAt == nil
        body =
            isEvent
            ? EventWords.sentence(message.body, by: author)
            : isDeleted ? (message.deletedAt != nil ? "Deleted by the customer." : "Taken back.") : message.body
        hasBody = !body.isEmpty
        clock = Wording.clock(message.sentAt)
        iso = message.sentAt.description
        let today = Wording.day(message.sentAt, now: setting.now)
        day = today
        startsDay = former.map { Wording.day($0.sentAt, now: setting.now) != today } ?? true
        side = Self.side(message.role)
        files = isDeleted ? [] : message.files.map(FileView.init)
        mark = Self.mark(message)
        hasMark = !mark.isEmpty
        isFailed = message.delivery == .failed
        failure = FailureWords.sentence(message.failure)
        isOwn = message.personID == setting.person
        let end = "?conversation=\(message.conversationID)&" + setting.place.query.dropFirst()
        retryAction = "\(Addresses.base)/messages/\(message.id)/retry\(end)"
        withdrawAction = "\(Addresses.base)/messages/\(message.id)/withdraw\(end)"
        canWithdraw = message.delivery == .queued && message.attempts == 0 && isOwn && message.role == .agent
    }

    static func side(_ role: Message.Role) -> String {
        switch role {
        case .customer: "theirs"
        case .agent: "ours"
        case .bot: "ours bot"
        case .note: "note"
        case .event: "event"
        }
    }

    static func author(of message: Message, in setting: Setting) -> String {
        switch message.role {
        case .customer: return setting.contact
        case .bot: return "Bot"
        case .agent, .note, .event:
            guard let person = message.personID else { return message.role == .agent ? "In the vendor's app" : "" }
            return person == setting.person ? "You" : setting.names[person] ?? "Somebody"
        }
    }

    /// What has become of a message that was sent, in a word.
    static func mark(_ message: Message) -> String {
        guard message.role == .agent || message.role == .bot else { return "" }
        switch message.delivery {
        case .received, .withdrawn: return ""
        case .queued: return "waiting"
        case .sending: return "sending"
        case .unknown: return "not certain"
        case .sent: return "sent"
        case .delivered: return "delivered"
        case .read: return "read"
        case .failed: return "failed"
        }
    }
}

extension MessageView.FileView {
    init(_ file: MessageFile) {
        label = file.title ?? file.name ?? Wording.title(file.kind)
        kind = file.kind
        href = file.id.map(Addresses.file) ?? ""
        hasHref = file.id != nil
        isImage = file.id != nil && file.kind == "image"
        note =
            file.bytes.map { Wording.size($0) }
            ?? (file.failure == MessageFile.expiry
                ? "no longer kept"
                : file.failure != nil ? "could not be fetched" : file.isWaiting ? "is being fetched" : file.kind)
    }
}

/// What has happened with a conversation, as its thread says it.
enum EventWords {
    static func sentence(_ word: String, by author: String) -> String {
        guard let happening = ConversationDesk.Happening(rawValue: word) else { return word }
        let who = author.isEmpty ? nil : author
        switch happening {
        case .assigned: return "\(who ?? "A rule") assigned the conversation"
        case .unassigned: return "\(who ?? "A rule") gave the conversation back"
        case .takenOver: return "\(who ?? "Somebody") took over"
        case .snoozed: return "\(who ?? "A rule") put the conversation aside"
        case .woken: return "The conversation woke up"
        case .closed: return "\(who ?? "A rule") closed the conversation"
        case .opened: return "\(who ?? "A rule") opened the conversation"
        case .handedOver: return "The bot handed over"
        case .customerLeft: return "The customer has left the channel"
        case .customerReturned: return "The customer is back on the channel"
        case .moved: return "\(who ?? "A rule") changed the team"
        case .prioritised: return "\(who ?? "A rule") changed the priority"
        }
    }
}

/// Why a message could not be sent, in sentences for the words that are kept.
enum FailureWords {
    static func sentence(_ word: String?) -> String {
        guard let word else { return "It could not be sent." }
        switch word {
        case "windowClosed": return "The channel takes no answer so long after the customer's last message."
        case "contactGone": return "The customer is no longer on this channel."
        case "blocked": return "The customer does not want to be written to."
        case "unavailable": return "The customer cannot be reached on this channel."
        case "tooLong": return "The channel does not take a text of this length."
        case "mediaRefused": return "The channel does not take a file of this kind."
        case "notPermitted": return "The account may not do this; an owner has to look at the channel."
        case "outcomeUnknown": return "Whether it was sent is not certain: the channel did not say."
        case "unreachable": return "The channel could not be reached."
        case "tokenExpired": return "The channel has to be signed in again."
        default: return "The channel refused it (\(word))."
        }
    }
}
