import Base

/// How many connections there are, by whom: this node's exactly, the others' as far as they have told.
///
/// What a node has told is a lease that its beats renew: of one that is killed nothing is left after
/// ``Bounds/silence``. Two nodes that admit somebody at the same moment may together admit one more each than the limit
/// says: on N nodes the overshoot is at most N − 1 for as long as word takes.
///
/// This node's holders are known by name, since they are told; those of others by fingerprints, in a ``SeatTable`` for
/// each node.
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

    /// What a node has told.
    private struct Told: Sendable {
        var counts = SeatTable()
        var byTenant: [Tenant: Int] = [:]

        /// Returns by how much the tenant's connections become more.
        mutating func set(_ count: Int, of holder: Holder) -> Int {
            let change = counts.set(count, of: SeatTable.Fingerprint(holder))
            byTenant.add(change, to: holder.tenant)
            return change
        }
    }

    private struct Neighbour: Sendable {
        var heardAt: Duration
        var told = Told()
        /// What it has told since it began to tell everything, which is then all there is.
        var telling: Told?
    }

    private var own: [Holder: Int] = [:]
    private var others: [UInt64: Neighbour] = [:]
    private var byTenant: [Tenant: Int] = [:]
    /// Whose count has changed since it was told.
    private var untold: Set<Holder> = []

    /// Connections of somebody on all nodes.
    func count(of holder: Holder) -> Int {
        let fingerprint = SeatTable.Fingerprint(holder)
        return others.values.reduce(own[holder] ?? 0) { $0 + $1.told.counts[fingerprint] }
    }

    /// Connections of a tenant on all nodes.
    func count(of tenant: Tenant) -> Int { byTenant[tenant] ?? 0 }

    /// Connections of this node.
    private(set) var ownCount = 0

    mutating func take(_ holder: Holder) {
        own[holder, default: 0] += 1
        ownCount += 1
        byTenant.add(1, to: holder.tenant)
        untold.insert(holder)
    }

    mutating func giveBack(_ holder: Holder) {
        guard let count = own[holder], count > 0 else { return }
        own[holder] = count == 1 ? nil : count - 1
        ownCount -= 1
        byTenant.add(-1, to: holder.tenant)
        untold.insert(holder)
    }

    /// What has changed and is to be told.
    mutating func takeUntold() -> [BusEntry] {
        defer { untold = [] }
        return untold.map { .seats($0.tenant, $0.seat, count: own[$0] ?? 0) }
    }

    /// Everything, for a node that knows nothing.
    var all: [BusEntry] { own.prefix(Bounds.holders).map { .seats($0.key.tenant, $0.key.seat, count: $0.value) } }

    /// A node has told how many connections somebody has there; one that does not live tells nothing.
    mutating func heard(_ count: Int, of holder: Holder, on node: UInt64) {
        guard let change = others[node]?.told.set(count, of: holder) else { return }
        _ = others[node]?.telling?.set(count, of: holder)
        byTenant.add(change, to: holder.tenant)
    }

    /// A node begins to tell everything.
    mutating func beginTelling(by node: UInt64) { others[node]?.telling = Told() }

    /// A node has told everything: what it has not told again is no more.
    mutating func endTelling(by node: UInt64) {
        guard let before = others[node]?.told, let now = others[node]?.telling else { return }
        others[node]?.told = now
        others[node]?.telling = nil
        for (tenant, count) in before.byTenant { byTenant.add(-count, to: tenant) }
        for (tenant, count) in now.byTenant { byTenant.add(count, to: tenant) }
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
            for (tenant, count) in neighbour.told.byTenant { byTenant.add(-count, to: tenant) }
        }
        return Array(dead.keys)
    }
}

extension [Tenant: Int] {
    /// Adds to a tenant's connections; of none nothing is kept.
    fileprivate mutating func add(_ amount: Int, to tenant: Tenant) {
        guard amount != 0 else { return }
        let sum = (self[tenant] ?? 0) + amount
        self[tenant] = sum > 0 ? sum : nil
    }
}
