/// A document that the demo's bot answers from.
public struct DemoDocument: Sendable, Hashable {
    /// What it is called.
    public let title: String
    /// Its sections in order, each of one passage's length: 300 to 800 characters.
    public let sections: [String]

    /// The document as text.
    public var text: String { "# \(title)\n\n" + sections.joined(separator: "\n\n") + "\n" }
}

extension DemoCompany {
    /// How many documents there are: one of each subject, and one of each bicycle where bicycles are sold.
    public var documentCount: Int { subjects.count + (sellsBicycles ? DemoModels.count : 0) }
    /// How many sections each has.
    public static let sectionCount = 15

    private var sellsBicycles: Bool { subjects.count == DemoTalk.bicycles.count }

    /// A document by its number, `0..<documentCount`.
    ///
    /// The first ones tell what customers ask, each fact in one place; the others describe bicycles.
    public func document(_ number: Int) -> DemoDocument {
        precondition((0..<documentCount).contains(number), "a demo has no document \(number)")
        if number < subjects.count { return answers(subjects[number]) }
        let model = DemoModels.model(number - subjects.count)
        let sections = (0..<Self.sectionCount).map { place in
            DemoModels.section(place, of: model) { chance.below($0, number, 31, place * 16 + $1) }
        }
        return DemoDocument(title: "\(model.name): \(model.kind)", sections: sections)
    }

    /// Questions and answers first, then how the house works, so that every document has as many sections.
    private func answers(_ subject: DemoTalk.Subject) -> DemoDocument {
        var sections = subject.turns.map { turn in
            "Question: \(turn.asked[0]) \(turn.asked.dropFirst().joined(separator: " "))\nAnswer: \(turn.answered) "
                + "This holds for every order and every visit to \(name); where a case is special, the person on duty "
                + "decides and writes the reason into the conversation, so that nobody has to ask twice."
        }
        while sections.count < Self.sectionCount {
            sections.append(DemoModels.custom(sections.count, of: subject.name, at: name))
        }
        return DemoDocument(title: subject.name.prefix(1).uppercased() + subject.name.dropFirst(), sections: sections)
    }
}
