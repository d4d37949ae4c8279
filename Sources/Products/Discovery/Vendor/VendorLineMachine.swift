import Base

/// How soon a call to a vendor is wanted.
enum Urgency: Sendable, Hashable, CaseIterable {
    /// Somebody waits for what it brings.
    case awaited
    /// Nobody looks: profiles of searches that have ended, searches that the clock has started.
    case background
}

/// Decides whose call to a vendor begins next: pure.
///
/// What somebody waits for goes before what nobody looks at, however much there is of that; one call in
/// ``Bounds/turns`` still is of the latter, so that it comes to an end on the busiest day too. Within an urgency
/// workspaces take turns, and of a workspace goes first who came first.
struct VendorLineMachine: Sendable {
    enum Bounds {
        /// Calls that wait in one process; more than the kinds of jobs that call run at once.
        static let places = 256
        /// How long a call waits before its job is put back, so that others of its lane can run.
        static let patience: Duration = .seconds(10)
        /// Of so many calls one is nobody's, while somebody waits for all others.
        static let turns = 8
        /// Workspaces whose last turn is remembered.
        static let workspaces = 10_000
    }

    /// A call that waits.
    struct Waiting: Sendable, Hashable {
        let ticket: UInt64
        let tenant: Tenant
        let urgency: Urgency
        /// When it has waited long enough.
        let until: Duration
    }

    /// In order of arrival.
    private(set) var waiting: [Waiting] = []
    private var turns = BoundedMap<Tenant, UInt64>(capacity: Bounds.workspaces)
    private var lastTurn: UInt64 = 0
    /// Awaited calls since the last one that nobody waited for.
    private var awaitedInARow = 0

    /// Takes a call in; `false` when there is no place.
    mutating func join(_ ticket: UInt64, for tenant: Tenant, _ urgency: Urgency, at now: Duration) -> Bool {
        guard waiting.count < Bounds.places else { return false }
        waiting.append(Waiting(ticket: ticket, tenant: tenant, urgency: urgency, until: now + Bounds.patience))
        return true
    }

    /// Takes a call out that is not wanted any more; `false` when it is not in the line.
    mutating func leave(_ ticket: UInt64) -> Bool {
        guard let place = waiting.firstIndex(where: { $0.ticket == ticket }) else { return false }
        waiting.remove(at: place)
        return true
    }

    /// The call that is next, `nil` when none waits.
    var next: Waiting? {
        let isForOthers = awaitedInARow >= Bounds.turns - 1
        return isForOthers ? first(.background) ?? first(.awaited) : first(.awaited) ?? first(.background)
    }

    private func first(_ urgency: Urgency) -> Waiting? {
        // Of two that had their turn equally long ago the one that came first stays, as only less replaces it.
        waiting.reduce(nil) { best, other in
            guard other.urgency == urgency else { return best }
            guard let best, turn(best) <= turn(other) else { return other }
            return best
        }
    }

    private func turn(_ call: Waiting) -> UInt64 { turns[call.tenant] ?? 0 }

    /// Lets the next call begin and takes it out of the line.
    mutating func serve() -> Waiting? {
        guard let next, leave(next.ticket) else { return nil }
        lastTurn += 1
        turns[next.tenant] = lastTurn
        awaitedInARow = next.urgency == .awaited ? awaitedInARow + 1 : 0
        return next
    }

    /// Takes everybody out.
    mutating func empty() -> [Waiting] {
        defer { waiting = [] }
        return waiting
    }

    /// Takes out those that have waited long enough.
    mutating func expire(at now: Duration) -> [Waiting] {
        let expired = waiting.filter { $0.until <= now }
        waiting.removeAll { $0.until <= now }
        return expired
    }
}
