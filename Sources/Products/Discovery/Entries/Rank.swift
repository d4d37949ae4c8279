import Base

import typealias Storage.SQLConvertible

/// The place of a card in its bucket: text that is compared by bytes, so that between any two there is room for another
/// one and a move changes one row.
///
/// The digits are `0–9A–Za–z`, the fraction's last one never `0`. Entries that are added get ranks by the list's clock
/// (`m1000000042`); ``between(_:_:)`` makes the others, here and in the page's script.
struct Rank: Sendable, Hashable, Comparable, RawRepresentable, Codable, SQLConvertible {
    enum Bounds {
        /// The longest rank that is kept; a longer one asks for its bucket to be spaced anew.
        static let characters = 64
        /// The longest rank that a client may propose.
        static let proposed = 256
    }

    let rawValue: String

    /// Takes text of digits; `nil` for anything else.
    init?(rawValue: String) {
        guard (1...Bounds.proposed).contains(rawValue.utf8.count), rawValue.utf8.allSatisfy({ Self.value($0) != nil })
        else { return nil }
        self.rawValue = rawValue
    }

    private init(digits: [UInt8]) { rawValue = String(decoding: digits, as: UTF8.self) }

    /// Whether it fits; if not, ``cut`` is what is kept of it.
    var isTooLong: Bool { rawValue.utf8.count > Bounds.characters }

    /// The rank shortened to what is kept: not behind the proposed one, and close to it.
    var cut: Rank { isTooLong ? Rank(digits: Array(rawValue.utf8.prefix(Bounds.characters))) : self }

    /// A rank between two others, either of which may be missing at an end of the bucket.
    ///
    /// Where there is no room because both are equal, or the wrong way round, the rank stands just behind the first: the
    /// two cards then share a place and their ids decide.
    static func between(_ low: Rank?, _ high: Rank?) -> Rank {
        let lowDigits = low.map { Array($0.rawValue.utf8) } ?? []
        guard let high, low.map({ $0 < high }) ?? true, high.rawValue.utf8.contains(where: { $0 != first }) else {
            return Rank(digits: middle(lowDigits[...], nil))
        }
        return Rank(digits: middle(lowDigits[...], Array(high.rawValue.utf8)[...]))
    }

    /// The ranks of a bucket that is spaced anew, as far apart as one would wish; before those that are added later.
    static func spaced(_ index: Int) -> Rank { Rank(digits: Array("h\(1_000_000_000 + index * 16)".utf8)) }

    /// The rank of an entry that is added under a number of the list's clock, as statements make it too.
    static func added(_ sequence: Int64) -> Rank { Rank(digits: Array("m\(1_000_000_000 + sequence)".utf8)) }

    static func < (left: Rank, right: Rank) -> Bool {
        left.rawValue.utf8.lexicographicallyPrecedes(right.rawValue.utf8)
    }

    private static let first = UInt8(ascii: "0")
    private static let digits = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz".utf8)

    private static func value(_ digit: UInt8) -> Int? {
        switch digit {
        case 48...57: Int(digit) - 48
        case 65...90: Int(digit) - 55
        case 97...122: Int(digit) - 61
        default: nil
        }
    }

    /// The digits between two fractions; `high` is larger than `low` or missing.
    private static func middle(_ low: ArraySlice<UInt8>, _ high: ArraySlice<UInt8>?) -> [UInt8] {
        if let high {
            var shared = 0
            // The shorter fraction goes on with zeros.
            while shared < high.count,
                (shared < low.count ? low[low.startIndex + shared] : first) == high[high.startIndex + shared]
            { shared += 1 }
            if shared > 0 {
                let rest = high.dropFirst(shared)
                // The higher one is the lower with zeros behind it: nothing is between, so this stands behind both.
                guard !rest.isEmpty else { return Array(low) + [digits[31]] }
                return Array(high.prefix(shared)) + middle(low.dropFirst(shared), rest)
            }
        }
        let from = low.first.flatMap(value) ?? 0
        let upto = high?.first.flatMap(value) ?? digits.count
        if upto - from > 1 { return [digits[(from + upto) / 2]] }
        if let high, high.count > 1 { return Array(high.prefix(1)) }
        return [digits[from]] + middle(low.dropFirst(), nil)
    }
}
