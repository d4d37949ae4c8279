import Base

/// Something that is done by itself when something happens.
struct Rule: Sendable, Hashable {
    enum Bounds {
        /// Rules of a company.
        static let rules = 100
        static let nameCharacters = 120
        static let conditions = 10
        static let actions = 5
        static let words = 20
        static let textCharacters = 1_000
        /// How far a chain of events goes that rules cause.
        static let depth = 3
        /// Firings of rules in a conversation within a minute.
        static let perMinute = 10
    }

    /// All of these must hold; what is not named holds.
    struct Conditions: Sendable, Hashable, Codable {
        var channels: [ID<Channel>]?
        var bots: [Conversation.Bot]?
        var isAssigned: Bool?
        var priorities: [Int]?
        /// One of these stands in what is shown of the newest message, as whole words in any case.
        var words: [String]?

        func hold(for head: Conversation) -> Bool {
            if let channels, !channels.contains(head.channelID) { return false }
            if let bots, !bots.contains(head.bot) { return false }
            if let isAssigned, isAssigned != (head.assigneeID != nil) { return false }
            if let priorities, !priorities.contains(head.priority) { return false }
            if let words {
                let text = " \(MessageWords.folded(head.preview.text)) "
                return words.contains { word in
                    let wanted = MessageWords.folded(word)
                    return !wanted.isEmpty && text.contains(" \(wanted) ")
                }
            }
            return true
        }
    }

    enum Action: Sendable, Hashable, Codable {
        case assign(ID<Person>)
        case priority(Int)
        case tag(ID<Tag>)
        case note(String)
        case close
        /// The bot is silent, and people answer.
        case handOver
    }

    let id: ID<Rule>
    var name: String
    /// What it waits for.
    var event: Tally.Kind
    var conditions: Conditions
    var actions: [Action]
    var place: Int
    var isPaused: Bool
    /// Why it was paused, when it was not by a person.
    var reason: String?
    var fired: Int64

    /// The name of the first rule about rules that is broken; `nil` when all hold.
    var fault: String? {
        if !(1...Bounds.nameCharacters).contains(name.unicodeScalars.count) { return "name" }
        if event == .tokens || event == .firstReply || event == .resolution || event == .deflected { return "event" }
        if !(1...Bounds.actions).contains(actions.count) { return "actions" }
        if (conditions.words?.count ?? 0) > Bounds.words { return "words" }
        for action in actions {
            switch action {
            case .priority(let number) where !(0...3).contains(number): return "priority"
            case .note(let text) where !(1...Bounds.textCharacters).contains(text.unicodeScalars.count): return "note"
            case .assign, .priority, .tag, .note, .close, .handOver: break
            }
        }
        return nil
    }
}

/// How an event came about, as far as rules have caused it.
struct RuleChain: Sendable, Hashable, Codable {
    /// 0 for what people and customers did.
    var depth = 0
    /// Rules that have fired on the way: none fires twice.
    var fired: [ID<Rule>] = []

    /// The chain of what a rule causes.
    func following(_ rules: [ID<Rule>]) -> RuleChain { RuleChain(depth: depth + 1, fired: fired + rules) }
}

/// Something that has happened, for rules.
struct RuleEvent: Sendable, Hashable, Codable {
    let kind: Tally.Kind
    let conversation: ID<Conversation>
    let chain: RuleChain
    /// What tells two events apart, so that each is carried out once.
    let id: ID<RuleEvent>
}
