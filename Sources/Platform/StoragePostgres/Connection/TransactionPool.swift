import Base
import Storage

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

    struct Holder {
        var caller: Caller
        var urgency: Urgency
        var since: Duration
        var statement: String
    }

    private let acquireTimeout: Duration
    private let outageTimeout: Duration
    private let waitersMax: Int
    private var line: WaitingLine<Caller, Caller>
    private var idle: [Int] = []
    private(set) var holders: [Int: Holder] = [:]

    init(connections: Int, acquireTimeout: Duration, outageTimeout: Duration, waitersMax: Int) {
        self.acquireTimeout = acquireTimeout
        self.outageTimeout = outageTimeout
        self.waitersMax = waitersMax
        line = WaitingLine(connections: connections)
    }

    var waitingCount: Int { line.count }

    mutating func acquire(_ caller: Caller, _ urgency: Urgency = .request, now: Duration) -> [Action] {
        line.append(caller, as: caller, urgency, at: now)
        let granted = serve(now: now)
        guard granted.isEmpty else { return granted }
        guard line.count <= waitersMax else {
            _ = line.remove(caller)
            return [.refuse(caller, .queueIsFull)]
        }
        // A connection that is idle while somebody waits is kept for who is more urgent.
        return idle.isEmpty ? [.open] : []
    }

    /// A connection was opened, or its transaction has ended.
    mutating func available(_ slot: Int, now: Duration) -> [Action] {
        free(slot)
        idle.append(slot)
        return serve(now: now)
    }

    /// A connection broke, whoever held it.
    mutating func lost(_ slot: Int) -> [Action] {
        free(slot)
        idle.removeAll { $0 == slot }
        return line.count == 0 ? [] : [.open]
    }

    /// Forgets a waiter; `false` when it does not wait any more.
    mutating func cancel(_ caller: Caller) -> Bool { line.remove(caller) != nil }

    /// Refuses who has waited long enough: shorter when no connection is open at all.
    mutating func expire(now: Duration, isServerUp: Bool) -> [Action] {
        line.removeAll(since: now - (isServerUp ? acquireTimeout : outageTimeout)).map { caller in
            .refuse(caller, isServerUp ? .waitedTooLong : .serverIsDown)
        }
    }

    mutating func uses(_ slot: Int, statement: String) { holders[slot]?.statement = statement }

    /// Who holds connections, since when, for which statement: the longest first.
    func account(now: Duration) -> String {
        let held = holders.values.sorted { $0.since < $1.since }.prefix(16).map { holder in
            let statement = holder.statement.isEmpty ? "a transaction without a statement yet" : holder.statement
            return "\(statement) for \((now - holder.since).milliseconds) ms"
        }
        return "\(holders.count) held (\(held.joined(separator: ", "))), \(line.count) waiting"
    }

    private mutating func free(_ slot: Int) {
        if let holder = holders.removeValue(forKey: slot) { line.gaveBack(holder.urgency) }
    }

    /// Gives free connections to whose turn it is.
    private mutating func serve(now: Duration) -> [Action] {
        var actions: [Action] = []
        // The connection used last is warm: its statements are prepared.
        while let slot = idle.last, let turn = line.next() {
            idle.removeLast()
            holders[slot] = Holder(caller: turn.key, urgency: turn.urgency, since: now, statement: "")
            actions.append(.grant(turn.key, slot: slot))
        }
        return actions
    }
}
