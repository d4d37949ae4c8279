import Base

/// A clock that runs while a customer waits for people, in open hours only.
struct SlaClock: Sendable, Hashable, Codable {
    enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        /// Until a person answers for the first time since it was opened.
        case first
        /// Until a person answers what the customer has said after that.
        case next
        /// Until it is closed.
        case resolution
    }

    enum State: String, Sendable, Hashable, Codable, CaseIterable { case running, paused, met, breached }

    var state: State
    let startedAt: Timestamp
    /// Open time that was promised, in microseconds.
    let goal: Int64
    /// When the promise is broken; while it is paused, when it would have been.
    var dueAt: Timestamp
    /// When people are warned; `nil` once they were.
    var warnAt: Timestamp?
    /// Open time that is left while it is paused, in microseconds.
    var left: Int64?
    var endedAt: Timestamp?

    /// Whether it waits for something, now or when the conversation wakes.
    var isOpen: Bool { state == .running || state == .paused }
}

/// What the clocks of a conversation know of its thread.
struct SlaStory: Sendable, Hashable, Codable {
    /// The number of the last message that they know.
    var seen: Int64 = 0
    /// The time of it: what comes later is never earlier, whatever the clocks of other nodes say.
    var last = Timestamp.epoch
    /// Whether the conversation is open, as far as they know; before the first message it is not.
    var state = Conversation.State.closed
    /// Whether the bot answers.
    var isBot = false
    /// Whether a person has answered since it was opened.
    var isAnswered = false
    /// Since when the customer waits for an answer.
    var owedSince: Timestamp?
    var first: SlaClock?
    var next: SlaClock?
    var resolution: SlaClock?

    subscript(kind: SlaClock.Kind) -> SlaClock? {
        get {
            switch kind {
            case .first: first
            case .next: next
            case .resolution: resolution
            }
        }
        set {
            switch kind {
            case .first: first = newValue
            case .next: next = newValue
            case .resolution: resolution = newValue
            }
        }
    }

    /// What runs out first, for pages.
    var nearest: SlaClock? {
        SlaClock.Kind.allCases.compactMap { self[$0] }.filter { $0.state == .running }.min { $0.dueAt < $1.dueAt }
    }
}
