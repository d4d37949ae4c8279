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

    /// A count with its noun: `1 message`, `2,300 messages`.
    static func count(_ value: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
        "\(number(value)) \(value == 1 ? one : many ?? one + "s")"
    }

    /// A count as a badge shows it: nothing for none, `99+` above 99.
    static func badge(_ value: some BinaryInteger) -> String {
        value <= 0 ? "" : value > 99 ? "99+" : "\(value)"
    }

    /// A size in bytes, roughly: `12 KB`, `3.4 MB`.
    static func size(_ bytes: Int) -> String {
        guard bytes >= 1_000_000 else { return "\(max(1, bytes / 1_000)) KB" }
        return "\(bytes / 1_000_000).\(bytes / 100_000 % 10) MB"
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

    /// The time of a day in UTC: `10:42`; scripts put the reader's own in its place.
    static func clock(_ time: Timestamp) -> String {
        let minutes = (time.microseconds / 60_000_000) % 1_440
        let (hour, minute) = (minutes / 60, minutes % 60)
        return (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)"
    }

    /// A moment as lists show it: the time today, else the day.
    static func moment(_ time: Timestamp, now: Timestamp) -> String {
        CalendarDay(of: time, in: .gmt) == CalendarDay(of: now, in: .gmt) ? clock(time) : day(time, now: now)
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

    /// How long something takes or lasts, roughly: `under a minute`, `4 min`, `2 h`, `3 days`.
    static func span(_ time: Duration) -> String {
        switch time.components.seconds {
        case ..<60: "under a minute"
        case let seconds where seconds < 5_400: "\((seconds + 59) / 60) min"
        case let seconds where seconds < 172_800: "\((seconds + 1_800) / 3_600) h"
        case let seconds: count((seconds + 43_200) / 86_400, "day")
        }
    }

    /// How long something took that nobody likes to wait for: `a second`, `12 s`, `4 min`.
    static func lag(_ time: Duration) -> String {
        switch time.components.seconds {
        case ..<1: "a second"
        case let seconds where seconds < 60: "\(seconds + 1) s"
        default: span(time)
        }
    }

    /// The first letters of a name, for a round mark in the place of a picture.
    static func initials(_ name: String) -> String {
        let words = name.split(whereSeparator: \.isWhitespace)
        return words.prefix(2).compactMap(\.first).map { String($0).uppercased() }.joined()
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]
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
