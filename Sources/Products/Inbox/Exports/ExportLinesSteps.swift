import Base
import Web

/// The rows of exports.
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
