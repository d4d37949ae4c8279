public import Base
import Foundation

/// What a model costs from a day on, in millionths of the installation's currency per million tokens.
public struct ModelPrice: Sendable, Hashable {
    /// For a million tokens that are read.
    public let input: Int
    /// For a million tokens that are written.
    public let output: Int

    /// Sets a price; neither is negative.
    public init(input: Int, output: Int) {
        precondition(input >= 0 && output >= 0, "prices of \(input) and \(output) are negative")
        self.input = input
        self.output = output
    }

    /// Nothing.
    public static let free = ModelPrice(input: 0, output: 0)

    /// What tokens cost, in millionths of the currency, rounded up.
    public func cost(of usage: TokenUsage) -> Int {
        let product = usage.input.multipliedReportingOverflow(by: input)
        let other = usage.output.multipliedReportingOverflow(by: output)
        let sum = product.partialValue.addingReportingOverflow(other.partialValue)
        precondition(
            !product.overflow && !other.overflow && !sum.overflow, "\(usage.total) tokens cost more than a number holds"
        )
        return (sum.partialValue + 999_999) / 1_000_000
    }
}

/// Prices of models, each from a day on: they change, and what was charged before stays as it was.
public struct PriceList: Sendable, Hashable {
    private enum Bounds {
        static let entries = 500
        /// A million in the currency for a million tokens is no price, but a slip of the hand.
        static let price = 1_000_000_000_000
    }

    private struct Entry: Sendable, Hashable {
        var from: CalendarDay
        var price: ModelPrice
    }

    private var entries: [ModelName: [Entry]] = [:]

    /// A list without prices.
    public init() {}

    /// Reads `PROVIDER:MODEL@YYYY-MM-DD=INPUT/OUTPUT`, separated by commas.
    ///
    /// Prices are millionths of the currency per million tokens: `openai:gpt-5-mini@2025-08-07=250000/2000000` is a
    /// quarter of a dollar for reading a million tokens and two for writing them.
    ///
    /// - Throws: `ai.settingInvalid`, which names the entry by its place.
    public init(_ text: String) throws(AIError) {
        let parts = text.split(separator: ",").map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
        guard parts.count <= Bounds.entries else {
            throw AIError(.settingInvalid, "ai.prices has \(parts.count) entries; \(Bounds.entries) are possible.")
        }
        for (place, part) in parts.enumerated() {
            guard let at = part.lastIndex(of: "@"), let equals = part[at...].firstIndex(of: "="),
                let name = ModelName(String(part[..<at])),
                let day = CalendarDay(String(part[part.index(after: at)..<equals])),
                let price = Self.price(part[part.index(after: equals)...])
            else {
                throw AIError(
                    .settingInvalid,
                    "Entry \(place + 1) of ai.prices is not PROVIDER:MODEL@YYYY-MM-DD=INPUT/OUTPUT with whole numbers.")
            }
            set(price, of: name, from: day)
        }
    }

    private static func price(_ text: Substring) -> ModelPrice? {
        let numbers = text.split(separator: "/", omittingEmptySubsequences: false).compactMap { Int($0) }
        guard numbers.count == 2, text.count(where: { $0 == "/" }) == 1,
            numbers.allSatisfy((0...Bounds.price).contains)
        else { return nil }
        return ModelPrice(input: numbers[0], output: numbers[1])
    }

    /// Sets a price from a day on, midnight UTC.
    public mutating func set(_ price: ModelPrice, of model: ModelName, from day: CalendarDay) {
        var known = entries[model, default: []].filter { $0.from != day }
        known.append(Entry(from: day, price: price))
        entries[model] = known.sorted { $0.from < $1.from }
    }

    /// What a model costs at a time; `nil` when nobody has said.
    public func price(of model: ModelName, at time: Timestamp) -> ModelPrice? {
        let today = CalendarDay(of: time, in: .gmt)
        return entries[model]?.last { $0.from <= today }?.price
    }
}
