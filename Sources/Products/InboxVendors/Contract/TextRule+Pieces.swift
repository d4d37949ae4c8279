extension TextRule {
    /// Cuts a text into pieces that fit, at most so many: for a program's long answers.
    ///
    /// At the end of a paragraph if one lies in the second half of a piece, else of a line, of a sentence, of a word;
    /// else between two characters. A character is never cut, unless one alone is longer than a piece: then between its
    /// scalars. What would be an empty piece is left out, and so are the spaces at a cut.
    ///
    /// - Parameters:
    ///   - text: The text.
    ///   - count: The most pieces; at least 1.
    /// - Returns: The pieces; `nil` when the text needs more of them.
    public func pieces(of text: String, atMost count: Int) -> [String]? {
        precondition(count > 0, "a text in \(count) pieces")
        var pieces: [String] = []
        var rest = text[...]
        while let start = rest.firstIndex(where: { !$0.isWhitespace }) {
            rest = rest[start...]
            guard pieces.count < count else { return nil }
            let end = cut(rest)
            let piece = rest[..<end]
            rest = rest[end...]
            let last = piece.lastIndex { !$0.isWhitespace } ?? piece.startIndex
            pieces.append(String(piece[...last]))
        }
        return pieces
    }

    /// Where the first piece of a text that begins with a character ends.
    private func cut(_ text: Substring) -> Substring.Index {
        if text.utf8.count <= limit { return text.endIndex }
        var length = 0
        var index = text.startIndex
        var ends: [Int: Substring.Index] = [:]
        var isAfterLine = false
        while index < text.endIndex {
            let character = text[index]
            let next = text.index(after: index)
            let more = self.length(of: text[index..<next])
            guard length + more <= limit else {
                if let best = ends.min(by: { $0.key < $1.key }) { return best.value }
                return index > text.startIndex ? index : scalars(of: text[index..<next])
            }
            length += more
            index = next
            let following = index < text.endIndex ? text[index] : nil
            if length * 2 > limit, let rank = rank(character, before: following, isAfterLine) { ends[rank] = index }
            isAfterLine = character.isNewline
        }
        return index
    }

    /// How good it is to cut behind a character: the end of a paragraph 0, of a line 1, of a sentence 2, of a word 3.
    private func rank(_ character: Character, before next: Character?, _ isAfterLine: Bool) -> Int? {
        guard let next else { return nil }
        if character.isNewline { return next.isNewline ? nil : isAfterLine ? 0 : 1 }
        if next.isNewline { return 1 }
        guard next.isWhitespace else { return nil }
        return [".", "!", "?", "…", "。", "।"].contains(character) ? 2 : 3
    }

    /// As many scalars of one character as fit.
    private func scalars(of character: Substring) -> Substring.Index {
        var length = 0
        for index in character.unicodeScalars.indices {
            let next = character.unicodeScalars.index(after: index)
            let more = self.length(of: character[index..<next])
            if length + more > limit { return index }
            length += more
        }
        return character.endIndex
    }
}
