/// A reply that agents of the demo keep at hand.
public struct DemoReply: Sendable, Hashable {
    /// What is typed for it, without the slash.
    public let shortcut: String
    /// What it says.
    public let text: String
    /// Whose it is; `nil` for the company's.
    public let owner: String?
}

/// A rule of the demo, in words that the product's rules can be made of.
public struct DemoRule: Sendable, Hashable {
    /// What it is called.
    public let title: String
    /// The word in a customer's message that fires it, or the channel it holds for.
    public let word: String?
    /// The channel it holds for; `nil` for all.
    public let channel: ChannelKind?
    /// The tag that it gives.
    public let tag: String
}

extension DemoCompany {
    /// At most thirty-five replies: the answers of the company's subjects, and some of the agents' own.
    public var replies: [DemoReply] {
        let shared = subjects.flatMap { subject in
            subject.turns.enumerated().map { place, turn in
                let word = subject.name.split(separator: " ")[0]
                return DemoReply(shortcut: "\(word)\(place + 1)", text: turn.answered, owner: nil)
            }
        }
        let own = [
            ("thanks", "Thank you for your patience!"), ("call", "May we call you? Which number is best?"),
            ("photo", "Could you send a photograph of it?"),
            ("soon", "I look into it and write again within the hour."),
            ("bye", "Have a good day ☀️"),
        ]
        let mine = own.enumerated().map { place, reply in
            DemoReply(shortcut: reply.0, text: reply.1, owner: agents[place % agents.count])
        }
        return Array((shared.prefix(35 - mine.count) + mine).prefix(35))
    }

    /// Six rules.
    public var rules: [DemoRule] {
        [
            DemoRule(title: "Refunds first", word: "refund", channel: nil, tag: "money"),
            DemoRule(title: "Damaged parcels", word: "damaged", channel: nil, tag: "damage"),
            DemoRule(title: "Brakes are urgent", word: "brake", channel: nil, tag: "workshop"),
            DemoRule(title: "Leasing to the owner", word: "leasing", channel: nil, tag: "leasing"),
            DemoRule(title: "Instagram questions", word: nil, channel: .instagram, tag: "social"),
            DemoRule(title: "Visitors of the site", word: nil, channel: .widget, tag: "site"),
        ]
    }
}
