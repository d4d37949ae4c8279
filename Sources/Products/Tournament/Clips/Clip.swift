import Base

import typealias Storage.SQLConvertible

/// A short film that competes for a slot.
struct Clip: Sendable, Hashable, Codable {
    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case uploading, processing, pending, active, winner, eliminated, rejected, removed

        /// Whether anybody may watch it.
        var isPublic: Bool { self == .active || self == .winner || self == .eliminated }
    }

    /// One of eight kinds of film.
    enum Genre: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case action, animation, comedy, documentary, drama, experimental, horror, romance
    }

    /// Where its files are: addresses are made of their content's hash, so that they never change.
    struct Files: Sendable, Hashable, Codable {
        var poster: String?
        var small: String?
        var large: String?
    }

    let id: ID<Clip>
    let seasonID: ID<Season>
    let trackID: ID<Track>
    let slotID: ID<Slot>
    let personID: ID<Person>
    var title: String
    /// The maker's name as the film credits it.
    var credit: String
    var genre: Genre
    var state: State
    /// When it entered the competition; the time of creation until then.
    var activeAt: Timestamp
    var files: Files
    var milliseconds: Int
    var bytes: Int
}
