/// What a call has brought besides its text, and what was charged for it.
public struct ChatOutcome: Sendable, Hashable {
    /// The model that was asked last.
    public let model: ModelName
    /// Whether a stand-in has answered, which pages must say.
    public let isStandIn: Bool
    /// How the answer ended.
    public let end: ChatEnd
    /// What was charged.
    public let usage: TokenUsage
    /// Whether ``usage`` was counted here, because the vendor has not said.
    public let isCounted: Bool
    /// What was charged in millionths of the installation's currency.
    public let money: Int
    /// How long the answer could be: what was asked for, or what the budgets had left.
    public let tokensMax: Int
}
