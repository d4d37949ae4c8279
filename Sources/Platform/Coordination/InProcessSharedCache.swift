public import Base
import Synchronization

/// The shared cache of a single process: bounded, the least recently written values go first.
public final class InProcessSharedCache: SharedCache {
    private struct Entry {
        var bytes: [UInt8]
        var expiresAt: Duration
        var fence: SharedFence
    }

    private struct State {
        var entries: BoundedMap<String, Entry>
        var generations: BoundedMap<String, UInt64>
        var leases: BoundedMap<String, (token: UInt64, expiresAt: Duration)>
        var last: UInt64 = 0
        /// The generation of every tag that is not in `generations`; rises when one is forgotten, so that what was
        /// fenced by a forgotten tag reads as invalidated: the safe side.
        var floor: UInt64 = 0
        var evictions = 0

        func isCurrent(_ fence: SharedFence) -> Bool {
            zip(fence.tags, fence.generations).allSatisfy { (generations[$0] ?? floor) == $1 }
        }
    }

    private let clock: any WallClock
    private let state: Mutex<State>

    /// Makes an empty cache.
    ///
    /// - Parameters:
    ///   - clock: measures the time to live.
    ///   - entriesMax: values kept. Defaults to 10,000; at least 1.
    ///   - tagsMax: tags whose generation is remembered one by one. Defaults to 10,000; at least 1.
    public init(clock: any WallClock, entriesMax: Int = 10_000, tagsMax: Int = 10_000) {
        self.clock = clock
        state = Mutex(
            State(
                entries: BoundedMap(capacity: entriesMax), generations: BoundedMap(capacity: tagsMax),
                leases: BoundedMap(capacity: entriesMax)))
    }

    /// Reads a value that is neither expired nor invalidated.
    public func value(for key: String) async throws(CoordinationError) -> SharedValue? {
        try CoordinationBounds.check(name: key)
        let now = clock.uptime()
        return state.withLock { state in
            guard let entry = state.entries[key] else { return nil }
            guard entry.expiresAt > now, state.isCurrent(entry.fence) else {
                state.entries[key] = nil
                return nil
            }
            return SharedValue(bytes: entry.bytes, remaining: entry.expiresAt - now)
        }
    }

    /// The generations that `tags` have now.
    public func fence(of tags: [String]) async throws(CoordinationError) -> SharedFence {
        for tag in tags { try CoordinationBounds.check(name: tag) }
        return state.withLock { state in
            SharedFence(tags: tags, generations: tags.map { state.generations[$0] ?? state.floor })
        }
    }

    /// Stores, unless the fence is no longer current.
    public func set(
        _ key: String, to bytes: [UInt8], for ttl: Duration, fence: SharedFence
    ) async throws(CoordinationError) -> Bool {
        try CoordinationBounds.check(name: key, payload: bytes.count, max: CoordinationBounds.valueBytesMax)
        let expiresAt = clock.uptime() + ttl
        return state.withLock { state in
            guard state.isCurrent(fence) else { return false }
            state.entries[key] = Entry(bytes: bytes, expiresAt: expiresAt, fence: fence)
            return true
        }
    }

    /// Raises the generation of each tag.
    public func invalidate(_ tags: [String]) async throws(CoordinationError) {
        for tag in tags { try CoordinationBounds.check(name: tag) }
        state.withLock { state in
            for tag in tags {
                state.last += 1
                let forgotten = state.generations.evicted
                state.generations[tag] = state.last
                if state.generations.evicted != forgotten { state.floor = state.last }
            }
        }
    }

    /// Takes the right to load `key`.
    public func lease(_ key: String, for ttl: Duration) async throws(CoordinationError) -> SharedLease? {
        try CoordinationBounds.check(name: key)
        let now = clock.uptime()
        return state.withLock { state in
            if let holder = state.leases[key], holder.expiresAt > now { return nil }
            state.last += 1
            state.leases[key] = (state.last, now + ttl)
            return SharedLease(key: key, token: state.last)
        }
    }

    /// Gives the right back, if it is still this holder's.
    public func release(_ lease: SharedLease) async throws(CoordinationError) {
        state.withLock { state in
            guard state.leases[lease.key]?.token == lease.token else { return }
            state.leases[lease.key] = nil
        }
    }
}
