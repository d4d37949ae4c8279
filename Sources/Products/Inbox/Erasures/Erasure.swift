import Base

import typealias Storage.SQLConvertible

/// A request to delete contacts with everything that they said and were told.
struct Erasure: Sendable, Hashable {
    enum Bounds {
        /// Contacts that are named one by one.
        static let named = 500
        /// Contacts, conversations or messages of one step: few enough that whatever comes in beside it does not wait.
        static let rows = 50...500
        /// Messages of one step that takes a conversation which alone has more than others together; of longer ones
        /// some go before the rest.
        static let messages = 2_000
        /// How long a step should take.
        static let step = Duration.milliseconds(20)
        /// The part of the time that deletions of a process take.
        static let share = 0.2
        /// Points of the contacts of one step.
        static let points = 10_000
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
