import Base
import ServiceLifecycle
import Synchronization
import Telemetry

/// Gathers what was noticed and writes it beside the requests, many events at a time.
///
/// A vote waits for none of it. What is not yet written when a process dies is lost: it is evidence for moderators and
/// never a count, so that no score, cap or result depends on it.
final class RiskKeeper: Service {
    enum Bounds {
        /// Events that wait to be written; more are dropped and counted.
        static let waiting = 20_000
        static let writeEvery: Duration = .seconds(1)
        /// Events of one look, so that votes keep the database to themselves; a rush is written over the next seconds,
        /// and of a longer one some evidence is lost.
        static let perLook = 2_000
        /// Voters whose last event is remembered, so that the same finding is not written for each of their votes.
        static let remembered = 50_000
    }

    private struct State {
        var queue = BoundedQueue<(tenant: Tenant, event: RiskEvent)>(capacity: Bounds.waiting)
        var dropped = 0
    }

    private let store: RiskStore
    private let clock: any WallClock
    private let events: EventLog
    private let state = Mutex(State())

    init(store: RiskStore, clock: any WallClock, events: EventLog) {
        self.store = store
        self.clock = clock
        self.events = events
    }

    /// Takes an event; it is in the table a second or so later.
    func note(_ event: RiskEvent, in tenant: Tenant) {
        state.withLock { state in
            if !state.queue.append((tenant, event)) { state.dropped += 1 }
        }
    }

    /// How many events wait.
    var waiting: Int { state.withLock { $0.queue.count } }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                // Cancellation ends the loop, which is what it asks for.
                try? await clock.sleep(for: Bounds.writeEvery)
                await save(atMost: Bounds.perLook)
            }
        }
        await save()
    }

    /// Writes what waits, the oldest first.
    func save(atMost limit: Int = .max) async {
        var written = 0
        while written < limit {
            let (batch, dropped) = state.withLock { state in
                var batch: [(tenant: Tenant, event: RiskEvent)] = []
                while batch.count < RiskStore.Bounds.group, let next = state.queue.popFirst() { batch.append(next) }
                defer { state.dropped = 0 }
                return (batch, state.dropped)
            }
            if dropped > 0 { events.record(.riskEventsDropped, amount: dropped, ["events": .number(dropped)]) }
            guard !batch.isEmpty else { return }
            written += batch.count
            for (tenant, noticed) in Dictionary(grouping: batch, by: \.tenant) {
                do {
                    try await store.insert(noticed.map(\.event), in: tenant)
                } catch {
                    events.record(
                        .riskEventsDropped, amount: noticed.count, ["events": .number(noticed.count)])
                }
            }
        }
    }
}
