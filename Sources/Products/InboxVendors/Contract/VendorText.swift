import Base
import Crypto

/// Keeps vendors' texts within bounds and storable.
enum VendorText {
    /// A text of at most ``InboundEntry/Bounds/textScalars``, and whether something is missing of it.
    ///
    /// U+0000 becomes U+FFFD: PostgreSQL stores no such character in a text.
    static func bounded(_ text: String) -> (text: String, isCut: Bool) {
        let cut = prefix(of: text, InboundEntry.Bounds.textScalars)
        return (storable(String(cut)), cut.endIndex < text.endIndex)
    }

    /// One line of at most so many scalars, without control characters.
    static func line(_ text: String, _ scalars: Int) -> String {
        var line = String.UnicodeScalarView()
        for scalar in prefix(of: text, scalars).unicodeScalars {
            line.append(scalar.value < 0x20 || scalar.value == 0x7F ? " " : scalar)
        }
        return String(line)
    }

    /// The first scalars of a text, and never half a character: a family of emoji stays whole or goes.
    private static func prefix(of text: String, _ scalars: Int) -> Substring {
        // A text of fewer bytes has fewer scalars; the usual case costs nothing.
        guard text.utf8.count > scalars,
            let end = text.unicodeScalars.index(
                text.startIndex, offsetBy: scalars, limitedBy: text.unicodeScalars.endIndex), end < text.endIndex
        else { return text[...] }
        let cut = text[..<end]
        guard String.Index(end, within: text) == nil else { return cut }
        // The end lies within a character, which goes; one may have any number of scalars, and then it is cut after all.
        let whole = cut.dropLast()
        return whole.isEmpty ? cut : whole
    }

    private static func storable(_ text: String) -> String {
        guard text.utf8.contains(0) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value == 0 ? "\u{FFFD}" : $0 }))
    }
}

/// Keeps vendors' ids within bounds.
enum VendorKey {
    /// The key itself, or its hash when it is longer than ``Delivery/Bounds/keyBytes`` or cannot be stored.
    static func bounded(_ key: String) -> String {
        guard key.utf8.count > Delivery.Bounds.keyBytes || key.utf8.contains(0) else { return key }
        return "hash:" + hash(Array(key.utf8))
    }

    /// SHA-256 as hexadecimal digits.
    static func hash(_ bytes: [UInt8]) -> String {
        HexDigits.text(SHA256.hash(data: bytes))
    }
}
