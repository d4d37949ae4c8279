import Base
import Web

/// A list in the page of lists.
struct ListLine: Sendable {
    let href: String
    let tableHref: String
    let starAction: String
    let name: String
    let kind: String
    let visibility: String
    let visibilityKind: String
    let entries: String
    let followers: String
    let role: String
    let isFavourite: Bool
    let starLabel: String
    let starValue: String
    let ago: String

    init(_ shown: ShownList, at now: Timestamp) {
        let list = shown.list
        href = Addresses.list(list.id)
        tableHref = Addresses.table(list.id)
        starAction = Addresses.list(list.id, "star")
        name = list.name
        kind = Wording.title(list.kind.rawValue)
        (visibility, visibilityKind) = Self.visibility(list.visibility)
        entries = Wording.count(shown.entries, "creator")
        followers = Wording.short(shown.followers)
        role = shown.role.rawValue
        isFavourite = shown.isFavourite
        starLabel = shown.isFavourite ? "Take the star off \(list.name)" : "Put a star on \(list.name)"
        starValue = shown.isFavourite ? "false" : "true"
        ago = Wording.ago(now - list.createdAt)
    }

    static func visibility(_ visibility: CreatorList.Visibility) -> (text: String, kind: String) {
        switch visibility {
        case .private: ("Private", "plain")
        case .team: ("Team", "info")
        case .link: ("Shared by link", "gold")
        }
    }
}

/// The page of lists.
struct ListsPage: Sendable {
    struct Choice: Sendable {
        let value: String
        let label: String
        let isChosen: Bool
    }

    struct View: Sendable {
        let href: String
        let label: String
        let isCurrent: Bool
    }

    let tabs = Tab.all(.lists)
    let lines: [ListLine]
    let isEmpty: Bool
    let isSearched: Bool
    let words: String
    let views: [View]
    let kinds: [Choice]
    let visibilities: [Choice]
    let canCreate: Bool
    let action = Addresses.lists
    let hasNext: Bool
    let nextHref: String
    let hasFirst: Bool
    let firstHref: String

    init(
        _ page: [ShownList], next: String?, filter: ListStore.Filter, isFirst: Bool, canCreate: Bool, at now: Timestamp
    ) {
        lines = page.map { ListLine($0, at: now) }
        isEmpty = page.isEmpty
        words = filter.words ?? ""
        isSearched = filter != ListStore.Filter()
        self.canCreate = canCreate
        views = [
            View(href: Addresses.lists, label: "All", isCurrent: !filter.isStarred && !filter.isArchived),
            View(href: Addresses.lists + "?starred=true", label: "With my star", isCurrent: filter.isStarred),
            View(href: Addresses.lists + "?archived=true", label: "Archived", isCurrent: filter.isArchived),
        ]
        kinds = CreatorList.Kind.allCases.map {
            Choice(value: $0.rawValue, label: Wording.title($0.rawValue), isChosen: $0 == .custom)
        }
        visibilities = [
            Choice(value: "team", label: "The whole workspace", isChosen: true),
            Choice(value: "private", label: "Only people I add", isChosen: false),
        ]
        let query =
            (filter.isStarred ? "&starred=true" : "") + (filter.isArchived ? "&archived=true" : "")
            + (filter.words.map { "&search=\(Query.encoded($0))" } ?? "")
        hasNext = next != nil
        nextHref = "\(Addresses.lists)?after=\(next ?? "")\(query)"
        hasFirst = !isFirst
        firstHref = Addresses.lists + (query.isEmpty ? "" : "?\(query.dropFirst())")
    }
}

