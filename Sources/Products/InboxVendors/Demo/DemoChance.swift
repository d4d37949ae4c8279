/// Chance as a pure function: the same seed and numbers give the same, on every machine and in any order.
struct DemoChance: Sendable {
    let seed: UInt64

    /// SplitMix64's finaliser (Steele, Lea and Flood, 2014) over the seed and three numbers.
    func bits(_ a: Int, _ b: Int = 0, _ c: Int = 0) -> UInt64 {
        var mixed = seed &+ UInt64(truncatingIfNeeded: a) &* 0x9E37_79B9_7F4A_7C15
        mixed = mixed &+ UInt64(truncatingIfNeeded: b) &* 0xD1B5_4A32_D192_ED03
        mixed = mixed &+ UInt64(truncatingIfNeeded: c) &* 0xA24B_AED4_963E_E407
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A whole number in `0..<bound`.
    func below(_ bound: Int, _ a: Int, _ b: Int = 0, _ c: Int = 0) -> Int { Int(bits(a, b, c) % UInt64(bound)) }

    /// One of a list.
    func pick<Element>(_ list: [Element], _ a: Int, _ b: Int = 0, _ c: Int = 0) -> Element {
        list[below(list.count, a, b, c)]
    }
}
