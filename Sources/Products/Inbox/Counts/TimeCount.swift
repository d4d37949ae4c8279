import Base

/// How many answers or resolutions took about so long, of a scope and a day.
struct TimeCount: Sendable, Hashable {
    enum Measure: String, Sendable, Hashable, CaseIterable { case first, resolution }

    let key: CountKey
    let measure: Measure
    let step: Int
    var amount: Int64

    /// Adds tallies up, in the order of their keys.
    static func counts(of tallies: [Tally], in tenant: Tenant, seconds: Int64) -> [TimeCount] {
        struct Place: Hashable {
            let key: CountKey
            let measure: Measure
            let step: Int
        }
        var amounts: [Place: Int64] = [:]
        for tally in tallies {
            let measure: Measure
            switch tally.kind {
            case .firstReply: measure = .first
            case .resolution: measure = .resolution
            default: continue
            }
            let step = Durations.step(of: tally.amount)
            for key in CountKey.keys(of: tally, in: tenant, seconds: seconds) {
                amounts[Place(key: key, measure: measure, step: step), default: 0] += 1
            }
        }
        return amounts.map { TimeCount(key: $0.key.key, measure: $0.key.measure, step: $0.key.step, amount: $0.value) }
            .sorted { ($0.key, $0.measure.rawValue, $0.step) < ($1.key, $1.measure.rawValue, $1.step) }
    }
}
