import Base

/// What the bot is told; a change is a new number.
struct BotPolicy: Sendable, Hashable, Codable {
    enum Bounds {
        static let keywords = 50
        static let keywordCharacters = 60
        static let textCharacters = 1_000
        /// Tokens of an answer.
        static let tokens = 512
        /// Passages that an answer is based on.
        static let passages = 10
        /// Characters of passages that the model is given.
        static let context = 8_000
        /// Bot answers in a conversation, until it is closed.
        static let replies = 20
        /// Bot answers in a minute.
        static let perMinute = 4
        /// Turns that failed one after the other.
        static let failures = 2
        /// The pause after the customer's last message.
        static let pause: Duration = .milliseconds(1_500)
        /// Messages of a turn.
        static let messages = 20
        /// Earlier messages that the model is given.
        static let history = 20
    }

    enum Mode: String, Sendable, Hashable, Codable, CaseIterable {
        /// It answers the customer.
        case answers
        /// It writes what an agent may send.
        case suggests
    }

    var mode = Mode.answers
    var temperature = 0.3
    var tokensMax = Bounds.tokens
    /// Passages that are less alike than this say nothing.
    var threshold = 0.7
    var passages = 5
    /// Words at which the bot hands over at once.
    var keywords = ["human", "agent", "person"]
    /// How it speaks.
    var tone = "friendly and short"
    /// When it answers; always without.
    var hours: WeekPlan?
    /// What it says when it does not know.
    var unsure = "I am not sure about that. A colleague will answer you here."
    /// What it says when it does not answer now; `{time}` stands for when somebody does.
    var closed = "We are closed just now and will answer from {time} on."
    /// Tokens that the company lets the bot use in a day.
    var tokensPerDay = 1_000_000
    /// Tokens that the company lets the bot use in a month.
    var tokensPerMonth = 20_000_000

    /// The name of the first rule that is broken; `nil` when all hold.
    var fault: String? {
        let texts = [tone, unsure, closed]
        if !(0...2).contains(temperature) { return "temperature" }
        if !(1...Bounds.tokens).contains(tokensMax) { return "tokensMax" }
        if !(0...1).contains(threshold) { return "threshold" }
        if !(1...Bounds.passages).contains(passages) { return "passages" }
        if keywords.count > Bounds.keywords
            || !keywords.allSatisfy({ (1...Bounds.keywordCharacters).contains($0.unicodeScalars.count) })
        {
            return "keywords"
        }
        if texts.contains(where: { $0.unicodeScalars.count > Bounds.textCharacters }) { return "texts" }
        if let hours, !hours.isSound { return "hours" }
        if tokensPerDay < 0 || tokensPerMonth < 0 { return "tokens" }
        return nil
    }
}
