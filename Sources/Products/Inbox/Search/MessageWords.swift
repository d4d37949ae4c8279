import Base
import Foundation

/// The words of a message or of a question, folded alike so that both engines find the same.
struct MessageWords: Sendable, Hashable {
    enum Bounds {
        /// Words of a question.
        static let words = 12
        static let wordBytes = 64
    }

    let words: [String]

    init(_ question: String) {
        var seen: Set<String> = []
        words = Array(
            Self.folded(question).split(separator: " ").map(String.init)
                .filter { $0.utf8.count <= Bounds.wordBytes && seen.insert($0).inserted }.prefix(Bounds.words))
    }

    var isEmpty: Bool { words.isEmpty }

    /// Lower case, without accents, letters and digits with single spaces between: one form for both engines.
    static func folded(_ text: String) -> String {
        text.folding(options: [.caseInsensitive, .diacriticInsensitive, .widthInsensitive], locale: nil).lowercased()
            .split { !$0.isLetter && !$0.isNumber }.joined(separator: " ")
    }

    /// The word that stands for a company, so that no search leaves it.
    static func owner(_ tenant: Tenant) -> String { "t" + tenant.id.description.replacing("-", with: "") }

    /// The words under which a message stands beside its own: the company, and when it was said by day and by month, so
    /// that what is looked for among the newest is not looked for among all.
    static func marks(of message: ID<Message>, in tenant: Tenant) -> String {
        let day = SearchWindow.day(of: message.madeAt)
        return [
            owner(tenant), SearchWindow.mark(day: day, of: tenant),
            SearchWindow.mark(month: SearchWindow.month(of: day), of: tenant),
        ].joined(separator: " ")
    }

    /// All words must be there, the last one as the beginning of a word, as it may still be written.
    func sqliteQuery(_ window: SearchWindow) -> String {
        let marks = window.marks.map { "\"\($0)\"" }.joined(separator: " OR ")
        let all = words.map { "\"\($0)\"" }.joined(separator: " AND ")
        return "owner : (\(marks)) AND body : (\(all)*)"
    }

    func postgresQuery(_ window: SearchWindow) -> String {
        let marks = window.marks.map { "'\($0)'" }.joined(separator: " | ")
        return "(\(marks)) & \(postgresQuery)"
    }

    /// The words alone, by which matches are put in order.
    var postgresQuery: String { words.map { "'\($0)'" }.joined(separator: " & ") + ":*" }
}
