/// Takes the text out of HTML as far as it is shown: no scripts, no styles, no markup, entities as characters.
///
/// Not a browser's parser: it never fails, looks at each byte once, and what it does not understand is text.
enum HTMLReader {
    private static let hidden: Set<String> = ["script", "style", "template", "noscript", "svg", "head"]
    private static let blocks: Set<String> = [
        "p", "div", "section", "article", "main", "header", "footer", "nav", "aside", "ul", "ol", "table", "blockquote",
        "pre", "form", "dl", "figure",
    ]
    private static let lines: Set<String> = ["br", "li", "tr", "dt", "dd", "hr", "option", "figcaption"]
    private static let headings: Set<String> = ["h1", "h2", "h3", "h4", "h5", "h6"]

    static func read(_ text: String, into builder: inout DocumentText.Builder) {
        let bytes = Array(text.utf8)
        var position = 0
        var isSpaced = true
        var heading: [UInt8]?
        func flush(_ shown: inout [UInt8], to builder: inout DocumentText.Builder) {
            builder.add(String(decoding: shown, as: UTF8.self))
            shown.removeAll(keepingCapacity: true)
        }
        var shown: [UInt8] = []
        func show(_ new: some Sequence<UInt8>) {
            for byte in new {
                let isSpace = byte == 0x20 || (0x09...0x0D).contains(byte)
                if isSpace && isSpaced { continue }
                isSpaced = isSpace
                shown.append(isSpace ? 0x20 : byte)
                heading?.append(isSpace ? 0x20 : byte)
            }
        }
        while position < bytes.count {
            guard bytes[position] == UInt8(ascii: "<"), let tag = Tag(bytes, at: position) else {
                if bytes[position] == UInt8(ascii: "&"), let entity = Entity(bytes, at: position) {
                    show(entity.text.utf8)
                    position = entity.end
                } else {
                    show(CollectionOfOne(bytes[position]))
                    position += 1
                }
                continue
            }
            position = tag.end
            if hidden.contains(tag.name), !tag.isEnd {
                position = Tag.end(of: tag.name, in: bytes, from: position)
            } else if headings.contains(tag.name) {
                if tag.isEnd, let words = heading {
                    heading = nil
                    // The heading stands in its own section, so what was shown of it is taken back and added there.
                    shown.removeLast(min(shown.count, words.count))
                    flush(&shown, to: &builder)
                    builder.endParagraph()
                    builder.begin(String(decoding: words, as: UTF8.self))
                    shown += words
                } else if !tag.isEnd {
                    flush(&shown, to: &builder)
                    builder.endParagraph()
                    heading = []
                }
                flush(&shown, to: &builder)
                if heading == nil { builder.endParagraph() }
                isSpaced = true
            } else if blocks.contains(tag.name) || lines.contains(tag.name) {
                if heading != nil {
                    show(CollectionOfOne(0x20))
                } else {
                    flush(&shown, to: &builder)
                    if blocks.contains(tag.name) { builder.endParagraph() } else { builder.endLine() }
                    isSpaced = true
                }
            } else if tag.name == "td" || tag.name == "th" {
                show(CollectionOfOne(0x20))
            }
        }
        flush(&shown, to: &builder)
    }

    /// A tag, a comment or a declaration, from its `<` to behind its `>`.
    private struct Tag {
        var name: String
        var isEnd: Bool
        var end: Int

        init?(_ bytes: [UInt8], at start: Int) {
            var index = start + 1
            if bytes[index...].starts(with: "!--".utf8) {
                name = "!"
                isEnd = false
                end = Tag.index(of: Array("-->".utf8), in: bytes, from: index + 3).map { $0 + 3 } ?? bytes.count
                return
            }
            isEnd = index < bytes.count && bytes[index] == UInt8(ascii: "/")
            if isEnd { index += 1 }
            let first = index
            while index < bytes.count, Tag.isOfName(bytes[index]) { index += 1 }
            guard index > first else { return nil }
            name = String(decoding: bytes[first..<index], as: UTF8.self).lowercased()
            var quote: UInt8?
            while index < bytes.count {
                let byte = bytes[index]
                if let open = quote {
                    if byte == open { quote = nil }
                } else if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
                    quote = byte
                } else if byte == UInt8(ascii: ">") {
                    break
                }
                index += 1
            }
            end = min(index + 1, bytes.count)
        }

        private static func isOfName(_ byte: UInt8) -> Bool {
            switch byte {
            case 48...57, 65...90, 97...122, UInt8(ascii: "!"), UInt8(ascii: "-"), UInt8(ascii: "?"): true
            default: false
            }
        }

        /// Behind `</name …>`, or the end of everything.
        static func end(of name: String, in bytes: [UInt8], from start: Int) -> Int {
            var index = start
            while let found = Tag.index(of: Array("</".utf8), in: bytes, from: index) {
                if let tag = Tag(bytes, at: found), tag.name == name { return tag.end }
                index = found + 2
            }
            return bytes.count
        }

        private static func index(of word: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
            guard start < bytes.count else { return nil }
            var index = start
            while index + word.count <= bytes.count {
                if bytes[index] == word[0], bytes[index..<(index + word.count)].elementsEqual(word) { return index }
                index += 1
            }
            return nil
        }
    }

    /// `&amp;`, `&#228;`, `&#xE4;`.
    private struct Entity {
        private static let named: [String: String] = [
            "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ", "ndash": "–", "mdash": "—",
            "hellip": "…", "euro": "€", "pound": "£", "copy": "©", "reg": "®", "trade": "™", "deg": "°", "middot": "·",
            "bull": "•", "laquo": "«", "raquo": "»", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”",
            "bdquo": "„", "auml": "ä", "ouml": "ö", "uuml": "ü", "Auml": "Ä", "Ouml": "Ö", "Uuml": "Ü",
            "szlig": "ß", "eacute": "é", "egrave": "è", "agrave": "à", "ccedil": "ç", "ntilde": "ñ", "times": "×",
        ]

        var text: String
        var end: Int

        init?(_ bytes: [UInt8], at start: Int) {
            guard let semicolon = bytes[start..<min(start + 12, bytes.count)].firstIndex(of: UInt8(ascii: ";")) else {
                return nil
            }
            let name = String(decoding: bytes[(start + 1)..<semicolon], as: UTF8.self)
            end = semicolon + 1
            if let text = Self.named[name] {
                self.text = text
                return
            }
            guard name.hasPrefix("#") else { return nil }
            let digits = name.dropFirst()
            let number =
                digits.first == "x" || digits.first == "X" ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
            guard let scalar = number.flatMap(Unicode.Scalar.init) else { return nil }
            text = String(Character(scalar))
        }
    }
}
