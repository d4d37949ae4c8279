import Base

/// When a company, or a part of it, answers.
struct BusinessHours: Sendable, Hashable {
    enum Bounds {
        /// Plans of a company.
        static let plans = 20
        static let nameCharacters = 80
    }

    let id: ID<BusinessHours>
    var name: String
    var plan: WeekPlan
    /// Whether it holds where nothing else is said.
    var isUsual: Bool

    /// The name of the first rule that is broken; `nil` when all hold.
    var fault: String? {
        if !(1...Bounds.nameCharacters).contains(name.unicodeScalars.count) { return "name" }
        return plan.isSound ? nil : "plan"
    }
}

extension WeekPlan {
    /// Reads what a form says of a day: spans such as `9:00-12:30, 14-18`; nothing for a day that is closed.
    ///
    /// - Returns: `nil` when it cannot be understood.
    static func spans(_ text: String) -> [Span]? {
        let parts = text.split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
        var spans: [Span] = []
        for part in parts {
            let ends = part.split { $0 == "-" || $0 == "–" }.map(\.trimmed)
            guard ends.count == 2, let from = minute(ends[0]), let until = minute(ends[1]) else { return nil }
            spans.append(Span(from: from, until: until))
        }
        return spans
    }

    private static func minute(_ text: String) -> Int? {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let hour = Int(parts[0]), (0...24).contains(hour) else { return nil }
        guard parts.count == 2 else { return hour * 60 }
        guard parts[1].utf8.count == 2, let minute = Int(parts[1]), (0...59).contains(minute) else { return nil }
        return hour * 60 + minute
    }

    /// A day's spans as a form shows them.
    static func text(_ spans: [Span]) -> String {
        spans.map { "\(time($0.from))-\(time($0.until))" }.joined(separator: ", ")
    }

    private static func time(_ minute: Int) -> String {
        let (hour, rest) = (minute / 60, minute % 60)
        return "\(hour):\(rest < 10 ? "0" : "")\(rest)"
    }
}

extension Substring {
    fileprivate var trimmed: String { String(self).trimmed }
}
