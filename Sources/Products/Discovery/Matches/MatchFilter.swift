import Base

/// Which of a search's creators are shown, by what is known of them; what nobody knows is a choice of its own and never
/// taken for a number.
struct MatchFilter: Sendable, Hashable, Codable {
    /// Whether somebody can be written to.
    enum Email: String, Sendable, Hashable, CaseIterable, Codable {
        case known, unknown
    }

    var platform: Platform?
    var followersMin: Int64?
    var followersMax: Int64?
    /// In millionths.
    var engagementMin: Int64?
    var country: String?
    var language: String?
    var email: Email?
    /// Whether those pass whose number a bound asks for and nobody knows.
    var includesUnknown = false
    /// Only what this keyword found: the ordinal of its text.
    var keyword: Int?

    /// Whether everybody passes.
    var isEmpty: Bool { self == MatchFilter() || self == MatchFilter(includesUnknown: true) }

    /// The same filter in a few characters, for the keys of caches.
    var mark: String {
        [
            platform?.rawValue, followersMin.map(String.init), followersMax.map(String.init),
            engagementMin.map(String.init), country, language, email?.rawValue, includesUnknown ? "u" : nil,
            keyword.map(String.init),
        ].map { $0 ?? "" }.joined(separator: "|")
    }
}

/// The order in which a search's creators are shown.
enum MatchSort: String, Sendable, Hashable, CaseIterable, Codable {
    /// As they were found.
    case found
    case followers
    case engagement
    case views
    case name
}
