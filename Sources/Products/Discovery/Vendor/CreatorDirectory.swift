import Base

/// Who knows creators: a vendor, or the built-in directory of invented people.
///
/// One call each, without retries of its own; what it cannot do it says with a ``DirectoryFailure``, what it answers is
/// a fact, also that somebody is gone.
protocol CreatorDirectory: Sendable {
    /// What it is called in counters and on pages.
    var vendor: Vendor { get }

    /// Asks for a page of creators.
    func search(_ query: DirectoryQuery) async throws(DirectoryFailure) -> DirectoryPage

    /// Asks for the profile of a creator; ``DirectoryProfile/gone`` when there is none any more.
    func profile(_ subject: DirectorySubject) async throws(DirectoryFailure) -> DirectoryProfile

    /// Fetches a picture that a profile named; `nil` when it is no longer there.
    func picture(at address: String) async throws(DirectoryFailure) -> DirectoryPicture?
}

/// Who answers, and what a call costs.
struct Vendor: Sendable, Hashable {
    /// The name in tables and metrics, as in `scrapecreators`.
    let name: String
    /// The name for people.
    let title: String
    /// What one call costs, in millionths of a dollar.
    let callCost: Int64

    /// The invented directory: calls cost nothing, and are shown at the usual price so that estimates look real.
    static let demo = Vendor(name: "directory", title: "Built-in directory", callCost: 1_880)
}

/// What a page of creators is asked for by.
///
/// No tenant is in it: what it brings is public.
struct DirectoryQuery: Sendable, Hashable {
    let platform: Platform
    let keyword: String
    let region: String
    /// Where the page begins; empty for the first one.
    let cursor: String
}

/// A page of creators.
struct DirectoryPage: Sendable, Hashable, Codable {
    var creators: [ListedCreator]
    /// Where the next page begins; `nil` when there is no more.
    var next: String?
    /// What the vendor took for it.
    var credits: Int
}

/// A creator as a page of results tells of one.
struct ListedCreator: Sendable, Hashable, Codable {
    var externalID: String
    var handle: String
    var name: String
    var bio: String
    var facts: CreatorFacts
    var links: [String]
    var pictureURL: String?
}

/// Whose profile is asked for.
struct DirectorySubject: Sendable, Hashable {
    let platform: Platform
    let externalID: String
    let handle: String
}

/// What a profile says.
enum DirectoryProfile: Sendable, Hashable {
    case found(ListedCreator, posts: [CreatorPost], credits: Int)
    /// The platform says that there is no such profile: an answer, not an error.
    case gone(credits: Int)
}

/// A picture of a profile.
struct DirectoryPicture: Sendable, Hashable {
    let bytes: [UInt8]
    let mediaType: String
}

/// Why a directory could not answer.
enum DirectoryFailure: Error, Sendable, Hashable {
    /// It is down, slow, or asks to be left alone for a while.
    case unavailable(reason: Reason, retryAfter: Duration?)
    /// It sent something that cannot be read.
    case unreadable(String)
    /// Its key is refused: nothing works until an operator mends that.
    case keyRefused
    /// Its prepaid credit is spent: nothing works until an operator has paid.
    case creditSpent
    /// The task was cancelled.
    case cancelled

    enum Reason: String, Sendable, Hashable, CaseIterable {
        case timedOut, unreachable, overloaded, failing
        /// Too many of the last calls failed: it is not called for a while.
        case circuitOpen
    }

    /// The failure in a word, for events and metrics.
    var word: String {
        switch self {
        case .unavailable(let reason, _): reason.rawValue
        case .unreadable: "unreadable"
        case .keyRefused: "keyRefused"
        case .creditSpent: "creditSpent"
        case .cancelled: "cancelled"
        }
    }

    /// Whether the same call may succeed later by itself.
    var isTransient: Bool {
        switch self {
        case .unavailable, .cancelled: true
        case .unreadable, .keyRefused, .creditSpent: false
        }
    }
}
