import Base
import Web

/// What can be exported, each as a table of its own.
enum ExportNoun: String, Sendable, Hashable, Codable, CaseIterable {
    case contacts, conversations, messages

    static let mediaType = "text/csv; charset=utf-8"

    /// The header line.
    var columns: [String] {
        switch self {
        case .contacts: ["id", "name", "email", "phone", "locale", "fields", "merged_into", "created_at"]
        case .conversations:
            [
                "id", "contact_id", "channel_id", "name", "state", "assignee_id", "messages", "customer_messages",
                "opened_at", "first_reply_at", "closed_at", "last_message_at",
            ]
        case .messages: ["id", "conversation_id", "sequence", "role", "person_id", "body", "delivery", "sent_at"]
        }
    }

    /// The name of a file of it, without extension.
    var fileName: String { "inbox-\(rawValue)" }
}

extension CSVRows {
    mutating func row(_ contact: Contact) async throws {
        id(contact.id)
        text(contact.name)
        text(contact.email ?? "")
        text(contact.phone ?? "")
        text(contact.locale ?? "")
        text(contact.fields.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "; "))
        if let other = contact.mergedInto { id(other) } else { empty() }
        time(contact.createdAt)
        try await endRow()
    }

    mutating func row(_ head: Conversation) async throws {
        id(head.id)
        id(head.contactID)
        id(head.channelID)
        text(head.contactName)
        text(head.state.rawValue)
        if let person = head.assigneeID { id(person) } else { empty() }
        integer(head.lastSequence)
        integer(head.customerTotal)
        time(head.openedAt)
        if let first = head.firstReplyAt { time(first) } else { empty() }
        if let closed = head.closedAt { time(closed) } else { empty() }
        time(head.lastMessageAt)
        try await endRow()
    }

    mutating func row(_ message: Message) async throws {
        id(message.id)
        id(message.conversationID)
        integer(message.sequence)
        text(message.role.rawValue)
        if let person = message.personID { id(person) } else { empty() }
        text(message.body)
        text(message.delivery.rawValue)
        time(message.sentAt)
        try await endRow()
    }
}
