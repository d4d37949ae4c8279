import Base

/// What a customer thought of a conversation, once for each time that it was closed.
struct Rating: Sendable, Hashable {
    enum Bounds {
        static let points = 1...5
        static let bodyCharacters = 2_000
        /// Ratings that a page shows.
        static let page = 20
    }

    let id: ID<Rating>
    let conversationID: ID<Conversation>
    /// How often the conversation had been closed.
    let closing: Int
    let channelID: ID<Channel>
    /// Who had it.
    let personID: ID<Person>?
    let points: Int
    let text: String?
    let createdAt: Timestamp
}
