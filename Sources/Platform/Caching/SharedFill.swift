import Base
import Coordination

/// One load of a key through the shared layer: of all nodes that miss it, one loads.
///
/// Look, then ask for the lease, then look again: whoever had it before may have stored meanwhile. Who does not get it
/// waits and looks again, with growing pauses; the lease ends by itself when its holder dies. The generations of the
/// tags are taken before the source is read, so that the store refuses a value that was invalidated since, whatever any
/// clock says.
struct SharedFill<Value: Sendable>: Sendable {
    /// The pause before the second look, and the longest between two.
    private static var pauses: (first: Duration, longest: Duration) { (.milliseconds(2), .milliseconds(50)) }

    /// What was found or loaded.
    struct Filled: Sendable {
        var value: Value
        /// How long the store keeps it on; `nil` for what was loaded here.
        var remaining: Duration?
        /// Whether the store has refused it, because it was invalidated while it was loaded.
        var isRefused = false
        /// Whether another had loaded it.
        var isShared: Bool { remaining != nil }
    }

    let store: SharedStore
    let key: String
    let tags: [String]
    let leaseTTL: Duration
    let executor: (any TaskExecutor)?
    let clock: any WallClock
    let randomness: any Randomness
    let encode: @Sendable (Value) throws -> [UInt8]
    let decode: @Sendable ([UInt8]) throws -> Value
    /// How long a value is kept; `nil` for one that is not.
    let ttl: @Sendable (Value) -> Duration?

    func value(_ load: @Sendable () async throws -> Value) async throws -> Filled {
        var pause = Self.pauses.first
        while store.isUsable(for: tags) {
            // A store that does not answer is as good as none.
            guard let found = await look() else { break }
            if let filled = found { return filled }
            guard let lease = await store.ask({ try await $0.lease(key, for: leaseTTL) }) else { break }
            if let lease { return try await lead(lease, load) }
            try await clock.sleep(for: pause * (0.5 + randomness.fraction() / 2))
            pause = min(pause * 2, Self.pauses.longest)
        }
        try Task.checkCancellation()
        return Filled(value: try await load())
    }

    /// The value that the store has: `nil` inside when it has none that can be read, outside when it did not answer.
    private func look() async -> Filled?? {
        guard let answer = await store.ask({ try await $0.value(for: key) }) else { return nil }
        guard let found = answer else { return .some(nil) }
        do {
            return .some(Filled(value: try decode(found.bytes), remaining: found.remaining))
        } catch {
            // Written by another version: it is loaded anew and overwritten.
            return .some(nil)
        }
    }

    private func lead(_ lease: SharedLease, _ load: @Sendable () async throws -> Value) async throws -> Filled {
        do {
            let filled = try await leadWithin(load)
            await release(lease)
            return filled
        } catch {
            await release(lease)
            throw error
        }
    }

    private func leadWithin(_ load: @Sendable () async throws -> Value) async throws -> Filled {
        if let found = await look(), let filled = found { return filled }
        let fence = await store.ask { try await $0.fence(of: tags) }
        try Task.checkCancellation()
        let value = try await load()
        guard let fence, let ttl = ttl(value), store.isUsable(for: tags) else { return Filled(value: value) }
        let bytes: [UInt8]
        do {
            bytes = try encode(value)
        } catch {
            // A value that cannot be written is this node's alone.
            return Filled(value: value)
        }
        let isStored = await store.ask { try await $0.set(key, to: bytes, for: ttl, fence: fence) }
        return Filled(value: value, isRefused: isStored == false)
    }

    /// Gives the lease back, also when the load was cancelled: others wait for it.
    private func release(_ lease: SharedLease) async {
        await Task(executorPreference: executor) { [store] in
            _ = await store.ask { try await $0.release(lease) }
        }.value
    }
}
