import Base

/// Whose share of the capacity a value counts against.
struct CacheGroup: Hashable, Sendable {
    var tenant: Tenant?
}

/// Until when an entry is true.
///
/// Times are nanoseconds of an uptime.
struct Validity: Sendable {
    /// The number of the fence before the load began, and the slots of its tags.
    var began: UInt64 = 0
    var slots: [UInt32] = []
    var freshUntil: Int64 = .max
    var staleUntil: Int64 = .max
    var retryAfter: Int64 = .min
}

/// Which slots stay: W-TinyLFU with an adaptive window.
///
/// Einziger, Friedman, Manes: "TinyLFU: a highly efficient cache admission policy" (ACM ToS 2017); Einziger, Eytan,
/// Friedman, Manes: "Adaptive software cache management" (Middleware 2018); the constants are Caffeine's. New entries
/// pass a small window in order of recency. What leaves it enters the main part only in exchange for an entry that
/// was asked for less often by the ``FrequencySketch``; there, a second hit moves it from probation to the protected
/// four fifths. Every few thousand requests the window grows or shrinks a step in the direction that raised the hit
/// ratio. On top of it, each group (a tenant) has a share that it cannot exceed: who is over it pushes out its own
/// entries, oldest first, sparing once those that were hit.
struct AdmissionPolicy: Sendable {
    private enum Queue: Sendable { case window, probation, protected }

    private struct Node: Sendable {
        var hash = 0
        var weight = 0
        var group = CacheGroup()
        var validity = Validity()
        var isSpared = false
        var queue = Queue.window
    }

    private var nodes: [Node] = []
    private var queueLinks: [SlotList.Links] = []
    private var groupLinks: [SlotList.Links] = []
    private var free: [Int32] = []
    private var evicted: [Int32] = []
    private var window = SlotList()
    private var probation = SlotList()
    private var protected = SlotList()
    private var groups: [CacheGroup: SlotList] = [:]
    private var sketch: FrequencySketch
    private var climber: WindowClimber

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
        climber = WindowClimber(capacity: capacity)
        sketch = FrequencySketch(places: min(capacity, 1_024))
    }

    var weight: Int { window.weight + probation.weight + protected.weight }

    func weight(of group: CacheGroup) -> Int { groups[group]?.weight ?? 0 }

    func validity(_ slot: Int) -> Validity { nodes[slot].validity }

    mutating func postpone(_ slot: Int, until retryAfter: Int64) { nodes[slot].validity.retryAfter = retryAfter }

    private var protectedMax: Int { (capacity - climber.window) * 4 / 5 }

    mutating func miss() { climber.record(isHit: false) }

    /// Counts an access and moves the slot to where it now belongs: a few writes, nothing is allocated.
    mutating func hit(_ slot: Int32) {
        climber.record(isHit: true)
        sketch.increment(nodes[Int(slot)].hash)
        nodes[Int(slot)].isSpared = true
        let queue = nodes[Int(slot)].queue
        unlinkQueue(slot)
        linkQueue(slot, queue == .window ? .window : .protected)
        if queue == .probation { demote() }
    }

    /// Lets a slot hold something new of the same weight; removes it and returns `false` when the weight differs.
    mutating func replace(_ slot: Int32, weight: Int, _ validity: Validity) -> Bool {
        guard nodes[Int(slot)].weight == weight else {
            unlink(slot)
            return false
        }
        nodes[Int(slot)].validity = validity
        return true
    }

    /// Takes a slot for a new entry, and names those that had to leave for it; the new one may reuse one of these.
    mutating func insert(
        hash: Int, group: CacheGroup, weight: Int, _ validity: Validity
    ) -> (slot: Int32, evicted: [Int32]) {
        evicted.removeAll(keepingCapacity: true)
        // A share of all is no share: then only the policy decides who leaves.
        if groupCapacity < capacity {
            while weight + self.weight(of: group) > groupCapacity { evictOne(of: group) }
        }
        let newest = link(Node(hash: hash, weight: weight, group: group, validity: validity))
        if nodes.count - free.count > sketch.places { sketch.grow() }
        sketch.increment(hash)
        makeRoom(sparing: newest)
        if climber.climb(after: sketch.sample) { demote() }
        return (newest, evicted)
    }

    mutating func remove(_ slot: Int32) { unlink(slot) }

    mutating func removeAll() {
        let evictions = evictions
        self = Self(capacity: capacity, groupCapacity: groupCapacity)
        self.evictions = evictions
    }
}

