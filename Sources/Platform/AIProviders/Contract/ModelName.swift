/// A model of a provider, written `provider:model`, as in `openai:gpt-5-mini`.
public struct ModelName: Sendable, Hashable, LosslessStringConvertible {
    private enum Bounds {
        static let bytes = 200
    }

    /// The provider's word.
    public let provider: String
    /// The model, by the vendor's name.
    public let model: String

    /// Names a model.
    public init(provider: String, model: String) {
        self.provider = provider
        self.model = model
    }

    /// Reads `provider:model`, whose model may have colons of its own; `nil` for anything else.
    public init?(_ description: String) {
        guard let colon = description.firstIndex(of: ":"), description.utf8.count <= Bounds.bytes else { return nil }
        let (provider, model) = (description[..<colon], description[description.index(after: colon)...])
        guard !provider.isEmpty, !model.isEmpty,
            description.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ",") })
        else { return nil }
        self.init(provider: String(provider), model: String(model))
    }

    /// `provider:model`.
    public var description: String { "\(provider):\(model)" }
}
