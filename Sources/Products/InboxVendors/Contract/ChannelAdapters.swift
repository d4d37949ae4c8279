/// The adapter of each kind of channel.
public struct ChannelAdapters: Sendable {
    private let adapters: [ChannelKind: any ChannelAdapter]

    /// Takes one adapter for each kind that is served; of two for one kind the later one counts.
    public init(_ adapters: [any ChannelAdapter]) {
        self.adapters = Dictionary(adapters.map { ($0.kind, $0) }) { $1 }
    }

    /// The adapter of a kind; `nil` when this installation does not serve it.
    public subscript(kind: ChannelKind) -> (any ChannelAdapter)? { adapters[kind] }

    /// The kinds that are served.
    public var kinds: Set<ChannelKind> { Set(adapters.keys) }
}
