import Base

/// A leaderboard: of the slot, the track, the season, all time; of clips, creators or voters.
struct BoardPage: Sendable {
    /// Which boards there are, in the order of their tabs.
    enum Kind: String, Sendable, CaseIterable {
        case slot, track, season, clips, creators, voters

        var label: String {
            switch self {
            case .slot: "This slot"
            case .track: "Track"
            case .season: "Season"
            case .clips: "All time"
            case .creators: "Creators"
            case .voters: "Voters"
            }
        }

        /// Whether what it ranks are clips.
        var ranksClips: Bool { self != .creators && self != .voters }
    }

    enum Order: String, Sendable, CaseIterable {
        case score, rising
    }

    struct Link: Sendable {
        let label: String
        let href: String
        let isCurrent: Bool
    }

    /// One ranked thing as the stores know it.
    struct Entry: Sendable {
        let id: String
        /// 1 for the first.
        let rank: Int
        let name: String
        let detail: String
        let href: String?
        let poster: String?
        let score: Int
        /// How the score is printed; `nil` for the number itself.
        var scoreText: String?
        let votes: Int
    }

    struct Row: Sendable {
        let id: String
        let rank: String
        let name: String
        let detail: String
        let href: String?
        let poster: String?
        let percent: String
        let score: String
        let votes: String
        let unit: String
        let isPodium: Bool
        let isMarked: Bool
    }

    struct Pager: Sendable {
        let summary: String
        let firstHref: String?
        let nextHref: String?
    }

    /// What is asked for, and of which whole it is a part.
    struct View: Sendable {
        var kind: Kind
        var order: Order
        var scope: String?
        /// The entry that the page marks and shows with its neighbours.
        var marked: String?
        /// The entry that belongs to whoever reads, if any.
        var own: String?
        /// How many entries the board has.
        var total: Int
        /// The cursor of the next page.
        var next: String?
        var bestScore: Int
        var builtAt: Timestamp
        var isBlind = false
    }

    let base = Addresses.base
    let season: String
    let heading: String
    let lead: String
    let clock: SlotClock?
    let tabs: [Link]
    let hasOrders: Bool
    let orders: [Link]
    let isLive: Bool
    let builtAt: String
    let aroundHref: String?
    let liveHref: String?
    let note: String?
    let isEmpty: Bool
    let emptyHeading: String
    let rows: [Row]
    let pager: Pager?
    let detail: String

    init(_ view: View, entries: [Entry], season: Season?, slot: Slot?, at now: Timestamp) {
        self.season = season?.title ?? ""
        let isRunning = view.kind == .slot && slot?.state == .voting
        let things = view.kind == .creators ? "creator" : view.kind == .voters ? "voter" : "clip"
        heading = view.order == .rising ? "Rising" : "Leaderboard"
        lead = Self.lead(view, things: things, slot: slot)
        clock = isRunning ? slot.map { SlotClock($0, at: now) } : nil
        tabs = Kind.allCases.map {
            Link(label: $0.label, href: Addresses.board($0.rawValue), isCurrent: $0 == view.kind)
        }
        hasOrders = view.kind == .slot && !view.isBlind
        orders = Order.allCases.map {
            Link(
                label: Wording.title($0.rawValue),
                href: Addresses.board(view.kind.rawValue, scope: view.scope, order: $0 == .score ? nil : $0.rawValue),
                isCurrent: $0 == view.order)
        }
        isLive = isRunning && !view.isBlind
        builtAt = entries.isEmpty ? "" : "updated \(Wording.ago(now - view.builtAt))"
        aroundHref =
            view.own.flatMap { own in
                view.marked == own
                    ? nil : Addresses.board(view.kind.rawValue, scope: view.scope, around: own)
            }
        let query = [view.scope.map { "scope=\($0)" }, view.marked.map { "around=\($0)" }].compactMap { $0 }
        liveHref =
            isLive && view.order == .score
            ? "\(Addresses.api)/boards/\(view.kind.rawValue)?" + query.joined(separator: "&") : nil
        note =
            view.order == .rising
            ? "Ordered by the share of viewers who voted, counted cautiously (the lower Wilson bound), from 20 viewers on: "
                + "a clip with three votes does not lead."
            : nil
        isEmpty = entries.isEmpty
        emptyHeading = view.isBlind ? "Positions are hidden" : "Nothing is ranked yet"
        detail =
            view.isBlind
            ? "This season is blind: totals and places of an open slot appear when it closes."
            : "The board fills with the first votes."
        rows = entries.map { Self.row($0, view: view, unit: view.kind == .voters ? "votes cast" : "votes") }
        pager = Self.pager(view, entries: entries)
    }

