public import Foundation

/// Unit prices, each with the day it was read: the only place that money comes from.
public struct Prices: Sendable, Codable, Hashable {
    /// What one unit costs.
    public struct Price: Sendable, Codable, Hashable {
        /// The name that findings use, such as `egress.gigabyte`.
        public var name: String
        /// Millionths of the currency's major unit, so that a cent per thousand calls is a whole number.
        public var micros: Int64
        /// Of what.
        public var unit: String
        /// The day it was read, as yyyy-mm-dd.
        public var date: String
        /// Where it was read.
        public var source: String
    }

    /// A number that no measurement knows: how many users there are, how large a disk is, how much of a vendor is used.
    public struct Quantity: Sendable, Codable, Hashable {
        /// `users.now`, `database.cores`, `database.gigabytes`, or any name for what has a price.
        public var name: String
        /// How much.
        public var value: Double
        /// Of what.
        public var unit: String
        /// The price that it is paid with, where it is paid for.
        public var price: String?
        /// `month` or `day`, where it is paid for; a month without it.
        public var period: String?
        /// The day it was read, as yyyy-mm-dd.
        public var date: String
        /// Where it was read.
        public var source: String
    }

    private enum Bounds {
        static let fileBytes = 1 << 20
        static let entries = 1_000
    }

    /// A code of ISO 4217.
    public var currency: String
    /// One price a name.
    public var prices: [Price]
    /// Numbers beside them; none without it.
    public var quantities: [Quantity]?

    /// No prices: then no finding has a cost, and the report says so.
    public static let none = Prices(currency: "USD", prices: [])

    /// The price of that name.
    public func price(_ name: String) -> Price? { prices.first { $0.name == name } }

    /// Quantity times price; `nil` when there is no such price, the quantity is no number, or the product leaves 64 bits.
    public func line(_ quantity: Double, of name: String, per period: String) -> CostLine? {
        guard let price = price(name), quantity.isFinite, quantity >= 0 else { return nil }
        let micros = (quantity * Double(price.micros)).rounded()
        guard micros < 9e18 else { return nil }
        return CostLine(price: name, quantity: quantity, unit: price.unit, micros: Int64(micros), period: period)
    }

    /// Reads a table of prices in JSON.
    ///
    /// - Throws: `auditor.prices` when the file cannot be read, has two prices of one name, or one below zero.
    public static func read(_ file: URL) throws(AuditError) -> Prices {
        let prices: Prices = try AuditFile.decode(file, of: "prices", bytesMax: Bounds.fileBytes, code: .prices)
        guard prices.prices.count <= Bounds.entries, Set(prices.prices.map(\.name)).count == prices.prices.count else {
            throw AuditError(.prices, "\(file.lastPathComponent) has two prices of one name, or over \(Bounds.entries)")
        }
        if let wrong = prices.prices.first(where: { $0.micros < 0 }) {
            throw AuditError(.prices, "the price `\(wrong.name)` is below zero")
        }
        let quantities = prices.quantities ?? []
        guard quantities.count <= Bounds.entries, Set(quantities.map(\.name)).count == quantities.count else {
            throw AuditError(
                .prices, "\(file.lastPathComponent) has two quantities of one name, or over \(Bounds.entries)")
        }
        for quantity in quantities {
            guard quantity.value.isFinite, quantity.value >= 0, ["day", "month", nil].contains(quantity.period) else {
                throw AuditError(
                    .prices, "the quantity `\(quantity.name)` is below zero, or of another period than day or month")
            }
            guard quantity.price.map({ name in prices.price(name) != nil }) ?? true else {
                throw AuditError(.prices, "the quantity `\(quantity.name)` names a price that is not there")
            }
        }
        return prices
    }
}

/// Quantity times unit price.
public struct CostLine: Sendable, Codable, Hashable {
    /// The price's name in the table.
    public var price: String
    /// How much.
    public var quantity: Double
    /// Of what.
    public var unit: String
    /// The product, in millionths of the currency's major unit.
    public var micros: Int64
    /// Per what time: `month`, `day`.
    public var period: String
}
