import Base

/// A table about a range of days, made from the counts: no message is read for it.
struct Report: Sendable, Hashable {
    enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
        case agents, channels, hours, bot, ratings
        case serviceLevels = "service-levels"
    }

    /// What stands in a cell.
    enum Cell: Sendable, Hashable {
        case text(String)
        case number(Int64)
        /// Hundredths, as of a share or of points.
        case hundredths(Int64)
        case nothing
    }

    /// A column: its name in files, its title on pages, and what its numbers are.
    struct Column: Sendable, Hashable {
        let name: String
        let title: String

        init(_ name: String, _ title: String) {
            self.name = name
            self.title = title
        }
    }

    let kind: Kind
    let days: Int
    let columns: [Column]
    var rows: [[Cell]]
}

extension Report.Kind {
    /// What it is, for people.
    var title: String {
        switch self {
        case .agents: "Agents"
        case .channels: "Channels"
        case .hours: "Hours"
        case .bot: "Bot"
        case .ratings: "Ratings"
        case .serviceLevels: "Service levels"
        }
    }

    var columns: [Report.Column] {
        func columns(_ pairs: [(String, String)]) -> [Report.Column] { pairs.map { Report.Column($0.0, $0.1) } }
        switch self {
        case .agents:
            return columns([
                ("agent", "Agent"), ("replies", "Answers"), ("closed", "Closed"),
                ("meanFirstReplySeconds", "First answer (s)"), ("meanResolutionSeconds", "Until closed (s)"),
                ("ratings", "Ratings"), ("meanRating", "Points"), ("promisesKept", "Kept"),
                ("promisesBroken", "Broken"),
            ])
        case .channels:
            return columns([
                ("channel", "Channel"), ("kind", "Kind"), ("opened", "Opened"), ("closed", "Closed"),
                ("inbound", "From customers"), ("replies", "Answers"), ("botReplies", "Of the bot"),
                ("handOffs", "Handed over"), ("deflectedShare", "Without people"),
                ("meanFirstReplySeconds", "First answer (s)"), ("meanRating", "Points"),
            ])
        case .hours:
            return columns([
                ("weekday", "Day"), ("hour", "Hour"), ("inbound", "From customers"), ("opened", "Opened"),
                ("replies", "Answers"), ("botReplies", "Of the bot"),
            ])
        case .bot:
            return columns([
                ("day", "Day"), ("botReplies", "Answers"), ("handOffs", "Handed over"), ("closed", "Closed"),
                ("deflected", "Without people"), ("deflectedShare", "Share"), ("tokens", "Tokens"),
            ])
        case .ratings:
            return columns([("day", "Day"), ("ratings", "Ratings"), ("meanRating", "Points")])
        case .serviceLevels:
            return columns([
                ("day", "Day"), ("promisesKept", "Kept"), ("promisesBroken", "Broken"), ("keptShare", "Share"),
                ("meanFirstReplySeconds", "First answer (s)"), ("meanResolutionSeconds", "Until closed (s)"),
            ])
        }
    }
}

extension Report.Cell {
    init(hundredths value: Int64?) { self = value.map(Report.Cell.hundredths) ?? .nothing }

    init(number value: Int64?) { self = value.map(Report.Cell.number) ?? .nothing }

    /// As pages and files write it.
    var text: String {
        switch self {
        case .text(let text): return text
        case .number(let number): return "\(number)"
        case .hundredths(let value):
            let rest = value % 100
            return "\(value / 100).\(rest < 10 ? "0" : "")\(rest)"
        case .nothing: return ""
        }
    }
}

extension Count {
    /// The mean time until it was closed in seconds; `nil` without one.
    var meanResolution: Int64? { resolutions > 0 ? resolutionSeconds / resolutions : nil }
}
