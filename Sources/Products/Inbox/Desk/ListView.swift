import Base
import InboxVendors

/// A row of a list of conversations, as pages show it and scripts replace it.
struct RowView: Sendable {
    enum Bounds {
        /// How long before the end of a window the rest of it is shown in lists.
        static let countdown: Duration = .seconds(4 * 3_600)
    }

    let id: String
    let href: String
    let name: String
    let initials: String
    let preview: String
    let moment: String
    let momentISO: String
    let unread: String
    let isUnread: Bool
    let isCurrent: Bool
    let channel: String
    let kind: String
    let assignee: String
    let hasAssignee: Bool
    let state: String
    let stateKind: String
    let hasState: Bool
    let window: String
    let hasWindow: Bool
    let isUrgent: Bool
    let lastSequence: Int64

    init(
        _ seen: SeenConversation, in place: DeskPlace, current: ID<Conversation>?, channels: [ID<Channel>: Channel],
        names: [ID<Person>: String], at now: Timestamp
    ) {
        let head = seen.head
        id = head.id.description
        href = place.thread(head.id)
        name = head.contactName
        initials = Wording.initials(head.contactName)
        preview = Self.preview(head)
        moment = Wording.moment(head.lastMessageAt, now: now)
        momentISO = head.lastMessageAt.description
        unread = Wording.badge(seen.unread)
        isUnread = seen.unread > 0
        isCurrent = head.id == current
        let known = channels[head.channelID]
        channel = known?.name ?? "A channel"
        kind = known?.kind.rawValue ?? "widget"
        assignee = head.assigneeID.map { names[$0] ?? "Somebody" } ?? ""
        hasAssignee = head.assigneeID != nil
        (state, stateKind) = Self.state(head)
        hasState = !state.isEmpty
        let left = head.windowEndsAt.map { $0 - now }
        hasWindow = left.map { $0 < Bounds.countdown } ?? false && head.state != .closed
        window = left.map { $0 <= .zero ? "window closed" : "\(Wording.span($0)) left" } ?? ""
        isUrgent = head.priority >= 2
        lastSequence = head.lastSequence
    }

    static func preview(_ head: Conversation) -> String {
        switch head.preview.role {
        case .agent: "Us: \(head.preview.text)"
        case .bot: "Bot: \(head.preview.text)"
        case .customer, .note, .event: head.preview.text
        }
    }

    static func state(_ head: Conversation) -> (text: String, kind: String) {
        switch (head.state, head.bot) {
        case (.closed, _): ("closed", "plain")
        case (.snoozed, _): ("asleep", "info")
        case (.open, .waiting): ("waits for a person", "accent")
        case (.open, .active): ("bot answers", "good")
        case (.open, .human), (.open, .off): ("", "")
        }
    }
}

/// A view in the column of views.
struct ViewLink: Sendable {
    let href: String
    let label: String
    let key: String
    let badge: String
    let hasBadge: Bool
    let isCurrent: Bool
}

/// The column of views and the list, the same on the page of the inbox and beside a thread.
struct ListView: Sendable {
    let views: [ViewLink]
    let channels: [ViewLink]
    let tags: [ViewLink]
    let hasChannels: Bool
    let hasTags: Bool
    let title: String
    let rows: [RowView]
    let isEmpty: Bool
    let hasNoChannels: Bool
    /// The ways to connect a first channel; none where there is one.
    let connects: [ChannelsPage.Connect]
    let demoAction = DemoChannelRoutes.path
    let nextHref: String
    let hasNext: Bool
    let hasFirst: Bool
    let firstHref: String
    /// What the list's script listens to.
    let topics: String
    let view: String
    let query: String

    /// What a list is made from.
    struct Parts: Sendable {
        var place: DeskPlace
        var rows: [SeenConversation]
        var next: String?
        var isFirst: Bool
        var current: ID<Conversation>?
        var channels: [Channel]
        var tags: [Tag]
        var badges: Badges
        var names: [ID<Person>: String]
        var topics: [String]
        var now: Timestamp
    }

    init(_ parts: Parts) {
        let place = parts.place
        let byID = Dictionary(uniqueKeysWithValues: parts.channels.map { ($0.id, $0) })
        let isPlain = place.channel == nil && place.tag == nil && place.team == nil
        views = ConversationView.Name.allCases.sorted { Self.order($0) < Self.order($1) }.map { name in
            let count = Self.badge(name, parts.badges)
            return ViewLink(
                href: DeskPlace(view: name).list(), label: Self.label(name), key: name.rawValue,
                badge: Wording.badge(count), hasBadge: count > 0, isCurrent: isPlain && place.view == name)
        }
        channels = parts.channels.map { channel in
            ViewLink(
                href: DeskPlace(view: .all, channel: channel.id).list(), label: channel.name,
                key: channel.kind.rawValue, badge: channel.health == .good ? "" : "!",
                hasBadge: channel.health != .good, isCurrent: place.channel == channel.id)
        }
        tags = parts.tags.prefix(20).map { tag in
            ViewLink(
                href: DeskPlace(view: .all, tag: tag.id).list(), label: tag.label, key: "tag", badge: "",
                hasBadge: false, isCurrent: place.tag == tag.id)
        }
        hasChannels = parts.channels.count > 1
        hasTags = !parts.tags.isEmpty
        title =
            place.channel.flatMap { byID[$0]?.name } ?? parts.tags.first { $0.id == place.tag }?.label
            ?? Self.label(place.view)
        rows = parts.rows.map {
            RowView(
                $0, in: place, current: parts.current, channels: byID, names: parts.names, at: parts.now)
        }
        isEmpty = parts.rows.isEmpty
        hasNoChannels = parts.channels.isEmpty
        connects =
            parts.channels.isEmpty
            ? ChannelKind.allCases.map {
                ChannelsPage.Connect(href: ChannelPaths.connect($0), name: $0.title, what: $0.invitation)
            } : []
        hasNext = parts.next != nil
        nextHref = place.list(after: parts.next ?? "")
        hasFirst = !parts.isFirst
        firstHref = place.list()
        topics = parts.topics.joined(separator: " ")
        view = place.view.rawValue
        query = place.query
    }

    static func label(_ name: ConversationView.Name) -> String {
        switch name {
        case .mine: "Mine"
        case .unassigned: "Unassigned"
        case .all: "All open"
        case .mentions: "Mentions"
        case .snoozed: "Snoozed"
        case .closed: "Closed"
        }
    }

    private static func order(_ name: ConversationView.Name) -> Int {
        [.mine, .unassigned, .all, .mentions, .snoozed, .closed].firstIndex(of: name) ?? 0
    }

    private static func badge(_ name: ConversationView.Name, _ badges: Badges) -> Int {
        switch name {
        case .mine: badges.mine
        case .unassigned: badges.unassigned
        case .all: badges.all
        case .mentions, .snoozed, .closed: 0
        }
    }
}
