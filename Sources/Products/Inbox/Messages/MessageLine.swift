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
        /// Our copy, under `/api/inbox/files/`; `nil` while there is none.
        let id: ID<StoredFile>?
        let mediaType: String?
        let bytes: Int?
        let failure: String?

        init(_ file: MessageFile) {
            kind = file.kind
            name = file.name
            title = file.title
            id = file.id
            mediaType = file.mediaType
            bytes = file.bytes
            failure = file.failure
        }
    }

    /// Of an answer of the bot's: where it was found.
    let sources: [AnswerSource]

    init(_ message: Message) {
        id = message.id
        sequence = message.sequence
        role = message.role
        clientId = message.clientID
        personId = message.personID
        body = message.body
        files = message.files.map(File.init)
        delivery = message.delivery
        failure = message.failure
        sentAt = message.sentAt
        isEdited = message.editedAt != nil
        isDeleted = message.deletedAt != nil
        sources = message.sources
    }
}
