import Base

/// Adds up the lanes of clips as they come, in any order.
///
/// Clips are found by an open table over the random half of their ids. A dictionary hashes each id anew so that nobody
/// can choose ids that collide; these ids are our own, and for a million clips that took as long as the engine's join.
struct TallySums {
    private(set) var tallies: [ClipTally] = []
    /// One more than the place in `tallies`, and 0 where nothing stands.
    ///
    /// At most half of it is taken.
    private var slots = [UInt32](repeating: 0, count: 1 << 10)

    /// Adds a lane; a clip beyond `clipsMax` is left out.
    mutating func add(_ lane: ClipTally, clipsMax: Int) {
        let slot = slot(of: lane.clipID)
        if slots[slot] > 0 { return tallies[Int(slots[slot]) - 1].add(lane) }
        guard tallies.count < clipsMax else { return }
        tallies.append(lane)
        slots[slot] = UInt32(tallies.count)
        if tallies.count * 2 > slots.count { grow() }
    }

    /// Where the clip stands, or would stand.
    private func slot(of id: ID<Clip>) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: id.low) & mask
        while slots[slot] > 0, tallies[Int(slots[slot]) - 1].clipID != id { slot = (slot + 1) & mask }
        return slot
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 4)
        for (place, tally) in tallies.enumerated() { slots[slot(of: tally.clipID)] = UInt32(place + 1) }
    }
}
