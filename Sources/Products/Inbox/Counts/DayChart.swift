import Base

/// Days as bars in SVG, made here so that the page needs no script for them.
struct DayChart: Sendable {
    enum Bounds {
        static let width = 720
        static let height = 140
        /// Bars of a chart; more days stand together.
        static let bars = 90
    }

    struct Bar: Sendable {
        let x: String
        let width: String
        /// What people answered, above what the bot did.
        let y: String
        let height: String
        let botY: String
        let botHeight: String
        let title: String
    }

    let bars: [Bar]
    let hasBars: Bool
    let first: String
    let last: String
    let high: String
    let label: String
    /// The course of what customers wrote, as a line above the bars.
    let line: String

    /// - Parameters:
    ///   - series: days in order, those without anything left out.
    ///   - today: the last day of the chart.
    ///   - days: how many days it shows.
    init(_ series: [(day: Int64, count: Count)], last today: Int64, days: Int) {
        let first = today - Int64(days) + 1
        let perBar = (days + Bounds.bars - 1) / Bounds.bars
        let number = (days + perBar - 1) / perBar
        var sums = [Count](repeating: Count(), count: number)
        for (day, count) in series where day >= first && day <= today {
            sums[Int(day - first) / perBar].add(count)
        }
        let most = max(1, sums.map { max($0.inbound, $0.agentReplies + $0.botReplies) }.max() ?? 1)
        let step = Double(Bounds.width) / Double(number)
        func tall(_ value: Int64) -> Double { Double(value) / Double(most) * Double(Bounds.height - 8) }
        bars = sums.enumerated().map { place, count in
            let (bot, people) = (tall(count.botReplies), tall(count.agentReplies))
            let day = CalendarDay(daysSinceEpoch: first + Int64(place * perBar))
            let title =
                "\(day)\(perBar > 1 ? " and after" : ""): \(Wording.count(count.inbound, "message")) from customers, "
                + "\(Wording.count(count.agentReplies, "answer")) of people, \(count.botReplies) of the bot"
            return Bar(
                x: Self.tenths(Double(place) * step + step * 0.15), width: Self.tenths(step * 0.7),
                y: Self.tenths(Double(Bounds.height) - bot - people), height: Self.tenths(people),
                botY: Self.tenths(Double(Bounds.height) - bot), botHeight: Self.tenths(bot), title: title)
        }
        hasBars = sums.contains { $0.messages > 0 }
        line =
            "M"
            + sums.enumerated().map { place, count in
                "\(Self.tenths((Double(place) + 0.5) * step)) \(Self.tenths(Double(Bounds.height) - tall(count.inbound)))"
            }.joined(separator: "L")
        self.first = CalendarDay(daysSinceEpoch: first).description
        last = CalendarDay(daysSinceEpoch: today).description
        high = Wording.number(most)
        let total = sums.reduce(into: Count()) { $0.add($1) }
        label =
            "From \(self.first) to \(last): \(Wording.count(total.inbound, "message")) from customers, "
            + "\(Wording.count(total.agentReplies, "answer")) of people, \(total.botReplies) of the bot"
    }

    private static func tenths(_ value: Double) -> String {
        let scaled = Int((value * 10).rounded())
        return "\(scaled / 10).\(scaled % 10)"
    }
}

/// A week of hours as a field of squares, darker where more happens.
struct WeekChart: Sendable {
    struct Cell: Sendable {
        let x: String
        let y: String
        /// 0 for nothing to 4 for the most.
        let level: String
        let title: String
    }

    struct Label: Sendable {
        let y: String
        let text: String
    }

    let cells: [Cell]
    let rows: [Label]
    let hasCells: Bool
    let label: String

    /// - Parameter week: 168 hours, Monday's first one first.
    init(_ week: [Count]) {
        let most = max(1, week.map(\.inbound).max() ?? 1)
        let days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
        cells = week.enumerated().map { place, count in
            let level = Int((count.inbound * 4 + most - 1) / most)
            return Cell(
                x: "\(36 + place % 24 * 28)", y: "\(place / 24 * 20)", level: "\(level)",
                title: "\(days[place / 24]), \(place % 24):00: \(Wording.count(count.inbound, "message"))")
        }
        rows = days.enumerated().map { Label(y: "\($0.offset * 20 + 13)", text: String($0.element.prefix(2))) }
        hasCells = week.contains { $0.inbound > 0 }
        let busiest = week.indices.max { week[$0].inbound < week[$1].inbound } ?? 0
        label = "What customers write, by hour; most on \(days[busiest / 24]) at \(busiest % 24):00"
    }
}
