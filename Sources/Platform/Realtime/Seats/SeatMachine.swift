import Base

/// How many connections there are, by whom: this node's exactly, the others' as far as they have told.
///
/// What a node has told is a lease that its beats renew: of one that is killed nothing is left after
/// ``Bounds/silence``. Two nodes that admit somebody at the same moment may together admit one more each than the limit
/// says: on N nodes the overshoot is at most N − 1 for as long as word takes.
struct SeatMachine: Sendable {
    enum Bounds {
        /// After how long a node that says nothing is taken to be dead.
        static let silence = Duration.seconds(30)
        /// Nodes that are heard.
        static let nodes = 128
        /// Holders of seats on one node that are told.
        static let holders = 200_000
    }

    struct Holder: Sendable, Hashable {
        var tenant: Tenant
        var seat: ID<TopicSeat>
    }

    private struct Neighbour: Sendable {
        var heardAt: Duration
        var counts: [Holder: Int] = [:]
        /// What it has not told again since it began to tell everything.
        var untold: Set<Holder> = []
    }

    private var own: [Holder: Int] = [:]
    private var others: [UInt64: Neighbour] = [:]
    private var totals: [Holder: Int] = [:]
    private var byTenant: [Tenant: Int] = [:]
    /// Whose count has changed since it was told.
    private var untold: Set<Holder> = []

    /// Connections of somebody on all nodes.
    func count(of holder: Holder) -> Int { totals[holder] ?? 0 }

    /// Connections of a tenant on all nodes.
    func count(of tenant: Tenant) -> Int { byTenant[tenant] ?? 0 }

    /// Connections of this node.
    private(set) var ownCount = 0

    mutating func take(_ holder: Holder) {
        own[holder, default: 0] += 1
        ownCount += 1
        add(1, to: holder)
        untold.insert(holder)
    }

    mutating func giveBack(_ holder: Holder) {
        guard let count = own[holder], count > 0 else { return }
        own[holder] = count == 1 ? nil : count - 1
        ownCount -= 1
        add(-1, to: holder)
        untold.insert(holder)
    }

    /// What has changed and is to be told.
    mutating func takeUntold() -> [BusEntry] {
        defer { untold = [] }
        return untold.map { .seats($0.tenant, $0.seat, count: own[$0] ?? 0) }
    }

    /// Everything, for a node that knows nothing.
    var all: [BusEntry] { own.prefix(Bounds.holders).map { .seats($0.key.tenant, $0.key.seat, count: $0.value) } }

    /// A node has told how many connections somebody has there.
    mutating func heard(_ count: Int, of holder: Holder, on node: UInt64) {
        guard let before = others[node]?.counts[holder] ?? (others[node] == nil ? nil : 0) else { return }
        others[node]?.untold.remove(holder)
        others[node]?.counts[holder] = count > 0 ? count : nil
        add(max(0, count) - before, to: holder)
    }

    /// A node begins to tell everything.
    mutating func beginTelling(by node: UInt64) {
        guard let counts = others[node]?.counts else { return }
        others[node]?.untold = Set(counts.keys)
    }

    /// A node has told everything: what it has not told again is no more.
    mutating func endTelling(by node: UInt64) {
        for holder in others[node]?.untold ?? [] { heard(0, of: holder, on: node) }
    }

    /// A node lives.
    ///
    /// Returns whether it is a new one.
    mutating func beat(of node: UInt64, at time: Duration) -> Bool {
        if others[node] != nil {
            others[node]?.heardAt = time
            return false
        }
        guard others.count < Bounds.nodes else { return false }
        others[node] = Neighbour(heardAt: time)
        return true
    }

    /// Forgets nodes that have been silent for too long, and returns them.
    mutating func bury(at time: Duration) -> [UInt64] {
        let dead = others.filter { time - $0.value.heardAt > Bounds.silence }
        for (node, neighbour) in dead {
            others[node] = nil
            for (holder, count) in neighbour.counts { add(-count, to: holder) }
        }
        return Array(dead.keys)
    }

    private mutating func add(_ amount: Int, to holder: Holder) {
        let total = (totals[holder] ?? 0) + amount
        totals[holder] = total > 0 ? total : nil
        let ofTenant = (byTenant[holder.tenant] ?? 0) + amount
        byTenant[holder.tenant] = ofTenant > 0 ? ofTenant : nil
    }
}
