/// How often keys were asked for lately, roughly, in four bits a counter: a count-min sketch that ages.
///
/// Einziger, Friedman, Manes: "TinyLFU: a highly efficient cache admission policy" (ACM ToS 2017); layout and aging as
/// in Caffeine. After ten times as many increments as it has places all counters are halved, so that what was popular
/// long ago makes room. It never says less than the truth of the current sample, up to 15.
struct FrequencySketch: Sendable {
    private static let seeds: [UInt64] = [
        0xC3A5_C85C_97CB_3127, 0xB492_B66F_BE98_F273, 0x9AE1_6A3B_2F90_404F, 0xCBF2_9CE4_8422_2325,
    ]

    private var table: [UInt64]
    private var increments = 0

    init(places: Int) {
        var count = 16
        while count < places { count *= 2 }
        table = Array(repeating: 0, count: count)
    }

    /// For how many entries it counts well.
    var places: Int { table.count }
    /// After how many increments it ages.
    var sample: Int { table.count * 10 }

    /// Makes room for twice as many entries, and forgets nothing: a counter's place depends on the lower bits of its
    /// index, so that each half of the new table answers as the old one did.
    mutating func grow() { table += table }

    func frequency(_ hash: Int) -> Int {
        var least: UInt64 = 15
        for row in 0..<4 {
            let (index, shift) = place(hash, row)
            least = min(least, table[index] >> shift & 15)
        }
        return Int(least)
    }

    mutating func increment(_ hash: Int) {
        var isCounted = false
        for row in 0..<4 {
            let (index, shift) = place(hash, row)
            guard table[index] >> shift & 15 < 15 else { continue }
            table[index] += 1 << shift
            isCounted = true
        }
        guard isCounted else { return }
        increments += 1
        guard increments >= sample else { return }
        for index in table.indices { table[index] = table[index] >> 1 & 0x7777_7777_7777_7777 }
        increments /= 2
    }

    private func place(_ hash: Int, _ row: Int) -> (index: Int, shift: UInt64) {
        var mixed = (UInt64(bitPattern: Int64(hash)) &+ Self.seeds[row]) &* Self.seeds[row]
        mixed ^= mixed >> 32
        let index = Int(truncatingIfNeeded: mixed & UInt64(table.count - 1))
        return (index, (UInt64(hash & 3) << 2 + UInt64(row)) << 2)
    }
}
