import Base

/// Decides which workers are dead: pure.
///
/// A worker is dead when its number of beats has not changed for `patience` of the observer's own uptime. The observer must
/// have watched all that time: after a pause of its own it begins anew.
struct LeaseMachine: Sendable {
    private struct Seen: Sendable {
        var beats: Int
        var since: Duration
    }

    let patience: Duration
    /// How long the observer may be away without beginning anew.
    let gap: Duration
    private var seen: [ID<Worker>: Seen] = [:]
    private var lastLook: Duration?

    init(beat: Duration) {
        patience = beat * 3
        gap = beat * 3
    }

    /// Takes what was seen at a moment of the own uptime; returns who is dead.
    mutating func observe(_ workers: [ID<Worker>: Int], at now: Duration) -> [ID<Worker>] {
        if let lastLook, now - lastLook > gap { seen = [:] }
        lastLook = now
        for (worker, beats) in workers where seen[worker]?.beats != beats {
            seen[worker] = Seen(beats: beats, since: now)
        }
        seen = seen.filter { workers[$0.key] != nil }
        return seen.filter { now - $0.value.since >= patience }.map(\.key).sorted()
    }
}
