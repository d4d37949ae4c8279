import Foundation

/// The name that others see: 1 to 60 characters without controls, spaces trimmed and joined.
public struct PersonName: Sendable, Hashable {
    /// How many characters a name may have.
    public static let charactersMax = 60

    /// The name.
    public let text: String

    /// Reads a name; `nil` when nothing is left of it, it is too long, or it holds control or direction characters.
    public init?(_ text: String) {
        guard text.utf8.count <= 1_000 else { return nil }
        let joined = text.precomposedStringWithCanonicalMapping.split(separator: " ").joined(separator: " ")
        guard (1...Self.charactersMax).contains(joined.count), joined.unicodeScalars.count <= Self.charactersMax * 4
        else { return nil }
        let isPlain = joined.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
            // The joiner that emoji are made with is a format character, the ones that reverse text are, too.
            case .format: scalar == "\u{200D}"
            default: true
            }
        }
        guard isPlain else { return nil }
        self.text = joined
    }
}
