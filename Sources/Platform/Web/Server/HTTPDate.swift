import Base
import Synchronization

/// The value of `Date` (RFC 9110, section 5.6.7), formatted once per second.
final class HTTPDate: Sendable {
    private let clock: any WallClock
    private let latest = Mutex<(second: Int64, text: String)>((.min, ""))

    init(clock: any WallClock) { self.clock = clock }

    var now: String {
        let second = clock.now().seconds
        return latest.withLock { latest in
            if latest.second != second { latest = (second, Self.text(second)) }
            return latest.text
        }
    }

    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func text(_ second: Int64) -> String {
        let time = Timestamp(microseconds: second * 1_000_000).description
        let parts = time.split(whereSeparator: { $0 == "-" || $0 == "T" || $0 == "." })
        guard parts.count >= 4, let month = Int(parts[1]) else { return time }
        let weekday = days[Int((second / 86_400) % 7)]
        return "\(weekday), \(parts[2]) \(months[month - 1]) \(parts[0]) \(parts[3]) GMT"
    }
}
