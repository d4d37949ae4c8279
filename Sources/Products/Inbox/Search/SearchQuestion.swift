import Base

/// What somebody has written into the search: words, and tags by `tag:label`, or `tag:"two words"`.
struct SearchQuestion: Sendable, Hashable {
    enum Bounds {
        static let tags = 4
    }

    /// What is left without the tags.
    let words: String
    /// Labels of tags, folded as words are.
    let labels: [String]

    private static let mark = "tag:"

    init(_ text: String) {
        var words: [Substring] = []
        var labels: [String] = []
        var rest = text[...]
        while let start = rest.firstIndex(where: { !$0.isWhitespace }) {
            rest = rest[start...]
            guard rest.lowercased().hasPrefix(Self.mark), labels.count < Bounds.tags else {
                let word = rest.prefix { !$0.isWhitespace }
                words.append(word)
                rest = rest[word.endIndex...]
                continue
            }
            rest = rest.dropFirst(Self.mark.count)
            let isQuoted = rest.first == "\""
            let label = isQuoted ? rest.dropFirst().prefix { $0 != "\"" } : rest.prefix { !$0.isWhitespace }
            rest = rest[label.endIndex...]
            if isQuoted { rest = rest.dropFirst() }
            let folded = MessageWords.folded(String(label))
            if !folded.isEmpty { labels.append(folded) }
        }
        self.words = words.joined(separator: " ")
        self.labels = labels
    }

    /// The tags that are named; `nil` when there is no tag of some label.
    func tags(among tags: [Tag]) -> [ID<Tag>]? {
        var found: [ID<Tag>] = []
        for label in labels {
            guard let tag = tags.first(where: { MessageWords.folded($0.label) == label }) else { return nil }
            found.append(tag.id)
        }
        return found
    }

    /// The tags of whose label each word that is asked for begins one.
    func alike(among tags: [Tag], limit: Int) -> [Tag] {
        let asked = labels.flatMap { $0.split(separator: " ").map(String.init) } + MessageWords(words).words
        guard !asked.isEmpty else { return [] }
        return tags.filter { tag in
            let own = MessageWords.folded(tag.label).split(separator: " ")
            return asked.allSatisfy { word in own.contains { $0.hasPrefix(word) } }
        }.prefix(limit).map { $0 }
    }
}
