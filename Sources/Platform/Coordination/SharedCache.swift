/// A cache that the nodes of a cluster share: bytes under keys, fenced by the generations of their tags.
///
/// Every method may fail with ``CoordinationError``; the cache above then works with its local layer alone.
public protocol SharedCache: Sendable {
    /// Reads a value that is neither expired nor invalidated; `nil` otherwise.
    func value(for key: String) async throws(CoordinationError) -> SharedValue?

    /// The generations that `tags` have now, to be taken **before** the source is read.
    func fence(of tags: [String]) async throws(CoordinationError) -> SharedFence

    /// Stores `bytes` (at most 4 MiB) for `ttl`, unless one of the fence's tags was invalidated since it was taken.
    ///
    /// - Returns: whether it was stored. The comparison and the write are one atomic step of the store.
    func set(
        _ key: String, to bytes: [UInt8], for ttl: Duration, fence: SharedFence
    ) async throws(CoordinationError) -> Bool

    /// Gives each tag another generation: no value or fence from before is accepted any more.
    func invalidate(_ tags: [String]) async throws(CoordinationError)

    /// Takes the cluster-wide right to load `key` for at most `ttl`; `nil` while somebody else has it.
    func lease(_ key: String, for ttl: Duration) async throws(CoordinationError) -> SharedLease?

    /// Gives the right back early. A lease that has expired and was taken by another is left alone.
    func release(_ lease: SharedLease) async throws(CoordinationError)
}

/// A value of the shared cache.
public struct SharedValue: Sendable, Hashable {
    /// What was stored.
    public let bytes: [UInt8]
    /// How long it remains.
    public let remaining: Duration

    /// Makes a value; for back ends.
    public init(bytes: [UInt8], remaining: Duration) {
        self.bytes = bytes
        self.remaining = remaining
    }
}

/// The generations of some tags at one moment.
///
/// A generation is a name, not a number: one that was never given before. Only equality means something.
public struct SharedFence: Sendable, Hashable {
    /// The tags.
    public let tags: [String]
    /// The generation of each, in the order of ``tags``.
    public let generations: [UInt64]

    /// Makes a fence; for back ends.
    public init(tags: [String], generations: [UInt64]) {
        precondition(
            tags.count == generations.count, "\(tags.count) tags cannot have \(generations.count) generations")
        self.tags = tags
        self.generations = generations
    }
}

/// The right to do one thing in the cluster for a while.
public struct SharedLease: Sendable, Hashable {
    /// What it is about.
    public let key: String
    /// Distinguishes this holder from later ones.
    public let token: UInt64

    /// Makes a lease; for back ends.
    public init(key: String, token: UInt64) {
        self.key = key
        self.token = token
    }
}
