/// A point in time: microseconds since 1970-01-01T00:00:00Z, without leap seconds.
///
/// The resolution of both databases.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Microseconds since the Unix epoch; negative before it.
    public let microseconds: Int64

    /// Wraps microseconds since the Unix epoch.
    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// The Unix epoch.
    public static let epoch = Timestamp(microseconds: 0)

    /// Whole seconds since the Unix epoch, rounded down.
    public var seconds: Int64 { microseconds.flooredQuotient(1_000_000) }

    /// Orders by time.
    public static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }
    /// The time `duration` later.
    public static func + (time: Self, duration: Duration) -> Self {
        Self(microseconds: time.microseconds + duration.microseconds)
    }
    /// The time `duration` earlier.
    public static func - (time: Self, duration: Duration) -> Self {
        Self(microseconds: time.microseconds - duration.microseconds)
    }
    /// The time between two points; negative when `right` is later.
    public static func - (left: Self, right: Self) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }
}

extension Timestamp: LosslessStringConvertible {
    /// ISO 8601 in UTC with microseconds, as in `2026-11-21T08:44:40.000000Z`.
    public var description: String {
        let day = CalendarDay(daysSinceEpoch: microseconds.flooredQuotient(CalendarDay.microseconds))
        let rest = microseconds - microseconds.flooredQuotient(CalendarDay.microseconds) * CalendarDay.microseconds
        let seconds = rest / 1_000_000
        return "\(day)T\(padded(seconds / 3_600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))"
            + ".\(padded(rest % 1_000_000, 6))Z"
    }

    /// Reads ISO 8601 with `Z` or a numeric offset and up to six fractional digits; `nil` for anything else.
    public init?(_ description: String) {
        let text = Array(description.utf8)
        guard text.count >= 20, text[10] == UInt8(ascii: "T") || text[10] == UInt8(ascii: " "),
            text[13] == UInt8(ascii: ":"), text[16] == UInt8(ascii: ":"),
            let day = CalendarDay(String(decoding: text[0..<10], as: UTF8.self)),
            let hour = number(text[11..<13]), let minute = number(text[14..<16]), let second = number(text[17..<19]),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var position = 19
        var fraction: Int64 = 0
        if text[position] == UInt8(ascii: ".") {
            let end = text[(position + 1)...].firstIndex { !(48...57).contains($0) } ?? text.count
            guard (1...6).contains(end - position - 1), let digits = number(text[(position + 1)..<end]) else {
                return nil
            }
            fraction = (end - position..<7).reduce(digits) { value, _ in value * 10 }
            position = end
        }
        guard let offset = Self.offset(text[position...]) else { return nil }
        let seconds = Int64(day.daysSinceEpoch) * 86_400 + hour * 3_600 + minute * 60 + second - offset
        self.init(microseconds: seconds * 1_000_000 + fraction)
    }

    private static func offset(_ zone: ArraySlice<UInt8>) -> Int64? {
        let zone = Array(zone)
        if zone == [UInt8(ascii: "Z")] { return 0 }
        guard zone.count == 6, zone[3] == UInt8(ascii: ":"), let hours = number(zone[1..<3]),
            let minutes = number(zone[4..<6]), hours < 24, minutes < 60
        else { return nil }
        switch zone[0] {
        case UInt8(ascii: "+"): return hours * 3_600 + minutes * 60
        case UInt8(ascii: "-"): return -(hours * 3_600 + minutes * 60)
        default: return nil
        }
    }
}

extension Timestamp: Codable {
    /// Decodes ISO 8601 text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = Self(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "not an ISO 8601 time such as 2026-11-21T08:44:40Z")
        }
        self = value
    }

    /// Encodes ISO 8601 text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Duration {
    /// Whole microseconds, rounded toward zero.
    public var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    /// Whole milliseconds, rounded toward zero.
    public var milliseconds: Int64 { microseconds / 1_000 }

    /// Seconds as a floating-point number, for metrics and headers.
    public var inSeconds: Double { Double(microseconds) / 1_000_000 }
}

extension Int64 {
    /// The quotient rounded toward negative infinity.
    func flooredQuotient(_ divisor: Int64) -> Int64 {
        let quotient = self / divisor
        return self % divisor < 0 ? quotient - 1 : quotient
    }
}

func padded(_ value: Int64, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: Swift.max(0, width - digits.utf8.count)) + digits
}

func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    guard !digits.isEmpty, digits.count <= 9 else { return nil }
    var value: Int64 = 0
    for digit in digits {
        guard (48...57).contains(digit) else { return nil }
        value = value * 10 + Int64(digit - 48)
    }
    return value
}
