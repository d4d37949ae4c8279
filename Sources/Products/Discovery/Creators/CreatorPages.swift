import Base
import Web

/// The workspace's creators.
struct CreatorsPage: Sendable {
    let tabs = Tab.all(.creators)
    let lines: [CreatorLine]
    let isEmpty: Bool
    let query: String
    let isFiltered: Bool
    let nextHref: String
    let hasNext: Bool
    let firstHref: String
    let hasFirst: Bool
    let action = Addresses.creators
    let composeHref = Addresses.compose

    init(_ creators: [Creator], query: String, next: String?, isFirst: Bool) {
        lines = creators.map { CreatorLine($0) }
        isEmpty = creators.isEmpty
        self.query = query
        isFiltered = !query.isEmpty
        let words = ScrapeCreatorsClient.escaped(query)
        hasNext = next != nil
        nextHref = "\(Addresses.creators)?q=\(words)&after=\(next ?? "")"
        hasFirst = !isFirst
        firstHref = "\(Addresses.creators)?q=\(words)"
    }
}

/// One creator: facts, history, posts, who it is elsewhere.
struct CreatorPage: Sendable {
    struct Fact: Sendable {
        let label: String
        let value: String
        let isUnknown: Bool
    }

    struct Post: Sendable {
        let caption: String
        let when: String
        let views: String
        let likes: String
        let comments: String
        let areLikesHidden: Bool
    }

    let tabs = Tab.all(.creators)
    let creator: CreatorLine
    let facts: [Fact]
    let links: [String]
    let chart: HistoryChart
    let posts: [Post]
    let hasPosts: Bool
    let sameAs: [CreatorLine]
    let hasSameAs: Bool
    let readWhen: String
    let canEdit: Bool
    let enrichAction: String
    let blockAction: String
    let blockLabel: String
    let blockValue: String
    let similar: [CreatorLine]
    let hasSimilar: Bool

    init(_ report: CreatorReport, similar others: [Creator], canEdit: Bool, at now: Timestamp) {
        let known = report.creator
        creator = CreatorLine(known)
        links = known.links
        chart = HistoryChart(report.history.reversed().map { ($0.day, $0.followers) })
        facts = [
            Fact("Followers", known.facts.followers.map { Wording.number($0) }),
            Fact("Engagement", known.facts.engagement.map { Wording.percent(millionths: $0) }),
            Fact("Median views", known.facts.medianViews.map { Wording.number($0) }),
            Fact("Posts", known.facts.posts.map { Wording.number($0) }), Fact("Country", known.facts.country),
            Fact("Language", known.facts.language), Fact("E-mail", known.facts.email),
        ]
        posts = report.posts.map { post in
            Post(
                caption: post.caption, when: post.postedAt.map { Wording.ago(now - $0) } ?? "",
                views: Wording.short(post.views), likes: Wording.short(post.likes),
                comments: Wording.short(post.comments), areLikesHidden: post.likes == nil)
        }
        hasPosts = !posts.isEmpty
        sameAs = report.sameAs.map { CreatorLine($0) }
        hasSameAs = !report.sameAs.isEmpty
        similar = others.prefix(6).map { CreatorLine($0) }
        hasSimilar = !others.isEmpty
        readWhen = known.enrichedAt.map { "Profile read \(Wording.ago(now - $0))" } ?? Self.unread(known)
        self.canEdit = canEdit
        enrichAction = "\(Addresses.creator(known.id))/enrichment"
        blockAction = "\(Addresses.creator(known.id))/block"
        blockLabel = known.isBlocked ? "Let searches find again" : "Leave out of searches"
        blockValue = known.isBlocked ? "unblock" : "block"
    }

    private static func unread(_ creator: Creator) -> String {
        switch creator.enrichment {
        case .queued: "The profile is being read"
        case .gone: "The platform says that this profile is gone"
        case .failed: "The profile could not be read"
        case .none, .done: "The profile has not been read yet"
        }
    }
}

extension CreatorPage.Fact {
    init(_ label: String, _ value: String?) {
        self.init(label: label, value: value ?? "unknown", isUnknown: value == nil)
    }
}
