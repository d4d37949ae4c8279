import Base
import Storage

/// Who gets which connection, by the turns of a ``WaitingLine``, with a bound on how many wait and how long.
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
        var urgency: Urgency
        var since: Duration
    }

    private struct Waiting {
        var waiter: Waiter
        var name: String
    }

    private let waitingMax: Int
    private let patience: Duration
    private var free: [Int]
    private var line: WaitingLine<UInt64, Waiting>

    /// Who holds each connection; `nil` for free ones.
    private(set) var holders: [Holder?]
    /// Whether no request is granted any more.
    private(set) var isClosed = false

    init(slots: Int, waitingMax: Int, patience: Duration) {
        self.waitingMax = waitingMax
        self.patience = patience
        holders = Array(repeating: nil, count: slots)
        free = (0..<slots).reversed()
        line = WaitingLine(connections: slots)
    }

    /// How many wait.
    var waitingCount: Int { line.count }
    /// How many connections are held.
    var heldCount: Int { holders.count - free.count }
    /// The connection held longest.
    var longestHeld: Holder? { holders.compactMap { $0 }.min { $0.since < $1.since } }

    /// Asks for a connection.
    mutating func request(
        _ id: UInt64, _ waiter: Waiter, name: String, _ urgency: Urgency = .request, now: Duration
    ) -> Decision {
        guard !isClosed else { return .refused(waiter, .closed) }
        line.append(Waiting(waiter: waiter, name: name), as: id, urgency, at: now)
        // Nobody else can have the turn: whoever could be served was, when the connection became free.
        if let slot = free.last, let turn = line.next() {
            free.removeLast()
            hold(slot, turn, now: now)
            return .granted(slot: slot, turn.waiter.waiter)
        }
        guard line.count <= waitingMax else {
            _ = line.remove(id)
            return .refused(waiter, .queueFull)
        }
        return .waits(deadline: now + patience)
    }

    /// Gives a connection back; whose turn it is gets it at once.
    mutating func release(_ slot: Int, now: Duration) -> Waiter? {
        if let holder = holders[slot] { line.gaveBack(holder.urgency) }
        guard let turn = line.next() else {
            holders[slot] = nil
            free.append(slot)
            return nil
        }
        hold(slot, turn, now: now)
        return turn.waiter.waiter
    }

    private mutating func hold(_ slot: Int, _ turn: WaitingLine<UInt64, Waiting>.Turn, now: Duration) {
        holders[slot] = Holder(name: turn.waiter.name, urgency: turn.urgency, since: now)
    }

    /// Takes waiters whose turn it is for as long as `accepts` them, so that who holds a connection serves them along.
    ///
    /// Nobody is taken who is less urgent than `urgency`, that of who holds it.
    mutating func takeFromFront(max: Int, downTo urgency: Urgency, while accepts: (Waiter) -> Bool) -> [Waiter] {
        line.takeAlong(max: max, downTo: urgency) { accepts($0.waiter) }.map(\.waiter)
    }

    /// Takes back a request that still waits; `nil` when it was granted or refused before.
    mutating func cancel(_ id: UInt64) -> Waiter? { line.remove(id)?.waiter }

    /// Names the statement that a holder runs now.
    mutating func note(_ name: String, on slot: Int) { holders[slot]?.name = name }

    /// Removes all whose wait has ended.
    mutating func expire(now: Duration) -> [Waiter] { line.removeAll(since: now - patience).map(\.waiter) }

    /// When the next wait ends; `nil` when nobody waits.
    mutating func nextDeadline() -> Duration? { line.oldest.map { $0 + patience } }

    /// Refuses everyone who waits and all later requests.
    mutating func close() -> [Waiter] {
        isClosed = true
        return line.removeAll().map(\.waiter)
    }
}
