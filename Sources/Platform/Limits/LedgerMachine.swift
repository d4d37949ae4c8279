import Base
import Foundation

/// Every decision about reservations.
///
/// Pure: the time comes in.
///
/// What always holds, and the simulation checks: an account's `held` is the sum of its open reservations, its `used`
/// the sum of what was charged in its window, and a reservation is granted only while both together fit the limit.
struct LedgerMachine: Sendable {
    struct Moment: Sendable {
        /// The server's time of day, for days and months.
        var wall: Timestamp
        /// Microseconds of an uptime that never steps back, for times to live.
        var uptime: Int64
    }

    struct AccountKey: Hashable, Sendable {
        var rule: String
        var key: LimitKey
    }

    private struct Account: Sendable {
        let key: AccountKey
        let period: LedgerRule.Period
        var window: LedgerWindow
        var zone: TimeZone
        var used = 0
        var held = 0
    }

    private struct Leg: Sendable {
        var account: AccountKey
        var period: LedgerRule.Period
        var window: LedgerWindow
        var zone: TimeZone
        var amount: Int
    }

    private struct Open: Sendable {
        var legs: [Leg]
        var grant: Grant
        var expiresAt: Int64
    }

    private enum Finished: Sendable {
        case settled(Grant)
        case expired([Leg])
    }

    private struct Counts: Sendable {
        var limit: Int
        var period: LedgerRule.Period
        var granted = 0
        var refused = 0
        var accounts = 0
    }

    private let options: LedgerOptions
    private var accounts: [Account] = []
    private var index: [AccountKey: Int] = [:]
    private var cursor = 0
    private var open: [ID<Reservation>: Open] = [:]
    private var finished: BoundedMap<ID<Reservation>, Finished>
    private var deadlines = DeadlineHeap()
    private var counts: [String: Counts] = [:]

    init(_ options: LedgerOptions) {
        precondition(
            options.accountsMax > 0 && options.reservationsMax > 0,
            "a ledger of \(options.accountsMax) accounts and \(options.reservationsMax) reservations can hold nothing")
        self.options = options
        finished = BoundedMap(capacity: options.finishedMax)
    }

    var openCount: Int { open.count }
    var accountCount: Int { accounts.count }

    // MARK: Reserve

    mutating func reserve(_ id: ID<Reservation>, _ claims: [Claim], ttl: Duration, _ moment: Moment) -> Admission {
        precondition(!claims.isEmpty && ttl > .zero, "a reservation needs a claim and a time to live, not \(ttl)")
        if let grant = open[id]?.grant { return .granted(grant.repeated) }
        if case .settled(let grant) = finished[id] { return .granted(grant.repeated) }
        if let refusal = firstRefusal(claims, moment) {
            count(refusal.rule, claims, isGranted: false)
            return .refused(refusal)
        }
        var legs: [Leg] = []
        var tightest: Grant?
        for claim in claims {
            let position = position(of: claim, moment)
            accounts[position].held += claim.amount
            let account = accounts[position]
            legs.append(
                Leg(
                    account: account.key, period: account.period, window: account.window, zone: account.zone,
                    amount: claim.amount))
            let remaining = max(0, claim.limit - account.used - account.held)
            if tightest.map({ remaining < $0.remaining }) ?? true {
                tightest = Grant(
                    rule: claim.rule.name, limit: claim.limit, remaining: remaining,
                    resetAfter: account.window.end.map { $0 - moment.wall })
            }
            count(claim.rule.name, [claim], isGranted: true)
        }
        guard let tightest else { preconditionFailure("a reservation without claims has passed") }
        let expiresAt = moment.uptime + ttl.microseconds
        finished[id] = nil
        open[id] = Open(legs: legs, grant: tightest, expiresAt: expiresAt)
        deadlines.insert(expiresAt, id)
        // Deadlines of what was settled are dropped once they outnumber the open ones.
        if deadlines.count > open.count * 2 + 64 {
            deadlines = DeadlineHeap()
            for (id, reservation) in open { deadlines.insert(reservation.expiresAt, id) }
        }
        return .granted(tightest)
    }

