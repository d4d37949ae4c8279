import Base

import typealias Storage.SQLConvertible

/// Somebody who publishes on a platform, as a workspace knows them.
///
/// Who it is, is the pair of platform and external id: a handle may change. Each fact is a value or unknown (`nil`), never
/// 0 or −1 for what nobody knows.
struct Creator: Sendable, Hashable, Codable {
    /// How far the reading of the profile is.
    enum Enrichment: String, Sendable, Hashable, CaseIterable, Codable, SQLConvertible {
        /// Only what searches told is known.
        case none
        case queued
        case done
        /// The platform says that there is no such profile any more.
        case gone
        case failed
    }

    let id: ID<Creator>
    let platform: Platform
    let externalID: String
    var handle: String
    var name: String
    var bio: String
    var facts: CreatorFacts
    var links: [String]
    var hasPicture: Bool
    var enrichment: Enrichment
    var enrichedAt: Timestamp?
    var isBlocked: Bool
    let createdAt: Timestamp
    var updatedAt: Timestamp
}

/// What is known of a creator in numbers and words that searches filter by.
struct CreatorFacts: Sendable, Hashable, Codable {
    var followers: Int64?
    var posts: Int64?
    /// The median of (likes + comments) / views, in millionths.
    var engagement: Int64?
    var medianViews: Int64?
    /// ISO 639-1, as in `en`.
    var language: String?
    /// ISO 3166-1 alpha-2, as in `DE`.
    var country: String?
    var email: String?

    /// These facts with those of `newer` in the place of what it knows.
    func updated(by newer: CreatorFacts) -> CreatorFacts {
        CreatorFacts(
            followers: newer.followers ?? followers, posts: newer.posts ?? posts,
            engagement: newer.engagement ?? engagement, medianViews: newer.medianViews ?? medianViews,
            language: newer.language ?? language, country: newer.country ?? country, email: newer.email ?? email)
    }
}

/// What was known of a creator on a day.
struct CreatorDay: Sendable, Hashable {
    let day: CalendarDay
    var followers: Int64?
    var posts: Int64?
    var medianViews: Int64?
    var engagement: Int64?
}

/// Something that a creator has published.
struct CreatorPost: Sendable, Hashable, Codable {
    let externalID: String
    var postedAt: Timestamp?
    var caption: String
    var url: String?
    var views: Int64?
    /// Unknown where the creator hides them, which vendors tell as −1.
    var likes: Int64?
    var comments: Int64?
}

extension Creator {
    enum Bounds {
        static let nameScalars = 200
        static let bioScalars = 2_000
        static let captionScalars = 500
        static let links = 10
        static let wordsScalars = 2_400
        /// How long what a profile said may be used again without asking.
        static let freshness: Duration = .seconds(7 * 86_400)
        /// How long a creator who was delivered costs the workspace nothing again.
        static let free: Duration = .seconds(30 * 86_400)
    }
}
