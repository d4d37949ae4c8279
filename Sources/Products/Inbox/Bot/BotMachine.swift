import Base

/// Decides what the bot does with a turn: pure.
///
/// The bot speaks only as long as nobody else has taken the word: what it began in one epoch is dropped in the next.
struct BotMachine: Sendable {
    /// Why the bot gives the word to people.
    enum Reason: String, Sendable, Hashable, CaseIterable {
        case keyword, unsure, failures, tooManyReplies, tooFast, budget, asked, refused, windowClosed
    }

    /// What is done before the model is asked.
    enum Opening: Sendable, Hashable {
        /// It is not the bot's turn.
        case nothing
        /// The customer may still be writing.
        case wait(until: Timestamp)
        case handOver(Reason)
        /// Outside of its hours: says so, and when somebody answers.
        case sayClosed(until: Timestamp?)
        case ask
    }

    let policy: BotPolicy
    let now: Timestamp

    /// How a turn begins.
    ///
    /// - Parameters:
    ///   - head: the conversation.
    ///   - waiting: what the customer has said since the last answer, the oldest first.
    ///   - recent: how many answers the bot has given within the last minute.
    ///   - isPrepared: whether there is an answer already: it is given at once, as it does not depend on what may follow.
    /// - Returns: what to do first.
    func opening(_ head: Conversation, waiting: [Message], recent: Int, isPrepared: Bool = false) -> Opening {
        guard head.bot == .active, head.state != .closed, let last = waiting.last else { return .nothing }
        if !isPrepared, last.createdAt + BotPolicy.Bounds.pause > now {
            return .wait(until: last.createdAt + BotPolicy.Bounds.pause)
        }
        if let end = head.windowEndsAt, end < now { return .handOver(.windowClosed) }
        let said = waiting.map { $0.body.lowercased() }
        if said.contains(where: names) { return .handOver(.keyword) }
        if head.botFailures >= BotPolicy.Bounds.failures { return .handOver(.failures) }
        if head.botReplies >= BotPolicy.Bounds.replies { return .handOver(.tooManyReplies) }
        if recent >= BotPolicy.Bounds.perMinute { return .handOver(.tooFast) }
        if let hours = policy.hours, !hours.isOpen(at: now) { return .sayClosed(until: hours.nextOpening(after: now)) }
        return .ask
    }

    /// Whether a text names a word at which the bot hands over: as whole words, in any case.
    private func names(_ text: String) -> Bool {
        let words = " " + text.split { !$0.isLetter && !$0.isNumber }.joined(separator: " ") + " "
        return policy.keywords.contains { keyword in
            let wanted = keyword.lowercased().split { !$0.isLetter && !$0.isNumber }.joined(separator: " ")
            return !wanted.isEmpty && words.contains(" \(wanted) ")
        }
    }

    /// What the model has made of the turn.
    enum Act: Sendable, Hashable {
        case say(String)
        case handOver(Reason)
    }

    /// The word by which the model hands over, alone at the beginning of its answer.
    static let handOverMark = "[hand over]"

    /// Reads a model's answer: it either says something or hands over; there is no third act.
    static func act(_ text: String) -> Act {
        let text = text.trimmed
        if text.isEmpty { return .handOver(.refused) }
        if text.lowercased().hasPrefix(handOverMark) { return .handOver(.asked) }
        return .say(text)
    }

    /// Whether what was begun may still be said.
    ///
    /// - Parameters:
    ///   - head: the conversation, locked.
    ///   - epoch: the bot's epoch when it began.
    ///   - sequence: the number of the customer's last message when it began.
    ///   - newest: the number of the customer's last message now.
    /// - Returns: whether nobody else has taken the word and nothing has been said since.
    static func mayCommit(_ head: Conversation, epoch: Int64, after sequence: Int64, newest: Int64) -> Bool {
        head.bot == .active && head.state != .closed && head.botEpoch == epoch && head.replySequence < sequence
            && newest == sequence
    }
}
