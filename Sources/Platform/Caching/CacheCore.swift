import Base
import Coordination
import Synchronization
import Telemetry

/// The executor of a cache: holds the parts, runs the loads, resumes the callers.
final class CacheCore<Name: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Key = CacheKey<Name>
    typealias Filled = SharedFill<Value>.Filled

    private final class Part: Sendable {
        let state: Mutex<CacheShard<Name, Value>>

        init(_ shard: CacheShard<Name, Value>) { state = Mutex(shard) }
    }

    let name: String
    private let options: CacheOptions<Name, Value>
    private let parts: [Part]
    private let registry: CacheRegistry
    private let loading = Atomic<Int>(0)

    init(name: String, options: CacheOptions<Name, Value>, registry: CacheRegistry) {
        options.check(name)
        self.name = name
        self.options = options
        self.registry = registry
        parts = (0..<options.parts).map { part in
            let capacity = options.capacity / options.parts + (part < options.capacity % options.parts ? 1 : 0)
            return Part(
                CacheShard(
                    capacity: capacity, groupCapacity: max(1, Int(Double(capacity) * options.tenantShare)),
                    waitersMax: options.waitersMax))
        }
    }

    private func part(of key: Key) -> Part {
        parts.count == 1 ? parts[0] : parts[Int(UInt(bitPattern: key.hashValue) >> 32 % UInt(parts.count))]
    }

    func value(for key: Key, load: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let part = part(of: key)
        let now = registry.clock.uptime().nanoseconds
        switch part.state.withLock({ $0.look(key, now: now, fences: registry.fences) }) {
        case .hit(let value), .stale(let value, wantsRefresh: false):
            Cost.current?.add(to: .cacheHits)
            return value
        case .stale(let value, wantsRefresh: true):
            Cost.current?.add(to: .cacheHits)
            refresh(key, in: part, load: load)
            return value
        case .failed(let error):
            Cost.current?.add(to: .cacheHits)
            throw error
        case .miss:
            Cost.current?.add(to: .cacheMisses)
            return try await wait(for: key, in: part, load: load)
        }
    }

    // MARK: Loads

    private func wait(
        for key: Key, in part: Part, load: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        try Task.checkCancellation()
        let began = registry.fences.now
        let slots = registry.fences.slots(of: options.tags(key.name), for: key.scope.tenant)
        let now = registry.clock.uptime().nanoseconds
        let trail = LoadTrail.current
        let waiter = Waiter<Value>()
        let join = part.state.withLock { shard in
            shard.join(
                key, waiter, slots: slots, began: began, now: now, fences: registry.fences, mayLead: claimLoad
            ) { trail.contains(LoadTrail(part: ObjectIdentifier(part), flight: $0)) }
        }
        switch join {
        case .found(let result): return try result.get()
        case .refuse(let code): throw refusal(registry.isShutDown ? .shutDown : code)
        case .lead(let flight, let id):
            start(flight, key, in: part, trail: trail, load: load)
            return try await value(of: waiter, id, flight: flight, in: part)
        case .wait(let flight, let id):
            return try await value(of: waiter, id, flight: flight, in: part)
        }
    }

    private func value(of waiter: Waiter<Value>, _ id: UInt64, flight: UInt64, in part: Part) async throws -> Value {
        try await withTaskCancellationHandler {
            try await waiter.value()
        } onCancel: {
            part.state.withLock { $0.leave(flight: flight, waiter: id) }?.cancel()
            waiter.finish(.failure(CancellationError()))
        }
    }

    private func refresh(_ key: Key, in part: Part, load: @escaping @Sendable () async throws -> Value) {
        let began = registry.fences.now
        let slots = registry.fences.slots(of: options.tags(key.name), for: key.scope.tenant)
        let flight = part.state.withLock { $0.refresh(key, slots: slots, began: began, mayLead: claimLoad) }
        guard let flight else { return }
        // Nobody waits for a refresh: its cost is not that of the request that happened to come by.
        Cost.$current.withValue(nil) { start(flight, key, in: part, trail: LoadTrail.current, load: load) }
    }

    /// Takes one of the places for loads; whoever gets one starts a load, which gives it back.
    private func claimLoad() -> Bool {
        guard !registry.isShutDown else { return false }
        guard loading.add(1, ordering: .relaxed).newValue <= options.loadsMax else {
            loading.subtract(1, ordering: .relaxed)
            return false
        }
        return true
    }

    /// Runs a load in a task that the part owns: it ends with the load, with its deadline, or when nobody waits.
    private func start(
        _ flight: UInt64, _ key: Key, in part: Part, trail: [LoadTrail],
        load: @escaping @Sendable () async throws -> Value
    ) {
        let trail = trail + [LoadTrail(part: ObjectIdentifier(part), flight: flight)]
        let fill = fill(of: key)
        let task = Task(executorPreference: registry.executor) {
            await withDiscardingTaskGroup { group in
                group.addTask {
                    do { try await self.registry.clock.sleep(for: self.options.loadTimeout) } catch { return }
                    self.finish(flight, key, in: part, with: .failure(self.refusal(.loadTimedOut)))?.cancel()
                }
                let result: Result<Filled, any Error>
                do {
                    result = .success(
                        try await LoadTrail.$current.withValue(trail) {
                            guard let fill else { return Filled(value: try await load()) }
                            return try await fill.value(load)
                        })
                } catch {
                    result = .failure(error)
                }
                self.finish(flight, key, in: part, with: result)
                group.cancelAll()
            }
            self.loading.subtract(1, ordering: .relaxed)
        }
        let isWanted = part.state.withLock { $0.attach(task, to: flight) }
        if !isWanted { task.cancel() }
    }

    @discardableResult
    private func finish(
        _ flight: UInt64, _ key: Key, in part: Part, with result: Result<Filled, any Error>
    ) -> Task<Void, Never>? {
        let values = result.map(\.value)
        var lifetime = lifetime(of: values)
        var weight = 1
        var origin = CacheOrigin.source
        if case .success(let filled) = result {
            weight = options.weigh(key.name, filled.value)
            if let remaining = filled.remaining, let own = lifetime {
                lifetime?.fresh = min(own.fresh, remaining.nanoseconds)
                origin = .shared
            }
            if filled.isRefused { origin = .refused }
        }
        let now = registry.clock.uptime().nanoseconds
        let finished = part.state.withLock { shard in
            shard.finish(
                flight: flight, with: values, origin: origin, lifetime: lifetime, weight: weight, now: now,
                fences: registry.fences)
        }
        guard let finished else { return nil }
        for waiter in finished.flight.waiters.values { waiter.finish(finished.result) }
        return finished.flight.task
    }

    /// The way of a key through the shared layer; `nil` where there is none.
    private func fill(of key: Key) -> SharedFill<Value>? {
        guard let layer = options.shared, let store = registry.shared,
            let name = key.scope.sharedName(cache: name, version: layer.version, key: layer.name(key.name))
        else { return nil }
        return SharedFill(
            store: store, key: name, tags: SharedNames.tags(options.tags(key.name), of: key.scope.tenant),
            leaseTTL: layer.leaseTTL, executor: registry.executor, clock: registry.clock,
            randomness: registry.randomness, encode: layer.encode,
            decode: layer.decode
        ) { value in
            self.lifetime(of: .success(value)).flatMap { $0.fresh > 0 ? .nanoseconds($0.fresh) : nil }
        }
    }

    private func lifetime(of result: Result<Value, any Error>) -> Lifetime? {
        switch result {
        case .success(let value):
            let isAbsent = options.isAbsent(value)
            let whole = (isAbsent ? options.absentTTL : options.ttl).nanoseconds
            let cut = Double(whole) * options.jitter * registry.randomness.fraction()
            return Lifetime(fresh: whole - Int64(cut), stale: isAbsent ? 0 : options.staleWindow.nanoseconds)
        case .failure(let error):
            return error is CancellationError ? nil : Lifetime(fresh: options.failureWindow.nanoseconds)
        }
    }

    private func refusal(_ code: CachingError.Code) -> CachingError {
        switch code {
        case .loadTimedOut:
            CachingError(code, "A load took longer than \(options.loadTimeout). Look at its source.", cache: name)
        case .tooManyLoads:
            CachingError(code, "\(options.loadsMax) loads run, as many as may. Try again later.", cache: name)
        case .tooManyWaiters:
            CachingError(
                code, "\(options.waitersMax) callers wait for one key, as many as may. Try again later.", cache: name)
        case .loadNeedsItself:
            CachingError(code, "A load asked for the key that it loads. Read the source instead.", cache: name)
        case .shutDown:
            CachingError(code, "The process is shutting down. Ask another node.", cache: name)
        }
    }
}

