import Base

/// Somebody who is shown to others that listen to the same topic.
struct TopicMember: Sendable, Hashable {
    var id: ID<TopicSeat>
    var name: String
}

/// Who listens to topics that show it, on all nodes.
///
/// As with seats, what a node has told lasts as long as its beats.
struct PresenceMachine: Sendable {
    enum Bounds {
        /// Members of one topic that are listed.
        static let listed = 200
        /// Bytes of a name.
        static let nameBytes = 100
    }

    /// Somebody came or went, on whatever node first or last.
    struct Change: Sendable, Hashable {
        var key: TopicKey
        var member: TopicMember
        var isHere: Bool
    }

    private struct Presence: Sendable {
        var member: TopicMember
        /// How often on each node; this one is `nil`.
        var counts: [UInt64?: Int] = [:]
    }

    private struct Place: Hashable, Sendable {
        var key: TopicKey
        var seat: ID<TopicSeat>
    }

    private var topics: [TopicKey: [ID<TopicSeat>: Presence]] = [:]
    /// What a node has not told again since it began to tell everything.
    private var untold: [UInt64: Set<Place>] = [:]

    /// Who listens to a topic, in the order of their names; at most ``Bounds/listed``.
    func members(of key: TopicKey) -> [TopicMember] {
        Array(
            (topics[key] ?? [:]).values.map(\.member).sorted { ($0.name, $0.id) < ($1.name, $1.id) }
                .prefix(Bounds.listed))
    }

    /// All who listen to a topic, in the order of their ids.
    func seats(of key: TopicKey) -> [ID<TopicSeat>] { (topics[key] ?? [:]).keys.sorted() }

    /// How often somebody listens on this node.
    func ownCount(of seat: ID<TopicSeat>, in key: TopicKey) -> Int { topics[key]?[seat]?.counts[nil] ?? 0 }

    /// Everything of this node, for one that knows nothing.
    var own: [BusEntry] {
        topics.flatMap { key, members in
            members.values.compactMap { presence in
                presence.counts[nil].map { .member(key, presence.member, count: $0) }
            }
        }
    }

    /// How often somebody listens on a node (`nil`: this one) from now on; returns whether they came or went.
    mutating func set(_ count: Int, of member: TopicMember, in key: TopicKey, on node: UInt64?) -> Change? {
        if let node { untold[node]?.remove(Place(key: key, seat: member.id)) }
        var presence = topics[key]?[member.id] ?? Presence(member: member)
        let wasHere = !presence.counts.isEmpty
        presence.counts[node] = count > 0 ? count : nil
        if count > 0 { presence.member = member }
        let isHere = !presence.counts.isEmpty
        topics[key, default: [:]][member.id] = isHere ? presence : nil
        if topics[key]?.isEmpty == true { topics[key] = nil }
        return wasHere == isHere ? nil : Change(key: key, member: presence.member, isHere: isHere)
    }

    /// A node begins to tell everything.
    mutating func beginTelling(by node: UInt64) { untold[node] = places(of: node) }

    /// A node has told everything: whoever it has not told of again has gone.
    mutating func endTelling(by node: UInt64) -> [Change] { remove(untold.removeValue(forKey: node) ?? [], on: node) }

    /// A node is dead: whoever was there only has gone.
    mutating func bury(_ node: UInt64) -> [Change] {
        untold[node] = nil
        return remove(places(of: node), on: node)
    }

    private func places(of node: UInt64) -> Set<Place> {
        var places: Set<Place> = []
        for (key, members) in topics {
            for (seat, presence) in members where presence.counts[node] != nil {
                places.insert(Place(key: key, seat: seat))
            }
        }
        return places
    }

    private mutating func remove(_ places: Set<Place>, on node: UInt64) -> [Change] {
        places.compactMap { place in
            guard let member = topics[place.key]?[place.seat]?.member else { return nil }
            return set(0, of: member, in: place.key, on: node)
        }
    }
}
