import Synchronization

/// The bus of a single process.
public final class InProcessBus: Bus {
    private struct Reader: Sendable {
        weak var subscription: BusSubscription?
    }

    private struct State {
        var topics: [String: [UInt64: Reader]] = [:]
        var lastID: UInt64 = 0
        var count = 0
    }

    private let state = Mutex(State())
    private let capacity: Int
    private let subscriptionsMax: Int

    /// Makes a bus.
    ///
    /// - Parameters:
    ///   - capacity: messages that wait for one reader. Defaults to 1,024; at least 1.
    ///   - subscriptionsMax: subscriptions at once. Defaults to 10,000; at least 1.
    public init(capacity: Int = 1_024, subscriptionsMax: Int = 10_000) {
        precondition(capacity > 0 && subscriptionsMax > 0, "a bus needs room for a message and a reader")
        self.capacity = capacity
        self.subscriptionsMax = subscriptionsMax
    }

    /// Hands `payload` to every subscription of `topic`, never waiting for one.
    public func publish(_ payload: [UInt8], to topic: String) async throws(CoordinationError) {
        try CoordinationBounds.check(name: topic, payload: payload.count)
        let readers = state.withLock { $0.topics[topic].map { Array($0.values) } ?? [] }
        for reader in readers { reader.subscription?.deliver(payload) }
    }

    /// Listens to `topic` from now on.
    public func subscribe(to topic: String) async throws(CoordinationError) -> BusSubscription {
        try CoordinationBounds.check(name: topic)
        let id = state.withLock { state -> UInt64? in
            guard state.count < subscriptionsMax else { return nil }
            state.count += 1
            state.lastID += 1
            return state.lastID
        }
        guard let id else {
            throw CoordinationError(
                .tooManySubscriptions, "The bus has \(subscriptionsMax) subscriptions, as many as it may. Close some.")
        }
        let subscription = BusSubscription(capacity: capacity) { [weak self] in self?.remove(id, from: topic) }
        state.withLock { $0.topics[topic, default: [:]][id] = Reader(subscription: subscription) }
        return subscription
    }

    private func remove(_ id: UInt64, from topic: String) {
        state.withLock { state in
            state.count -= 1
            state.topics[topic]?[id] = nil
            if state.topics[topic]?.isEmpty == true { state.topics[topic] = nil }
        }
    }
}
