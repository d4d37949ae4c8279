/// A store of bounded weight that keeps what is asked for again: S3-FIFO.
///
/// Yang, Zhang, Qiu, Yue, Rashmi: "FIFO queues are all you need for cache eviction" (SOSP 2023). New entries pass a
/// small queue (a tenth of the weight); those asked for more than once on the way move to the main queue, the others
/// leave and are remembered by fingerprint in a ghost queue, from which they return straight to the main queue. A hit
/// raises one small counter and moves nothing. On top of it, each group (a tenant) has a share that it cannot exceed:
/// who is over it evicts its own entries, first in first out with a second chance.
struct S3FIFO<Key: Hashable & Sendable, Group: Hashable & Sendable, Payload: Sendable>: Sendable {
    private enum Queue: Sendable { case free, small, main }

    private struct Node: Sendable {
        var key: Key?
        var group: Group?
        var payload: Payload?
        var weight = 0
        var frequency: UInt8 = 0
        var queue = Queue.free
    }

    private var nodes: [Node] = []
    private var queueLinks: [SlotList.Links] = []
    private var groupLinks: [SlotList.Links] = []
    private var free: [Int32] = []
    private var index: [Key: Int32] = [:]
    private var small = SlotList()
    private var main = SlotList()
    private var groups: [Group: SlotList] = [:]
    private var ghost = Ghost()
    private let smallTarget: Int

    /// The weight that is never exceeded.
    let capacity: Int
    /// The weight that no group exceeds.
    let groupCapacity: Int
    /// How many entries were pushed out.
    private(set) var evictions = 0

    init(capacity: Int, groupCapacity: Int) {
        precondition(capacity > 0 && (1...capacity).contains(groupCapacity), "capacity \(capacity)/\(groupCapacity)")
        self.capacity = capacity
        self.groupCapacity = groupCapacity
        smallTarget = max(1, capacity / 10)
    }

    var count: Int { index.count }
    var weight: Int { small.weight + main.weight }

    func weight(of group: Group) -> Int { groups[group]?.weight ?? 0 }

    /// Finds an entry and counts the access.
    ///
    /// Use the slot at once: any other change may reuse it.
    mutating func hit(_ key: Key) -> Int? {
        guard let slot = index[key] else { return nil }
        let position = Int(slot)
        if nodes[position].frequency < 3 { nodes[position].frequency += 1 }
        return position
    }

    /// Finds an entry without counting the access.
    func peek(_ key: Key) -> Int? { index[key].map(Int.init) }

    subscript(slot: Int) -> Payload {
        get {
            guard let payload = nodes[slot].payload else { preconditionFailure("slot \(slot) is free") }
            return payload
        }
        set { nodes[slot].payload = newValue }
    }

    /// Stores or replaces; returns `false`, keeping nothing under the key, when the weight exceeds a whole share.
    @discardableResult
    mutating func insert(_ key: Key, group: Group, weight: Int, _ payload: Payload) -> Bool {
        let weight = max(1, weight)
        let queue: Queue
        var frequency: UInt8 = 0
        if let slot = index[key] {
            queue = nodes[Int(slot)].queue
            frequency = nodes[Int(slot)].frequency
            if nodes[Int(slot)].weight == weight {
                nodes[Int(slot)].payload = payload
                return true
            }
            unlink(slot)
        } else {
            queue = ghost.remove(key.hashValue) ? .main : .small
        }
        guard weight <= groupCapacity else { return false }
        while weight + self.weight(of: group) > groupCapacity { evictOne(of: group) }
        while weight + self.weight > capacity { evictOne() }
        link(Node(key: key, group: group, payload: payload, weight: weight, frequency: frequency, queue: queue))
        return true
    }

    /// Removes an entry, if it is there.
    mutating func remove(_ key: Key) {
        if let slot = index[key] { unlink(slot) }
    }

    mutating func removeAll() {
        let evictions = evictions
        self = Self(capacity: capacity, groupCapacity: groupCapacity)
        self.evictions = evictions
    }
}

// MARK: Eviction

extension S3FIFO {
    private mutating func evictOne() {
        if small.weight >= smallTarget || main.isEmpty { evictSmall() } else { evictMain() }
    }

    /// The oldest of the small queue leaves it: to the main queue when it was asked for again, else for good.
    private mutating func evictSmall() {
        while !small.isEmpty {
            let slot = small.head
            guard nodes[Int(slot)].frequency > 1 else {
                forget(slot)
                return
            }
            unlinkQueue(slot)
            nodes[Int(slot)].frequency = 0
            linkQueue(slot, .main)
        }
        evictMain()
    }