// MARK: Eviction

extension AdmissionPolicy {
    /// Lets the window overflow into the main part, and what comes from it compete there for its place.
    private mutating func makeRoom(sparing newest: Int32) {
        while weight > capacity {
            if window.weight > climber.window, window.head != newest {
                let candidate = window.head
                guard let victim = victim, wins(candidate, over: victim) else {
                    // With nobody to compete with, it moves; otherwise it has lost.
                    if probation.isEmpty && protected.isEmpty { admit(candidate) } else { evict(candidate) }
                    continue
                }
                admit(candidate)
                evict(victim)
            } else {
                evict(victim ?? window.head)
            }
        }
        while window.weight > climber.window, window.head != newest { admit(window.head) }
    }

    private var victim: Int32? {
        if !probation.isEmpty { return probation.head }
        return protected.isEmpty ? nil : protected.head
    }

    private func wins(_ candidate: Int32, over victim: Int32) -> Bool {
        sketch.frequency(nodes[Int(candidate)].hash) > sketch.frequency(nodes[Int(victim)].hash)
    }

    private mutating func admit(_ slot: Int32) {
        unlinkQueue(slot)
        linkQueue(slot, .probation)
    }

    private mutating func demote() {
        while protected.weight > protectedMax {
            let slot = protected.head
            unlinkQueue(slot)
            linkQueue(slot, .probation)
        }
    }

    private mutating func evictOne(of group: CacheGroup) {
        while let slot = groups[group]?.head, slot >= 0 {
            guard nodes[Int(slot)].isSpared else {
                evict(slot)
                return
            }
            nodes[Int(slot)].isSpared = false
            unlinkGroup(slot)
            linkGroup(slot)
        }
    }

    private mutating func evict(_ slot: Int32) {
        unlink(slot)
        evicted.append(slot)
        evictions += 1
    }
}

// MARK: Links

extension AdmissionPolicy {
    private mutating func link(_ node: Node) -> Int32 {
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
        linkQueue(slot, .window)
        linkGroup(slot)
        return slot
    }

    private mutating func unlink(_ slot: Int32) {
        unlinkQueue(slot)
        unlinkGroup(slot)
        nodes[Int(slot)] = Node()
        free.append(slot)
    }

    private mutating func linkQueue(_ slot: Int32, _ queue: Queue) {
        let weight = nodes[Int(slot)].weight
        nodes[Int(slot)].queue = queue
        switch queue {
        case .window: window.append(slot, weight: weight, in: &queueLinks)
        case .probation: probation.append(slot, weight: weight, in: &queueLinks)
        case .protected: protected.append(slot, weight: weight, in: &queueLinks)
        }
    }

    private mutating func unlinkQueue(_ slot: Int32) {
        let weight = nodes[Int(slot)].weight
        switch nodes[Int(slot)].queue {
        case .window: window.remove(slot, weight: weight, in: &queueLinks)
        case .probation: probation.remove(slot, weight: weight, in: &queueLinks)
        case .protected: protected.remove(slot, weight: weight, in: &queueLinks)
        }
    }

    private mutating func linkGroup(_ slot: Int32) {
        groups[nodes[Int(slot)].group, default: SlotList()].append(
            slot, weight: nodes[Int(slot)].weight, in: &groupLinks)
    }

    private mutating func unlinkGroup(_ slot: Int32) {
        let group = nodes[Int(slot)].group
        guard var list = groups[group] else { return }
        list.remove(slot, weight: nodes[Int(slot)].weight, in: &groupLinks)
        groups[group] = list.isEmpty ? nil : list
    }
}
