import Base

/// The course of a number as a line in SVG, made here so that the page needs no script for it.
struct HistoryChart: Sendable {
    enum Bounds {
        static let width = 640.0
        static let height = 180.0
        static let inset = 8.0
    }

    let hasLine: Bool
    let path: String
    let area: String
    let first: String
    let last: String
    let low: String
    let high: String
    let change: String
    let isGrowing: Bool
    let label: String

    /// - Parameter points: days in order with the number of each; unknown days are gaps that the line spans.
    init(_ points: [(day: CalendarDay, value: Int64?)]) {
        let known = points.compactMap { point in point.value.map { (point.day, $0) } }
        guard known.count >= 2, let start = known.first, let end = known.last else {
            (hasLine, path, area, first, last, low, high) = (false, "", "", "", "", "", "")
            (change, isGrowing, label) = ("", false, "No history yet")
            return
        }
        let (least, most) = (known.map(\.1).min() ?? 0, known.map(\.1).max() ?? 0)
        let span = Double(max(1, end.0.daysSinceEpoch - start.0.daysSinceEpoch))
        let range = Double(max(1, most - least))
        let places = known.map { day, value in
            (
                x: Bounds.inset + Double(day.daysSinceEpoch - start.0.daysSinceEpoch) / span
                    * (Bounds.width - 2 * Bounds.inset),
                y: Bounds.height - Bounds.inset - Double(value - least) / range * (Bounds.height - 2 * Bounds.inset)
            )
        }
        let line = places.map { "\(Self.tenths($0.x)) \(Self.tenths($0.y))" }.joined(separator: "L")
        hasLine = true
        path = "M\(line)"
        area =
            "M\(Self.tenths(places[0].x)) \(Int(Bounds.height))L\(line)L\(Self.tenths(places[places.count - 1].x)) "
            + "\(Int(Bounds.height))Z"
        first = start.0.description
        last = end.0.description
        low = Wording.short(least)
        high = Wording.short(most)
        let difference = end.1 - start.1
        isGrowing = difference >= 0
        change = (difference >= 0 ? "+" : "−") + Wording.short(abs(difference))
        label =
            "Followers from \(Wording.number(start.1)) on \(start.0) to \(Wording.number(end.1)) on \(end.0)"
    }

    private static func tenths(_ value: Double) -> String {
        let scaled = Int((value * 10).rounded())
        return "\(scaled / 10).\(scaled % 10)"
    }
}
