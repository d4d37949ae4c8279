public import AIProviders
public import Base
public import Coordination
public import Outbound
public import Storage
public import Telemetry

/// Which language models an installation uses, by its settings; a stand-in without a model when nothing is set.
public enum ModelSettings {
    /// The settings that ``models(_:storage:bus:outbound:clock:randomness:events:)`` reads.
    public static let all = [
        chat, embedding, dimensions, prices, deadline, openAIAddress, openAIKey, anthropicAddress, anthropicKey,
        perplexityAddress, perplexityKey, compatibleAddress, compatibleKey,
    ]

    private static let chat = Setting(
        "ai.chat", .text, default: "local:stand-in",
        "Models that answer, PROVIDER:MODEL separated by commas; the next is asked when one fails.")
    private static let embedding = Setting(
        "ai.embedding", .text, default: "local:words",
        "The model that turns texts into vectors, PROVIDER:MODEL; collections move to another one beside the old.")
    private static let dimensions = Setting(
        "ai.dimensions", .integer(0...4_096, unit: "numbers"), default: "0",
        "How many numbers vectors have, where the model gives a choice; 0 for the model's own.")
    private static let prices = Setting(
        "ai.prices", .text, default: nil,
        "PROVIDER:MODEL@YYYY-MM-DD=INPUT/OUTPUT, separated by commas: millionths per million tokens, from that day on.")
    private static let deadline = Setting(
        "ai.deadlineSeconds", .integer(5...140, unit: "seconds"), default: "120",
        "Longest time for an answer of a model, to its last word.")
    private static let openAIAddress = Setting(
        "ai.openaiAddress", .text, default: "https://api.openai.com/v1", "Where the provider openai is.")
    private static let openAIKey = Setting("ai.openaiKey", .secret, default: nil, "The key of the provider openai.")
    private static let anthropicAddress = Setting(
        "ai.anthropicAddress", .text, default: "https://api.anthropic.com", "Where the provider anthropic is.")
    private static let anthropicKey = Setting(
        "ai.anthropicKey", .secret, default: nil, "The key of the provider anthropic.")
    private static let perplexityAddress = Setting(
        "ai.perplexityAddress", .text, default: "https://api.perplexity.ai", "Where the provider perplexity is.")
    private static let perplexityKey = Setting(
        "ai.perplexityKey", .secret, default: nil, "The key of the provider perplexity.")
    private static let compatibleAddress = Setting(
        "ai.compatibleAddress", .text, default: nil,
        "Where the provider compatible is: any server that speaks as OpenAI does, its path included.")
    private static let compatibleKey = Setting(
        "ai.compatibleKey", .secret, default: nil, "The key of the provider compatible, where it wants one.")

    /// The models of an installation.
    ///
    /// Calls nothing. A provider is there when its key is set, `compatible` when its address is, and `local` always.
    ///
    /// - Parameters:
    ///   - settings: the values, in which ``all`` are declared.
    ///   - storage: where answers are kept.
    ///   - bus: tells readers on other nodes that there is more.
    ///   - outbound: the way out.
    ///   - clock: the time.
    ///   - randomness: draws pauses.
    ///   - events: where calls are told.
    /// - Returns: the models.
    /// - Throws: `hosting.invalidSetting` naming the setting.
    public static func models(
        _ settings: Settings, storage: Storage, bus: any Bus, outbound: OutboundClient, clock: any WallClock,
        randomness: any Randomness, events: EventLog
    ) throws(HostingError) -> AIModels {
        let providers = try providers(settings, through: outbound, clock: clock)
        var chain: [ModelName] = []
        for part in (settings.text(chat) ?? "").split(separator: ",") {
            chain.append(try name(String(part.filter { !$0.isWhitespace }), of: chat))
        }
        let vectors = try settings.text(embedding).map { text throws(HostingError) in try name(text, of: embedding) }
        let length = settings.integer(dimensions)
        do throws(AIError) {
            return try AIModels(
                providers, chat: chain, embedding: vectors, dimensions: length == 0 ? nil : length,
                prices: try PriceList(settings.text(prices) ?? ""), storage: storage, bus: bus, clock: clock,
                randomness: randomness, events: events)
        } catch {
            throw HostingError(.invalidSetting, error.message, underlying: error)
        }
    }

    private static func providers(
        _ settings: Settings, through outbound: OutboundClient, clock: any WallClock
    ) throws(HostingError) -> [any AIProvider] {
        let time = Duration.seconds(settings.integer(deadline))
        var providers: [any AIProvider] = [LocalModel()]
        if let key = settings.secret(openAIKey) {
            providers.append(
                OpenAICompatible(
                    "openai", at: try address(openAIAddress, settings), key: key, through: outbound, clock: clock,
                    deadline: time))
        }
        if let key = settings.secret(anthropicKey) {
            providers.append(
                Anthropic(
                    at: try address(anthropicAddress, settings), key: key, through: outbound, clock: clock,
                    deadline: time))
        }
        if let key = settings.secret(perplexityKey) {
            providers.append(
                OpenAICompatible(
                    "perplexity", at: try address(perplexityAddress, settings), key: key, as: .perplexity,
                    through: outbound, clock: clock, deadline: time))
        }
        if settings.text(compatibleAddress) != nil {
            providers.append(
                OpenAICompatible(
                    "compatible", at: try address(compatibleAddress, settings), key: settings.secret(compatibleKey),
                    as: .common, through: outbound, clock: clock, deadline: time))
        }
        return providers
    }

    private static func address(_ setting: Setting, _ settings: Settings) throws(HostingError) -> OutboundAddress {
        guard let address = settings.text(setting).flatMap(OutboundAddress.init), address.query == nil else {
            throw HostingError(
                .invalidSetting,
                "the setting \(setting.key) (\(setting.environmentName)) is no address, as in https://example.com/v1")
        }
        return address
    }

    private static func name(_ text: String, of setting: Setting) throws(HostingError) -> ModelName {
        guard let name = ModelName(text) else {
            throw HostingError(
                .invalidSetting,
                "the setting \(setting.key) (\(setting.environmentName)) names no model, as in openai:gpt-5-mini")
        }
        return name
    }
}
