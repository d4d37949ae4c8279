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

    /// A large number in three digits: `61.2K`, `4.1M`; what nobody knows is a dash.
    static func short(_ value: Int64?) -> String {
        guard let value else { return "–" }
        switch value {
        case ..<10_000: return number(value)
        case ..<1_000_000: return scaled(value, 1_000, "K")
        case ..<1_000_000_000: return scaled(value, 1_000_000, "M")
        default: return scaled(value, 1_000_000_000, "B")
        }
    }

    private static func scaled(_ value: Int64, _ unit: Int64, _ suffix: String) -> String {
        let tenths = value / (unit / 10)
        return tenths >= 1_000 || tenths % 10 == 0
            ? "\(tenths / 10)\(suffix)" : "\(tenths / 10).\(tenths % 10)\(suffix)"
    }

    /// A part in millionths as a percentage of one digit: `4.2 %`; what nobody knows is a dash.
    static func percent(millionths: Int64?) -> String {
        guard let millionths else { return "–" }
        let tenths = (millionths + 500) / 1_000
        return "\(tenths / 10).\(tenths % 10) %"
    }

    /// A count with its noun: `1 creator`, `2,300 creators`.
    static func count(_ value: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
        "\(number(value)) \(value == 1 ? one : many ?? one + "s")"
    }

    /// A word with a capital letter.
    static func title(_ word: String) -> String { word.prefix(1).uppercased() + word.dropFirst() }

    /// A day in a few letters: `18 Nov`, with the year when it is another one than `now` is in.
    static func day(_ time: Timestamp, now: Timestamp) -> String {
        let parts = CalendarDay(of: time, in: .gmt).description.split(separator: "-").compactMap { Int($0) }
        guard parts.count == 3 else { return "" }
        let year = CalendarDay(of: now, in: .gmt).description.prefix(4)
        let text = "\(parts[2]) \(months[parts[1] - 1])"
        return year == "\(parts[0])" ? text : "\(text) \(parts[0])"
    }

    /// How long ago, roughly: `just now`, `40 s ago`, `3 min ago`, `2 h ago`, `4 days ago`.
    static func ago(_ passed: Duration) -> String {
        switch passed.components.seconds {
        case ..<2: "just now"
        case let seconds where seconds < 60: "\(seconds) s ago"
        case let seconds where seconds < 3_600: "\(seconds / 60) min ago"
        case let seconds where seconds < 86_400: "\(seconds / 3_600) h ago"
        case let seconds: "\(count(seconds / 86_400, "day")) ago"
        }
    }

    /// How long something takes, roughly: `under a minute`, `4 min`, `2 h`.
    static func span(_ time: Duration) -> String {
        switch time.components.seconds {
        case ..<60: "under a minute"
        case let seconds where seconds < 5_400: "\((seconds + 59) / 60) min"
        case let seconds: "\((seconds + 1_800) / 3_600) h"
        }
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
}
