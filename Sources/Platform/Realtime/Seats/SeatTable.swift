/// How many connections each of many holders has: 12 bytes for a place, 15 to 24 for a holder while they become more.
///
/// Each node keeps what each other node tells, so that this is what all connections of an installation weigh on every node:
/// a dictionary of names takes five times as much. Holders are known by a fingerprint of 64 bits with a key that each
/// process draws for itself, so that nobody can look for two alike; of a million, two are alike once in 37 million times,
/// and then share their connections on one node.
struct SeatTable: Sendable {
    enum Bounds {
        /// Holders in one table: as many as a node tells.
        static let holders = SeatMachine.Bounds.holders
        /// Places of a table that holds somebody, at least.
        static let places = 16
    }

    /// What a holder is known by; never zero, which is a free place.
    struct Fingerprint: Sendable, Hashable {
        fileprivate let bits: UInt64

        init(_ holder: SeatMachine.Holder) { self.init(bits: UInt64(truncatingIfNeeded: holder.hashValue)) }

        init(bits: UInt64) { self.bits = max(1, bits) }
    }

    private var keys: [UInt64] = []
    private var counts: [UInt32] = []

    /// Holders with a connection.
    private(set) var count = 0

    /// Bytes that the places take, as tests hold them to their bound.
    var bytes: Int { keys.capacity * MemoryLayout<UInt64>.stride + counts.capacity * MemoryLayout<UInt32>.stride }

    subscript(holder: Fingerprint) -> Int {
        guard !keys.isEmpty else { return 0 }
        let place = place(of: holder.bits)
        return keys[place] == 0 ? 0 : Int(counts[place])
    }

    /// Sets how many connections a holder has, and returns by how much that changes it: by nothing where there is no room.
    mutating func set(_ count: Int, of holder: Fingerprint) -> Int {
        let count = UInt32(clamping: count)
        if count == 0 { return remove(holder.bits) }
        if keys.isEmpty { resize(to: Bounds.places) }
        var place = place(of: holder.bits)
        if keys[place] == 0 {
            guard self.count < Bounds.holders else { return 0 }
            // Four of five places are taken at most; then there are half as many again.
            if (self.count + 1) * 5 > keys.count * 4 {
                resize(to: keys.count + keys.count / 2)
                place = self.place(of: holder.bits)
            }
            keys[place] = holder.bits
            self.count += 1
        }
        defer { counts[place] = count }
        return Int(count) - Int(counts[place])
    }

    private mutating func remove(_ key: UInt64) -> Int {
        guard !keys.isEmpty else { return 0 }
        var hole = place(of: key)
        guard keys[hole] != 0 else { return 0 }
        let before = Int(counts[hole])
        // What was put further on because this place was taken moves up, so that nothing is looked for beyond a hole.
        var next = following(hole)
        while keys[next] != 0 {
            if distance(from: home(of: keys[next]), to: next) >= distance(from: hole, to: next) {
                (keys[hole], counts[hole]) = (keys[next], counts[next])
                hole = next
            }
            next = following(next)
        }
        (keys[hole], counts[hole]) = (0, 0)
        count -= 1
        if keys.count > Bounds.places, count * 4 < keys.count {
            resize(to: max(Bounds.places, keys.count / 2))
        }
        return -before
    }

    private mutating func resize(to places: Int) {
        let (oldKeys, oldCounts) = (keys, counts)
        keys = [UInt64](repeating: 0, count: places)
        counts = [UInt32](repeating: 0, count: places)
        for (key, count) in zip(oldKeys, oldCounts) where key != 0 {
            let place = place(of: key)
            (keys[place], counts[place]) = (key, count)
        }
    }

    /// Where a key is, or would be put; a place is always free.
    private func place(of key: UInt64) -> Int {
        var place = home(of: key)
        while keys[place] != 0, keys[place] != key { place = following(place) }
        return place
    }

    private func home(of key: UInt64) -> Int { Int(key.multipliedFullWidth(by: UInt64(keys.count)).high) }

    private func following(_ place: Int) -> Int { place + 1 == keys.count ? 0 : place + 1 }

    private func distance(from first: Int, to second: Int) -> Int {
        second >= first ? second - first : second + keys.count - first
    }
}
