/// An amount of money in whole minor units (cents), never a floating-point number.
public struct Money: Sendable, Hashable, Codable {
    /// The amount in the currency's minor unit; negative for a debt.
    public let minorUnits: Int64
    /// The currency's code of ISO 4217.
    public let currency: Currency

    /// A code of ISO 4217: three upper-case letters.
    public struct Currency: Sendable, Hashable, Codable, RawRepresentable {
        /// The three letters.
        public let rawValue: String

        /// Takes three upper-case ASCII letters; `nil` for anything else.
        public init?(rawValue: String) {
            guard rawValue.utf8.count == 3, rawValue.utf8.allSatisfy({ (65...90).contains($0) }) else { return nil }
            self.rawValue = rawValue
        }
    }

    /// Makes an amount.
    public init(minorUnits: Int64, currency: Currency) {
        self.minorUnits = minorUnits
        self.currency = currency
    }

    /// The sum; `nil` when the currencies differ or the sum leaves 64 bits.
    public func adding(_ other: Money) -> Money? {
        guard currency == other.currency else { return nil }
        let (sum, overflow) = minorUnits.addingReportingOverflow(other.minorUnits)
        return overflow ? nil : Money(minorUnits: sum, currency: currency)
    }
}
