import Base

/// A message as the API, topics and refusals tell of it.
struct MessageLine: Sendable, Hashable, Codable {
    let id: ID<Message>
    let sequence: Int64
    let role: Message.Role
    let clientId: String?
    let personId: ID<Person>?
    let body: String
    let files: [File]
    let delivery: Message.Delivery
    let failure: String?
    let sentAt: Timestamp
    let isEdited: Bool
    let isDeleted: Bool

    /// A file of a message.
    struct File: Sendable, Hashable, Codable {
        let kind: String
        let name: String?
        let title: String?
    }

    init(_ message: Message) {
        id = message.id
        sequence = message.sequence
        role = message.role
        clientId = message.clientID
        personId = message.personID
        body = message.body
        files = message.files.map { File(kind: $0.kind, name: $0.name, title: $0.title) }
        delivery = message.delivery
        failure = message.failure
        sentAt = message.sentAt
        isEdited = message.editedAt != nil
        isDeleted = message.deletedAt != nil
    }
}
