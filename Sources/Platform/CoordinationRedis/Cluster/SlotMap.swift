/// Which node of a cluster has which slots, as `CLUSTER SLOTS` tells it.
struct SlotMap: Sendable {
    private enum Bounds {
        /// Ranges of slots; a cluster that was moved about much has some hundreds.
        static let ranges = 16_384
        static let nodes = 1_024
    }

    /// The primaries.
    private(set) var nodes: [RedisEndpoint] = []
    /// For each slot the place of its node in `nodes`; -1 for one that nobody has.
    private var owners = [Int16](repeating: -1, count: HashSlot.count)

    /// Nobody has anything.
    init() {}

    /// Reads the reply of `CLUSTER SLOTS`, which the node `asked` gave; `nil` when it is none, or too large.
    ///
    /// Where a node does not know its own address it leaves it out.
    init?(_ reply: RESPValue, asked: RedisEndpoint) {
        guard let ranges = reply.elements, ranges.count <= Bounds.ranges else { return nil }
        for range in ranges {
            guard let parts = range.elements, parts.count >= 3,
                let first = parts[0].number.map({ Int($0) }), let last = parts[1].number.map({ Int($0) }),
                0 <= first, first <= last, last < HashSlot.count,
                let node = parts[2].elements, node.count >= 2, let port = node[1].number.map({ Int($0) })
            else { return nil }
            let host = node[0].text ?? ""
            let endpoint = RedisEndpoint(host: host.isEmpty || host == "?" ? asked.host : host, port: port)
            guard let place = place(of: endpoint) else { return nil }
            for slot in first...last { owners[slot] = place }
        }
    }

    /// Whether every slot has a node.
    var isComplete: Bool { !owners.contains(-1) }

    func node(of slot: Int) -> RedisEndpoint? {
        owners[slot] < 0 ? nil : nodes[Int(owners[slot])]
    }

    /// A node has said that another has the slot.
    mutating func move(_ slot: Int, to endpoint: RedisEndpoint) {
        if let place = place(of: endpoint) { owners[slot] = place }
    }

    private mutating func place(of endpoint: RedisEndpoint) -> Int16? {
        if let place = nodes.firstIndex(of: endpoint) { return Int16(place) }
        guard nodes.count < Bounds.nodes else { return nil }
        nodes.append(endpoint)
        return Int16(nodes.count - 1)
    }
}

/// What a refusal says about where to ask instead.
enum Redirection: Hashable {
    /// The slot lives there now.
    case moved(slot: Int, to: RedisEndpoint)
    /// This once, while the slot is being moved.
    case ask(RedisEndpoint)
    /// In a moment, while keys of one command are on two nodes.
    case tryAgain

    /// Reads `MOVED 3999 127.0.0.1:6381`; a missing host means the node that was asked.
    init?(_ error: RESPError, asked: RedisEndpoint) {
        let words = error.text.split(separator: " ")
        switch error.kind {
        case "TRYAGAIN": self = .tryAgain
        case "MOVED", "ASK":
            guard words.count >= 3, let slot = Int(words[1]), (0..<HashSlot.count).contains(slot),
                let colon = words[2].lastIndex(of: ":"), let port = Int(words[2][words[2].index(after: colon)...])
            else { return nil }
            let host = String(words[2][..<colon])
            let endpoint = RedisEndpoint(host: host.isEmpty || host == "?" ? asked.host : host, port: port)
            self = error.kind == "ASK" ? .ask(endpoint) : .moved(slot: slot, to: endpoint)
        default: return nil
        }
    }
}