extension CacheCore: CacheReporting {
    var statistics: CacheStatistics {
        var sum = CacheStatistics(name: name)
        sum.isShared = options.shared != nil && registry.shared != nil
        sum.capacity = options.capacity
        for part in parts {
            part.state.withLock { shard in
                sum.entries += shard.store.count
                sum.weight += shard.store.weight
                sum.evictions += shard.store.evictions
                sum.hits += shard.counts.hits
                sum.misses += shard.counts.misses
                sum.loads += shard.counts.loads
                sum.sharedHits += shard.counts.sharedHits
                sum.sharedRefusals += shard.counts.sharedRefusals
                sum.coalesced += shard.counts.coalesced
                sum.staleServed += shard.counts.staleServed
                sum.failures += shard.counts.failures
                sum.fenced += shard.counts.fenced
                sum.tooHeavy += shard.counts.tooHeavy
                sum.loading += shard.flights.count
            }
        }
        return sum
    }

    /// The weight that a tenant's values have now; for tests of the share.
    func weight(of tenant: Tenant?) -> Int {
        parts.reduce(0) { sum, part in
            sum + part.state.withLock { $0.store.weight(of: CacheGroup(tenant: tenant)) }
        }
    }

    func removeAll() {
        for part in parts { part.state.withLock { $0.removeAll() } }
    }

    func cancelLoads() {
        for part in parts {
            for flight in part.state.withLock({ $0.closeAll() }) {
                flight.task?.cancel()
                for waiter in flight.waiters.values { waiter.finish(.failure(refusal(.shutDown))) }
            }
        }
    }
}

/// Which loads the current task runs inside of, so that one that waits for itself is found out.
struct LoadTrail: Hashable, Sendable {
    @TaskLocal static var current: [LoadTrail] = []

    let part: ObjectIdentifier
    let flight: UInt64
}
