import Base

/// A text that is used again, called by a few letters.
struct CannedReply: Sendable, Hashable {
    enum Bounds {
        /// Replies of a company, its people's own ones included.
        static let replies = 2_000
        static let shortcutCharacters = 40
        static let bodyCharacters = 4_000
        /// Replies that one look finds.
        static let found = 20
        static let wordsCharacters = 100
    }

    /// What is filled in where a text names it in braces.
    enum Variable: String, CaseIterable {
        case contact = "contact"
        case contactFirst = "contact.first"
        case agent = "agent"
        case agentFirst = "agent.first"
    }

    let id: ID<CannedReply>
    /// Whose it is; the company's without.
    var owner: ID<Person>?
    /// Letters, digits, `-` and `_`, in small letters.
    var shortcut: String
    var body: String
    var uses: Int64 = 0

    /// The name of the first rule that is broken; `nil` when all hold.
    var fault: String? {
        let isSound = shortcut.unicodeScalars.allSatisfy {
            $0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "-" || $0 == "_"
        }
        if !(1...Bounds.shortcutCharacters).contains(shortcut.unicodeScalars.count) || !isSound { return "shortcut" }
        return (1...Bounds.bodyCharacters).contains(body.unicodeScalars.count) ? nil : "text"
    }

    /// A shortcut as it is kept, whatever stands before it.
    static func shortcut(_ text: String) -> String {
        String(text.storable.trimmed.lowercased().drop { $0 == "/" })
    }

    /// The text for a customer of an agent; what is in braces and no variable stays.
    func filled(contact: String, agent: String) -> String {
        func first(_ name: String) -> String { name.split(separator: " ").first.map(String.init) ?? name }
        var text = ""
        var rest = body[...]
        while let open = rest.firstIndex(of: "{") {
            text += rest[..<open]
            rest = rest[open...]
            guard let close = rest.firstIndex(of: "}"),
                let variable = Variable(rawValue: String(rest[rest.index(after: open)..<close]))
            else {
                text.append("{")
                rest = rest.dropFirst()
                continue
            }
            switch variable {
            case .contact: text += contact
            case .contactFirst: text += first(contact)
            case .agent: text += agent
            case .agentFirst: text += first(agent)
            }
            rest = rest[rest.index(after: close)...]
        }
        return text + rest
    }

    /// Those that somebody may use and means: by shortcut first, then by words of the text; often used ones first.
    static func found(_ text: String, among all: [CannedReply], for person: ID<Person>) -> [CannedReply] {
        let wanted = shortcut(text)
        let words = wanted.split(whereSeparator: \.isWhitespace).map(String.init)
        let ranked = all.compactMap { reply -> (rank: Int, reply: CannedReply)? in
            guard reply.owner == nil || reply.owner == person else { return nil }
            if wanted.isEmpty { return (1, reply) }
            if reply.shortcut == wanted { return (0, reply) }
            if reply.shortcut.hasPrefix(wanted) { return (1, reply) }
            let body = reply.body.lowercased()
            return words.allSatisfy { body.contains($0) || reply.shortcut.contains($0) } ? (2, reply) : nil
        }
        return ranked.sorted {
            ($0.rank, -$0.reply.uses, $0.reply.shortcut, $0.reply.id)
                < ($1.rank, -$1.reply.uses, $1.reply.shortcut, $1.reply.id)
        }.map(\.reply)
    }
}