/// What links carry.
enum Query {
    /// Text as it may stand in an address.
    static func encoded(_ text: String) -> String {
        text.utf8.map { byte -> String in
            switch byte {
            case 48...57, 65...90, 97...122, 0x2D, 0x2E, 0x5F, 0x7E: return String(UnicodeScalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                return "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }.joined()
    }
}

/// What the board, the table and the share page show above their creators.
struct ListHead: Sendable {
    let id: String
    let name: String
    let href: String
    let tableHref: String
    let kind: String
    let visibility: String
    let visibilityKind: String
    let entries: String
    let followers: String
    let role: String
    let canEdit: Bool
    let canOwn: Bool
    let isArchived: Bool
    let isRegrouping: Bool
    let isFavourite: Bool
    let starAction: String
    let starValue: String
    let starLabel: String
    let changeAction: String
    let archiveValue: String
    let archiveLabel: String
    let duplicateAction: String
    let linksAction: String
    let exportAction = Addresses.exports

    init(_ shown: ShownList) {
        let list = shown.list
        id = list.id.description
        name = list.name
        href = Addresses.list(list.id)
        tableHref = Addresses.table(list.id)
        kind = Wording.title(list.kind.rawValue)
        (visibility, visibilityKind) = ListLine.visibility(list.visibility)
        entries = Wording.count(shown.entries, "creator")
        followers = Wording.short(shown.followers)
        role = shown.role.rawValue
        isArchived = list.isArchived
        isRegrouping = list.regroupTo != nil
        canEdit = shown.role >= .editor && !list.isArchived && list.regroupTo == nil
        canOwn = shown.role == .owner
        isFavourite = shown.isFavourite
        starAction = Addresses.list(list.id, "star")
        starValue = shown.isFavourite ? "false" : "true"
        starLabel = shown.isFavourite ? "Take my star off" : "Put my star on it"
        changeAction = Addresses.list(list.id, "change")
        archiveValue = list.isArchived ? "false" : "true"
        archiveLabel = list.isArchived ? "Take back" : "Archive"
        duplicateAction = Addresses.list(list.id, "duplicate")
        linksAction = Addresses.list(list.id, "links")
    }
}

/// A creator on a card or in a row.
struct CardLine: Sendable {
    struct Target: Sendable {
        let bucket: String
        let label: String
        let isHere: Bool
    }

    let id: String
    let creatorHref: String
    let creatorID: String
    let name: String
    let handle: String
    let platform: String
    let platformName: String
    let followers: String
    let followersValue: Int64
    let engagement: String
    let email: String
    let hasEmail: Bool
    let country: String
    let hasCountry: Bool
    let bucket: String
    let rank: String
    let contacted: String
    let isContacted: Bool
    let isPinned: Bool
    let pinValue: String
    let pinLabel: String
    let moveAction: String
    let contactAction: String
    let pinAction: String
    let targets: [Target]
    let canEdit: Bool

    init(
        _ card: EntryCard, buckets: [String], names: [ID<Person>: String], canEdit: Bool, at now: Timestamp
    ) {
        let entry = card.entry
        id = entry.id.description
        creatorHref = Addresses.creator(entry.creatorID)
        creatorID = entry.creatorID.description
        name = card.name
        handle = card.handle
        platform = card.platform
        platformName = Platform(rawValue: card.platform)?.title ?? card.platform
        followers = Wording.short(card.followersNow)
        followersValue = entry.followers ?? 0
        engagement = Wording.percent(millionths: card.engagement)
        email = card.email ?? ""
        hasEmail = card.email != nil
        country = card.country ?? ""
        hasCountry = card.country != nil
        bucket = entry.bucket
        rank = entry.rank.rawValue
        isContacted = card.contactedAt != nil
        contacted =
            card.contactedAt.map { at in
                "\(card.contactedBy.flatMap { names[$0] } ?? "Somebody") wrote \(Wording.ago(now - at))"
            } ?? ""
        isPinned = entry.pinnedBy != nil
        pinValue = entry.pinnedBy == nil ? "true" : "false"
        pinLabel = entry.pinnedBy == nil ? "Pin to my dashboard" : "Unpin"
        moveAction = Addresses.entry(entry.id, "move")
        contactAction = Addresses.entry(entry.id, "contact")
        pinAction = Addresses.entry(entry.id, "pin")
        targets = buckets.map { Target(bucket: $0, label: Wording.title($0), isHere: $0 == entry.bucket) }
        self.canEdit = canEdit
    }
}

/// The board of a list.
struct BoardPage: Sendable {
    struct Bucket: Sendable {
        let name: String
        let title: String
        let entries: String
        let followers: String
        let followersValue: Int64
        let entriesValue: Int
        let cards: [CardLine]
        let isEmpty: Bool
        let hasMore: Bool
        let moreHref: String
        let moreLabel: String
        let hasBack: Bool
        let backHref: String
        let pageAddress: String
    }

    struct Grouping: Sendable {
        let key: String
        let label: String
        let isChosen: Bool
    }

    let tabs = Tab.all(.lists)
    let head: ListHead
    let buckets: [Bucket]
    let groupings: [Grouping]
    let canGroup: Bool
    let topic: String
    let boardAddress: String
    let entriesAddress: String
    let windowCards: Int
    let channels: [ListsPage.Choice]
    let isEmpty: Bool

    /// - Parameters:
    ///   - board: the list and its totals.
    ///   - cards: the first cards of each bucket.
    ///   - turned: a bucket that was paged, with the page it shows and where the next one begins.
    ///   - names: of people who wrote.
    ///   - window: how many cards of a bucket there are at most.
    ///   - now: the time.
    init(
        _ board: Board, _ cards: [String: [EntryCard]], turned: (bucket: String, next: String?)?,
        names: [ID<Person>: String], window: Int, at now: Timestamp
    ) {
        let list = board.shown.list
        let head = ListHead(board.shown)
        self.head = head
        let shownBuckets = board.buckets.map(\.bucket)
        buckets = board.buckets.map { total in
            let some = cards[total.bucket] ?? []
            let isTurned = turned?.bucket == total.bucket
            let hasMore = isTurned ? turned?.next != nil : total.entries > some.count
            return Bucket(
                name: total.bucket, title: Wording.title(total.bucket), entries: Wording.number(total.entries),
                followers: Wording.short(total.followers), followersValue: total.followers,
                entriesValue: total.entries,
                cards: some.map {
                    CardLine($0, buckets: shownBuckets, names: names, canEdit: head.canEdit, at: now)
                }, isEmpty: some.isEmpty, hasMore: hasMore,
                moreHref: "\(Addresses.list(list.id))?bucket=\(Query.encoded(total.bucket))"
                    + (turned?.next.map { "&after=\($0)" } ?? "") + "#bucket-\(total.place)",
                moreLabel: "More of \(Wording.title(total.bucket))", hasBack: isTurned,
                backHref: "\(Addresses.list(list.id))#bucket-\(total.place)",
                pageAddress: "\(Addresses.api)/lists/\(list.id)/entries?bucket=\(Query.encoded(total.bucket))")
        }
        groupings = list.fields.filter { $0.kind == .select }.map {
            Grouping(key: $0.key, label: $0.label, isChosen: $0.key == list.bucketField)
        }
        canGroup = groupings.count > 1 && head.canEdit
        topic = "discovery/list/\(list.id)"
        boardAddress = "\(Addresses.api)/lists/\(list.id)/board?cards=\(window)"
        entriesAddress = "\(Addresses.api)/entries"
        windowCards = window
        channels = Contact.Channel.allCases.map {
            ListsPage.Choice(value: $0.rawValue, label: Wording.title($0.rawValue), isChosen: $0 == .email)
        }
        isEmpty = board.shown.entries == 0
    }
}

/// The table of a list.
struct TablePage: Sendable {
    struct Column: Sendable {
        let key: String
        let label: String
        let isSelect: Bool
        let isCheck: Bool
        let isPlain: Bool
        let inputType: String
        let options: [ListsPage.Choice]
    }

    struct Cell: Sendable {
        let key: String
        let label: String
        let value: String
        let isSelect: Bool
        let isCheck: Bool
        let isPlain: Bool
        let inputType: String
        let options: [ListsPage.Choice]
        let canEdit: Bool
        let isSet: Bool
    }

    struct Row: Sendable {
        let card: CardLine
        let cells: [Cell]
        let added: String
    }

    let tabs = Tab.all(.lists)
    let head: ListHead
    let columns: [Column]
    let buckets: [ListsPage.Choice]
    let rows: [Row]
    let isEmpty: Bool
    let hasNext: Bool
    let nextHref: String
    let hasFirst: Bool
    let firstHref: String
    let bulkAction: String
    let editAddress: String
    let fieldAction: String

    init(
        _ board: Board, _ cards: [EntryCard], next: String?, isFirst: Bool, names: [ID<Person>: String],
        at now: Timestamp
    ) {
        let list = board.shown.list
        let head = ListHead(board.shown)
        self.head = head
        let own = list.fields.filter { $0.key != list.bucketField }
        func options(_ field: ListField, _ value: String?) -> [ListsPage.Choice] {
            field.options.map { ListsPage.Choice(value: $0, label: Wording.title($0), isChosen: $0 == value) }
        }
        func type(_ kind: ListField.Kind) -> String {
            switch kind {
            case .number: "number"
            case .date: "date"
            case .text, .check, .select: "text"
            }
        }
        columns = own.map { field in
            Column(
                key: field.key, label: field.label, isSelect: field.kind == .select, isCheck: field.kind == .check,
                isPlain: field.kind != .select && field.kind != .check, inputType: type(field.kind),
                options: options(field, nil))
        }
        let shownBuckets = board.buckets.map(\.bucket)
        buckets = shownBuckets.map { ListsPage.Choice(value: $0, label: Wording.title($0), isChosen: false) }
        rows = cards.map { card in
            Row(
                card: CardLine(card, buckets: shownBuckets, names: names, canEdit: head.canEdit, at: now),
                cells: own.map { field in
                    let value = card.entry.fields[field.key] ?? ""
                    return Cell(
                        key: field.key, label: field.label, value: value, isSelect: field.kind == .select,
                        isCheck: field.kind == .check, isPlain: field.kind != .select && field.kind != .check,
                        inputType: type(field.kind), options: options(field, value), canEdit: head.canEdit,
                        isSet: value == "true")
                }, added: Wording.day(card.entry.addedAt, now: now))
        }
        isEmpty = cards.isEmpty
        hasNext = next != nil
        nextHref = "\(Addresses.table(list.id))?after=\(next ?? "")"
        hasFirst = !isFirst
        firstHref = Addresses.table(list.id)
        bulkAction = Addresses.list(list.id, "edit")
        editAddress = "\(Addresses.api)/lists/\(list.id)/entries"
        fieldAction = Addresses.list(list.id, "fields")
    }
}

extension DiscoveryPages {
    /// A page of lists, boards and what stands beside them.
    static func listPage(
        _ title: String, _ template: String, _ model: any Sendable, scripts: [String] = [], said: String? = nil
    ) -> HTMLPage {
        var page = page(title, template, model, scripts: scripts, said: said)
        page.stylesheets.append("discovery/lists.css")
        return page
    }
}
