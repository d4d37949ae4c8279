import Base
import Realtime
import ServiceLifecycle
import Storage
import Synchronization

/// Tells who looks after channels what comes in, how fast it is worked off and what was given up: on each node at most once
/// a second for each channel, and nobody is asked anything while nobody looks.
///
/// That a channel's health has changed is published in the transaction that changes it. What is told here is read from the
/// tables, so that a word that is lost is made good by the next one.
final class HealthDesk: Service {
    enum Bounds {
        /// Time between two words about a channel.
        static let pause: Duration = .seconds(1)
        /// Channels of all companies that are remembered on one node as changed.
        static let channels = 50_000
    }

    private struct State {
        var changed: [Tenant: Set<ID<Channel>>] = [:]
        var count = 0
    }

    /// How far a page has read what is published of health.
    struct Place: Sendable {
        let epoch: String
        let offset: Int64
    }

    private let storage: Storage
    private let store: CheckStore
    private let topics: InboxTopics
    private let clock: any WallClock
    private let state = Mutex(State())

    init(storage: Storage, topics: InboxTopics, clock: any WallClock) {
        self.storage = storage
        store = CheckStore(storage: storage)
        self.topics = topics
        self.clock = clock
        topics.observe(channels: { [weak self] id, tenant in self?.changed(id, in: tenant) })
    }

    /// Something has come at a channel, was worked off, given up or taken up again.
    private func changed(_ id: ID<Channel>, in tenant: Tenant) {
        state.withLock { state in
            // Beyond the bound the next thing that happens there tells of this one as well.
            guard state.count < Bounds.channels else { return }
            if state.changed[tenant, default: []].insert(id).inserted { state.count += 1 }
        }
    }

    /// Where the topic stands: read before what a page shows, so that nothing falls between the two.
    func place(in tenant: Tenant) async throws(StorageError) -> Place {
        let position = try await storage.reader(for: tenant).position(of: InboxTopics.healthTopic, at: clock.now())
        return Place(epoch: position.epochText, offset: position.offset)
    }

    /// Tells until the node stops.
    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { [self] in
                while !Task.isCancelled {
                    await flush()
                    try await clock.sleep(for: Bounds.pause)
                }
            }
        } catch is CancellationError {
            // How it is told to stop.
        }
    }

    /// Tells of all channels at which something has happened, those whose companies are looking: one statement for each.
    func flush() async {
        let changed = state.withLock { state in
            defer { state = State() }
            return state.changed
        }
        for (tenant, ids) in changed where topics.isHealthWatched(in: tenant) {
            do {
                let traffic = try await store.traffic(of: ids.sorted(), in: tenant)
                for (id, traffic) in traffic { topics.tell(InboxTopics.HealthNote(id, traffic), in: tenant) }
            } catch {
                // The database says no just now: the next look asks again.
                for id in ids { self.changed(id, in: tenant) }
            }
        }
    }
}

extension InboxTopics {
    /// Something that concerns who looks after channels.
    struct HealthNote: Sendable, Codable {
        let channel: ID<Channel>
        var health: Channel.Health?
        var reason: String?
        /// When something came last.
        var last: Timestamp?
        /// How long it took until the last delivery was seen, in milliseconds.
        var lag: Int64?
        /// Deliveries that wait, at most a hundred.
        var waiting: Int?
        /// Deliveries that were given up, at most a hundred.
        var dead: Int?
    }
}

extension InboxTopics.HealthNote {
    init(_ channel: ID<Channel>, _ traffic: Traffic) {
        self.channel = channel
        last = traffic.last
        lag = traffic.lag.map { Int64($0 / .milliseconds(1)) }
        waiting = traffic.waiting
        dead = traffic.dead
    }
}