    /// The first claim that does not fit, with all claims on the same account taken together.
    private mutating func firstRefusal(_ claims: [Claim], _ moment: Moment) -> Refusal? {
        guard open.count < options.reservationsMax else { return capacityRefusal(claims[0]) }
        var asked: [AccountKey: Int] = [:]
        for claim in claims {
            let key = AccountKey(rule: claim.rule.name, key: claim.key)
            var usage = Usage()
            var window = LedgerWindow.endless
            if let position = index[key] {
                roll(position, claim.zone, moment)
                usage = Usage(used: accounts[position].used, held: accounts[position].held)
                window = accounts[position].window
            } else {
                guard accounts.count + claims.count <= options.accountsMax || dropIdle(claims.count, moment) else {
                    return capacityRefusal(claim)
                }
                window = LedgerWindow(claim.rule.period, at: moment.wall, in: claim.zone)
            }
            let before = asked[key] ?? 0
            let free = claim.limit - usage.used - usage.held - before
            guard claim.amount <= free else {
                return refusal(of: claim, free: max(0, free), window, moment)
            }
            asked[key] = before + claim.amount
        }
        return nil
    }

    private func refusal(of claim: Claim, free: Int, _ window: LedgerWindow, _ moment: Moment) -> Refusal {
        let reason: Refusal.Reason
        var wait: Duration?
        if claim.amount > claim.limit {
            reason = .amount
        } else {
            switch claim.rule.period {
            case .day, .month:
                reason = .quota
                wait = window.end.map { max(.milliseconds(1), $0 - moment.wall) }
            case .forever: reason = .budget
            case .whileHeld:
                // Nobody knows when a slot becomes free; the next expiry is the latest for one of them.
                reason = .concurrency
                let next = deadlines.first.map { Duration.microseconds(max(1, $0 - moment.uptime)) }
                wait = min(.seconds(1), next ?? .seconds(1))
            }
        }
        return Refusal(
            reason: reason, rule: claim.rule.name, limit: claim.limit, remaining: free, retryAfter: wait)
    }

    private func capacityRefusal(_ claim: Claim) -> Refusal {
        Refusal(
            reason: .capacity, rule: claim.rule.name, limit: claim.limit, remaining: 0, retryAfter: .seconds(1))
    }

    // MARK: Settle, release, expire

    mutating func settle(_ id: ID<Reservation>, used: [Int]?, _ moment: Moment) -> Settlement {
        if let reservation = open.removeValue(forKey: id) {
            charge(reservation.legs, used, isHeld: true, moment)
            finished[id] = .settled(reservation.grant)
            return .settled
        }
        switch finished[id] {
        case .settled: return .repeated
        case .expired(let legs):
            charge(legs, used, isHeld: false, moment)
            finished[id] = .settled(Grant(rule: legs[0].account.rule, limit: 0, remaining: 0, resetAfter: nil))
            return .late
        case nil: return .unknown
        }
    }

    mutating func release(_ id: ID<Reservation>, _ moment: Moment) -> Settlement {
        if let reservation = open.removeValue(forKey: id) {
            charge(reservation.legs, Array(repeating: 0, count: reservation.legs.count), isHeld: true, moment)
            // Given back whole: the same id may reserve anew, as a retry of work that failed.
            return .settled
        }
        if case .settled = finished[id] { return .repeated }
        guard finished[id] != nil else { return .unknown }
        finished[id] = nil
        return .late
    }

    /// Drops the memory of a finished reservation, as its bounded size does in the end.
    mutating func forget(_ id: ID<Reservation>) { finished[id] = nil }

    mutating func expire(_ moment: Moment) {
        while let (deadline, id) = deadlines.popFirst(through: moment.uptime) {
            // The id may have been settled, or released and reserved again, since this deadline was set.
            guard let reservation = open[id], reservation.expiresAt == deadline else { continue }
            open[id] = nil
            charge(reservation.legs, Array(repeating: 0, count: reservation.legs.count), isHeld: true, moment)
            finished[id] = .expired(reservation.legs)
        }
    }

    private mutating func charge(_ legs: [Leg], _ used: [Int]?, isHeld: Bool, _ moment: Moment) {
        precondition(
            used.map { $0.count == legs.count && $0.allSatisfy { $0 >= 0 } } ?? true,
            "\(legs.count) claims cannot be settled with \(used?.count ?? 0) amounts, or one is negative")
        for (number, leg) in legs.enumerated() {
            let amount = leg.period == .whileHeld ? 0 : used?[number] ?? leg.amount
            if index[leg.account] == nil, amount > 0, leg.window.end.map({ moment.wall < $0 }) ?? true {
                add(Account(key: leg.account, period: leg.period, window: leg.window, zone: leg.zone))
            }
            // A window that is over has been reset: what belonged to it no longer counts.
            guard let position = index[leg.account], accounts[position].window.index == leg.window.index else {
                continue
            }
            if isHeld { accounts[position].held -= leg.amount }
            accounts[position].used += amount
        }
    }

