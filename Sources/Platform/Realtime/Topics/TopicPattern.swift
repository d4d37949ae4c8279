/// The names of a kind of topics: a name with holes, as in `inbox/conversation/{id}`.
public struct TopicPattern: Sendable, Hashable, CustomStringConvertible {
    enum Part: Sendable, Hashable {
        case word(String)
        case hole(String)
    }

    /// The pattern as it was written.
    public let description: String
    let parts: [Part]

    /// Takes a pattern: parts between slashes, each a word or a `{hole}`.
    ///
    /// The first part is a word: the product's name.
    public init(_ text: StaticString) {
        description = text.description
        parts = description.split(separator: "/").map { part in
            part.hasPrefix("{") && part.hasSuffix("}")
                ? .hole(String(part.dropFirst().dropLast())) : .word(String(part))
        }
    }

    /// The names of the holes, in order.
    public var holes: [String] {
        parts.compactMap { if case .hole(let name) = $0 { name } else { nil } }
    }

    /// The word that begins every name; `nil` for a pattern that begins with a hole.
    public var product: String? { if case .word(let word) = parts.first { word } else { nil } }

    /// What stands in the holes of a name; `nil` when it is none of these.
    func match(_ name: TopicName) -> TopicParameters? {
        let given = name.parts
        guard given.count == parts.count else { return nil }
        var values: [String: String] = [:]
        for (part, text) in zip(parts, given) {
            switch part {
            case .word(let word): guard word == text else { return nil }
            case .hole(let hole): values[hole] = String(text)
            }
        }
        return TopicParameters(values: values)
    }

    /// The name with the holes filled; `nil` when the values are too few, too many or cannot stand in a name.
    func name(_ values: [String]) -> TopicName? {
        var rest = values[...]
        var words: [String] = []
        for part in parts {
            switch part {
            case .word(let word): words.append(word)
            case .hole:
                guard let value = rest.popFirst(), !value.contains("/") else { return nil }
                words.append(value)
            }
        }
        return rest.isEmpty ? TopicName(words.joined(separator: "/")) : nil
    }
}

/// What stands in the holes of a topic's name.
public struct TopicParameters: Sendable, Hashable {
    let values: [String: String]

    /// What stands in a hole; empty when the pattern has no such hole.
    public subscript(hole: String) -> String { values[hole] ?? "" }
}
