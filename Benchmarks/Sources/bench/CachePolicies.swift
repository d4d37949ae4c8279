/// Policies that our cache is measured beside: which of the requests of a trace would be hits.
enum CachePolicies {
    /// The least recently used leaves.
    static func leastRecentlyUsed(_ trace: [Int], capacity: Int) -> Double {
        var places: [Int: Int] = [:]
        var keys: [Int] = []
        var previous: [Int] = []
        var next: [Int] = []
        // Place 0 is the ring's anchor: the newest stands behind it, the oldest before it.
        keys.append(-1)
        previous.append(0)
        next.append(0)
        func unlink(_ place: Int) {
            next[previous[place]] = next[place]
            previous[next[place]] = previous[place]
        }
        func link(_ place: Int) {
            next[place] = next[0]
            previous[place] = 0
            previous[next[0]] = place
            next[0] = place
        }
        var hits = 0
        for key in trace {
            if let place = places[key] {
                hits += 1
                unlink(place)
                link(place)
                continue
            }
            var place = keys.count
            if places.count >= capacity {
                place = previous[0]
                unlink(place)
                places[keys[place]] = nil
                keys[place] = key
            } else {
                keys.append(key)
                previous.append(0)
                next.append(0)
            }
            places[key] = place
            link(place)
        }
        return Double(hits) / Double(max(1, trace.count))
    }

    /// Whoever is needed last leaves, which nobody can know: the most that any policy reaches (Belady, 1966), with the
    /// choice of not keeping a newcomer that is needed later than all others.
    static func ideal(_ trace: [Int], capacity: Int) -> Double {
        var following = [Int](repeating: .max, count: trace.count)
        var seen: [Int: Int] = [:]
        for position in trace.indices.reversed() {
            following[position] = seen[trace[position]] ?? .max
            seen[trace[position]] = position
        }
        var kept: [Int: Int] = [:]
        var heap = LatestHeap()
        var hits = 0
        for position in trace.indices {
            let key = trace[position]
            let needed = following[position]
            if kept[key] != nil { hits += 1 }
            guard kept[key] != nil || kept.count < capacity || needed < (heap.latest(of: kept)?.needed ?? .max) else {
                continue
            }
            if kept[key] == nil, kept.count >= capacity, let latest = heap.latest(of: kept) {
                kept[latest.key] = nil
            }
            kept[key] = needed
            heap.insert(key: key, needed: needed)
        }
        return Double(hits) / Double(max(1, trace.count))
    }
}

/// Keys by when they are needed again, the latest first; entries that are no longer true are dropped when met.
private struct LatestHeap {
    private var nodes: [(needed: Int, key: Int)] = []

    mutating func insert(key: Int, needed: Int) {
        nodes.append((needed, key))
        var child = nodes.count - 1
        while child > 0, nodes[(child - 1) / 2].needed < nodes[child].needed {
            nodes.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func latest(of kept: [Int: Int]) -> (needed: Int, key: Int)? {
        while let first = nodes.first {
            if kept[first.key] == first.needed { return first }
            removeFirst()
        }
        return nil
    }

    private mutating func removeFirst() {
        let last = nodes.removeLast()
        guard !nodes.isEmpty else { return }
        nodes[0] = last
        var parent = 0
        while true {
            var most = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < nodes.count && nodes[child].needed > nodes[most].needed { most = child }
            guard most != parent else { return }
            nodes.swapAt(parent, most)
            parent = most
        }
    }
}
