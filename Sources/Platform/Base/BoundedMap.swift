/// A dictionary of at most `capacity` entries that forgets the least recently written ones first.
///
/// For bookkeeping that must not grow with users: seen tokens, per-key statistics. Every operation is O(1) on average.
public struct BoundedMap<Key: Hashable, Value> {
    fileprivate struct Entry {
        var value: Value
        var stamp: UInt64
    }

    private var entries: [Key: Entry] = [:]
    private var order: [(key: Key, stamp: UInt64)] = []
    private var orderHead = 0
    private var stamp: UInt64 = 0

    /// How many entries are kept at most.
    public let capacity: Int
    /// How many entries were forgotten to make room.
    public private(set) var evicted = 0

    /// Makes an empty map for `capacity` entries, at least one.
    public init(capacity: Int) {
        precondition(capacity > 0, "a map of capacity \(capacity) can hold nothing")
        self.capacity = capacity
    }

    /// How many entries there are.
    public var count: Int { entries.count }

    /// The keys, in no order.
    public var keys: some Collection<Key> { entries.keys }

    /// Reads, writes (renewing the entry) or, with `nil`, removes.
    public subscript(key: Key) -> Value? {
        get { entries[key]?.value }
        set {
            guard let newValue else {
                entries[key] = nil
                return
            }
            stamp += 1
            entries[key] = Entry(value: newValue, stamp: stamp)
            order.append((key, stamp))
            trim()
        }
    }

    /// Changes an entry in place without renewing it; returns `false` when it is not there.
    @discardableResult
    public mutating func update(_ key: Key, _ change: (inout Value) -> Void) -> Bool {
        guard let index = entries.index(forKey: key) else { return false }
        change(&entries.values[index].value)
        return true
    }

    private mutating func trim() {
        while entries.count > capacity, orderHead < order.count {
            let oldest = order[orderHead]
            orderHead += 1
            guard entries[oldest.key]?.stamp == oldest.stamp else { continue }
            entries[oldest.key] = nil
            evicted += 1
        }
        // Stale positions are dropped once they outnumber the entries, which keeps `order` within 2 × capacity.
        if order.count > capacity * 2 + 16 {
            order = order[orderHead...].filter { entries[$0.key]?.stamp == $0.stamp }
            orderHead = 0
        }
    }
}

extension BoundedMap: Sendable where Key: Sendable, Value: Sendable {}

extension BoundedMap.Entry: Sendable where Key: Sendable, Value: Sendable {}
