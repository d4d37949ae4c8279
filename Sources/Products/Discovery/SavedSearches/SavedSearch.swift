import Base

import typealias Storage.SQLConvertible

/// A search that is begun again every day or week and brings only creators whom the workspace did not have.
struct SavedSearch: Sendable, Hashable {
    enum Bounds {
        /// Saved searches of a workspace.
        static let savedSearches = 200
        /// How many are started in one sweep.
        static let due = 100
        /// The time over which those that are due at one moment are spread.
        static let spread: Duration = .seconds(3_600)
        /// After how long one is tried again that could not be started.
        static let retry: Duration = .seconds(1_800)
    }

    enum Rhythm: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case day, week

        var length: Duration { .seconds(self == .day ? 86_400 : 7 * 86_400) }
    }

    let id: ID<SavedSearch>
    let personID: ID<Person>
    var name: String
    var wish: SearchWish
    var rhythm: Rhythm
    var isPaused: Bool
    var lastSearchID: ID<Search>?
    /// How many new creators the last run brought, as far as it has come.
    var lastFound: Int?
    var lastRunAt: Timestamp?
    var nextRunAt: Timestamp
    /// Why the last run could not be started.
    var failure: String?
    let createdAt: Timestamp

    /// When it runs next after it was due: the next time of its rhythm that is still to come, however many were missed,
    /// at a moment of its own within the hour, so that what everybody saved at noon does not start at noon.
    func next(after now: Timestamp) -> Timestamp {
        let length = rhythm.length.microseconds
        let passed = max(0, (now - nextRunAt).microseconds / length)
        return nextRunAt + .microseconds((passed + 1) * length)
    }

    /// When it runs for the first time.
    static func first(_ rhythm: Rhythm, savedAt now: Timestamp, id: ID<SavedSearch>) -> Timestamp {
        now + rhythm.length + .microseconds(Int64(id.low % UInt64(Bounds.spread.microseconds)))
    }
}
