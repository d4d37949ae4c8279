import Base
import Foundation

/// JSON of which nothing can be relied on: everything is optional, numbers may be texts, and one thing has many names.
///
/// Vendors send counts as numbers, as texts, rounded, and overflowed to negative ones; times as seconds, milliseconds and
/// ISO text. What cannot be believed is unknown.
struct LooseJSON: Sendable {
    private indirect enum Value: Sendable {
        case null
        case flag(Bool)
        case integer(Int64)
        case fraction(Double)
        case text(String)
        case list([LooseJSON])
        case object([String: LooseJSON])
    }

    enum Bounds {
        static let depth = 64
    }

    private let value: Value

    private init(_ value: Value) { self.value = value }

    /// Reads a document; `nil` when it is none.
    init?(_ bytes: [UInt8]) {
        // Not JSON is an answer here: the caller says that the vendor sent something unreadable.
        guard let object = try? JSONSerialization.jsonObject(with: Data(bytes), options: [.fragmentsAllowed]) else {
            return nil
        }
        self = Self.wrap(object, depth: 0)
    }

    private static func wrap(_ object: Any, depth: Int) -> LooseJSON {
        guard depth < Bounds.depth else { return LooseJSON(.null) }
        switch object {
        case let list as [Any]: return LooseJSON(.list(list.map { wrap($0, depth: depth + 1) }))
        case let members as [String: Any]:
            return LooseJSON(.object(members.mapValues { wrap($0, depth: depth + 1) }))
        case let text as String: return LooseJSON(.text(text))
        case let number as NSNumber: return LooseJSON(wrap(number))
        default: return LooseJSON(.null)
        }
    }

    private static func wrap(_ number: NSNumber) -> Value {
        let kind = String(cString: number.objCType)
        if kind == "c" || kind == "B" { return .flag(number.boolValue) }
        if kind == "d" || kind == "f" { return .fraction(number.doubleValue) }
        if kind == "Q", number.uint64Value > UInt64(Int64.max) { return .fraction(number.doubleValue) }
        return .integer(number.int64Value)
    }

    /// The first member that is there and not null; a name with dots leads through objects.
    subscript(names: String...) -> LooseJSON? { first(names) }

    private func first(_ names: [String]) -> LooseJSON? {
        for name in names {
            var found: LooseJSON? = self
            for part in name.split(separator: ".") {
                guard case .object(let members) = found?.value else {
                    found = nil
                    break
                }
                found = members[String(part)]
            }
            if let found, !found.isNull { return found }
        }
        return nil
    }

    private var isNull: Bool { if case .null = value { true } else { false } }

    /// The elements of a list; none for anything else.
    var elements: [LooseJSON] { if case .list(let list) = value { list } else { [] } }

    /// The text, or the digits of a whole number; `nil` when empty.
    var text: String? {
        switch value {
        case .text(let text):
            let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
            return trimmed.isEmpty || trimmed.utf8.contains(0) ? nil : trimmed
        case .integer(let number): return String(number)
        default: return nil
        }
    }

    /// Yes or no, also as 0, 1 and text.
    var flag: Bool? {
        switch value {
        case .flag(let flag): flag
        case .integer(let number): number != 0
        case .text(let text): ["true", "1"].contains(text) ? true : ["false", "0"].contains(text) ? false : nil
        default: nil
        }
    }

    /// A count: a whole number that is not negative, also as text.
    ///
    /// −1 stands for hidden and other negative numbers for an overflow, so both are unknown.
    var count: Int64? {
        guard let number = whole, number >= 0 else { return nil }
        return number
    }

    private var whole: Int64? {
        switch value {
        case .integer(let number): number
        case .fraction(let number): number.isFinite && abs(number) < 9e18 ? Int64(number) : nil
        case .text(let text): Int64(text.filter { $0 != "," && $0 != " " })
        default: nil
        }
    }

    /// A moment: seconds or milliseconds since 1970, or ISO text with or without a zone.
    var moment: Timestamp? {
        if let number = whole {
            // 10^11 seconds are the year 5138, 10^11 milliseconds the year 1973: what is above are milliseconds.
            guard number > 0, number < 100_000_000_000_000 else { return nil }
            return Timestamp(microseconds: number >= 100_000_000_000 ? number * 1_000 : number * 1_000_000)
        }
        guard case .text(let text) = value else { return nil }
        return Timestamp(text) ?? Timestamp(text + "Z") ?? Timestamp(text.replacing("+0000", with: "+00:00"))
            ?? (CalendarDay(text).map { $0.start(in: .gmt) })
    }
}
