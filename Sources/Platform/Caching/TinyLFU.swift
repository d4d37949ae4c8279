/// A store of bounded weight that keeps what is asked for often: W-TinyLFU with an adaptive window.
///
/// Einziger, Friedman, Manes: "TinyLFU: a highly efficient cache admission policy" (ACM ToS 2017); Einziger, Eytan,
/// Friedman, Manes: "Adaptive software cache management" (Middleware 2018); the constants are Caffeine's. New entries
/// pass a small window in order of recency. What leaves it enters the main part only in exchange for an entry that
/// was asked for less often by the ``FrequencySketch``; there, a second hit moves it from probation to the protected
/// four fifths. Every few thousand requests the window grows or shrinks a step in the direction that raised the hit
/// ratio. On top of it, each group (a tenant) has a share that it cannot exceed: who is over it pushes out its own
/// entries, oldest first, sparing once those that were hit.
struct TinyLFU<Key: Hashable & Sendable, Group: Hashable & Sendable, Payload: Sendable>: Sendable {
    private enum Queue: Sendable { case window, probation, protected }

    private struct Node: Sendable {
        var key: Key?
        var group: Group?
        var payload: Payload?
        var hash = 0
        var weight = 0
        var isSpared = false
        var queue = Queue.window
    }

    private var nodes: [Node] = []
    private var queueLinks: [SlotList.Links] = []
    private var groupLinks: [SlotList.Links] = []
    private var free: [Int32] = []
    private var index: [Key: Int32] = [:]
    private var window = SlotList()
    private var probation = SlotList()
    private var protected = SlotList()
    private var groups: [Group: SlotList] = [:]
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

    var count: Int { index.count }
    var weight: Int { window.weight + probation.weight + protected.weight }

    func weight(of group: Group) -> Int { groups[group]?.weight ?? 0 }

    private var protectedMax: Int { (capacity - climber.window) * 4 / 5 }

    /// Finds an entry and counts the access.
    ///
    /// Use the slot at once: any other change may reuse it.
    mutating func hit(_ key: Key) -> Int? {
        guard let slot = index[key] else {
            climber.record(isHit: false)
            return nil
        }
        climber.record(isHit: true)
        let position = Int(slot)
        sketch.increment(nodes[position].hash)
        nodes[position].isSpared = true
        let queue = nodes[position].queue
        unlinkQueue(slot)
        linkQueue(slot, queue == .window ? .window : .protected)
        if queue == .probation { demote() }
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
        if let slot = index[key] {
            if nodes[Int(slot)].weight == weight {
                nodes[Int(slot)].payload = payload
                return true
            }
            unlink(slot)
        }
        guard weight <= groupCapacity else { return false }
        // A share of all is no share: then only the policy decides who leaves.
        if groupCapacity < capacity {
            while weight + self.weight(of: group) > groupCapacity { evictOne(of: group) }
        }
        let hash = key.hashValue
        let newest = link(Node(key: key, group: group, payload: payload, hash: hash, weight: weight))
        if index.count > sketch.places { sketch.grow() }
        sketch.increment(hash)
        makeRoom(sparing: newest)
        if climber.climb(after: sketch.sample) { demote() }
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

extension TinyLFU {
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

    private mutating func evictOne(of group: Group) {
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
        evictions += 1
    }
}

// MARK: Links

extension TinyLFU {
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
        if let key = node.key { index[key] = slot }
        linkQueue(slot, .window)
        linkGroup(slot)
        return slot
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
        guard let group = nodes[Int(slot)].group else { return }
        groups[group, default: SlotList()].append(slot, weight: nodes[Int(slot)].weight, in: &groupLinks)
    }

    private mutating func unlinkGroup(_ slot: Int32) {
        guard let group = nodes[Int(slot)].group, var list = groups[group] else { return }
        list.remove(slot, weight: nodes[Int(slot)].weight, in: &groupLinks)
        groups[group] = list.isEmpty ? nil : list
    }
}

/// Searches for the best size of the window by going on as long as the hit ratio rises, and turning when it falls.
struct WindowClimber: Sendable {
    private(set) var window: Int
    private let capacity: Int
    private var hits = 0
    private var misses = 0
    private var lastRatio = 0.0
    private var step: Double

    init(capacity: Int) {
        self.capacity = capacity
        window = max(1, capacity / 100)
        step = -Double(capacity) / 16
    }

    mutating func record(isHit: Bool) {
        if isHit { hits += 1 } else { misses += 1 }
    }

    /// Takes a step when `sample` requests have been seen; returns whether the window has changed.
    mutating func climb(after sample: Int) -> Bool {
        guard hits + misses >= sample else { return false }
        let ratio = Double(hits) / Double(hits + misses)
        let change = ratio - lastRatio
        let stride = change >= 0 ? step : -step
        // A large change means that the load itself has changed: the search starts anew, else it settles.
        step = abs(change) >= 0.05 ? (stride >= 0 ? 1 : -1) * Double(capacity) / 16 : stride * 0.98
        (hits, misses, lastRatio) = (0, 0, ratio)
        let before = window
        window = min(max(window + Int(stride), 1), max(1, capacity * 4 / 5))
        return window != before
    }
}
