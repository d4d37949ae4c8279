import Base
import Crypto
import Foundation

/// The words of a question, folded as those of passages are, so that both engines find the same.
struct SearchWords: Sendable, Hashable {
    private enum Bounds {
        /// Words of a question that are looked for.
        static let words = 24
        static let wordBytes = 64
    }

    let words: [String]
    var isEmpty: Bool { words.isEmpty }

    init(_ question: String) {
        var seen: Set<String> = []
        words = Array(
            Self.folded(question).split(separator: " ").map(String.init)
                .filter { $0.utf8.count <= Bounds.wordBytes && seen.insert($0).inserted }.prefix(Bounds.words))
    }

    /// Lower case, without accents, letters and digits with single spaces between: one form for both engines.
    static func folded(_ text: String) -> String {
        text.folding(options: [.caseInsensitive, .diacriticInsensitive, .widthInsensitive], locale: nil).lowercased()
            .split { !$0.isLetter && !$0.isNumber }.joined(separator: " ")
    }

    /// The word that stands for a tenant's collection in the index of words.
    static func owner(_ collection: String, of tenant: Tenant) -> String {
        let digest = SHA256.hash(data: Array(collection.utf8)).prefix(8)
        let digits = digest.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        return "t" + tenant.id.description.replacing("-", with: "") + "c" + digits
    }

    func sqliteQuery(for owner: String) -> String {
        "owner : \"\(owner)\" AND body : (" + words.map { "\"\($0)\"" }.joined(separator: " OR ") + ")"
    }

    func postgresQuery(for owner: String) -> String {
        "'\(owner)' & (" + words.map { "'\($0)'" }.joined(separator: " | ") + ")"
    }
}
