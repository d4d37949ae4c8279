/// A conversation of the demo.
public struct DemoConversation: Sendable, Hashable {
    /// How it stands.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// Somebody has it, or nobody yet.
        case open
        /// Open, and its time is nearly over.
        case pressing
        /// It sleeps until tomorrow.
        case snoozed
        /// It is done.
        case closed
    }

    /// Who said a line.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// The customer.
        case customer
        /// The bot.
        case bot
        /// An agent.
        case agent
    }

    /// Something said.
    public struct Line: Sendable, Hashable {
        /// Who said it.
        public var role: Role
        /// What was said.
        public var text: String
        /// How many seconds before the demo began.
        public var secondsAgo: Int
    }

    /// Which one, from 0.
    public let number: Int
    /// With whom: ``DemoContact/number``.
    public let contact: Int
    /// How it stands.
    public let state: State
    /// Who has it; `nil` for nobody.
    public let assignee: String?
    /// What it is about, of the demo's subjects.
    public let subject: String
    /// What was said, the oldest first; at least three lines.
    public let lines: [Line]
    /// How the customer rated it, 1 to 5; only closed ones.
    public let rating: Int?
}

extension DemoCompany {
    private static let day = 86_400
    /// How far back the demo goes.
    private static let days = 90

    /// A conversation by its number, `0..<scale.conversations`; the lower the newer.
    public func conversation(_ number: Int) -> DemoConversation {
        precondition((0..<scale.conversations).contains(number), "a demo has no conversation \(number)")
        let state = state(of: number)
        let subject = chance.pick(subjects, number, 11)
        let isTaken = !isUnassigned(number)
        let lines = lines(number, subject, state, isTaken: isTaken)
        // What the bot has done alone was nobody's.
        let isSomebodys = state == .closed ? lines.contains { $0.role == .agent } : isTaken
        return DemoConversation(
            number: number, contact: contact(of: number), state: state,
            assignee: isSomebodys ? chance.pick(agents, number, 12) : nil, subject: subject.name, lines: lines,
            rating: state == .closed && chance.below(3, number, 13) == 0 ? 5 - chance.below(7, number, 14) / 3 : nil)
    }

    /// Nobody has two conversations at once that are not closed: the first ones are of different customers.
    private func contact(of number: Int) -> Int {
        guard number < scale.contacts else { return chance.below(scale.contacts, number, 15) }
        // Steps that share no factor with the count reach each contact once.
        var step = 7
        while Self.greatestDivisor(step, scale.contacts) > 1 { step += 1 }
        return (number * step + 3) % scale.contacts
    }

    private static func greatestDivisor(_ left: Int, _ right: Int) -> Int {
        right == 0 ? left : greatestDivisor(right, left % right)
    }

    private func state(of number: Int) -> DemoConversation.State {
        if number < scale.pressing { return .pressing }
        if number < scale.open { return .open }
        return number < scale.open + scale.snoozed ? .snoozed : .closed
    }

    private func isUnassigned(_ number: Int) -> Bool {
        (scale.pressing..<scale.pressing + scale.unassigned).contains(number)
    }

    /// How many lines: three to twelve, and exactly as many as the scale says in all.
    func length(of number: Int) -> Int {
        let group = number / 8
        let turn = chance.below(8, group, 16)
        let more = [-4, 3, -2, 1, 4, -3, 2, -1][(number + turn) % 8]
        let missing = scale.conversations * 8 - scale.messages
        // The first of each stretch has one less, as many stretches as are missing.
        let isShort = number * missing / scale.conversations != (number + 1) * missing / scale.conversations
        return 8 + more - (isShort ? 1 : 0)
    }

    private func lines(
        _ number: Int, _ subject: DemoTalk.Subject, _ state: DemoConversation.State, isTaken: Bool
    ) -> [DemoConversation.Line] {
        let count = length(of: number)
        var texts: [(DemoConversation.Role, String)] = []
        // Before somebody takes over the bot answers; one of three that are closed was the bot's to the end.
        let isBots = !isTaken || (state == .closed && chance.below(3, number, 17) == 0)
        let botUntil = isBots ? count : 2
        let shift = chance.below(subject.turns.count, number, 18)
        for place in 0..<count {
            let turn = subject.turns[(shift + place / 2) % subject.turns.count]
            if place % 2 == 0 {
                let opener = place == 0 ? chance.pick(DemoWords.greetings, number, 19) + " " : ""
                texts.append((.customer, opener + chance.pick(turn.asked, number, 20, place)))
            } else {
                texts.append((place < botUntil ? .bot : .agent, turn.answered))
            }
        }
        // A closed one ends with thanks; an open one with what the customer waits for.
        if state == .closed, count % 2 == 1 { texts[count - 1].1 = chance.pick(DemoWords.thanks, number, 21) }
        if state != .closed, count % 2 == 0 {
            texts[count - 1] = (.customer, chance.pick(DemoWords.nudges, number, 22))
        }
        return stamped(texts, number, state)
    }

    private func stamped(
        _ texts: [(DemoConversation.Role, String)], _ number: Int, _ state: DemoConversation.State
    ) -> [DemoConversation.Line] {
        let span = Self.days * Self.day
        var secondsAgo: Int =
            switch state {
            case .pressing: 3_300 + number * 60
            case .open, .snoozed: 60 + chance.below(Self.day, number, 23)
            case .closed:
                Self.day + (span - 2 * Self.day) * number / scale.conversations + chance.below(3_600, number, 23)
            }
        var lines: [DemoConversation.Line] = []
        for (place, text) in texts.enumerated().reversed() {
            lines.append(DemoConversation.Line(role: text.0, text: text.1, secondsAgo: secondsAgo))
            secondsAgo += text.0 == .bot ? 2 : 40 + chance.below(900, number, 24, place)
        }
        return lines.reversed()
    }
}
