import Base

/// Which creators are meant, by what is known of them; whoever's fact is unknown passes only where that is asked for.
struct CreatorFilter: Sendable, Hashable, Codable {
    var platforms: [Platform] = []
    var followersMin: Int64?
    var followersMax: Int64?
    /// In millionths.
    var engagementMin: Int64?
    var country: String?
    var language: String?
    var hasEmail: Bool?
    /// Whether creators pass whose followers or engagement nobody knows, although a bound is set.
    var withUnknown = false

    /// Whether everybody passes.
    var isEmpty: Bool { self == CreatorFilter() || self == CreatorFilter(withUnknown: true) }

    /// Whether a creator passes; statements say the same.
    func admits(_ facts: CreatorFacts, on platform: Platform) -> Bool {
        if !platforms.isEmpty, !platforms.contains(platform) { return false }
        if followersMin != nil || followersMax != nil {
            guard let followers = facts.followers else { return withUnknown && admitsRest(facts) }
            if let followersMin, followers < followersMin { return false }
            if let followersMax, followers > followersMax { return false }
        }
        return admitsRest(facts)
    }

    private func admitsRest(_ facts: CreatorFacts) -> Bool {
        if let engagementMin {
            if let engagement = facts.engagement {
                if engagement < engagementMin { return false }
            } else if !withUnknown {
                return false
            }
        }
        if let country, facts.country != country { return false }
        if let language, facts.language != language { return false }
        if let hasEmail, (facts.email != nil) != hasEmail { return false }
        return true
    }
}
