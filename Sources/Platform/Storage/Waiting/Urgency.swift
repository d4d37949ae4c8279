/// How soon somebody needs what a task asks of the database: who waits for a connection is served by it.
///
/// Whoever is less urgent waits behind who is more so, but not for ever: a wait that has lasted for its ``headStart``
/// counts like that of somebody urgent who comes now. One connection of several is kept for requests, so that work behind
/// them never holds them all.
///
/// ```swift
/// try await Urgency.$current.withValue(.bulk) { try await sweep() }
/// ```
public enum Urgency: Int, Sendable, Hashable, Comparable, CaseIterable {
    /// Somebody waits for the answer; also what keeps a node going, such as its signs of life.
    case request
    /// What an answer has promised to be done at once: messages that came in, or are to be sent.
    case prompt
    /// Other work behind requests.
    case ordinary
    /// Much work, which may take its time.
    case bulk

    /// What the current task does; tasks that it starts inherit it.
    ///
    /// Defaults to ``request``.
    @TaskLocal public static var current = Urgency.request

    /// How much earlier than a request this has to have come to be served before it.
    ///
    /// Below the time for which anybody waits for a connection at all.
    public var headStart: Duration {
        switch self {
        case .request: .zero
        case .prompt: .milliseconds(200)
        case .ordinary: .milliseconds(400)
        case .bulk: .milliseconds(600)
        }
    }

    /// How many of `connections` work of this urgency, and of less, may hold together; at least one.
    public func allowance(of connections: Int) -> Int {
        switch self {
        case .request: connections
        case .prompt, .ordinary: max(1, connections - 1)
        case .bulk: max(1, connections / 2)
        }
    }

    /// More urgent comes first.
    public static func < (one: Urgency, other: Urgency) -> Bool { one.rawValue < other.rawValue }
}
