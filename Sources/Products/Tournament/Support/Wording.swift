import Base
import Foundation

/// Numbers, times and counts as pages print them; English, and the same on every machine.
enum Wording {
    /// A whole number with its thousands grouped: `61,204`.
    static func number(_ value: some BinaryInteger) -> String {
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "−" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// A count with its noun: `1 vote`, `2,300 votes`.
    static func count(_ value: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
        "\(number(value)) \(value == 1 ? one : many ?? one + "s")"
    }

    /// A word with a capital letter.
    static func title(_ word: String) -> String { word.prefix(1).uppercased() + word.dropFirst() }

    /// What is left on a clock: `08:57:59`, with days before it from 24 hours on; zero when it is over.
    static func countdown(_ left: Duration) -> String {
        let (whole, rest) = left.components
        let total = max(0, rest > 0 ? whole + 1 : whole)
        let parts = [total / 3_600 % 24, total / 60 % 60, total % 60].map(twoDigits).joined(separator: ":")
        return total >= 86_400 ? "\(total / 86_400) d \(parts)" : parts
    }

    /// A day in words: `18 November 2026`.
    static func day(_ time: Timestamp, in zone: TimeZone) -> String {
        let parts = CalendarDay(of: time, in: zone).description.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3 else { return "" }
        return "\(parts[2]) \(months[parts[1] - 1]) \(parts[0])"
    }

    /// A day in a few letters: `18 Nov`.
    static func shortDay(_ time: Timestamp, in zone: TimeZone) -> String {
        let words = day(time, in: zone).split(separator: " ")
        return words.count == 3 ? "\(words[0]) \(words[1].prefix(3))" : ""
    }

    /// The time on a wall clock: `18:30`.
    static func clock(_ time: Timestamp, in zone: TimeZone) -> String {
        let start = CalendarDay(of: time, in: zone).start(in: zone)
        let minutes = (time - start).components.seconds / 60
        return "\(twoDigits(minutes / 60)):\(twoDigits(minutes % 60))"
    }

    /// The city of a zone's name: `Lisbon` for `Europe/Lisbon`.
    static func place(_ zone: String) -> String {
        (zone.split(separator: "/").last.map(String.init) ?? zone).replacing("_", with: " ")
    }

    /// How long ago, roughly: `just now`, `40 s ago`, `3 min ago`, `2 h ago`, `3 days ago`.
    static func ago(_ passed: Duration) -> String {
        switch passed.components.seconds {
        case ..<2: "just now"
        case let seconds where seconds < 60: "\(seconds) s ago"
        case let seconds where seconds < 3_600: "\(seconds / 60) min ago"
        case let seconds where seconds < 86_400: "\(seconds / 3_600) h ago"
        case let seconds: "\(count(seconds / 86_400, "day")) ago"
        }
    }

    private static func twoDigits(_ value: Int64) -> String { (value < 10 ? "0" : "") + String(value) }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
        "December",
    ]
}
