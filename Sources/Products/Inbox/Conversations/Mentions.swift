import Base

/// Whom a note names: colleagues whose whole name stands behind an @.
enum Mentions {
    static func people(in text: String, of colleagues: [ID<Person>: String]) -> [ID<Person>] {
        let text = text.lowercased()
        return colleagues.filter { text.contains("@\($0.value.lowercased())") }.map(\.key).sorted()
            .prefix(ConversationDesk.Bounds.mentions).map { $0 }
    }
}
