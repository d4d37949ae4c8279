/// What one tenant may cost the installation per day, counted from midnight UTC.
///
/// A tenant that has reached one of them is refused until midnight; operators' own pages are not. Sums of all nodes are
/// compared once per flush, so that up to two flushes (2 minutes) may pass above a cap.
public struct CostCaps: Sendable, Hashable {
    /// Statements sent on its behalf; `nil` for any number.
    public var statements: Int?
    /// Bytes of response bodies.
    public var bytes: Int?
    /// Tokens of language models.
    public var tokens: Int?
    /// Money spent on vendors, in millionths of the installation's currency.
    public var money: Int?

    /// No caps.
    public init() {}

    /// Reads the caps of an installation.
    ///
    /// - `costs.statementsPerDay` (int, statements, default: 0, no cap; range: 0–1,000,000,000,000)
    /// - `costs.mebibytesPerDay` (int, MiB, default: 0, no cap; range: 0–1,000,000,000)
    /// - `costs.tokensPerDay` (int, tokens, default: 0, no cap; range: 0–1,000,000,000,000)
    /// - `costs.centsPerDay` (int, hundredths of the currency, default: 0, no cap; range: 0–1,000,000,000)
    public init(_ settings: Settings) {
        func cap(_ setting: Setting, times unit: Int = 1) -> Int? {
            let value = settings.integer(setting)
            return value == 0 ? nil : value * unit
        }
        statements = cap(Self.statementsSetting)
        bytes = cap(Self.bytesSetting, times: 1_048_576)
        tokens = cap(Self.tokensSetting)
        money = cap(Self.moneySetting, times: 10_000)
    }

    /// The settings that ``init(_:)`` reads.
    public static let settings = [bytesSetting, moneySetting, statementsSetting, tokensSetting]

    private static let statementsSetting = Setting(
        "costs.statementsPerDay", .integer(0...1_000_000_000_000, unit: "statements"), default: "0",
        "Statements that one tenant may cause per day, from midnight UTC; 0 for any number.")
    private static let bytesSetting = Setting(
        "costs.mebibytesPerDay", .integer(0...1_000_000_000, unit: "MiB"), default: "0",
        "MiB of answers that one tenant may fetch per day, from midnight UTC; 0 for any number.")
    private static let tokensSetting = Setting(
        "costs.tokensPerDay", .integer(0...1_000_000_000_000, unit: "tokens"), default: "0",
        "Tokens of language models that one tenant may use per day, from midnight UTC; 0 for any number.")
    private static let moneySetting = Setting(
        "costs.centsPerDay", .integer(0...1_000_000_000, unit: "cents"), default: "0",
        "Hundredths of the currency that one tenant may spend on vendors per day, from midnight UTC; 0 for any number.")

    func areReached(by sum: CostSums) -> Bool {
        (statements.map { sum.statements >= $0 } ?? false) || (bytes.map { sum.bytes >= $0 } ?? false)
            || (tokens.map { sum.tokens >= $0 } ?? false) || (money.map { sum.money >= $0 } ?? false)
    }

    var isEmpty: Bool { self == CostCaps() }
}

/// What somebody has cost.
struct CostSums: Sendable, Hashable {
    var requests = 0
    var statements = 0
    var databaseMicroseconds = 0
    var bytes = 0
    var jobs = 0
    var tokens = 0
    var money = 0

    static func += (sum: inout Self, other: Self) {
        sum.requests += other.requests
        sum.statements += other.statements
        sum.databaseMicroseconds += other.databaseMicroseconds
        sum.bytes += other.bytes
        sum.jobs += other.jobs
        sum.tokens += other.tokens
        sum.money += other.money
    }
}
