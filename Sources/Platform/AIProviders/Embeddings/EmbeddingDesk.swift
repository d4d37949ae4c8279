import Base
import Crypto
import Foundation
import Synchronization

/// Vectors that were made already or are being made: each is asked for once, however many want it.
///
/// Not a `Cache`, whose loads are of one key each: a vendor takes hundreds of texts in one call, so a load here is of a
/// group of keys.
final class EmbeddingDesk: Sendable {
    /// What a vector is of: the tenant, the model, the length and the text.
    struct Key: Hashable, Sendable {
        let tenant: Tenant
        let digest: [UInt8]
    }

    private struct Kept: Sendable {
        var vector: [Float]
        var until: Duration
    }

    private struct State {
        var kept: BoundedMap<Key, Kept>
        var coming: [Key: [UInt64: CheckedContinuation<[Float]?, any Error>]] = [:]
        var lastWaiter: UInt64 = 0
        var hits = 0
        var misses = 0
    }

    /// What is to be done for a text.
    enum Finding: Sendable {
        /// Nothing: here it is.
        case known([Float])
        /// Another task makes it.
        case coming
        /// It is this task's to make, which must end in ``deliver(_:for:)``.
        case mine
    }

    private let ttl: Duration
    private let clock: any WallClock
    private let state: Mutex<State>

    init(capacity: Int, ttl: Duration, clock: any WallClock) {
        self.ttl = ttl
        self.clock = clock
        state = Mutex(State(kept: BoundedMap(capacity: capacity)))
    }

    /// Texts that were known, and those that had to be made.
    var counts: (hits: Int, misses: Int) { state.withLock { ($0.hits, $0.misses) } }

    /// A text as models are asked: composed characters, single spaces, no edges.
    static func normalised(_ text: String) -> String {
        text.precomposedStringWithCanonicalMapping.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    func key(_ text: String, of model: ModelName, _ dimensions: Int?, in tenant: Tenant) -> Key {
        var hash = SHA256()
        // The length of what stands before is fixed or told, so that no two keys read alike.
        hash.update(data: Array("\(model.description)\n\(dimensions ?? 0)\n".utf8))
        hash.update(data: Array(text.utf8))
        return Key(tenant: tenant, digest: Array(hash.finalize()))
    }

    /// Says for each key what is to be done; those that are nobody's become the caller's.
    func take(_ keys: [Key]) -> [Finding] {
        let now = clock.uptime()
        return state.withLock { state in
            keys.map { key in
                if let kept = state.kept[key], kept.until > now {
                    state.hits += 1
                    return .known(kept.vector)
                }
                if state.coming[key] != nil { return .coming }
                state.coming[key] = [:]
                state.misses += 1
                return .mine
            }
        }
    }

    /// Hands a vector to all who wait for it; `nil` says that it was not made, and one of them makes it.
    func deliver(_ vector: [Float]?, for key: Key) {
        let until = clock.uptime() + ttl
        let waiters = state.withLock { state in
            if let vector, ttl > .zero { state.kept[key] = Kept(vector: vector, until: until) }
            return state.coming.removeValue(forKey: key) ?? [:]
        }
        for waiter in waiters.values { waiter.resume(returning: vector) }
    }

    /// Waits for a vector that another task makes; `nil` when that task gave up.
    func wait(for key: Key) async throws -> [Float]? {
        let id = state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let answer: Result<[Float]?, any Error>? = state.withLock { state in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.coming[key] != nil {
                        state.coming[key]?[id] = continuation
                        return nil
                    }
                    return .success(state.kept[key]?.vector)
                }
                if let answer { continuation.resume(with: answer) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.coming[key]?.removeValue(forKey: id) }
            waiter?.resume(throwing: CancellationError())
        }
    }
}
