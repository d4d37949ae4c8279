import Base

/// Who listens on this node, and what was heard of whom: the part that all back ends between nodes share.
///
/// A value, to be held under a lock; subscriptions are told outside of it.
public struct BusReaders: Sendable {
    /// Bounds of a node's bus.
    public enum Bounds {
        /// Subscriptions at once.
        public static let subscriptions = 10_000
        /// Messages that wait for one reader.
        public static let capacity = 1_024
        /// Publishers and topics of which the last number is remembered.
        public static let heard = 4_096
        /// Topics whose gaps are made known.
        public static let unsaid = 1_024
    }

    private struct Reader: Sendable {
        weak var subscription: BusSubscription?
    }

    private struct Origin: Hashable {
        var topic: String
        var publisher: UInt64
    }

    private var byTopic: [String: [UInt64: Reader]] = [:]
    /// Subscriptions that do not stand yet, by topic.
    private var pending: [String: Int] = [:]
    private var count = 0
    private var lastID: UInt64 = 0
    private var heard = BoundedMap<Origin, UInt64>(capacity: Bounds.heard)
    private var numbers = BoundedMap<String, UInt64>(capacity: Bounds.subscriptions)

    /// Topics of which a message could not be sent, for others to be told so.
    public private(set) var unsaid: Set<String> = []

    /// Nobody listens.
    public init() {}

    /// The topics that somebody listens to.
    public var topics: [String] { Array(byTopic.keys) }

    // MARK: Sending

    /// The number of the next message of a topic.
    public mutating func nextNumber(of topic: String) -> UInt64 {
        let number = (numbers[topic] ?? 0) + 1
        numbers[topic] = number
        return number
    }

    /// Remembers that a message of this topic could not be sent.
    public mutating func leaveUnsaid(_ topic: String) {
        if unsaid.count < Bounds.unsaid { unsaid.insert(topic) }
    }

    /// Others were told that a message is missing.
    public mutating func tell(_ topic: String) { unsaid.remove(topic) }

    // MARK: Subscribing

    /// Makes room for a subscription.
    ///
    /// - Throws: `coordination.tooManySubscriptions`.
    public mutating func reserve(_ topic: String) throws(CoordinationError) {
        guard count < Bounds.subscriptions else {
            throw CoordinationError(
                .tooManySubscriptions,
                "The bus has \(Bounds.subscriptions) subscriptions, as many as it may. Close some.")
        }
        count += 1
        pending[topic, default: 0] += 1
    }

    /// Gives the room of a subscription back that does not come to stand.
    public mutating func cancelReservation(_ topic: String) {
        settle(topic)
        count -= 1
    }

    /// Lets a subscription stand that room was made for, and names it.
    public mutating func stand(_ topic: String) -> UInt64 {
        settle(topic)
        lastID += 1
        return lastID
    }

    /// Enters who reads a subscription that stands.
    public mutating func enter(_ id: UInt64, _ subscription: BusSubscription, to topic: String) {
        byTopic[topic, default: [:]][id] = Reader(subscription: subscription)
    }

    /// Removes a subscription; returns whether nobody listens to the topic any more.
    public mutating func remove(_ id: UInt64, from topic: String) -> Bool {
        guard byTopic[topic]?.removeValue(forKey: id) != nil else { return false }
        count -= 1
        guard byTopic[topic]?.isEmpty == true else { return false }
        byTopic[topic] = nil
        return pending[topic] == nil
    }

    private mutating func settle(_ topic: String) {
        pending[topic] = pending[topic].flatMap { $0 > 1 ? $0 - 1 : nil }
    }

    // MARK: Hearing

    /// Takes note of an envelope; returns whether readers must be told that they may have missed some before it.
    public mutating func hear(_ envelope: BusEnvelope, of topic: String) -> Bool {
        let origin = Origin(topic: topic, publisher: envelope.publisher)
        defer { heard[origin] = envelope.number }
        guard envelope.kind == .said else { return true }
        return heard[origin].map { envelope.number != $0 + 1 } ?? false
    }

    /// Forgets what was heard: after a gap of which everybody has been told.
    public mutating func forgetPublishers() { heard = BoundedMap(capacity: Bounds.heard) }

    /// Who listens to a topic.
    public func readers(of topic: String) -> [BusSubscription] {
        byTopic[topic].map { $0.values.compactMap(\.subscription) } ?? []
    }

    /// Everybody who listens, and ends all subscriptions.
    public mutating func removeAll() -> [BusSubscription] {
        defer {
            byTopic = [:]
            count = 0
        }
        return byTopic.values.flatMap { $0.values.compactMap(\.subscription) }
    }
}
