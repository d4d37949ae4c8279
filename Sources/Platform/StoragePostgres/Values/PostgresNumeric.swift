import Storage

/// A `numeric` in binary form: groups of four decimal digits.
///
/// Sums of bigint are numeric; they are read as integers when they are whole and fit.
struct PostgresNumeric {
    private let groups: [Int]
    private let weight: Int
    private let sign: UInt16
    private let scale: Int

    init(_ field: UnsafeRawBufferPointer) {
        func word(_ index: Int) -> UInt16 {
            guard field.count >= index * 2 + 2 else { return 0 }
            return UnsafeRawBufferPointer(rebasing: field[(index * 2)...]).number(UInt16.self)
        }
        groups = (0..<Int(word(0))).map { Int(word(4 + $0)) }
        weight = Int(Int16(bitPattern: word(1)))
        sign = word(2)
        scale = Int(word(3))
    }

    var value: SQLValue {
        switch sign {
        case 0xC000: return .double(.nan)
        case 0xD000: return .double(.infinity)
        case 0xF000: return .double(-.infinity)
        default: break
        }
        if scale == 0, let whole { return .integer(whole) }
        return .double(Double(decimal) ?? .nan)
    }

    private func group(_ index: Int) -> Int { groups.indices.contains(index) ? groups[index] : 0 }

    private var whole: Int64? {
        guard weight >= 0 else { return 0 }
        var whole: Int64 = 0
        for index in 0...weight {
            let (scaled, tooLarge) = whole.multipliedReportingOverflow(by: 10_000)
            let digits = Int64(group(index))
            let (sum, overflow) = scaled.addingReportingOverflow(sign == 0x4000 ? -digits : digits)
            guard !tooLarge, !overflow else { return nil }
            whole = sum
        }
        return whole
    }

    private var decimal: String {
        var text = sign == 0x4000 ? "-0" : "0"
        func padded(_ group: Int) -> String { String(String(group + 10_000).dropFirst()) }
        if weight >= 0 { for index in 0...weight { text += padded(group(index)) } }
        text += "."
        if weight < -1 { text += String(repeating: "0000", count: -weight - 1) }
        for index in max(0, weight + 1)..<max(groups.count, weight + 1, 0) { text += padded(group(index)) }
        return text + "0"
    }
}
