import Base
import Coordination
import Foundation
import Synchronization

/// Sends this node's invalidations to the others, applies theirs, and notices those that were lost.
final class InvalidationLink: Sendable {
    private struct Message: Codable {
        var node: UInt64
        /// Of a message its number, from 1; of a beat the last number.
        var number: UInt64
        var isBeat: Bool?
        var tenant: Tenant?
        var tags: [String]
    }

    private enum Bounds {
        /// Time between two beats.
        static let beat = Duration.seconds(1)
        /// Beats of its own that a node must miss to know that it is cut off.
        static let missedBeats = 3
    }

    private static let topic = "caching.invalidations"

    private let bus: any Bus
    private let node: UInt64
    private let number = Atomic<UInt64>(0)
    private let unsentCount = Atomic<Int>(0)
    private let doubtCount = Atomic<Int>(0)
    private let unheardBeats = Atomic<Int>(0)
    private let peers = Mutex(PeerTable())

    init(bus: any Bus, node: UInt64) {
        self.bus = bus
        self.node = node
    }

    /// Invalidations that the bus did not take.
    ///
    /// The others find the gap at the second beat that they hear.
    var unsent: Int { unsentCount.load(ordering: .relaxed) }
    /// How often everything was dropped because something may have been missed.
    var doubts: Int { doubtCount.load(ordering: .relaxed) }
    /// Whether this node does not even hear itself.
    var isCutOff: Bool { unheardBeats.load(ordering: .relaxed) > Bounds.missedBeats }

    func publish(_ tags: [String], for tenant: Tenant?) async {
        let number = number.add(1, ordering: .sequentiallyConsistent).newValue
        await send(Message(node: node, number: number, tenant: tenant, tags: tags))
    }

    private func send(_ message: Message) async {
        do {
            try await bus.publish(Array(JSONEncoder().encode(message)), to: Self.topic)
        } catch {
            // The write is committed and this node is right. Its number is spent, by which the others find the gap.
            if message.isBeat != true { unsentCount.add(1, ordering: .relaxed) }
        }
    }

    /// Tells the others once a second how far this node has come, until the task is cancelled.
    func beat(clock: any WallClock, fences: FenceTable) async throws {
        while true {
            try await clock.sleep(for: Bounds.beat)
            if peers.withLock({ $0.beat() }) { doubt(fences) }
            unheardBeats.add(1, ordering: .relaxed)
            await send(
                Message(node: node, number: number.load(ordering: .sequentiallyConsistent), isBeat: true, tags: []))
        }
    }

    func listen(clock: any WallClock, fences: FenceTable) async throws {
        while !Task.isCancelled {
            do {
                let subscription = try await bus.subscribe(to: Self.topic)
                // What was published before the subscription stood is unknown.
                peers.withLock { $0.removeAll() }
                fences.invalidateAll()
                while let event = await subscription.next() { apply(event, to: fences) }
            } catch {
                try await clock.sleep(for: .seconds(1))
            }
        }
    }

    private func apply(_ event: BusEvent, to fences: FenceTable) {
        switch event {
        case .missed:
            peers.withLock { $0.removeAll() }
            doubt(fences)
        case .message(let bytes):
            // A newer node may speak otherwise; what it meant is unknown, so everything is doubted.
            guard let message = try? JSONDecoder().decode(Message.self, from: Data(bytes)) else { return doubt(fences) }
            guard message.node != node else {
                unheardBeats.store(0, ordering: .relaxed)
                return
            }
            let isDoubtful = peers.withLock { peers in
                message.isBeat == true
                    ? peers.hearBeat(of: message.node, last: message.number)
                    : peers.hear(message.number, of: message.node)
            }
            if isDoubtful { doubt(fences) }
            if !message.tags.isEmpty { fences.invalidate(message.tags, for: message.tenant) }
        }
    }

    private func doubt(_ fences: FenceTable) {
        doubtCount.add(1, ordering: .relaxed)
        fences.invalidateAll()
    }
}
