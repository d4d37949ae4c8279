import Base
import Coordination

/// The state of one rate for many keys, bounded: one number per key that is not full.
///
/// A key that is full again is as good as absent, so every new key looks at two old ones and drops those: the table
/// shrinks faster than it grows without any sweep. Pure; times are nanoseconds of an uptime.
struct RateTable: Sendable {
    private struct Slot: Sendable {
        var key: LimitKey
        var arrival: Int64
    }

    private var slots: [Slot] = []
    private var index: [LimitKey: Int] = [:]
    private var cursor = 0
    private let capacity: Int
    var rate: GCRA

    private(set) var granted = 0
    private(set) var refused = 0
    /// Keys forgotten although they were not full, because the table was.
    private(set) var forgotten = 0

    init(rate: GCRA, capacity: Int) {
        precondition(capacity > 0, "a table for \(capacity) keys can keep none")
        self.rate = rate
        self.capacity = capacity
    }

    var count: Int { slots.count }

    mutating func admit(_ key: LimitKey, amount: Int, now: Int64) -> GCRA.Decision {
        let position = index[key]
        let decision = rate.decide(arrival: position.map { slots[$0].arrival } ?? .min, now: now, amount: amount)
        guard case .granted(let arrival, _, _) = decision else {
            refused += 1
            return decision
        }
        granted += 1
        if let position {
            slots[position].arrival = arrival
        } else if amount > 0 {
            add(Slot(key: key, arrival: arrival), now: now)
        }
        return decision
    }

    /// Undoes a grant of `amount` as if it had never been.
    mutating func giveBack(_ key: LimitKey, amount: Int) {
        takeBack(key, amount: amount, isRefusal: false)
    }

    /// Undoes a grant that something else refused.
    mutating func takeBack(_ key: LimitKey, amount: Int, isRefusal: Bool) {
        granted -= 1
        refused += isRefusal ? 1 : 0
        guard let position = index[key] else { return }
        slots[position].arrival = rate.arrival(slots[position].arrival, givingBack: amount)
    }

    private mutating func add(_ slot: Slot, now: Int64) {
        for _ in 0..<2 { dropIfFull(now: now) }
        if slots.count >= capacity { dropFullest() }
        index[slot.key] = slots.count
        slots.append(slot)
    }

    private mutating func dropIfFull(now: Int64) {
        guard !slots.isEmpty else { return }
        cursor = cursor < slots.count ? cursor : 0
        if slots[cursor].arrival <= now { remove(cursor) } else { cursor += 1 }
    }

    private mutating func dropFullest() {
        var fullest = cursor % slots.count
        for step in 1..<8 {
            let other = (cursor + step) % slots.count
            if slots[other].arrival < slots[fullest].arrival { fullest = other }
        }
        remove(fullest)
        cursor += 8
        forgotten += 1
    }

    private mutating func remove(_ position: Int) {
        index[slots[position].key] = nil
        let last = slots.removeLast()
        guard position < slots.count else { return }
        slots[position] = last
        index[last.key] = position
    }
}
