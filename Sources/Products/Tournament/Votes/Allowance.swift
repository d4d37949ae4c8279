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

    /// - Parameters:
    ///   - used: what was spent on this day.
    ///   - now: decides the day.
    ///   - rules: the season's promises.
    ///   - weightMax: a smaller limit for this voter, for want of a captcha's verifier; `nil` for none.
    init(used: Int, at now: Timestamp, rules: SeasonRules, weightMax: Int? = nil) {
        let zone = rules.zone
        day = CalendarDay(of: now, in: zone)
        limit = min(rules.dailyWeight, weightMax ?? .max)
        self.used = used
        renewsAt = day.next.start(in: zone)
    }

    func covers(_ weight: Int) -> Bool { used + weight <= limit }
}
