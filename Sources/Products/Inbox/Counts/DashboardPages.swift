import Base
import Foundation
import InboxVendors
import Web

/// How well a company answers.
struct DashboardPage: Sendable {
    /// One of the eight figures, with where it goes.
    struct Figure: Sendable {
        let label: String
        let value: String
        let unit: String
        let trend: String
        /// `good`, `bad` or nothing where it says nothing about how well it goes.
        let kind: String
    }

    struct Choice: Sendable {
        let href: String
        let label: String
        let isCurrent: Bool
    }

    struct Share: Sendable {
        let label: String
        let kind: String
        let value: String
        let percent: Int
    }

    struct Row: Sendable {
        struct Cell: Sendable {
            let text: String
            let isNumber: Bool
        }

        let cells: [Cell]
    }

    struct Opinion: Sendable {
        let points: String
        let stars: String
        let text: String
        let hasText: Bool
        let href: String
        let who: String
        let ago: String
    }

    struct Download: Sendable {
        let href: String
        let label: String
    }

    let frame: Frame
    let ranges: [Choice]
    let figures: [Figure]
    let chart: DayChart
    let week: WeekChart
    let shares: [Share]
    let hasShares: Bool
    let times: [Figure]
    let hasTimes: Bool
    let deflected: Int
    let hasClosed: Bool
    let deflectedText: String
    let kept: Int
    let hasPromises: Bool
    let keptText: String
    let agentTitles: [Row.Cell]
    let agents: [Row]
    let hasAgents: Bool
    let rating: String
    let ratingsText: String
    let hasRatings: Bool
    let opinions: [Opinion]
    let downloads: [Download]

    /// What the page is made from.
    struct Parts: Sendable {
        var board: Dashboard
        var week: [Count]
        var agents: Report
        var ratings: [Rating]
        var names: [ID<Person>: String]
        var now: Timestamp
    }

    init(_ frame: Frame, _ parts: Parts) {
        self.frame = frame
        let (board, range) = (parts.board, parts.board.range)
        ranges = [7, 30, 90, 365].map {
            Choice(
                href: "\(Addresses.dashboard)?days=\($0)", label: $0 == 365 ? "A year" : "\($0) days",
                isCurrent: $0 == board.days)
        }
        figures = Self.figures(board)
        chart = DayChart(
            board.series, last: CalendarDay(of: parts.now, in: .gmt).daysSinceEpoch, days: board.days)
        week = WeekChart(parts.week)
        let all = max(1, board.providers.values.reduce(0, +))
        shares = board.providers.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }.map {
            Share(
                label: Wording.title($0.key.rawValue), kind: $0.key.rawValue, value: Wording.number($0.value),
                percent: Int($0.value * 100 / all))
        }
        hasShares = !shares.isEmpty
        times = [
            Self.time("Half of first answers within", board.firstReplies.percentile(0.5)),
            Self.time("Nine of ten within", board.firstReplies.percentile(0.9)),
            Self.time("Half are closed within", board.resolutions.percentile(0.5)),
            Self.time("Nine of ten within", board.resolutions.percentile(0.9)),
        ]
        hasTimes = board.firstReplies.count + board.resolutions.count > 0
        deflected = Int(range.deflectedShare ?? 0)
        hasClosed = range.closed > 0
        deflectedText =
            "\(Wording.number(range.deflected)) of \(Wording.count(range.closed, "closed conversation")) needed nobody; "
            + "the bot handed over \(Wording.count(range.handOffs, "time"))."
        kept = Int(range.keptShare ?? 0)
        hasPromises = range.keptShare != nil
        keptText =
            "\(Wording.number(range.slaMet)) kept, \(Wording.number(range.slaBreached)) broken in the range that is shown."
        agentTitles = parts.agents.columns.enumerated().map { Row.Cell(text: $1.title, isNumber: $0 > 0) }
        agents = parts.agents.rows.map { row in
            Row(cells: row.enumerated().map { Row.Cell(text: $1.shown, isNumber: $0 > 0) })
        }
        hasAgents = !agents.isEmpty
        rating = range.meanRating.map { Report.Cell.hundredths($0).text } ?? "–"
        ratingsText = Wording.count(range.ratings, "rating")
        hasRatings = !parts.ratings.isEmpty
        opinions = parts.ratings.map { Opinion($0, parts) }
        downloads = Report.Kind.allCases.map {
            Download(href: "\(Addresses.api)/reports/\($0.rawValue)/file?days=\(board.days)", label: $0.title)
        }
    }

    private static func figures(_ board: Dashboard) -> [Figure] {
        let bot = board.range.botReplies
        let share = board.range.messages > 0 ? bot * 100 / board.range.messages : 0
        let top = board.providers.max { ($0.value, $1.key.rawValue) < ($1.value, $0.key.rawValue) }
        return [
            Figure("Conversations", board.all.opened, "in all", board.month.opened, board.formerMonth.opened, "month"),
            Figure(
                "Last 30 days", board.month.opened, "conversations", board.month.opened, board.formerMonth.opened,
                "month"),
            Figure(
                label: "Open now", value: Wording.number(board.active), unit: "", trend: Self.balance(board.week),
                kind: ""),
            Figure("Messages", board.all.messages, "in all", board.month.messages, board.formerMonth.messages, "month"),
            Figure(
                "Last 7 days", board.week.messages, "messages", board.week.messages, board.formerWeek.messages, "week"),
            Figure(
                label: "Of the bot", value: Wording.number(bot), unit: "\(share) %",
                trend: Figure.trend(bot, board.formerRange.botReplies, "range"), kind: ""),
            Figure(first: board.range.meanFirstReply, former: board.formerRange.meanFirstReply),
            Figure(
                label: "Most used", value: top.map { Wording.title($0.key.rawValue) } ?? "–", unit: "",
                trend: top.map { "\(Wording.count($0.value, "message"))" } ?? "no messages yet", kind: ""),
        ]
    }

    private static func balance(_ week: Count) -> String {
        "\(Wording.number(week.opened)) opened, \(Wording.number(week.closed)) closed in a week"
    }

    private static func time(_ label: String, _ seconds: Int64?) -> Figure {
        Figure(
            label: label, value: seconds.map { Wording.span(.seconds($0)) } ?? "–", unit: "", trend: "", kind: "")
    }
}

