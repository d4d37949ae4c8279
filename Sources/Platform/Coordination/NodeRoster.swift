public import Base
import Synchronization

/// How many nodes serve now: each says once a second on the bus that it lives, and counts those it has heard of lately.
///
/// A node that has not been heard for five of the listener's own beats is counted no more. Where the bus carries nothing
/// the expected number stands, so that limits are shared among too many rather than too few.
public final class NodeRoster: Sendable {
    private enum Bounds {
        static let beat = Duration.seconds(1)
        static let silentBeats = 5
        static let nodes = 1_024
    }

    private struct State {
        var heardAt: BoundedMap<UInt64, Int>
        var beats = 0
        var shown: Int
    }

    private static let topic = "coordination.nodes"

    private let bus: any Bus
    private let clock: any WallClock
    private let node: UInt64
    private let expected: Int
    private let onChange: @Sendable (Int) -> Void
    private let state: Mutex<State>

    /// Makes a roster that knows of this node alone.
    ///
    /// - Parameters:
    ///   - bus: carries the beats.
    ///   - clock: paces them.
    ///   - randomness: names this node.
    ///   - expected: how many nodes there are at least. Defaults to 1; 1 to 1,024.
    ///   - onChange: told the new number, and the first one when it runs.
    public init(
        bus: any Bus, clock: any WallClock, randomness: any Randomness, expected: Int = 1,
        onChange: @escaping @Sendable (Int) -> Void
    ) {
        precondition((1...Bounds.nodes).contains(expected), "\(expected) nodes: 1 to \(Bounds.nodes) are possible")
        self.bus = bus
        self.clock = clock
        self.expected = expected
        self.onChange = onChange
        node = randomness.next()
        state = Mutex(State(heardAt: BoundedMap(capacity: Bounds.nodes), shown: expected))
    }

    /// How many nodes are known to serve, and at least as many as were expected.
    public var count: Int { state.withLock { $0.shown } }

    /// Beats and listens until the task is cancelled.
    public func run() async throws {
        onChange(count)
        do {
            try await withThrowingTaskGroup { group in
                group.addTask { try await self.beat() }
                group.addTask { try await self.listen() }
                try await group.waitForAll()
            }
        } catch is CancellationError {
            // The shutdown.
        }
    }

    private func beat() async throws {
        let name = withUnsafeBytes(of: node.littleEndian, Array.init)
        while true {
            do {
                try await bus.publish(name, to: Self.topic)
            } catch {
                // The others count this node on for five beats; then they share among fewer.
            }
            try await clock.sleep(for: Bounds.beat)
            show { $0.beats += 1 }
        }
    }

    private func listen() async throws {
        while !Task.isCancelled {
            do {
                let subscription = try await bus.subscribe(to: Self.topic)
                while let event = await subscription.next() {
                    guard case .message(let name) = event, name.count == 8 else { continue }
                    let other = name.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                    show { $0.heardAt[other] = $0.beats }
                }
            } catch {
                try await clock.sleep(for: Bounds.beat)
            }
        }
    }

    private func show(_ change: (inout State) -> Void) {
        let count = state.withLock { state -> Int? in
            change(&state)
            let lately = state.heardAt.keys.filter { other in
                other != node && state.beats - (state.heardAt[other] ?? .min / 2) <= Bounds.silentBeats
            }
            let count = max(expected, 1 + lately.count)
            guard count != state.shown else { return nil }
            state.shown = count
            return count
        }
        if let count { onChange(count) }
    }
}
