public import Foundation

/// A day of the Gregorian calendar without a time zone: what a daily limit or a daily statistic is kept under.
///
/// Conversions follow Howard Hinnant's `days_from_civil` (chrono-compatible low-level date algorithms).
public struct CalendarDay: Sendable, Hashable, Comparable {
    /// Days since 1970-01-01; negative before it.
    public let daysSinceEpoch: Int64

    static let microseconds: Int64 = 86_400_000_000

    /// Wraps a count of days since 1970-01-01.
    public init(daysSinceEpoch: Int64) { self.daysSinceEpoch = daysSinceEpoch }

    /// The day that a clock on the wall in `zone` shows at `time`.
    public init(of time: Timestamp, in zone: TimeZone) {
        let local = time.seconds + Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(time.seconds))))
        self.init(daysSinceEpoch: local.flooredQuotient(86_400))
    }

    /// The first moment of this day in `zone`, found by correcting the UTC midnight by the offset in force there.
    public func start(in zone: TimeZone) -> Timestamp {
        let midnight = daysSinceEpoch * 86_400
        var start = midnight - Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(midnight))))
        start = midnight - Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(start))))
        return Timestamp(microseconds: start * 1_000_000)
    }

    /// The day after this one.
    public var next: CalendarDay { CalendarDay(daysSinceEpoch: daysSinceEpoch + 1) }

    /// Orders by date.
    public static func < (left: Self, right: Self) -> Bool { left.daysSinceEpoch < right.daysSinceEpoch }
}

extension CalendarDay: LosslessStringConvertible {
    /// ISO 8601, as in `2026-11-21`.
    public var description: String {
        let (year, month, day) = parts
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
    }

    /// Reads `yyyy-mm-dd`; `nil` for anything else, also for days that no month has.
    public init?(_ description: String) {
        let text = Array(description.utf8)
        guard text.count == 10, text[4] == UInt8(ascii: "-"), text[7] == UInt8(ascii: "-"),
            let year = number(text[0..<4]), let month = number(text[5..<7]), let day = number(text[8..<10]),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        self.init(year: year, month: month, day: day)
        guard self.description == description else { return nil }
    }
}

extension CalendarDay {
    /// The number of the year, of the month from 1 to 12, and of the day from 1 to 31.
    public var parts: (year: Int64, month: Int64, day: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = shifted.flooredQuotient(146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * monthFromMarch + 2) / 5 + 1)
    }

    /// The day of that date; a day that the month does not have is counted on into the next.
    public init(year: Int64, month: Int64, day: Int64) {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = shiftedYear.flooredQuotient(400)
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        self.init(daysSinceEpoch: era * 146_097 + dayOfEra - 719_468)
    }

    /// The day of the month that is `months` after `month` of `year`: `day`, or the month's last when it is shorter.
    public static func day(_ day: Int64, of month: Int64, year: Int64, addingMonths months: Int64 = 0) -> CalendarDay {
        let count = year * 12 + month - 1 + months
        let (year, month) = (count.flooredQuotient(12), count - count.flooredQuotient(12) * 12 + 1)
        let first = CalendarDay(year: year, month: month, day: 1)
        let next = CalendarDay(year: month == 12 ? year + 1 : year, month: month == 12 ? 1 : month + 1, day: 1)
        return CalendarDay(
            daysSinceEpoch: min(first.daysSinceEpoch + day - 1, next.daysSinceEpoch - 1))
    }
}

extension CalendarDay: Codable {
    /// Decodes `yyyy-mm-dd`.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a day such as 2026-11-21")
        }
        self = value
    }

    /// Encodes `yyyy-mm-dd`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
