/// Who waits for a connection, and whose turn it is: the earliest come, where who is less urgent came later by its
/// ``Urgency/headStart``.
///
/// Pure, and the same for all engines: time comes in, decisions go out. Of one urgency it is first come, first served.
public struct WaitingLine<Key: Hashable & Sendable, Waiter> {
    /// Somebody whose turn it is.
    public struct Turn {
        /// Who asked.
        public let key: Key
        /// What was asked for.
        public let waiter: Waiter
        /// How soon it is needed.
        public let urgency: Urgency
    }

    private struct Entry {
        var waiter: Waiter
        var urgency: Urgency
        var since: Duration
    }

    /// The keys of one urgency in the order of arrival; those of entries that are gone are dropped on the way.
    private struct Order {
        var keys: [Key] = []
        var head = 0
    }

    private let connections: Int
    private var entries: [Key: Entry] = [:]
    private var orders = [Order](repeating: Order(), count: Urgency.allCases.count)
    private var held = [Int](repeating: 0, count: Urgency.allCases.count)

    /// A line before so many connections.
    public init(connections: Int) { self.connections = connections }

    /// How many wait.
    public var count: Int { entries.count }
    /// Since when who came first has been waiting; `nil` when nobody waits.
    public var oldest: Duration? {
        mutating get {
            var oldest: Duration?
            for urgency in Urgency.allCases {
                guard let key = first(of: urgency), let since = entries[key]?.since else { continue }
                oldest = min(oldest ?? since, since)
            }
            return oldest
        }
    }

    // MARK: Waiting

    /// Takes somebody in at the end.
    public mutating func append(_ waiter: Waiter, as key: Key, _ urgency: Urgency, at now: Duration) {
        entries[key] = Entry(waiter: waiter, urgency: urgency, since: now)
        orders[urgency.rawValue].keys.append(key)
        // Keys of who went away leave the middle once they outnumber those who wait.
        let order = orders[urgency.rawValue]
        if order.keys.count - order.head > 2 * entries.count + 1_024 {
            orders[urgency.rawValue] = Order(keys: order.keys[order.head...].filter { entries[$0] != nil })
        }
    }

    /// Takes somebody out who waits no longer; `nil` when nobody of that key waits.
    public mutating func remove(_ key: Key) -> Waiter? { entries.removeValue(forKey: key)?.waiter }

    /// Takes out all who came at a time or before, the earliest first.
    public mutating func removeAll(since time: Duration) -> [Waiter] {
        var removed: [Entry] = []
        for urgency in Urgency.allCases {
            while let key = first(of: urgency), let entry = entries[key], entry.since <= time {
                entries[key] = nil
                removed.append(entry)
            }
        }
        return removed.sorted { $0.since < $1.since }.map(\.waiter)
    }

    /// Takes out everybody, the earliest first.
    public mutating func removeAll() -> [Waiter] {
        defer {
            entries = [:]
            orders = orders.map { _ in Order() }
        }
        return entries.values.sorted { $0.since < $1.since }.map(\.waiter)
    }

    // MARK: Turns

    /// Whose turn it is, taken out; they hold a connection until ``gaveBack(_:)``.
    ///
    /// - Returns: `nil` when nobody waits, or nobody who may have one more connection.
    public mutating func next() -> Turn? {
        guard let turn = popFirst(where: { line, entry in line.mayHold(entry.urgency) }) else { return nil }
        held[turn.urgency.rawValue] += 1
        return turn
    }

    /// Somebody's connection is free again.
    public mutating func gaveBack(_ urgency: Urgency) { held[urgency.rawValue] -= 1 }

    /// Takes out whose turn it is for as long as `accepts` them, for who holds a connection and serves them along.
    ///
    /// Nobody comes along who is less urgent than who serves them: that one would wait for their work.
    ///
    /// - Parameters:
    ///   - count: How many at most.
    ///   - urgency: How soon it is needed what the holder of the connection does.
    ///   - accepts: Whether somebody can be served along.
    /// - Returns: Who comes along, in the order of their turns.
    public mutating func takeAlong(
        max count: Int, downTo urgency: Urgency, while accepts: (Waiter) -> Bool
    ) -> [Waiter] {
        var taken: [Waiter] = []
        while taken.count < count,
            let turn = popFirst(where: { _, entry in entry.urgency <= urgency && accepts(entry.waiter) })
        {
            taken.append(turn.waiter)
        }
        return taken
    }

    private func mayHold(_ urgency: Urgency) -> Bool {
        Urgency.allCases.allSatisfy { level in
            level > urgency || held[level.rawValue...].reduce(0, +) < level.allowance(of: connections)
        }
    }

    /// The first of those whose turn could be, when it is accepted.
    private mutating func popFirst(where accepts: (Self, Entry) -> Bool) -> Turn? {
        var best: (key: Key, entry: Entry, due: Duration)?
        for urgency in Urgency.allCases {
            guard let key = first(of: urgency), let entry = entries[key], accepts(self, entry) else { continue }
            let due = entry.since + urgency.headStart
            if best.map({ due < $0.due }) ?? true { best = (key, entry, due) }
        }
        guard let best else { return nil }
        entries[best.key] = nil
        return Turn(key: best.key, waiter: best.entry.waiter, urgency: best.entry.urgency)
    }

    private mutating func first(of urgency: Urgency) -> Key? {
        let index = urgency.rawValue
        while orders[index].head < orders[index].keys.count {
            let key = orders[index].keys[orders[index].head]
            if entries[key]?.urgency == urgency { return key }
            orders[index].head += 1
            if orders[index].head == orders[index].keys.count || orders[index].head >= 1_024 {
                orders[index].keys.removeFirst(orders[index].head)
                orders[index].head = 0
            }
        }
        return nil
    }
}

extension WaitingLine.Turn: Sendable where Waiter: Sendable {}
