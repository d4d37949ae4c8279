import Base

/// Decides which ticks of a schedule are fired: pure.
struct ScheduleMachine: Sendable {
    private enum Bounds {
        static let ticks = 1_000
    }

    let schedule: JobSchedule

    /// Ticks that are due: each is to be fired in order; the last one moves the schedule to where it goes on.
    ///
    /// - Parameters:
    ///   - last: The last tick that was recorded.
    ///   - now: The time of day of this node. One that is ahead of others fires early by as much as that; one that is
    ///     behind finds the tick fired.
    func due(after last: Timestamp, now: Timestamp) -> [Timestamp] {
        var ticks: [Timestamp] = []
        var place = last
        let kept = max(1, keptMax)
        // Of a long absence only the last ticks are wanted, but a time table must be walked to find them.
        if case .interval(let interval) = schedule.timing, now > last {
            let missed = (now - last).microseconds / interval.microseconds
            let skipped = missed - Int64(kept) - 1
            if skipped > 0 { place = Timestamp(microseconds: last.microseconds + skipped * interval.microseconds) }
        }
        var walked = 0
        while let tick = schedule.tick(after: place), tick <= now, walked < Bounds.ticks * 10 {
            ticks.append(tick)
            if ticks.count > kept { ticks.removeFirst() }
            place = tick
            walked += 1
        }
        guard schedule.missed == .skip, let newest = ticks.last else { return ticks }
        // A tick that is long past was missed, and its time is not made up for.
        guard let next = schedule.tick(after: newest) else { return ticks }
        return now - newest <= (next - newest) / 2 || now - newest <= .seconds(60) ? [newest] : []
    }

    private var keptMax: Int {
        switch schedule.missed {
        case .skip, .once: 1
        case .each(let max): min(max, Bounds.ticks)
        }
    }
}
