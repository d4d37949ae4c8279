/// A feature that can be switched per tenant, and for a share of its users, while the product runs.
public struct FeatureFlag: Sendable, Hashable {
    /// The key, as in `multiVote`; unique in the process.
    public let key: String
    /// What it does, in one sentence for the operator.
    public let summary: String
    /// Whether it is on where nobody has decided.
    public let isOnByDefault: Bool

    /// Declares a flag.
    public init(_ key: StaticString, isOnByDefault: Bool, _ summary: StaticString) {
        self.key = key.description
        self.summary = summary.description
        self.isOnByDefault = isOnByDefault
    }
}

/// What somebody has decided about a flag in a tenant.
public struct FlagState: Sendable, Hashable, Codable {
    /// Whether the feature is on at all.
    public var isEnabled: Bool
    /// For how many of 100 subjects it is on when it is on at all: 0 to 100.
    public var percentage: Int

    /// Makes a decision.
    ///
    /// - Throws: `hosting.invalidFlag` when the percentage is not within 0 to 100.
    public init(isEnabled: Bool, percentage: Int = 100) throws(HostingError) {
        guard (0...100).contains(percentage) else {
            throw HostingError(.invalidFlag, "a flag cannot be on for \(percentage) of 100: give 0 to 100")
        }
        self.isEnabled = isEnabled
        self.percentage = percentage
    }

    /// A decision from the table, whose check constraint admits 0 to 100 only.
    init(checked isEnabled: Bool, percentage: Int) {
        self.isEnabled = isEnabled
        self.percentage = percentage
    }

    /// Whether the feature is on for somebody.
    ///
    /// The same subject always gets the same answer, and raising the percentage takes it away from nobody.
    func isOn(key: String, subject: String?) -> Bool {
        guard isEnabled, percentage < 100 else { return isEnabled }
        guard let subject else { return false }
        // FNV-1a (Fowler, Noll, Vo), 64 bits: stable across processes, which Swift's Hasher is not.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(key)\u{0}\(subject)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Int((hash ^ hash >> 32) % 100) < percentage
    }
}
