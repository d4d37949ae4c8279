import Foundation

/// The words by which creators are found: whole words, however they are written, the same on both engines.
///
/// What is stored and what is asked for go through ``split(_:)``, so that neither engine's own idea of a word matters:
/// each sees words of letters and digits with single spaces between them.
enum CreatorWords {
    enum Bounds {
        /// Words of one creator.
        static let words = 300
        /// Letters of one word.
        static let letters = 64
        /// Words of one question.
        static let asked = 8
    }

    /// The words of a text, each once, in the order in which they first stand there.
    ///
    /// A word is letters and digits; everything else parts words, also `.`, `-`, `_` and `#`. Capitals and accents make no
    /// difference.
    static func split(_ text: String) -> [String] {
        var words: [String] = []
        var known: Set<String> = []
        var word = String.UnicodeScalarView()
        func end() {
            defer { word = String.UnicodeScalarView() }
            guard !word.isEmpty, words.count < Bounds.words else { return }
            let whole = String(word)
            if known.insert(whole).inserted { words.append(whole) }
        }
        for scalar in plain(text).unicodeScalars {
            switch kind(scalar) {
            case .letter: if word.count < Bounds.letters { word.append(scalar) }
            case .accent: break
            case .gap: end()
            }
        }
        end()
        return words
    }

    /// What is stored with a creator.
    static func text(handle: String, name: String, bio: String) -> String {
        let all = "\(handle) \(name) \(bio)".unicodeScalars.prefix(Creator.Bounds.wordsScalars)
        return split(String(all)).joined(separator: " ")
    }

    /// The text in small letters, with accents apart from what they stand on.
    private static func plain(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.lowercased() }
        return text.precomposedStringWithCompatibilityMapping.lowercased().decomposedStringWithCanonicalMapping
    }

    private enum Kind {
        case letter, accent, gap
    }

    private static func kind(_ scalar: Unicode.Scalar) -> Kind {
        switch scalar.value {
        case 48...57, 97...122: return .letter
        case ..<0x80: return .gap
        default: break
        }
        switch scalar.properties.generalCategory {
        case .decimalNumber, .letterNumber, .lowercaseLetter, .uppercaseLetter, .titlecaseLetter, .modifierLetter,
            .otherLetter:
            return .letter
        // Signs that are part of a letter in many scripts are letters; those that only colour one are left out.
        case .nonspacingMark, .spacingMark: return scalar.properties.isAlphabetic ? .letter : .accent
        case .enclosingMark, .format: return .accent
        default: return .gap
        }
    }
}
