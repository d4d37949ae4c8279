import Base
import Foundation

/// What a voter may still spend on a local day.
struct Allowance: Sendable, Hashable {
    let day: CalendarDay
    let limit: Int
    let used: Int
    /// Midnight where the tenant lives, when the allowance is whole again.
    let renewsAt: Timestamp

    var left: Int { max(0, limit - used) }

    init(used: Int, at now: Timestamp, rules: SeasonRules) {
        let zone = rules.zone
        day = CalendarDay(of: now, in: zone)
        limit = rules.dailyWeight
        self.used = used
        renewsAt = day.next.start(in: zone)
    }

    func covers(_ weight: Int) -> Bool { used + weight <= limit }
}
