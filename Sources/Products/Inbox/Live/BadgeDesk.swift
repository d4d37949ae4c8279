import Base
import Coordination
import Foundation
import Realtime
import ServiceLifecycle
import Storage
import Synchronization

/// Pushes how much is unread to agents who look: at most every five seconds to each, and to nobody while nothing happens.
///
/// Each node pushes to those who are connected to it. That something has happened in a company is told to the others over the
/// bus; a word that is lost there costs an agent an old number until the next one.
final class BadgeDesk: Service {
    enum Bounds {
        /// Time between two badges for one agent.
        static let pause: Duration = .seconds(5)
        /// How often is looked for whom something has changed.
        static let beat: Duration = .milliseconds(500)
        /// Agents who are remembered on one node.
        static let agents = 50_000
    }

    private struct Place: Hashable {
        let tenant: Tenant
        let person: ID<Person>
    }

    private struct Looker {
        let agent: Agent
        var pushedAt: Duration?
        var isDirty = true
    }

    private struct State {
        var lookers: [Place: Looker] = [:]
        var changed: Set<Tenant> = []
    }

    private static let topic = "inbox.badges"

    private let store: ConversationStore
    private let topics: InboxTopics
    private let realtime: Realtime
    private let bus: any Bus
    private let clock: any WallClock
    private let state = Mutex(State())

    init(storage: Storage, topics: InboxTopics, realtime: Realtime, bus: any Bus, clock: any WallClock) {
        self.topics = topics
        self.realtime = realtime
        self.bus = bus
        self.clock = clock
        store = ConversationStore(storage: storage)
        topics.observe(
            joined: { [weak self] agent, tenant in self?.welcome(agent, in: tenant) },
            changed: { [weak self] tenant, person in self?.changed(person, in: tenant) })
    }

    /// Somebody has joined their own topic here.
    private func welcome(_ agent: Agent, in tenant: Tenant) {
        state.withLock { state in
            let place = Place(tenant: tenant, person: agent.person)
            guard state.lookers[place] != nil || state.lookers.count < Bounds.agents else { return }
            state.lookers[place] = Looker(agent: agent)
        }
    }

    /// Something has happened in a company, or only to one of its agents.
    private func changed(_ person: ID<Person>?, in tenant: Tenant) {
        state.withLock { state in
            if let person {
                state.lookers[Place(tenant: tenant, person: person)]?.isDirty = true
            } else {
                state.changed.insert(tenant)
            }
        }
    }

    /// Pushes until the node stops.
    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { [self] in
                try await withThrowingDiscardingTaskGroup { group in
                    group.addTask { [self] in
                        try await bus.follow(Self.topic, clock: clock) { event in
                            if case .message(let payload) = event { heard(payload) }
                        }
                    }
                    while !Task.isCancelled {
                        await flush()
                        try await clock.sleep(for: Bounds.beat)
                    }
                }
            }
        } catch is CancellationError {
            // How it is told to stop.
        }
    }

    private func heard(_ payload: [UInt8]) {
        guard let id = ID<Tenant>(String(decoding: payload, as: UTF8.self)) else { return }
        mark(Tenant(id))
    }

    private func mark(_ tenant: Tenant) {
        state.withLock { state in
            for place in state.lookers.keys where place.tenant == tenant { state.lookers[place]?.isDirty = true }
        }
    }

    /// Tells other nodes what has changed here, then pushes what is due.
    func flush() async {
        let changed = state.withLock { state in
            defer { state.changed = [] }
            return state.changed
        }
        for tenant in changed {
            mark(tenant)
            // A word that is lost costs agents of other nodes an old number until the next one.
            try? await bus.publish(Array(tenant.id.description.utf8), to: Self.topic)
        }
        for (place, agent) in due() { await push(agent, place) }
    }

    /// For whom something has changed whose last badges are old enough; who has gone is forgotten.
    private func due() -> [(Place, Agent)] {
        let now = clock.uptime()
        return state.withLock { state in
            var due: [(Place, Agent)] = []
            for (place, looker) in state.lookers where looker.isDirty {
                if let last = looker.pushedAt, now - last < Bounds.pause { continue }
                guard realtime.isHeard(topics.agent("\(place.person)"), of: place.tenant) else {
                    // Who is just joining is not heard yet: once is waited for.
                    if looker.pushedAt != nil {
                        state.lookers[place] = nil
                    } else {
                        state.lookers[place]?.pushedAt = now
                    }
                    continue
                }
                state.lookers[place]?.isDirty = false
                state.lookers[place]?.pushedAt = now
                due.append((place, looker.agent))
            }
            return due
        }
    }

    private func push(_ agent: Agent, _ place: Place) async {
        do {
            let badges = try await store.badges(of: agent, in: place.tenant)
            topics.tell(
                InboxTopics.AgentNote(kind: .badges, badges: badges.byView), to: agent.person, in: place.tenant)
        } catch {
            // The database says no just now: the next beat asks again.
            state.withLock { $0.lookers[place]?.isDirty = true }
        }
    }
}

extension Badges {
    /// The numbers by the names of the views.
    var byView: [String: Int] { ["all": all, "mine": mine, "unassigned": unassigned] }
}
