import Base
import Foundation

/// By what contacts are found: the words of their name, and their addresses and numbers in one form.
struct ContactWords: Sendable, Hashable {
    enum Bounds {
        /// Words of a contact.
        static let words = 16
        /// Words of a question.
        static let asked = 6
        static let wordBytes = 64
    }

    /// An e-mail address as it is kept and compared; `nil` for nothing.
    static func email(_ text: String) -> String? {
        let text = text.storable.trimmed.lowercased()
        return text.isEmpty ? nil : text
    }

    /// A telephone number as it is kept and compared: its digits, with a plus where the country is named; `nil` for nothing.
    ///
    /// What has no digits is kept as it was written.
    static func phone(_ text: String) -> String? {
        let text = text.storable.trimmed
        var digits = text.unicodeScalars.filter { ("0"..."9").contains($0) }.map(String.init).joined()
        guard !digits.isEmpty else { return text.isEmpty ? nil : text }
        if text.hasPrefix("+") { return "+" + digits }
        guard digits.hasPrefix("00"), digits.count > 4 else { return digits }
        digits.removeFirst(2)
        return "+" + digits
    }

    /// The words under which a contact stands.
    static func all(of contact: Contact) -> [String] {
        var words = MessageWords.folded(contact.name).split(separator: " ").map(String.init)
        if let email = contact.email {
            words.append(email)
            words += MessageWords.folded(email).split(separator: " ").map(String.init)
        }
        if let phone = contact.phone { words.append(phone.filter { $0 != "+" }) }
        var seen: Set<String> = []
        return words.filter { !$0.isEmpty && $0.utf8.count <= Bounds.wordBytes && seen.insert($0).inserted }
            .prefix(Bounds.words).map { $0 }
    }

    /// The words that are asked for, each as the beginning of a word.
    let asked: [String]

    init(_ question: String) {
        let text = question.trimmed
        let digits = text.filter { ("0"..."9").contains($0) }
        let isNumber = digits.count >= 3 && text.allSatisfy { $0.isNumber || " +-()/.".contains($0) }
        let words: [String]
        if text.contains("@"), let email = Self.email(text) {
            words = [email]
        } else if isNumber, let phone = Self.phone(text) {
            words = [phone.filter { $0 != "+" }]
        } else {
            words = MessageWords.folded(text).split(separator: " ").map(String.init)
        }
        asked = words.filter { $0.utf8.count <= Bounds.wordBytes }.prefix(Bounds.asked).map { $0 }
    }
}
