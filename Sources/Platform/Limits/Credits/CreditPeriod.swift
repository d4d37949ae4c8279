public import Base
public import Foundation

/// When the allowance of a ``CreditLedger`` is there anew.
public enum CreditPeriod: Sendable, Hashable, CaseIterable {
    /// At midnight of the claim's zone.
    case day
    /// On the first of the month, midnight of the claim's zone.
    case month
    /// Each month on the day of the claim's anchor, midnight of its zone; on the last of a month that is too short.
    case anniversary
    /// Never: a budget.
    case forever

    /// The period that a moment belongs to.
    ///
    /// - Parameters:
    ///   - time: the moment.
    ///   - zone: whose midnight counts.
    ///   - anchor: when the first period of ``anniversary`` began; of no meaning otherwise.
    /// - Returns: from when until before when.
    public func window(at time: Timestamp, in zone: TimeZone, anchor: Timestamp) -> Range<Timestamp> {
        let today = CalendarDay(of: time, in: zone)
        let (year, month, _) = today.parts
        switch self {
        case .day: return today.start(in: zone)..<today.next.start(in: zone)
        case .month:
            return CalendarDay.day(1, of: month, year: year).start(
                in: zone)..<CalendarDay.day(1, of: month, year: year, addingMonths: 1).start(in: zone)
        case .anniversary:
            let day = CalendarDay(of: anchor, in: zone).parts.day
            let isBefore = today < CalendarDay.day(day, of: month, year: year)
            let shift: Int64 = isBefore ? -1 : 0
            return CalendarDay.day(day, of: month, year: year, addingMonths: shift).start(
                in: zone)..<CalendarDay.day(day, of: month, year: year, addingMonths: shift + 1).start(in: zone)
        case .forever: return Timestamp.epoch..<Self.never
        }
    }

    /// Later than everything: the end of a budget that does not renew itself.
    static let never = CalendarDay(year: 9_999, month: 12, day: 31).start(in: .gmt)
}
