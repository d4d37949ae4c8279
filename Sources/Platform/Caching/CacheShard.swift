import Base

/// A part of a cache: what it has, which loads run, and every decision about them.
///
/// Pure: time comes in as nanoseconds of an uptime, the fence as a question, and what is to be done goes out as a value.
struct CacheShard<Name: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Key = CacheKey<Name>

    /// What a look at the cache finds.
    enum Look {
        case hit(Value)
        case failed(any Error)
        /// An old value that may be served; whether a refresh should be started.
        case stale(Value, wantsRefresh: Bool)
        case miss
    }

    /// What a caller that missed is to do.
    enum Join {
        /// Another load brought it meanwhile.
        case found(Result<Value, any Error>)
        /// Wait for a load that runs.
        case wait(flight: UInt64, waiter: UInt64)
        /// Start the load, then wait for it.
        case lead(flight: UInt64, waiter: UInt64)
        case refuse(CachingError.Code)
    }

    struct Counts: Sendable {
        var hits = 0
        var misses = 0
        var loads = 0
        var sharedHits = 0
        var sharedRefusals = 0
        var coalesced = 0
        var staleServed = 0
        var failures = 0
        var fenced = 0
        var tooHeavy = 0
    }

    var store: TinyLFU<Key, Result<Value, any Error>>
    private(set) var flights: [UInt64: Flight<Key, Value>] = [:]
    private var current: [Key: UInt64] = [:]
    private var lastID: UInt64 = 0
    private let waitersMax: Int
    private(set) var counts = Counts()

    init(capacity: Int, groupCapacity: Int, waitersMax: Int) {
        store = TinyLFU(capacity: capacity, groupCapacity: groupCapacity)
        self.waitersMax = waitersMax
    }

    mutating func look(_ key: Key, now: Int64, fences: FenceTable) -> Look {
        guard let slot = store.hit(key) else {
            counts.misses += 1
            return .miss
        }
        let validity = store.validity(slot)
        // What is over stays where it is: its reload then keeps the rank that its hits have earned.
        guard now < validity.staleUntil, fences.isCurrent(validity) else {
            counts.misses += 1
            return .miss
        }
        counts.hits += 1
        switch store[slot] {
        case .failure(let error): return .failed(error)
        case .success(let value):
            if now < validity.freshUntil { return .hit(value) }
            counts.staleServed += 1
            return .stale(value, wantsRefresh: now >= validity.retryAfter && current[key] == nil)
        }
    }

    /// Registers a caller that missed.
    mutating func join(
        _ key: Key, _ waiter: Waiter<Value>, slots: [UInt32], began: UInt64, now: Int64, fences: FenceTable,
        mayLead: () -> Bool, isAncestor: (UInt64) -> Bool
    ) -> Join {
        if let slot = store.peek(key), now < store.validity(slot).freshUntil, fences.isCurrent(store.validity(slot)) {
            counts.coalesced += 1
            return .found(store[slot])
        }
        lastID += 1
        let id = lastID
        // A load that began before an invalidation serves only those who already waited: a later caller, who may
        // know of the write, gets a load of its own.
        if let running = current[key], let flight = flights[running],
            fences.isCurrent(flight.slots, since: flight.began)
        {
            guard !isAncestor(running) else { return .refuse(.loadNeedsItself) }
            guard flight.waiters.count < waitersMax else { return .refuse(.tooManyWaiters) }
            flights[running]?.waiters[id] = waiter
            counts.coalesced += 1
            return .wait(flight: running, waiter: id)
        }
        guard mayLead() else { return .refuse(.tooManyLoads) }
        counts.loads += 1
        current[key] = id
        flights[id] = Flight(key: key, began: began, slots: slots, isRefresh: false, waiters: [id: waiter])
        return .lead(flight: id, waiter: id)
    }

    /// Registers a refresh for nobody in particular; `nil` when the key is being loaded already.
    mutating func refresh(_ key: Key, slots: [UInt32], began: UInt64, mayLead: () -> Bool) -> UInt64? {
        guard current[key] == nil, mayLead() else { return nil }
        lastID += 1
        counts.loads += 1
        current[key] = lastID
        flights[lastID] = Flight(key: key, began: began, slots: slots, isRefresh: true)
        return lastID
    }

    /// Notes the task of a load; returns `false` when the load is no longer wanted or already over.
    mutating func attach(_ task: Task<Void, Never>, to id: UInt64) -> Bool {
        guard flights[id] != nil else { return false }
        flights[id]?.task = task
        return true
    }

    /// A waiter gives up; returns the task to cancel when nobody is left.
    mutating func leave(flight id: UInt64, waiter: UInt64) -> Task<Void, Never>? {
        guard flights[id]?.waiters.removeValue(forKey: waiter) != nil, let flight = flights[id],
            flight.waiters.isEmpty, !flight.isRefresh
        else { return nil }
        return close(id)?.flight.task
    }

    /// Takes a load's result in and returns who waits for it, with what they get.
    ///
    /// `lifetime` is how long the value is fresh and how long it may be served after; `nil` when it is not to be kept.
    mutating func finish(
        flight id: UInt64, with result: Result<Value, any Error>, origin: CacheOrigin, lifetime: Lifetime?, weight: Int,
        now: Int64, fences: FenceTable
    ) -> (flight: Flight<Key, Value>, result: Result<Value, any Error>)? {
        guard let (flight, wasCurrent) = close(id) else { return nil }
        if origin == .shared { counts.sharedHits += 1 }
        if origin == .refused { counts.sharedRefusals += 1 }
        // What the shared store refuses was invalidated on another node, of which this one may not have heard yet.
        let isCurrent = wasCurrent && origin != .refused && fences.isCurrent(flight.slots, since: flight.began)
        if case .failure = result {
            counts.failures += 1
            // The source fails: what there was is served on, as long as nobody has invalidated it.
            if let slot = store.peek(flight.key), case .success = store[slot], now < store.validity(slot).staleUntil,
                fences.isCurrent(store.validity(slot))
            {
                store.postpone(slot, until: now + (lifetime?.fresh ?? 0))
                return (flight, store[slot])
            }
        }
        guard isCurrent, let lifetime, lifetime.fresh > 0 else {
            if !isCurrent { counts.fenced += 1 }
            return (flight, result)
        }
        let validity = Validity(
            began: flight.began, slots: flight.slots, freshUntil: now &+ lifetime.fresh,
            staleUntil: now &+ lifetime.fresh &+ lifetime.stale)
        let isKept = store.insert(
            flight.key, group: CacheGroup(tenant: flight.key.scope.tenant), weight: weight, validity: validity, result)
        if !isKept { counts.tooHeavy += 1 }
        return (flight, result)
    }

    /// Forgets everything that is kept, and lets no running load publish.
    mutating func removeAll() {
        store.removeAll()
        current.removeAll()
    }

    /// Every load that runs, for the end of the process.
    mutating func closeAll() -> [Flight<Key, Value>] {
        let open = Array(flights.values)
        flights.removeAll()
        current.removeAll()
        return open
    }

    private mutating func close(_ id: UInt64) -> (flight: Flight<Key, Value>, wasCurrent: Bool)? {
        guard let flight = flights.removeValue(forKey: id) else { return nil }
        let wasCurrent = current[flight.key] == id
        if wasCurrent { current[flight.key] = nil }
        return (flight, wasCurrent)
    }
}

/// Where a load has found its value.
enum CacheOrigin: Sendable {
    case source
    case shared
    /// At the source, and the shared store did not take it, because it was invalidated meanwhile.
    case refused
}

/// How long a result lives, in nanoseconds.
struct Lifetime: Sendable {
    var fresh: Int64
    var stale: Int64 = 0
}