    // MARK: Accounts

    mutating func usage(of rule: LedgerRule, _ key: LimitKey, _ moment: Moment) -> Usage {
        guard let position = index[AccountKey(rule: rule.name, key: key)] else { return Usage() }
        roll(position, accounts[position].zone, moment)
        return Usage(used: accounts[position].used, held: accounts[position].held)
    }

    private mutating func position(of claim: Claim, _ moment: Moment) -> Int {
        let key = AccountKey(rule: claim.rule.name, key: claim.key)
        if let position = index[key] { return position }
        _ = dropIdle(0, moment)
        let window = LedgerWindow(claim.rule.period, at: moment.wall, in: claim.zone)
        return add(Account(key: key, period: claim.rule.period, window: window, zone: claim.zone))
    }

    @discardableResult
    private mutating func add(_ account: Account) -> Int {
        counts[account.key.rule]?.accounts += 1
        index[account.key] = accounts.count
        accounts.append(account)
        return accounts.count - 1
    }

    /// Starts the account's next window when its time has come.
    ///
    /// A window never goes back, whatever the zone or the clock does, so that nobody gains an allowance by moving.
    private mutating func roll(_ position: Int, _ zone: TimeZone, _ moment: Moment) {
        let account = accounts[position]
        guard let end = account.window.end, moment.wall >= end || account.zone != zone else { return }
        let window = LedgerWindow(account.period, at: moment.wall, in: zone)
        guard window.index > account.window.index else { return }
        accounts[position].window = window
        accounts[position].zone = zone
        accounts[position].used = 0
        accounts[position].held = 0
    }

    /// Looks at a few old accounts and drops those that a new one would equal; whether `needed` more now fit.
    private mutating func dropIdle(_ needed: Int, _ moment: Moment) -> Bool {
        for _ in 0..<(2 + needed * 4) where !accounts.isEmpty {
            cursor = cursor < accounts.count ? cursor : 0
            let account = accounts[cursor]
            let isOver = account.window.end.map { moment.wall >= $0 } ?? false
            if account.held == 0 && account.used == 0 || isOver { remove(cursor) } else { cursor += 1 }
        }
        return accounts.count + needed <= options.accountsMax
    }

    private mutating func remove(_ position: Int) {
        index[accounts[position].key] = nil
        counts[accounts[position].key.rule]?.accounts -= 1
        let last = accounts.removeLast()
        guard position < accounts.count else { return }
        accounts[position] = last
        index[last.key] = position
    }

    // MARK: Statistics

    private mutating func count(_ rule: String, _ claims: [Claim], isGranted: Bool) {
        guard let claim = claims.first(where: { $0.rule.name == rule }) else { return }
        if counts[rule] == nil {
            guard counts.count < 1_024 else { return }
            let accounts = accounts.count { $0.key.rule == rule }
            counts[rule] = Counts(limit: claim.rule.limit, period: claim.rule.period, accounts: accounts)
        }
        if isGranted { counts[rule]?.granted += 1 } else { counts[rule]?.refused += 1 }
    }

    var statistics: [LimitStatistics] {
        counts.map { rule, counts in
            LimitStatistics(
                rule: rule, limit: counts.limit, period: "\(counts.period)", granted: counts.granted,
                refused: counts.refused, keys: counts.accounts)
        }
    }
}

extension Grant {
    fileprivate var repeated: Grant {
        Grant(rule: rule, limit: limit, remaining: remaining, resetAfter: resetAfter, isRepeat: true)
    }
}

/// A binary heap of deadlines: the earliest first.
struct DeadlineHeap: Sendable {
    private var nodes: [(deadline: Int64, id: ID<Reservation>)] = []

    var count: Int { nodes.count }
    var first: Int64? { nodes.first?.deadline }

    mutating func insert(_ deadline: Int64, _ id: ID<Reservation>) {
        nodes.append((deadline, id))
        var child = nodes.count - 1
        while child > 0, nodes[(child - 1) / 2].deadline > nodes[child].deadline {
            nodes.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// Removes and returns the earliest, when it is not after `time`.
    mutating func popFirst(through time: Int64) -> (deadline: Int64, id: ID<Reservation>)? {
        guard let earliest = nodes.first, earliest.deadline <= time else { return nil }
        let last = nodes.removeLast()
        guard !nodes.isEmpty else { return earliest }
        nodes[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < nodes.count && nodes[child].deadline < nodes[least].deadline { least = child }
            guard least != parent else { return earliest }
            nodes.swapAt(parent, least)
            parent = least
        }
    }
}