extension DashboardPage.Figure {
    fileprivate init(
        _ label: String, _ value: Int64, _ unit: String, _ now: Int64, _ former: Int64, _ span: String
    ) {
        self.init(
            label: label, value: Wording.number(value), unit: unit, trend: Self.trend(now, former, span), kind: "")
    }

    /// The mean time to the first answer; shorter is better.
    fileprivate init(first seconds: Int64?, former: Int64?) {
        var (trend, kind) = ("", "")
        if let seconds, let former {
            let difference = seconds - former
            kind = difference <= 0 ? "good" : "bad"
            trend =
                difference == 0
                ? "as in the range before"
                : "\(Wording.span(.seconds(abs(difference)))) \(difference < 0 ? "faster" : "slower") than before"
        }
        self.init(
            label: "First answer", value: seconds.map { Wording.span(.seconds($0)) } ?? "–", unit: "on average",
            trend: trend, kind: kind)
    }

    fileprivate static func trend(_ now: Int64, _ former: Int64, _ span: String) -> String {
        guard former > 0 else { return now > 0 ? "nothing the \(span) before" : "" }
        let percent = (now - former) * 100 / former
        return percent == 0
            ? "as the \(span) before" : "\(percent > 0 ? "+" : "−")\(abs(percent)) % to the \(span) before"
    }
}

extension DashboardPage.Opinion {
    fileprivate init(_ rating: Rating, _ parts: DashboardPage.Parts) {
        self.init(
            points: "\(rating.points)",
            stars: String(repeating: "★", count: rating.points) + String(repeating: "☆", count: 5 - rating.points),
            text: rating.text ?? "", hasText: rating.text != nil, href: Addresses.conversation(rating.conversationID),
            who: rating.personID.map { parts.names[$0] ?? NameKeeper.nobody } ?? "nobody",
            ago: Wording.ago(parts.now - rating.createdAt))
    }
}

extension Report.Cell {
    /// As pages write it: a dash for nothing, thousands grouped.
    fileprivate var shown: String {
        switch self {
        case .number(let number): Wording.number(number)
        case .nothing: "–"
        case .text, .hundredths: text
        }
    }
}
