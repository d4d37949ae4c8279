import Base

/// Who holds the connections of transactions and who waits for one.
struct TransactionPool {
    /// A caller that waits or holds.
    typealias Caller = Int

    /// What follows.
    enum Action: Equatable {
        /// The caller gets the open connection of a slot.
        case grant(Caller, slot: Int)
        /// The caller gets none.
        case refuse(Caller, Refusal)
        /// A connection should be opened, if the server lets us.
        case open
    }

    /// Why a caller gets no connection.
    enum Refusal: Equatable {
        case queueIsFull
        case waitedTooLong
        case serverIsDown
    }

    private struct Waiter {
        var caller: Caller
        var since: Duration
    }

    struct Holder {
        var caller: Caller
        var since: Duration
        var statement: String
    }

    private let acquireTimeout: Duration
    private let outageTimeout: Duration
    private let waitersMax: Int
    private var waiters: [Waiter] = []
    private var idle: [Int] = []
    private(set) var holders: [Int: Holder] = [:]

    init(acquireTimeout: Duration, outageTimeout: Duration, waitersMax: Int) {
        self.acquireTimeout = acquireTimeout
        self.outageTimeout = outageTimeout
        self.waitersMax = waitersMax
    }

    var waitingCount: Int { waiters.count }

    mutating func acquire(_ caller: Caller, now: Duration) -> [Action] {
        // The connection used last is warm: its statements are prepared.
        if waiters.isEmpty, let slot = idle.popLast() { return [grant(caller, slot, now)] }
        guard waiters.count < waitersMax else { return [.refuse(caller, .queueIsFull)] }
        waiters.append(Waiter(caller: caller, since: now))
        return [.open]
    }

    /// A connection was opened, or its transaction has ended.
    mutating func available(_ slot: Int, now: Duration) -> [Action] {
        holders[slot] = nil
        guard !waiters.isEmpty else {
            idle.append(slot)
            return []
        }
        return [grant(waiters.removeFirst().caller, slot, now)]
    }

    /// A connection broke, whoever held it.
    mutating func lost(_ slot: Int) -> [Action] {
        holders[slot] = nil
        idle.removeAll { $0 == slot }
        return waiters.isEmpty ? [] : [.open]
    }

    /// Forgets a waiter; `false` when it does not wait any more.
    mutating func cancel(_ caller: Caller) -> Bool {
        guard let index = waiters.firstIndex(where: { $0.caller == caller }) else { return false }
        waiters.remove(at: index)
        return true
    }

    /// Refuses who has waited long enough: shorter when no connection is open at all.
    mutating func expire(now: Duration, isServerUp: Bool) -> [Action] {
        let timeout = isServerUp ? acquireTimeout : outageTimeout
        var actions: [Action] = []
        while let first = waiters.first, now - first.since >= timeout {
            waiters.removeFirst()
            actions.append(.refuse(first.caller, isServerUp ? .waitedTooLong : .serverIsDown))
        }
        return actions
    }

    mutating func uses(_ slot: Int, statement: String) { holders[slot]?.statement = statement }

    /// Who holds connections, since when, for which statement: the longest first.
    func account(now: Duration) -> String {
        let held = holders.values.sorted { $0.since < $1.since }.prefix(16).map { holder in
            let statement = holder.statement.isEmpty ? "a transaction without a statement yet" : holder.statement
            return "\(statement) for \((now - holder.since).milliseconds) ms"
        }
        return "\(holders.count) held (\(held.joined(separator: ", "))), \(waiters.count) waiting"
    }

    private mutating func grant(_ caller: Caller, _ slot: Int, _ now: Duration) -> Action {
        holders[slot] = Holder(caller: caller, since: now, statement: "")
        return .grant(caller, slot: slot)
    }
}
