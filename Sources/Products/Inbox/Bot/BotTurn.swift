import Base
import Crypto

import typealias Storage.SQLConvertible

/// The bot's turn after messages of a customer: one for each, whatever comes of it.
struct BotTurn: Sendable, Hashable {
    enum Outcome: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case answered
        /// Written for an agent to send.
        case suggested
        case handedOff
        /// Somebody else had taken the word, or the customer had gone on writing.
        case dropped
        case failed
    }

    let id: ID<BotTurn>
    let conversationID: ID<Conversation>
    /// The number of the customer's last message that it answers.
    let afterSequence: Int64
    /// The bot's epoch in which it began.
    let epoch: Int64
    /// The number of the policy that held.
    let policy: Int64
    let createdAt: Timestamp
}

/// An answer that an agent may send.
struct Suggestion: Sendable, Hashable {
    let conversationID: ID<Conversation>
    let afterSequence: Int64
    let body: String
    let sources: [AnswerSource]
    let madeAt: Timestamp
}

/// Where an answer was found.
struct AnswerSource: Sendable, Hashable, Codable {
    let passage: String
    let title: String
    let heading: String
}

/// Something that customers ask, in few words and without what differs from one to the other.
struct Question: Sendable, Hashable {
    enum Bounds {
        static let characters = 200
    }

    let hash: String
    let text: String

    init(hash: String, text: String) {
        self.hash = hash
        self.text = text
    }

    /// A question by its words in lower case; `nil` when there are none.
    init?(_ text: String) {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: " ")
        guard !words.isEmpty else { return nil }
        self.text = words.firstScalars(Bounds.characters)
        hash = Base64URL.encode(Array(SHA256.hash(data: Array(self.text.utf8)).prefix(16)))
    }
}
