import Base

import typealias Storage.SQLConvertible

/// A request to delete contacts with everything that they said and were told.
struct Erasure: Sendable, Hashable {
    enum Bounds {
        /// Contacts that are named one by one.
        static let named = 500
        /// Contacts of one step.
        static let contacts = 500
        /// Conversations of one step.
        static let conversations = 200
        /// Points of the contacts of one step.
        static let points = 10_000
        /// Messages of one step: each may have to be taken out of the index of words.
        static let messages = 2_000
    }

    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case running, done
    }

    /// Which contacts.
    struct Wish: Sendable, Hashable, Codable {
        /// Those that are named; `nil` for all that the words find.
        var contacts: [ID<Contact>]?
        var words = ""
        /// Those who came later are not meant.
        var before: Timestamp
    }

    let id: ID<Erasure>
    let person: ID<Person>
    let wish: Wish
    var state = State.running
    var erased: Int64 = 0
    let createdAt: Timestamp
    var finishedAt: Timestamp?
}
