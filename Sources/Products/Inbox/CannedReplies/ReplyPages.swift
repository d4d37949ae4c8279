import Base
import Web

/// Texts that are used again, and rules.
struct RepliesPage: Sendable {
    struct Line: Sendable {
        let id: String
        let shortcut: String
        let body: String
        let isOwn: Bool
        let uses: String
        let mayChange: Bool
        let action: String
        let removeAction: String
    }

    struct RuleLine: Sendable {
        let number: String
        let name: String
        let when: String
        let conditions: String
        let actions: String
        let fired: String
        let isPaused: Bool
        let reason: String
        let isFirst: Bool
        let raiseAction: String
        let pauseAction: String
        let pauseValue: String
        let pauseLabel: String
        let removeAction: String
    }

    struct Option: Sendable {
        let value: String
        let label: String
    }

    let frame: Frame
    let words: String
    let searchAction = Addresses.replies
    let makeAction = Addresses.replies
    let replies: [Line]
    let hasReplies: Bool
    let isSearched: Bool
    let total: String
    let rules: [RuleLine]
    let hasRules: Bool
    let isAdmin: Bool
    let ruleAction = Addresses.replies + "/rules"
    let events: [Option]
    let channels: [Option]
    let tags: [Option]
    let people: [Option]

    /// What the page is made from.
    struct Parts: Sendable {
        var words: String
        var person: ID<Person>
        var replies: [CannedReply]
        var rules: [Rule]
        var channels: [Channel]
        var tags: [Tag]
        var people: [(id: ID<Person>, name: String)]
    }

    enum Bounds {
        /// Texts that are shown; the search finds the others.
        static let replies = 50
    }

    init(_ frame: Frame, _ parts: Parts) {
        self.frame = frame
        words = parts.words
        isAdmin = frame.isAdmin
        replies = parts.replies.prefix(Bounds.replies).map { Line($0, for: parts.person, isAdmin: frame.isAdmin) }
        hasReplies = !replies.isEmpty
        isSearched = !parts.words.isEmpty
        total =
            parts.replies.count > Bounds.replies
            ? "The first \(Bounds.replies) of \(Wording.number(parts.replies.count))."
            : Wording.count(parts.replies.count, "reply", "replies")
        rules = parts.rules.enumerated().map { RuleLine($0.element, number: $0.offset + 1, parts) }
        hasRules = !rules.isEmpty
        events = RuleWords.events.map { Option(value: $0.rawValue, label: RuleWords.text(of: $0)) }
        channels = parts.channels.map { Option(value: $0.id.description, label: $0.name) }
        tags = parts.tags.map { Option(value: $0.id.description, label: $0.label) }
        people = parts.people.map { Option(value: $0.id.description, label: $0.name) }
    }
}

extension RepliesPage.Line {
    init(_ reply: CannedReply, for person: ID<Person>, isAdmin: Bool) {
        self.init(
            id: reply.id.description, shortcut: reply.shortcut, body: reply.body, isOwn: reply.owner != nil,
            uses: Wording.count(reply.uses, "use"), mayChange: reply.owner == person || isAdmin && reply.owner == nil,
            action: "\(Addresses.replies)/\(reply.id)", removeAction: "\(Addresses.replies)/\(reply.id)/remove")
    }
}

extension RepliesPage.RuleLine {
    init(_ rule: Rule, number: Int, _ parts: RepliesPage.Parts) {
        let path = "\(Addresses.replies)/rules/\(rule.id)"
        self.init(
            number: "\(number)", name: rule.name, when: RuleWords.text(of: rule.event),
            conditions: RuleWords.text(of: rule.conditions, parts), actions: RuleWords.text(of: rule.actions, parts),
            fired: Wording.count(rule.fired, "time"), isPaused: rule.isPaused,
            reason: rule.reason == "loop" ? "It fired too often within a minute." : "", isFirst: number == 1,
            raiseAction: path + "/raise", pauseAction: path + "/pause", pauseValue: rule.isPaused ? "false" : "true",
            pauseLabel: rule.isPaused ? "Go on" : "Pause", removeAction: path + "/remove")
    }
}

/// Rules in words.
enum RuleWords {
    /// What rules may wait for, in the order of the form.
    static let events: [Tally.Kind] = [
        .inbound, .opened, .handOff, .assigned, .agentReply, .botReply, .closed, .snoozed, .woken, .rating,
        .slaBreached,
        .slaMet,
    ]

    static func text(of event: Tally.Kind) -> String {
        switch event {
        case .inbound: "a customer writes"
        case .opened: "a conversation is opened"
        case .handOff: "the bot hands over"
        case .assigned: "somebody is given a conversation"
        case .agentReply: "a person answers"
        case .botReply: "the bot answers"
        case .closed: "a conversation is closed"
        case .snoozed: "a conversation is put aside"
        case .woken: "a conversation comes back"
        case .rating: "a customer rates"
        case .slaBreached: "a promise is broken"
        case .slaMet: "a promise is kept"
        case .firstReply: "the first answer is given"
        case .resolution: "a conversation ends"
        case .deflected: "a conversation ends without people"
        case .tokens: "a model is used"
        }
    }

    static func text(of conditions: Rule.Conditions, _ parts: RepliesPage.Parts) -> String {
        var words: [String] = []
        if let channels = conditions.channels {
            let names = channels.map { id in parts.channels.first { $0.id == id }?.name ?? "a channel that is gone" }
            words.append("on \(names.joined(separator: " or "))")
        }
        if let said = conditions.words { words.append("with \(said.map { "“\($0)”" }.joined(separator: " or "))") }
        if let isAssigned = conditions.isAssigned {
            words.append(isAssigned ? "somebody has it" : "nobody has it")
        }
        if let priorities = conditions.priorities {
            words.append("of priority \(priorities.map(String.init).joined(separator: " or "))")
        }
        if let bots = conditions.bots { words.append("the bot is \(bots.map(\.rawValue).joined(separator: " or "))") }
        return words.joined(separator: ", ")
    }

    static func text(of actions: [Rule.Action], _ parts: RepliesPage.Parts) -> String {
        actions.map { action in
            switch action {
            case .assign(let person):
                "give it to \(parts.people.first { $0.id == person }?.name ?? NameKeeper.nobody)"
            case .priority(let number): "priority \(number)"
            case .tag(let tag): "tag “\(parts.tags.first { $0.id == tag }?.label ?? "that is gone")”"
            case .note(let text): "note “\(text.firstScalars(60))”"
            case .close: "close it"
            case .handOver: "silence the bot"
            }
        }.joined(separator: ", ")
    }
}
