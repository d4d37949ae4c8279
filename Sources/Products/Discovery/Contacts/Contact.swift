import Base

import typealias Storage.SQLConvertible

/// That somebody wrote to a creator.
struct Contact: Sendable, Hashable {
    enum Bounds {
        /// How long a colleague's message warns others off.
        static let warning: Duration = .seconds(30 * 86_400)
        static let textCharacters = 4_000
    }

    enum Channel: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case email, message, comment, phone, other
    }

    let id: ID<Contact>
    let creatorID: ID<Creator>
    var listID: ID<CreatorList>?
    let personID: ID<Person>
    let channel: Channel
    var text: String?
    let at: Timestamp
}

/// Something that somebody wrote about a list or a creator.
struct Note: Sendable, Hashable {
    let id: ID<Note>
    var listID: ID<CreatorList>?
    var creatorID: ID<Creator>?
    let personID: ID<Person>
    let text: String
    let at: Timestamp

    /// The text of a note that may be kept: 1 to 4,000 characters.
    ///
    /// - Throws: `discovery.listInvalid`.
    static func text(_ typed: String) throws(DiscoveryError) -> String {
        let text = typed.replacing("\r\n", with: "\n").trimmingWhitespace
        guard (1...Contact.Bounds.textCharacters).contains(text.unicodeScalars.count) else {
            throw DiscoveryError(.listInvalid, "A note has 1 to 4,000 characters.")
        }
        return text
    }
}

/// What somebody did, as the log of a list or creator tells it.
struct Activity: Sendable, Hashable, Codable {
    enum Event: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case added, moved, removed, edited, contacted, created, renamed, shared, exported
    }

    let id: ID<Activity>
    var listID: ID<CreatorList>?
    var creatorID: ID<Creator>?
    let personID: ID<Person>
    let event: Event
    /// What belongs to the event: a number, a bucket, a channel.
    let detail: String
    let at: Timestamp

    /// The event in words.
    var sentence: String {
        switch event {
        case .added: "added \(detail)"
        case .moved: "moved to \(detail)"
        case .removed: "removed \(detail)"
        case .edited: "edited \(detail)"
        case .contacted: "wrote by \(detail)"
        case .created: "made the list"
        case .renamed: "renamed it to \(detail)"
        case .shared: "shared it by link"
        case .exported: "exported \(detail)"
        }
    }
}
