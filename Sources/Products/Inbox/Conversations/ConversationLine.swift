import Base

/// The row of a conversation as lists, the API and topics tell of it; what differs by agent is not in it.
struct ConversationLine: Sendable, Hashable, Codable {
    let id: ID<Conversation>
    let contactId: ID<Contact>
    let channelId: ID<Channel>
    let name: String
    let state: Conversation.State
    let bot: Conversation.Bot
    let assigneeId: ID<Person>?
    let teamId: ID<Team>?
    let priority: Int
    let lastSequence: Int64
    let customerTotal: Int64
    let lastMessageAt: Timestamp
    let lastCustomerAt: Timestamp?
    let windowEndsAt: Timestamp?
    let preview: String
    let previewRole: Message.Role
    let snoozedUntil: Timestamp?

    init(_ head: Conversation) {
        id = head.id
        contactId = head.contactID
        channelId = head.channelID
        name = head.contactName
        state = head.state
        bot = head.bot
        assigneeId = head.assigneeID
        teamId = head.teamID
        priority = head.priority
        lastSequence = head.lastSequence
        customerTotal = head.customerTotal
        lastMessageAt = head.lastMessageAt
        lastCustomerAt = head.lastCustomerAt
        windowEndsAt = head.windowEndsAt
        preview = head.preview.text
        previewRole = head.preview.role
        snoozedUntil = head.snoozedUntil
    }
}
