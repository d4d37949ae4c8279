import Base
import InboxVendors

/// A message as a visitor sees it: what was said, by whom, and where the bot found it; nothing that is among agents.
struct VisitorLine: Sendable, Hashable, Codable {
    enum From: String, Sendable, Hashable, Codable, CaseIterable { case visitor, agent, bot }

    struct File: Sendable, Hashable, Codable {
        let id: ID<StoredFile>?
        let kind: String
        let name: String?
        let mediaType: String?
        let bytes: Int?
    }

    struct Source: Sendable, Hashable, Codable {
        let title: String
        let heading: String
    }

    let id: ID<Message>
    let sequence: Int64
    let from: From
    /// The browser's own name for it.
    let clientId: String?
    /// The name of the colleague who wrote.
    let name: String?
    let body: String
    let files: [File]
    let sources: [Source]
    let sentAt: Timestamp
    let isDeleted: Bool

    /// Whether a visitor sees a message: their own, and what has been sent to them.
    static func isShown(_ message: Message) -> Bool {
        switch (message.role, message.delivery) {
        case (.customer, _): true
        case (.agent, .sent), (.agent, .delivered), (.agent, .read): true
        case (.bot, .sent), (.bot, .delivered), (.bot, .read): true
        case (.agent, _), (.bot, _), (.note, _), (.event, _): false
        }
    }

    init(_ message: Message, name: String? = nil) {
        id = message.id
        sequence = message.sequence
        from = message.role == .customer ? .visitor : message.role == .bot ? .bot : .agent
        clientId = message.externalID.flatMap(WidgetNote.clientId(of:))
        self.name = name
        body = message.body
        files = message.files.map {
            File(id: $0.id, kind: $0.kind, name: $0.name, mediaType: $0.mediaType, bytes: $0.bytes)
        }
        sources = message.sources.map { Source(title: $0.title, heading: $0.heading) }
        sentAt = message.sentAt
        isDeleted = message.deletedAt != nil
    }
}

/// How a visitor's conversation stands.
struct VisitorState: Sendable, Hashable, Codable {
    enum Answering: String, Sendable, Hashable, Codable, CaseIterable {
        /// The bot answers; a person can be asked for.
        case bot
        /// The visitor waits for a person.
        case waiting
        /// A person answers.
        case person
    }

    let conversation: ID<Conversation>
    let isClosed: Bool
    let answering: Answering
    /// How often it was closed: a rating belongs to one closing.
    let closings: Int

    init(_ head: Conversation) {
        conversation = head.id
        isClosed = head.state == .closed
        closings = head.closings
        answering =
            switch head.bot {
            case .active: .bot
            case .waiting: .waiting
            case .human: .person
            case .off: head.assigneeID == nil && head.replySequence == 0 ? .waiting : .person
            }
    }
}

/// Something that has happened, as a visitor's topic tells it.
struct VisitorNote: Sendable, Codable {
    enum Kind: String, Sendable, Codable {
        case message, state
        /// Somebody is typing; kept nowhere.
        case typing
    }

    let kind: Kind
    var message: VisitorLine?
    var state: VisitorState?
}
