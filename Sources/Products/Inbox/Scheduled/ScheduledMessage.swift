import Base

import typealias Storage.SQLConvertible

/// An answer that is to be sent later.
struct ScheduledMessage: Sendable, Hashable {
    enum Bounds {
        /// How far ahead: 90 days.
        static let ahead: Duration = .seconds(90 * 86_400)
        /// Messages that wait in a conversation.
        static let each = 20
    }

    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case waiting, sent
        /// It became a draft of its author's, for the reason that is told.
        case drafted
        case cancelled
    }

    let id: ID<ScheduledMessage>
    let conversationID: ID<Conversation>
    let personID: ID<Person>
    let body: String
    let dueAt: Timestamp
    /// Whether it becomes a draft when the customer writes before.
    let cancelsOnReply: Bool
    /// How many messages of the customer there were when it was written.
    let seenCustomer: Int64
    var state: State
    var reason: String?
}
