import Base

/// The tokens that a node has taken from the common bank ahead of use, for many keys, bounded.
///
/// A key that the node does not know yet is granted a *lot* on credit, which is paid as soon as the bank answers; after
/// that it spends what was taken. Before the tokens are out the next lot is asked for. What the bank could not pay stays
/// a debt and is paid from what it gives later, so that in the long run the rate is exact, whatever happened in between.
///
/// So much more than the rate may pass in any stretch of time, per node: a lot that was taken before it, and a lot on
/// credit within it. Pure; times are nanoseconds of an uptime.
struct LeaseTable: Sendable {
    /// What is decided.
    enum Decision: Sendable, Hashable {
        case granted
        /// The bank has said that there is nothing, for so long.
        case refused(after: Int64)
        /// The bank has been asked.
        case pending
    }

    /// What is to be asked of the bank.
    struct Errand: Sendable, Hashable {
        var key: LimitKey
        /// Tokens to take, or negative to give back.
        var amount: Int
    }

    private struct Slot: Sendable {
        let key: LimitKey
        var tokens = 0
        var debt = 0
        var emptyUntil = Int64.min
        var isAsking = false
        var hasPaid = false
        var usedAt: Int64
    }

    /// How long tokens may lie before they are given back: 5 s.
    static let idle: Int64 = 5_000_000_000

    private var slots: [Slot] = []
    private var index: [LimitKey: Int] = [:]
    private var cursor = 0
    private let capacity: Int

    /// Tokens that are taken at once, and tokens that are granted on credit.
    let lot: Int
    /// Keys forgotten with a debt, because there were too many.
    private(set) var forgotten = 0

    init(lot: Int, capacity: Int) {
        precondition(lot > 0 && capacity > 0, "a lot of \(lot) for \(capacity) keys")
        self.lot = lot
        self.capacity = capacity
    }

    var count: Int { slots.count }
    /// Whether the bank is being asked for a key.
    func isAsking(_ key: LimitKey) -> Bool { index[key].map { slots[$0].isAsking } ?? false }
    /// Tokens and debts of all keys; for tests.
    var sums: (tokens: Int, debt: Int) { slots.reduce((0, 0)) { ($0.0 + $1.tokens, $0.1 + $1.debt) } }

    mutating func admit(_ key: LimitKey, amount: Int, now: Int64) -> (decision: Decision, errand: Errand?) {
        let position = index[key] ?? add(key, now: now)
        slots[position].usedAt = now
        let free = slots[position].tokens + max(0, lot - slots[position].debt)
        guard amount <= free else {
            let emptyUntil = slots[position].emptyUntil
            if emptyUntil > now { return (.refused(after: emptyUntil - now), nil) }
            return (.pending, errand(position, least: amount, now: now))
        }
        slots[position].debt += max(0, amount - slots[position].tokens)
        slots[position].tokens = max(0, slots[position].tokens - amount)
        let isLow = slots[position].tokens < (lot + 1) / 2
        return (.granted, isLow ? errand(position, least: 0, now: now) : nil)
    }

    /// Asks for the debt and what comes next; of a key that was seen once only for the debt.
    private mutating func errand(_ position: Int, least: Int, now: Int64) -> Errand? {
        let slot = slots[position]
        guard !slot.isAsking, slot.emptyUntil <= now else { return nil }
        let ahead = slot.hasPaid || least > 0 ? max(lot, least) - slot.tokens : 0
        guard slot.debt + ahead > 0 else { return nil }
        slots[position].isAsking = true
        return Errand(key: slot.key, amount: slot.debt + max(0, ahead))
    }

    /// Takes in what the bank gave; `wait` is what it says when it gave nothing.
    ///
    /// Returns what does not belong to any key any more.
    mutating func filled(_ key: LimitKey, with tokens: Int, wait: Int64?, now: Int64) -> Errand? {
        guard let position = index[key] else { return tokens > 0 ? Errand(key: key, amount: -tokens) : nil }
        let paid = min(tokens, slots[position].debt)
        slots[position].debt -= paid
        slots[position].tokens += tokens - paid
        slots[position].isAsking = false
        slots[position].hasPaid = true
        if let wait { slots[position].emptyUntil = now + max(1, wait) }
        return nil
    }

    /// Undoes a grant.
    mutating func giveBack(_ key: LimitKey, amount: Int) {
        guard let position = index[key] else { return }
        let forgiven = min(amount, slots[position].debt)
        slots[position].debt -= forgiven
        slots[position].tokens += amount - forgiven
    }

    /// Gives back what has lain for long and pays what is still owed: at most `limit` errands.
    mutating func sweep(now: Int64, limit: Int) -> [Errand] {
        var errands: [Errand] = []
        var looks = 0
        while looks < slots.count, errands.count < limit {
            looks += 1
            cursor = cursor < slots.count ? cursor : 0
            let slot = slots[cursor]
            guard !slot.isAsking else {
                cursor += 1
                continue
            }
            if slot.debt > 0, slot.emptyUntil <= now {
                slots[cursor].isAsking = true
                errands.append(Errand(key: slot.key, amount: slot.debt))
                cursor += 1
            } else if slot.debt == 0, now - slot.usedAt > Self.idle {
                if slot.tokens > 0 { errands.append(Errand(key: slot.key, amount: -slot.tokens)) }
                remove(cursor)
            } else {
                cursor += 1
            }
        }
        return errands
    }

    private mutating func add(_ key: LimitKey, now: Int64) -> Int {
        if slots.count >= capacity {
            // The tokens of whoever is forgotten are lost, which makes nobody richer; a debt is, and is counted.
            cursor = cursor < slots.count ? cursor : 0
            if slots[cursor].debt > 0 { forgotten += 1 }
            remove(cursor)
            cursor += 1
        }
        index[key] = slots.count
        slots.append(Slot(key: key, usedAt: now))
        return slots.count - 1
    }

    private mutating func remove(_ position: Int) {
        index[slots[position].key] = nil
        let last = slots.removeLast()
        guard position < slots.count else { return }
        slots[position] = last
        index[last.key] = position
    }
}
