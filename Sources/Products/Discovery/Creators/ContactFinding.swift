/// Finds what a creator says about being reached.
enum ContactFinding {
    enum Bounds {
        static let emailBytes = 254
        static let linkBytes = 300
    }

    /// The first address of e-mail in a text, in lower case.
    static func email(in text: String) -> String? {
        for word in text.split(whereSeparator: { $0.isWhitespace || "<>()[]{},;|\"".contains($0) }) {
            if let address = address(String(word)) { return address }
        }
        return nil
    }

    /// The address in a word, without `mailto:` and the dot behind it; `nil` when it is none.
    static func address(_ word: String) -> String? {
        var word = word.lowercased()
        if word.hasPrefix("mailto:") { word.removeFirst(7) }
        while word.hasSuffix(".") || word.hasSuffix(":") { word.removeLast() }
        let parts = word.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, word.utf8.count <= Bounds.emailBytes else { return nil }
        let (name, host) = (parts[0].utf8, parts[1])
        let labels = host.split(separator: ".", omittingEmptySubsequences: false)
        guard (1...64).contains(name.count), labels.count >= 2, labels.allSatisfy({ !$0.isEmpty }) else { return nil }
        guard name.allSatisfy({ isWordByte($0) || "._%+-".utf8.contains($0) }),
            host.utf8.allSatisfy({ isWordByte($0) || $0 == 0x2D || $0 == 0x2E }), labels.last?.utf8.count ?? 0 >= 2
        else { return nil }
        return word
    }

    /// The links in a text, each once.
    static func links(in text: String) -> [String] {
        var links: [String] = []
        for word in text.split(whereSeparator: { $0.isWhitespace || "<>()[]{},;|\"".contains($0) }) {
            var link = String(word)
            while link.hasSuffix(".") { link.removeLast() }
            guard link.hasPrefix("https://") || link.hasPrefix("http://"), link.utf8.count <= Bounds.linkBytes,
                link.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }), !links.contains(link)
            else { continue }
            links.append(link)
            if links.count == Creator.Bounds.links { break }
        }
        return links
    }

    /// The hashtags of a text in lower case, each once.
    static func hashtags(in text: String) -> [String] {
        var tags: [String] = []
        for word in text.split(whereSeparator: \.isWhitespace) where word.hasPrefix("#") {
            let tag = word.dropFirst().prefix { $0.isLetter || $0.isNumber || $0 == "_" }.lowercased()
            if SearchWish.Bounds.keywordScalars.contains(tag.unicodeScalars.count), !tags.contains(tag) {
                tags.append(tag)
            }
        }
        return tags
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
    }
}
