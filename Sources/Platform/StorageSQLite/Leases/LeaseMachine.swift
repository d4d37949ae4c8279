import Base
import Storage

/// Who gets which connection: first come, first served, with a bound on how many wait and how long.
///
/// Pure: time comes in, decisions go out. ``ConnectionPool`` carries them out.
struct LeaseMachine<Waiter> {
    /// What became of a request.
    enum Decision {
        case granted(slot: Int, Waiter)
        /// It stands in the queue; `deadline` is when its wait ends.
        case waits(deadline: Duration)
        case refused(Waiter, Refusal)
    }

    /// Why a request was turned away.
    enum Refusal: Hashable {
        case queueFull, expired, closed
    }

    /// Who holds a connection.
    struct Holder {
        var name: String
        var since: Duration
    }

    private struct Waiting {
        var waiter: Waiter
        var name: String
        var deadline: Duration
    }

    private let waitingMax: Int
    private let patience: Duration
    private var free: [Int]
    private var order: [UInt64] = []
    private var head = 0
    private var waiting: [UInt64: Waiting] = [:]

    /// Who holds each connection; `nil` for free ones.
    private(set) var holders: [Holder?]
    /// Whether no request is granted any more.
    private(set) var isClosed = false

    init(slots: Int, waitingMax: Int, patience: Duration) {
        self.waitingMax = waitingMax
        self.patience = patience
        holders = Array(repeating: nil, count: slots)
        free = (0..<slots).reversed()
    }

    /// How many wait.
    var waitingCount: Int { waiting.count }
    /// How many connections are held.
    var heldCount: Int { holders.count - free.count }
    /// The connection held longest.
    var longestHeld: Holder? { holders.compactMap { $0 }.min { $0.since < $1.since } }

    /// Asks for a connection.
    mutating func request(_ id: UInt64, _ waiter: Waiter, name: String, now: Duration) -> Decision {
        guard !isClosed else { return .refused(waiter, .closed) }
        if waiting.isEmpty, let slot = free.popLast() {
            holders[slot] = Holder(name: name, since: now)
            return .granted(slot: slot, waiter)
        }
        guard waiting.count < waitingMax else { return .refused(waiter, .queueFull) }
        waiting[id] = Waiting(waiter: waiter, name: name, deadline: now + patience)
        order.append(id)
        // Ids of cancelled requests leave the middle of the queue once they outnumber those who wait.
        if order.count - head > 2 * waiting.count + 1_024 {
            order = order[head...].filter { waiting[$0] != nil }
            head = 0
        }
        return .waits(deadline: now + patience)
    }

    /// Gives a connection back; who waited longest gets it at once.
    mutating func release(_ slot: Int, now: Duration) -> Waiter? {
        guard let next = popNext() else {
            holders[slot] = nil
            free.append(slot)
            return nil
        }
        holders[slot] = Holder(name: next.name, since: now)
        return next.waiter
    }

    /// Takes waiters from the front for as long as `accepts` them, so that who holds a connection serves them along.
    mutating func takeFromFront(max: Int, while accepts: (Waiter) -> Bool) -> [Waiter] {
        var taken: [Waiter] = []
        while taken.count < max, let id = first, let next = waiting[id], accepts(next.waiter) {
            waiting[id] = nil
            taken.append(next.waiter)
        }
        return taken
    }

    /// Takes back a request that still waits; `nil` when it was granted or refused before.
    mutating func cancel(_ id: UInt64) -> Waiter? { waiting.removeValue(forKey: id)?.waiter }

    /// Names the statement that a holder runs now.
    mutating func note(_ name: String, on slot: Int) { holders[slot]?.name = name }

    /// Removes all whose wait has ended.
    mutating func expire(now: Duration) -> [Waiter] {
        var expired: [Waiter] = []
        // The patience of all is the same, so the order of arrival is the order of deadlines.
        while let id = first, let next = waiting[id], next.deadline <= now {
            waiting[id] = nil
            expired.append(next.waiter)
        }
        return expired
    }

    /// When the next wait ends; `nil` when nobody waits.
    mutating func nextDeadline() -> Duration? { first.flatMap { waiting[$0]?.deadline } }

    /// Refuses everyone who waits and all later requests.
    mutating func close() -> [Waiter] {
        isClosed = true
        var refused: [Waiter] = []
        while let next = popNext() { refused.append(next.waiter) }
        return refused
    }

    /// The id of who waits longest.
    ///
    /// Ids of cancelled requests are dropped on the way.
    private var first: UInt64? {
        mutating get {
            while head < order.count {
                if waiting[order[head]] != nil { return order[head] }
                head += 1
                if head == order.count || head >= 1_024 {
                    order.removeFirst(head)
                    head = 0
                }
            }
            return nil
        }
    }

    private mutating func popNext() -> Waiting? { first.flatMap { waiting.removeValue(forKey: $0) } }
}