    /// The oldest of the main queue leaves, after one more round for each time it was asked for, three at most.
    private mutating func evictMain() {
        while !main.isEmpty {
            let slot = main.head
            guard nodes[Int(slot)].frequency > 0 else {
                unlink(slot)
                evictions += 1
                return
            }
            nodes[Int(slot)].frequency -= 1
            unlinkQueue(slot)
            linkQueue(slot, .main)
        }
    }

    private mutating func evictOne(of group: Group) {
        while let slot = groups[group]?.head, slot >= 0 {
            guard nodes[Int(slot)].frequency > 0 else {
                forget(slot)
                return
            }
            nodes[Int(slot)].frequency -= 1
            unlinkGroup(slot)
            linkGroup(slot)
        }
    }

    private mutating func forget(_ slot: Int32) {
        if let key = nodes[Int(slot)].key { ghost.insert(key.hashValue, limit: max(16, index.count)) }
        unlink(slot)
        evictions += 1
    }
}

// MARK: Links

extension S3FIFO {
    private mutating func link(_ node: Node) {
        var node = node
        let queue = node.queue
        node.queue = .free
        let slot: Int32
        if let reused = free.popLast() {
            slot = reused
            nodes[Int(slot)] = node
        } else {
            slot = Int32(nodes.count)
            nodes.append(node)
            queueLinks.append(SlotList.Links())
            groupLinks.append(SlotList.Links())
        }
        if let key = node.key { index[key] = slot }
        linkQueue(slot, queue)
        linkGroup(slot)
    }

    private mutating func unlink(_ slot: Int32) {
        unlinkQueue(slot)
        unlinkGroup(slot)
        if let key = nodes[Int(slot)].key { index[key] = nil }
        nodes[Int(slot)] = Node()
        free.append(slot)
    }

    private mutating func linkQueue(_ slot: Int32, _ queue: Queue) {
        let weight = nodes[Int(slot)].weight
        nodes[Int(slot)].queue = queue
        if queue == .main {
            main.append(slot, weight: weight, in: &queueLinks)
        } else {
            small.append(slot, weight: weight, in: &queueLinks)
        }
    }

    private mutating func unlinkQueue(_ slot: Int32) {
        let weight = nodes[Int(slot)].weight
        if nodes[Int(slot)].queue == .main {
            main.remove(slot, weight: weight, in: &queueLinks)
        } else {
            small.remove(slot, weight: weight, in: &queueLinks)
        }
    }

    private mutating func linkGroup(_ slot: Int32) {
        guard let group = nodes[Int(slot)].group else { return }
        groups[group, default: SlotList()].append(slot, weight: nodes[Int(slot)].weight, in: &groupLinks)
    }

    private mutating func unlinkGroup(_ slot: Int32) {
        guard let group = nodes[Int(slot)].group, var list = groups[group] else { return }
        list.remove(slot, weight: nodes[Int(slot)].weight, in: &groupLinks)
        groups[group] = list.isEmpty ? nil : list
    }
}

/// A doubly linked list of slots, whose links lie in an array beside the slots.
private struct SlotList {
    struct Links {
        var previous: Int32 = -1
        var next: Int32 = -1
    }

    private(set) var head: Int32 = -1
    private(set) var tail: Int32 = -1
    private(set) var weight = 0

    var isEmpty: Bool { head < 0 }

    mutating func append(_ slot: Int32, weight: Int, in links: inout [Links]) {
        links[Int(slot)] = Links(previous: tail, next: -1)
        if isEmpty { head = slot } else { links[Int(tail)].next = slot }
        tail = slot
        self.weight += weight
    }

    mutating func remove(_ slot: Int32, weight: Int, in links: inout [Links]) {
        let own = links[Int(slot)]
        if own.previous < 0 { head = own.next } else { links[Int(own.previous)].next = own.next }
        if own.next < 0 { tail = own.previous } else { links[Int(own.next)].previous = own.previous }
        self.weight -= weight
    }
}

/// The fingerprints of what left the small queue lately, in order of leaving.
struct Ghost {
    private var present: [Int: UInt64] = [:]
    private var order: [(fingerprint: Int, stamp: UInt64)] = []
    private var head = 0
    private var stamp: UInt64 = 0

    var count: Int { present.count }

    /// Remembers a fingerprint, and forgets the oldest beyond `limit`.
    mutating func insert(_ fingerprint: Int, limit: Int) {
        stamp += 1
        present[fingerprint] = stamp
        order.append((fingerprint, stamp))
        while order.count - head > limit {
            let oldest = order[head]
            head += 1
            if present[oldest.fingerprint] == oldest.stamp { present[oldest.fingerprint] = nil }
        }
        if head > 64, head * 2 > order.count {
            order.removeFirst(head)
            head = 0
        }
    }

    /// Forgets a fingerprint; returns whether it was remembered.
    mutating func remove(_ fingerprint: Int) -> Bool { present.removeValue(forKey: fingerprint) != nil }
}
