import Base

/// What a node knows of how far it has heard each of the others, so that it notices what it has not heard.
///
/// Every node numbers what it publishes and repeats its last number in beats. A number that is still missing at the
/// second beat after it was passed over was lost; a node that is silent for five of the listener's own beats may have
/// said something last that nobody heard. Both mean: doubt everything once. Numbers that come in the wrong order within
/// two beats cost nothing. Pure, and without clocks: the only time is the count of beats.
struct PeerTable: Sendable {
    enum Bounds {
        /// Nodes known at once.
        static let peers = 256
        /// Numbers of one node that may be missing at once.
        static let missing = 64
        /// Own beats after which a silent node is given up.
        static let silentBeats: UInt64 = 5
    }

    private struct Peer: Sendable {
        var last: UInt64
        /// Numbers not heard yet, and at how many beats of their node they were missing.
        var missing: [UInt64: Int] = [:]
        var heardAt: UInt64

        /// Notes the numbers between the last one and `next` as missing; returns whether there are too many to wait for.
        mutating func pass(to next: UInt64) -> Bool {
            guard next > last + 1 else { return false }
            guard next - last - 1 + UInt64(missing.count) <= UInt64(Bounds.missing) else {
                missing = [:]
                return true
            }
            for number in (last + 1)..<next { missing[number] = 0 }
            return false
        }
    }

    private var peers = BoundedMap<UInt64, Peer>(capacity: Bounds.peers)
    private var beats: UInt64 = 0

    /// Takes note of message `number` of `node`; returns whether everything is to be doubted.
    mutating func hear(_ number: UInt64, of node: UInt64) -> Bool {
        guard var peer = peers[node] else {
            peers[node] = Peer(last: number, heardAt: beats)
            // What it has published since this node listens, and before it was first heard, is unknown.
            return number > 1
        }
        peer.heardAt = beats
        peer.missing[number] = nil
        let isDoubtful = peer.pass(to: number)
        if number > peer.last { peer.last = number }
        peers[node] = peer
        return isDoubtful
    }

    /// Takes note of a beat that repeats a node's last number; returns whether everything is to be doubted.
    mutating func hearBeat(of node: UInt64, last: UInt64) -> Bool {
        guard var peer = peers[node] else {
            peers[node] = Peer(last: last, heardAt: beats)
            return last > 0
        }
        peer.heardAt = beats
        var isDoubtful = peer.missing.values.contains { $0 >= 1 }
        peer.missing = isDoubtful ? [:] : peer.missing.mapValues { $0 + 1 }
        if last > peer.last {
            if peer.pass(to: last + 1) { isDoubtful = true }
            peer.last = last
        }
        peers[node] = peer
        return isDoubtful
    }

    /// Counts an own beat; returns whether a node has fallen silent, and forgets it.
    mutating func beat() -> Bool {
        beats += 1
        let silent = peers.keys.filter { node in
            (peers[node]?.heardAt).map { beats - $0 > Bounds.silentBeats } ?? false
        }
        for node in silent { peers[node] = nil }
        return !silent.isEmpty
    }

    /// Forgets all: after a break of the connection everything is doubted anyway.
    mutating func removeAll() { peers = BoundedMap(capacity: Bounds.peers) }
}
