public import Base

/// A kind of topics as a product declares it: their names, what is kept of them, and who may listen.
///
/// ```swift
/// static let list = TopicKind("inbox/list/{view}", history: TopicHistory(count: 100)) { visitor, topic in
///     try await views.isOpen(topic["view"], to: visitor) ? .admitted() : .refused
/// }
/// // within a transaction:
/// try transaction.publish(change, to: list("open"))
/// ```
public struct TopicKind: Sendable {
    /// Decides who may listen, each time that somebody joins.
    public typealias Rule = @Sendable (TopicVisitor, TopicParameters) async throws -> TopicAdmission

    /// The names.
    public let pattern: TopicPattern
    /// What is kept of the messages.
    public let history: TopicHistory
    /// What those who listen may send.
    public let sending: TopicSending
    /// Whether those who listen are shown to each other.
    public let showsPresence: Bool
    /// Whether each name is one visitor's own, by which streams without a session are counted.
    public let isPersonal: Bool
    let rule: Rule

    /// Declares a kind of topics.
    ///
    /// - Parameters:
    ///   - pattern: The names; the first part is the product's name.
    ///   - history: What is kept of the messages. Defaults to 100 messages, 256 KiB, one day.
    ///   - sending: What those who listen may send. Defaults to nothing.
    ///   - showsPresence: Whether those who listen are shown to each other. Defaults to not.
    ///   - isPersonal: Whether each name is one visitor's own, whom nobody else can name. Streams of events without a session
    ///     or device are then counted by it and not by their address, behind which a whole office may sit. Defaults to not.
    ///   - rule: Decides who may listen.
    public init(
        _ pattern: StaticString, history: TopicHistory = TopicHistory(), sending: TopicSending = .nothing,
        showsPresence: Bool = false, isPersonal: Bool = false, rule: @escaping Rule
    ) {
        self.pattern = TopicPattern(pattern)
        self.history = history
        self.sending = sending
        self.showsPresence = showsPresence
        self.isPersonal = isPersonal
        self.rule = rule
    }

    /// The topic with the holes filled in order: ids and words, no user's text.
    public func callAsFunction(_ values: String...) -> TopicName {
        guard let name = pattern.name(values) else {
            preconditionFailure("\(pattern) has the holes \(pattern.holes), which \(values) cannot fill")
        }
        return name
    }
}

/// What is kept of a topic's messages: as many as satisfy all three bounds, the newest first.
public struct TopicHistory: Sendable, Hashable {
    /// Messages.
    public let count: Int
    /// Bytes of all bodies.
    public let bytes: ByteCount
    /// How long a message is kept.
    public let age: Duration

    /// Declares a history.
    ///
    /// - Parameters:
    ///   - count: Messages. Defaults to 100; 1 to 1,000.
    ///   - bytes: Bytes of all bodies. Defaults to 256 KiB; 1 KiB to 1 MiB.
    ///   - age: How long a message is kept. Defaults to 1 day; 1 minute to 7 days.
    public init(count: Int = 100, bytes: ByteCount = .kibibytes(256), age: Duration = .seconds(86_400)) {
        precondition((1...1_000).contains(count), "a history of \(count) messages: 1 to 1,000 are possible")
        precondition(
            (1_024...1_048_576).contains(bytes.bytes), "a history of \(bytes): 1 KiB to 1 MiB are possible")
        precondition(
            (.seconds(60)...RealtimeSchema.messageAge).contains(age),
            "a history of \(age): 1 minute to 7 days are possible")
        self.count = count
        self.bytes = bytes
        self.age = age
    }
}

/// What those who listen to a topic may send to each other.
public enum TopicSending: Sendable, Hashable {
    /// Nothing: only the server publishes.
    case nothing
    /// Signals of at most so many bytes (up to 4 KiB), such as who is typing: handed on, never kept.
    case signals(bytesMax: Int)
}

/// Who wants to listen.
public struct TopicVisitor: Sendable, Hashable {
    /// In whose data.
    public let tenant: Tenant
    /// The person with a session.
    public let person: ID<Person>?
    /// The browser's device key.
    public let device: ID<Device>?
    /// The person's role, as the session has it.
    public let role: String?
    /// The person's session epoch, as the session has it.
    public let sessionVersion: Int
    /// By whom connections are counted: the person, else the device, else a group of addresses.
    public let seat: ID<TopicSeat>

    /// Describes who wants to listen.
    public init(
        tenant: Tenant, person: ID<Person>? = nil, device: ID<Device>? = nil, role: String? = nil,
        sessionVersion: Int = 0, seat: ID<TopicSeat>
    ) {
        self.tenant = tenant
        self.person = person
        self.device = device
        self.role = role
        self.sessionVersion = sessionVersion
        self.seat = seat
    }
}

/// One by whom connections are counted.
public enum TopicSeat {}

/// Whether somebody may listen.
public enum TopicAdmission: Sendable, Hashable {
    /// They may; where presence is shown, under this name and not at all without one.
    case admitted(as: String? = nil)
    /// They may not.
    case refused
}
