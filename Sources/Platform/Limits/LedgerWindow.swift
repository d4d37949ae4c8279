import Base
import Foundation

/// The day or month that a moment belongs to, in a time zone.
struct LedgerWindow: Sendable, Hashable {
    /// Days since 1970, or months since year 0; 0 for periods that never renew.
    var index: Int64
    /// The first moment after it; `nil` for periods that never renew.
    var end: Timestamp?

    static let endless = LedgerWindow(index: 0, end: nil)

    init(index: Int64, end: Timestamp?) {
        self.index = index
        self.end = end
    }

    init(_ period: LedgerRule.Period, at time: Timestamp, in zone: TimeZone) {
        let day = CalendarDay(of: time, in: zone)
        switch period {
        case .forever, .whileHeld: self = .endless
        case .day: self.init(index: day.daysSinceEpoch, end: day.next.start(in: zone))
        case .month:
            let parts = day.description.split(separator: "-").compactMap { Int64($0) }
            let (year, month) = (parts[0], parts[1])
            let (nextYear, nextMonth) = month == 12 ? (year + 1, 1) : (year, month + 1)
            let padding = nextMonth < 10 ? "0" : ""
            let years = String(repeating: "0", count: max(0, 4 - String(nextYear).count)) + String(nextYear)
            let first = CalendarDay("\(years)-\(padding)\(nextMonth)-01") ?? day.next
            self.init(index: year * 12 + month, end: first.start(in: zone))
        }
    }
}
