import Base

/// Somebody who is shown to others that listen to the same topic.
struct TopicMember: Sendable, Hashable {
    var id: ID<Seat>
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

    private var topics: [TopicKey: [ID<Seat>: Presence]] = [:]

    /// Who listens to a topic, in the order of their names; at most ``Bounds/listed``.
    func members(of key: TopicKey) -> [TopicMember] {
        Array(
            (topics[key] ?? [:]).values.map(\.member).sorted { ($0.name, $0.id) < ($1.name, $1.id) }
                .prefix(Bounds.listed))
    }

    /// How often somebody listens on this node.
    func ownCount(of seat: ID<Seat>, in key: TopicKey) -> Int { topics[key]?[seat]?.counts[nil] ?? 0 }

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
        var presence = topics[key]?[member.id] ?? Presence(member: member)
        let wasHere = !presence.counts.isEmpty
        presence.counts[node] = count > 0 ? count : nil
        if count > 0 { presence.member = member }
        let isHere = !presence.counts.isEmpty
        topics[key, default: [:]][member.id] = isHere ? presence : nil
        if topics[key]?.isEmpty == true { topics[key] = nil }
        return wasHere == isHere ? nil : Change(key: key, member: presence.member, isHere: isHere)
    }

    /// A node is dead: whoever was there only has gone.
    mutating func bury(_ node: UInt64) -> [Change] {
        var changes: [Change] = []
        for (key, members) in topics {
            for presence in members.values where presence.counts[node] != nil {
                if let change = set(0, of: presence.member, in: key, on: node) { changes.append(change) }
            }
        }
        return changes
    }
}
