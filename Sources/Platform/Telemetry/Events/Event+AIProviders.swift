import Logging

/// What language models do.
extension Event {
    private static let providerNames = ["openai", "anthropic", "perplexity", "compatible", "local"]
    private static let providers = MetricLabel("provider", providerNames)

    /// A provider as a label has it: one of those that settings know.
    public static func providerLabel(_ name: String) -> String {
        providerNames.contains(name) ? name : MetricLabel.other
    }

    /// A model has answered.
    public static let modelAnswered = Event(
        "model.answered", .debug, "A language model has answered.",
        fields: ["model", "reason", "input", "output", "took"],
        feeds: .histogram("capstan_model_duration_seconds", by: providers))
    /// A model has not answered.
    public static let modelFailed = Event(
        "model.failed", .warning, "A call of a language model failed, and no other one was left to ask.",
        fields: ["model", "code", "took"], feeds: .counter("capstan_model_failed_total", by: providers))
    /// Another model was asked.
    public static let modelReplaced = Event(
        "model.replaced", .notice, "A language model failed before its first text, and the next one was asked.",
        fields: ["from", "to", "code"], feeds: .counter("capstan_model_replaced_total", by: providers))
}
