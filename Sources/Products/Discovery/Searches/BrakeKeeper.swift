import Base
import Coordination
import ServiceLifecycle
import Synchronization

/// Which rounds of searches have been stopped: looked at right before a vendor is called, so that no call begins after
/// the cancellation was answered.
///
/// A stop on this node holds at once. Those of other nodes come over the bus; what it loses is found in the database,
/// where a search is looked up before each call (``SearchSteps``). So a call can begin after the answer only while it is
/// between that look and the vendor, and only where the bus has lost the word: a few milliseconds.
final class BrakeKeeper: Service {
    enum Bounds {
        /// Stopped rounds that are remembered; older ones are stopped in the database for long.
        static let rounds = 10_000
    }

    private struct Round: Hashable, Sendable {
        var search: ID<Search>
        var number: Int
    }

    static let topic = "discovery.searches.stopped"

    private let bus: any Bus
    private let clock: any WallClock
    private let stopped = Mutex(BoundedMap<Round, Bool>(capacity: Bounds.rounds))

    init(bus: any Bus, clock: any WallClock) {
        self.bus = bus
        self.clock = clock
    }

    /// Stops a round on this node.
    func stop(_ search: ID<Search>, round: Int) {
        stopped.withLock { $0[Round(search: search, number: round)] = true }
    }

    /// Takes a stop back that did not come to be.
    func release(_ search: ID<Search>, round: Int) {
        stopped.withLock { $0[Round(search: search, number: round)] = nil }
    }

    /// Tells the other nodes of a stop that is committed.
    func tell(_ search: ID<Search>, round: Int) async {
        // Whom this does not reach finds it in the database.
        try? await bus.publish(Array("\(search)/\(round)".utf8), to: Self.topic)
    }

    /// Whether nobody has stopped a round, as far as this node has heard.
    func mayCall(for search: ID<Search>, round: Int) -> Bool {
        stopped.withLock { $0[Round(search: search, number: round)] == nil }
    }

    /// Listens to the other nodes until the service is stopped.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            // It ends by cancellation alone, which is how it is told to stop.
            try? await self.bus.follow(Self.topic, clock: self.clock) { self.hear($0) }
        }
    }

    private func hear(_ event: BusEvent) {
        guard case .message(let bytes) = event else { return }
        let words = String(decoding: bytes, as: UTF8.self).split(separator: "/")
        guard words.count == 2, let search = ID<Search>(String(words[0])), let round = Int(words[1]) else { return }
        stop(search, round: round)
    }
}
