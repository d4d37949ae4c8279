import Base
import BaseTestKit
import Coordination
import Synchronization

/// What lies between simulated nodes: messages that take time, overtake each other and get lost, and a shared store
/// that some nodes cannot reach for a while.
final class SimNetwork: Sendable {
    private struct Flight {
        var at: Duration
        var to: Int
        var payload: [UInt8]
    }

    private struct State {
        var subscriptions: [Int: [BusSubscription]] = [:]
        var flights: [Flight] = []
        /// Until when links are cut: from node to node, and from node to store (to: -1).
        var cuts: [[Int]: Duration] = [:]
        var dead: Set<Int> = []
        var dropped = 0
        var unanswered = 0
    }

    let clock: SimClock
    let chance: SeededRandomness
    let store: InProcessSharedCache
    private let state = Mutex(State())
    /// The longest that a message takes, and that a call of the store takes one way.
    let delays: (message: Int, store: Int)

    init(clock: SimClock, chance: SeededRandomness, delays: (message: Int, store: Int) = (300, 4)) {
        self.clock = clock
        self.chance = chance
        self.delays = delays
        store = InProcessSharedCache(clock: clock)
    }

    var dropped: Int { state.withLock { $0.dropped } }
    var unanswered: Int { state.withLock { $0.unanswered } }

    // MARK: Faults

    func cut(_ from: Int, _ to: Int, for duration: Duration) {
        let until = clock.uptime() + duration
        state.withLock { $0.cuts[[from, to]] = until }
    }

    func isCut(_ from: Int, _ to: Int) -> Bool {
        let now = clock.uptime()
        return state.withLock { $0.dead.contains(from) || $0.cuts[[from, to]].map { $0 > now } ?? false }
    }

    /// How long ago the link was last whole; `nil` when it never was cut.
    func lastCut(_ from: Int, _ to: Int) -> Duration? {
        state.withLock { $0.cuts[[from, to]] }
    }

    func kill(_ node: Int) { state.withLock { _ = $0.dead.insert(node) } }

    // MARK: Messages

    func subscribe(_ node: Int) -> BusSubscription {
        let subscription = BusSubscription()
        state.withLock { $0.subscriptions[node, default: []].append(subscription) }
        return subscription
    }

    func publish(_ payload: [UInt8], from node: Int) {
        let receivers = state.withLock { Array($0.subscriptions.keys) }.sorted()
        for receiver in receivers {
            guard !isCut(node, receiver) else {
                state.withLock { $0.dropped += 1 }
                continue
            }
            let at = clock.uptime() + .milliseconds(receiver == node ? 0 : chance.below(delays.message + 1))
            state.withLock { $0.flights.append(Flight(at: at, to: receiver, payload: payload)) }
        }
    }

    /// Hands over what has arrived by now, in any order.
    func deliver() {
        let now = clock.uptime()
        let due = state.withLock { state in
            defer { state.flights.removeAll { $0.at <= now } }
            return state.flights.filter { $0.at <= now }
        }
        for flight in due {
            for subscription in state.withLock({ $0.subscriptions[flight.to] ?? [] }) {
                subscription.deliver(flight.payload)
            }
        }
    }

    // MARK: Store

    func hop(_ node: Int) async throws(CoordinationError) {
        do {
            try await clock.sleep(for: .milliseconds(chance.below(delays.store + 1)))
        } catch {
            throw CoordinationError(.unavailable, "The call was cancelled. Ask again.", underlying: error)
        }
        guard isCut(node, -1) else { return }
        state.withLock { $0.unanswered += 1 }
        throw CoordinationError(.unavailable, "The simulated store cannot be reached. Wait.")
    }
}

/// The bus as one node has it.
struct SimBus: Bus {
    let network: SimNetwork
    let node: Int

    func publish(_ payload: [UInt8], to topic: String) async throws(CoordinationError) {
        network.publish(payload, from: node)
    }

    func subscribe(to topic: String) async throws(CoordinationError) -> BusSubscription { network.subscribe(node) }
}

/// The store as one node has it: a call may be carried out and its answer lost.
struct SimStore: SharedCache {
    let network: SimNetwork
    let node: Int

    private func call<Result: Sendable>(
        _ body: (InProcessSharedCache) async throws(CoordinationError) -> Result
    ) async throws(CoordinationError) -> Result {
        try await network.hop(node)
        let result = try await body(network.store)
        try await network.hop(node)
        return result
    }

    func value(for key: String) async throws(CoordinationError) -> SharedValue? {
        try await call { store throws(CoordinationError) in try await store.value(for: key) }
    }

    func fence(of tags: [String]) async throws(CoordinationError) -> SharedFence {
        try await call { store throws(CoordinationError) in try await store.fence(of: tags) }
    }

    func set(
        _ key: String, to bytes: [UInt8], for ttl: Duration, fence: SharedFence
    ) async throws(CoordinationError) -> Bool {
        try await call { store throws(CoordinationError) in
            try await store.set(key, to: bytes, for: ttl, fence: fence)
        }
    }

    func invalidate(_ tags: [String]) async throws(CoordinationError) {
        try await call { store throws(CoordinationError) in try await store.invalidate(tags) }
    }

    func lease(_ key: String, for ttl: Duration) async throws(CoordinationError) -> SharedLease? {
        try await call { store throws(CoordinationError) in try await store.lease(key, for: ttl) }
    }

    func release(_ lease: SharedLease) async throws(CoordinationError) {
        try await call { store throws(CoordinationError) in try await store.release(lease) }
    }
}
