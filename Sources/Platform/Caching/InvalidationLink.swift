import Base
import Coordination
import Foundation
import Synchronization

/// Sends this node's invalidations to the others, and applies theirs.
final class InvalidationLink: Sendable {
    private struct Message: Codable {
        var node: UInt64
        var tenant: Tenant?
        var tags: [String]
    }

    private static let topic = "caching.invalidations"

    private let bus: any Bus
    private let node: UInt64
    private let unsentCount = Atomic<Int>(0)

    init(bus: any Bus, node: UInt64) {
        self.bus = bus
        self.node = node
    }

    var unsent: Int { unsentCount.load(ordering: .relaxed) }

    func publish(_ tags: [String], for tenant: Tenant?) async {
        do {
            let message = try JSONEncoder().encode(Message(node: node, tenant: tenant, tags: tags))
            try await bus.publish(Array(message), to: Self.topic)
        } catch {
            // The write is committed and this node is right. The others hear of the gap when they reconnect.
            unsentCount.add(1, ordering: .relaxed)
        }
    }

    func run(clock: any WallClock, fences: FenceTable) async throws {
        while !Task.isCancelled {
            do {
                let subscription = try await bus.subscribe(to: Self.topic)
                // What was published before the subscription stood is unknown.
                fences.invalidateAll()
                while let event = await subscription.next() { apply(event, to: fences) }
            } catch {
                try await clock.sleep(for: .seconds(1))
            }
        }
    }

    private func apply(_ event: BusEvent, to fences: FenceTable) {
        switch event {
        case .missed: fences.invalidateAll()
        case .message(let bytes):
            do {
                let message = try JSONDecoder().decode(Message.self, from: Data(bytes))
                if message.node != node { fences.invalidate(message.tags, for: message.tenant) }
            } catch {
                // A newer node may speak otherwise; what it meant is unknown, so everything is doubted.
                fences.invalidateAll()
            }
        }
    }
}
