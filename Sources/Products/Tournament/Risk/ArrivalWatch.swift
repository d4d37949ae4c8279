import Base

/// How many voters each address group has brought within the last hour, in bounded memory.
///
/// This node's own view: after a start everybody is new once, which is worth 20 points at most and refuses nobody.
struct ArrivalWatch: Sendable {
    enum Bounds {
        /// Address groups that are watched; the one that was quiet longest is forgotten first.
        static let groups = 50_000
        /// Voters that count as known.
        static let voters = 200_000
        /// Parts of the hour.
        static let parts = 6
        static let part: Duration = .seconds(600)
    }

    private struct Hour {
        var counts = [UInt16](repeating: 0, count: Bounds.parts)
        var newest: Int64 = 0

        mutating func move(to part: Int64) {
            let steps = min(Int64(Bounds.parts), max(0, part - newest))
            for step in 0..<steps { counts[Int((part - step) % Int64(Bounds.parts))] = 0 }
            newest = max(newest, part)
        }

        var sum: Int { counts.reduce(0) { $0 + Int($1) } }
    }

    private var groups: BoundedMap<UInt64, Hour>
    private var known: BoundedMap<ID<Voter>, Bool>

    init(groups: Int = Bounds.groups, voters: Int = Bounds.voters) {
        self.groups = BoundedMap(capacity: groups)
        known = BoundedMap(capacity: voters)
    }

    /// Takes note of a voter; returns whether it is new here, and how many of its group were within the hour.
    mutating func note(_ voter: ID<Voter>, from group: UInt64, at now: Timestamp) -> (isNew: Bool, newcomers: Int) {
        let isNew = known[voter] == nil
        if isNew { known[voter] = true }
        let part = now.microseconds / Bounds.part.microseconds
        var hour = groups[group] ?? Hour(newest: part)
        hour.move(to: part)
        let place = Int(hour.newest % Int64(Bounds.parts))
        if isNew {
            hour.counts[place] = hour.counts[place].addingReportingOverflow(1).overflow ? .max : hour.counts[place] + 1
        }
        groups[group] = hour
        return (isNew, hour.sum)
    }
}