    /// The page of a board that a desk hands out.
    init(
        _ page: BoardDesk.Page, kind: Kind, marked: ID<Ranked>?, own: ID<Ranked>?, season: Season?, slot: Slot?,
        at now: Timestamp
    ) {
        let order: Order = page.order == .rising ? .rising : .score
        let view = View(
            kind: kind, order: order, scope: page.key.scope.isEmpty ? nil : page.key.scope,
            marked: marked?.description, own: own?.description, total: page.total, next: page.next?.description,
            bestScore: page.bestScore, builtAt: page.builtAt, isBlind: page.isBlind)
        let entries = page.rows.map { row in
            Entry(
                id: row.id.description, rank: row.rank, name: row.name, detail: row.detail,
                href: Self.href(of: row.id, kind), poster: row.poster,
                score: row.score, scoreText: order == .rising ? Self.share(row.score) : nil, votes: row.votes)
        }
        self.init(view, entries: entries, season: season, slot: slot, at: now)
    }

    /// What an entry stands for: a clip, or the person who made some.
    private static func href(of id: ID<Ranked>, _ kind: Kind) -> String? {
        if kind.ranksClips { return Addresses.clip(id.cast(to: ID<Clip>.self)) }
        return kind == .creators ? Addresses.person(id.cast(to: ID<Person>.self)) : nil
    }

    /// The page while there is nothing to rank.
    init(nothingIn season: Season?, kind: Kind, at now: Timestamp) {
        let view = View(kind: kind, order: .score, total: 0, bestScore: 0, builtAt: now)
        self.init(view, entries: [], season: season, slot: nil, at: now)
    }

    /// Millionths as hundredths: `31.4 %`.
    private static func share(_ millionths: Int) -> String { "\(millionths / 10_000).\(millionths / 1_000 % 10) %" }

    private static func lead(_ view: View, things: String, slot: Slot?) -> String {
        let count = Wording.count(view.total, things)
        switch view.kind {
        case .slot:
            guard let slot else { return "No slot is open." }
            let place = "slot \(slot.position)"
            return slot.state == .voting
                ? "\(count) \(view.total == 1 ? "competes" : "compete") for \(place)."
                : "\(count) competed for \(place)."
        case .track: return "\(count) of this track, over all its slots."
        case .season: return "\(count) of the season, over all its slots."
        case .clips: return "\(count) of all seasons."
        case .creators: return "\(count), by the points of their clips."
        case .voters: return "\(count), by the weight of the votes they cast."
        }
    }

    private static func row(_ entry: Entry, view: View, unit: String) -> Row {
        let tenths = view.bestScore > 0 ? max(0, entry.score) * 1_000 / view.bestScore : 0
        return Row(
            id: entry.id, rank: Wording.number(entry.rank), name: entry.name, detail: entry.detail, href: entry.href,
            poster: entry.poster, percent: "\(tenths / 10).\(tenths % 10)",
            score: entry.scoreText ?? Wording.number(entry.score), votes: Wording.number(entry.votes), unit: unit,
            isPodium: entry.rank <= 3, isMarked: entry.id == view.marked)
    }

    private static func pager(_ view: View, entries: [Entry]) -> Pager? {
        guard let first = entries.first, let last = entries.last, view.total > entries.count else { return nil }
        let here = Addresses.board(
            view.kind.rawValue, scope: view.scope, order: view.order == .score ? nil : view.order.rawValue)
        let mark = here.contains("?") ? "&" : "?"
        return Pager(
            summary:
                "\(Wording.number(first.rank))–\(Wording.number(last.rank)) of \(Wording.number(view.total))",
            firstHref: first.rank > 1 ? here : nil, nextHref: view.next.map { "\(here)\(mark)after=\($0)" })
    }
}
