/// One turn of a conversation with a model.
public struct ChatMessage: Sendable, Hashable {
    /// Who speaks.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        /// The person.
        case user
        /// The model, earlier.
        case assistant
    }

    /// Who speaks.
    public let role: Role
    /// What is said.
    public let text: String

    /// Makes a turn.
    public init(_ role: Role, _ text: String) {
        self.role = role
        self.text = text
    }
}

/// What a model is asked.
public struct ChatRequest: Sendable, Hashable {
    /// The bounds of a request.
    public enum Bounds {
        /// Turns.
        public static let messages = 1_000
        /// Bytes of all texts together: 1 MiB.
        public static let bytes = 1 << 20
        /// Tokens of an answer.
        public static let tokens = 128_000
        /// Texts at which an answer ends.
        public static let stops = 4
    }

    /// What the model is told before the conversation; empty for nothing.
    public var system: String
    /// The turns, the oldest first; the last is the one that is answered.
    public var messages: [ChatMessage]
    /// How long the answer may be, in tokens.
    public var tokensMax: Int
    /// How freely the model draws: 0 to 2; `nil` for the vendor's default.
    public var temperature: Double?
    /// Texts at which the answer ends, at most ``Bounds/stops``.
    public var stops: [String]

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - messages: The turns, the oldest first; 1 to ``Bounds/messages``.
    ///   - system: What the model is told before. Defaults to nothing.
    ///   - tokensMax: How long the answer may be, in tokens. Defaults to 512; 1 to ``Bounds/tokens``.
    ///   - temperature: How freely the model draws, 0 to 2. Defaults to the vendor's.
    ///   - stops: Texts at which the answer ends. Defaults to none; at most ``Bounds/stops``.
    public init(
        _ messages: [ChatMessage], system: String = "", tokensMax: Int = 512, temperature: Double? = nil,
        stops: [String] = []
    ) {
        self.messages = messages
        self.system = system
        self.tokensMax = tokensMax
        self.temperature = temperature
        self.stops = stops
    }

    /// Bytes of all texts together.
    var bytes: Int { messages.reduce(system.utf8.count) { $0 + $1.text.utf8.count } }

    /// Refuses what exceeds a bound.
    func check() throws(AIError) {
        func refuse(_ what: String) throws(AIError) { throw AIError(.requestInvalid, what) }
        if messages.isEmpty || messages.count > Bounds.messages {
            try refuse("A chat has \(messages.count) messages; 1 to \(Bounds.messages) are possible.")
        }
        if messages.last?.role != .user { try refuse("The last of the messages must be the user's.") }
        if bytes > Bounds.bytes { try refuse("The texts have \(bytes) bytes; \(Bounds.bytes) are possible.") }
        if !(1...Bounds.tokens).contains(tokensMax) {
            try refuse("tokensMax is \(tokensMax); 1 to \(Bounds.tokens) are possible.")
        }
        if let temperature, !(0...2).contains(temperature) {
            try refuse("temperature is \(temperature); 0 to 2 are possible.")
        }
        if stops.count > Bounds.stops || stops.contains(where: \.isEmpty) {
            try refuse("There are \(stops.count) stops; at most \(Bounds.stops) are possible, none of them empty.")
        }
    }
}
