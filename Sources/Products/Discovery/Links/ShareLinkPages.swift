import Base
import Web

/// Who has a role in a list, and by which links it is seen.
struct SharingPage: Sendable {
    struct Member: Sendable {
        let name: String
        let role: String
        let person: String
        let action: String
    }

    struct Link: Sendable {
        let id: String
        let made: String
        let until: String
        let isGood: Bool
        let action: String
    }

    let tabs = Tab.all(.lists)
    let head: ListHead
    let members: [Member]
    let links: [Link]
    let hasLinks: Bool
    let newPath: String
    let hasNew: Bool
    let linksAction: String

    init(
        _ shown: ShownList, members: [ListMember], names: [ID<Person>: String], links: [ShareLink], newToken: String?,
        at now: Timestamp
    ) {
        let id = shown.list.id
        head = ListHead(shown)
        self.members = members.map {
            Member(
                name: names[$0.person] ?? "Somebody", role: $0.role.rawValue, person: $0.person.description,
                action: Addresses.list(id, "members"))
        }
        self.links = links.map {
            Link(
                id: $0.id.description, made: Wording.ago(now - $0.createdAt),
                until: Wording.day($0.expiresAt, now: now),
                isGood: $0.isGood(at: now), action: Addresses.list(id, "links/revoke"))
        }
        hasLinks = !links.isEmpty
        newPath = newToken.map { Addresses.shared($0) } ?? ""
        hasNew = newToken != nil
        linksAction = Addresses.list(id, "links")
    }
}

/// A list as a link shows it.
struct SharedListPage: Sendable {
    struct Row: Sendable {
        let name: String
        let handle: String
        let address: String
        let platformName: String
        let followers: String
        let engagement: String
        let country: String
        let bucket: String
    }

    struct Bucket: Sendable {
        let title: String
        let entries: String
        let followers: String
    }

    let name: String
    let entries: String
    let followers: String
    let buckets: [Bucket]
    let rows: [Row]
    let isEmpty: Bool
    let hasNext: Bool
    let nextHref: String

    init(_ board: SharedBoard, _ cards: [EntryCard], next: String?, token: String) {
        name = board.list.name
        entries = Wording.count(board.entries, "creator")
        followers = Wording.short(board.followers)
        buckets = board.buckets.map {
            Bucket(
                title: Wording.title($0.bucket), entries: Wording.number($0.entries),
                followers: Wording.short($0.followers))
        }
        rows = cards.map { card in
            Row(
                name: card.name, handle: card.handle,
                address: Platform(rawValue: card.platform)?.address(of: card.handle) ?? "",
                platformName: Platform(rawValue: card.platform)?.title ?? card.platform,
                followers: Wording.short(card.followersNow), engagement: Wording.percent(millionths: card.engagement),
                country: card.country ?? "", bucket: Wording.title(card.entry.bucket))
        }
        isEmpty = cards.isEmpty
        hasNext = next != nil
        nextHref = "\(Addresses.shared(token))?after=\(next ?? "")"
    }
}
