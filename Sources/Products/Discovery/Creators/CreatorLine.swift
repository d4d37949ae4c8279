import Base

/// A creator as pages show one.
///
/// Nothing in it is missing: a template looks for what is missing in what surrounds it.
struct CreatorLine: Sendable {
    let id: String
    let href: String
    let name: String
    let handle: String
    let platform: String
    let platformTitle: String
    let profile: String
    let picture: String
    let hasPicture: Bool
    let initials: String
    let followers: String
    let hasFollowers: Bool
    let engagement: String
    let hasEngagement: Bool
    let views: String
    let country: String
    let email: String
    let hasEmail: Bool
    let bio: String
    let isEnriched: Bool
    let isGone: Bool
    let isQueued: Bool
    let isBlocked: Bool
    let keywords: String
    let sequence: String

    init(_ creator: Creator, match: Match? = nil, texts: [String] = []) {
        id = creator.id.description
        href = Addresses.creator(creator.id)
        name = creator.name
        handle = "@\(creator.handle)"
        platform = creator.platform.rawValue
        platformTitle = creator.platform.title
        profile = creator.platform.address(of: creator.handle)
        picture = creator.hasPicture ? Addresses.picture(creator.id) : ""
        hasPicture = creator.hasPicture
        initials = creator.name.split(separator: " ").prefix(2).compactMap(\.first).map(String.init).joined()
        followers = Wording.short(creator.facts.followers)
        hasFollowers = creator.facts.followers != nil
        engagement = Wording.percent(millionths: creator.facts.engagement)
        hasEngagement = creator.facts.engagement != nil
        views = Wording.short(creator.facts.medianViews)
        country = creator.facts.country ?? "–"
        email = creator.facts.email ?? ""
        hasEmail = creator.facts.email != nil
        bio = creator.bio
        isEnriched = creator.enrichment == .done
        isGone = creator.enrichment == .gone
        isQueued = creator.enrichment == .queued
        isBlocked = creator.isBlocked
        sequence = match.map { String($0.sequence) } ?? ""
        keywords = texts.enumerated().filter { match?.keywords.contains(ordinal: $0.offset) ?? false }
            .map(\.element).joined(separator: ", ")
    }
}
