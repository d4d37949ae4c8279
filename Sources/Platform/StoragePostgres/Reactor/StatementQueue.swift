import Base

/// Statements that wait for their turn: those sent again first, and behind them in order of arrival.
struct StatementQueue {
    private var urgent: [PendingStatement] = []
    private var queue: BoundedQueue<PendingStatement>

    init(capacity: Int) { queue = BoundedQueue(capacity: capacity) }

    var isEmpty: Bool { urgent.isEmpty && queue.isEmpty }
    var count: Int { urgent.count + queue.count }

    /// The next one whose caller still waits.
    var first: PendingStatement? {
        mutating get {
            while let item = urgent.last, item.isFinished { urgent.removeLast() }
            if let item = urgent.last { return item }
            while let item = queue.popFirst() {
                if !item.isFinished {
                    urgent.append(item)
                    return item
                }
            }
            return nil
        }
    }

    /// Appends, or returns `false` when the queue is full.
    mutating func append(_ item: PendingStatement) -> Bool { queue.append(item) }

    /// Puts statements that have been sent before, at most as many as were under way, in front.
    mutating func putBack(_ items: [PendingStatement]) { urgent.append(contentsOf: items.reversed()) }

    mutating func popFirst() -> PendingStatement? {
        while let item = urgent.popLast() ?? queue.popFirst() { if !item.isFinished { return item } }
        return nil
    }
}
