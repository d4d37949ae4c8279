import Base
public import Coordination
import Synchronization

/// What every ``SharedCache`` must do.
///
/// Times are given to `pass`, which makes them pass for the back end.
public enum SharedCacheConformance: String, CaseIterable, Sendable {
    /// What was stored is found, with the time it remains, until that is over.
    case storesUntilTheTimeIsOver
    /// A value whose tag was invalidated is not found; others are.
    case invalidatesByTag
    /// A fence taken before an invalidation lets nothing be stored after it.
    case fencesOutLateWriters
    /// Of many that ask, one gets the lease; the next after its release or its end.
    case leasesToOneAtATime
    /// An old holder cannot release its successor's lease.
    case keepsTheSuccessorsLease
    /// A value over the bound is refused; the largest one is found whole.
    case refusesLargeValues
    /// A value of many tags is gone when any one of them is invalidated.
    case needsEveryTag
    /// A key, a tag and a lease of one name have nothing to do with each other.
    case separatesKinds
    /// However loads and invalidations fall together, nobody finds a value that is older than the last invalidation
    /// that returned before the look.
    case neverFindsWhatWasInvalidated

    /// Checks the sentence, under keys and tags that begin with `prefix` and that nobody else uses.
    ///
    /// - Throws: ``ConformanceFailure`` when it does not hold, or what the back end throws.
    public func check(
        _ cache: any SharedCache, prefix: String, pass: (Duration) async throws -> Void
    ) async throws {
        switch self {
        case .storesUntilTheTimeIsOver: try await stores(cache, prefix, pass)
        case .invalidatesByTag: try await invalidates(cache, prefix)
        case .fencesOutLateWriters: try await fences(cache, prefix)
        case .leasesToOneAtATime: try await leases(cache, prefix, pass)
        case .keepsTheSuccessorsLease: try await keepsSuccessor(cache, prefix, pass)
        case .refusesLargeValues: try await refusesLarge(cache, prefix)
        case .needsEveryTag: try await needsEveryTag(cache, prefix)
        case .separatesKinds: try await separatesKinds(cache, prefix)
        case .neverFindsWhatWasInvalidated: try await neverFindsOld(cache, prefix)
        }
    }

    private func stores(
        _ cache: any SharedCache, _ prefix: String, _ pass: (Duration) async throws -> Void
    ) async throws {
        let fence = try await cache.fence(of: [])
        let missing = try await cache.value(for: prefix)
        try require(missing == nil, "a value was found that nobody stored")
        let isStored = try await cache.set(prefix, to: [1, 2], for: .seconds(5), fence: fence)
        try require(isStored, "a value without tags was not stored")
        let found = try await cache.value(for: prefix)
        try require(found?.bytes == [1, 2], "what was stored was not found")
        try require(
            found.map { $0.remaining > .zero && $0.remaining <= .seconds(5) } ?? false,
            "after storing for 5 s, \(found?.remaining as Any) remained")
        try await pass(.milliseconds(5_100))
        let over = try await cache.value(for: prefix)
        try require(over == nil, "a value outlived its time")
    }

    private func invalidates(_ cache: any SharedCache, _ prefix: String) async throws {
        for name in ["a", "b"] {
            let fence = try await cache.fence(of: [prefix + name, prefix + "both"])
            _ = try await cache.set(prefix + name, to: Array(name.utf8), for: .seconds(60), fence: fence)
        }
        try await cache.invalidate([prefix + "a"])
        let (gone, kept) = (try await cache.value(for: prefix + "a"), try await cache.value(for: prefix + "b"))
        try require(gone == nil, "an invalidated value was found")
        try require(kept != nil, "a value of another tag was invalidated")
        try await cache.invalidate([prefix + "both"])
        let both = try await cache.value(for: prefix + "b")
        try require(both == nil, "an invalidated value was found")
    }

    private func fences(_ cache: any SharedCache, _ prefix: String) async throws {
        let old = try await cache.fence(of: [prefix + "tag"])
        try await cache.invalidate([prefix + "tag"])
        let isStored = try await cache.set(prefix, to: [1], for: .seconds(60), fence: old)
        let found = try await cache.value(for: prefix)
        try require(!isStored && found == nil, "a load that began before an invalidation published its value")
        let new = try await cache.fence(of: [prefix + "tag"])
        let isNewStored = try await cache.set(prefix, to: [2], for: .seconds(60), fence: new)
        try require(isNewStored, "a load that began after the invalidation could not publish")
        _ = try await cache.set(prefix, to: [1], for: .seconds(60), fence: old)
        let kept = try await cache.value(for: prefix)
        try require(kept?.bytes == [2], "a late writer replaced the newer value")
    }

    private func leases(
        _ cache: any SharedCache, _ prefix: String, _ pass: (Duration) async throws -> Void
    ) async throws {
        let holders = try await withThrowingTaskGroup(of: SharedLease?.self) { group in
            for _ in 0..<50 { group.addTask { try await cache.lease(prefix, for: .seconds(60)) } }
            return try await group.reduce(into: [SharedLease]()) { if let lease = $1 { $0.append(lease) } }
        }
        try require(holders.count == 1, "\(holders.count) of 50 got the lease at the same time")
        try await cache.release(holders[0])
        let second = try await cache.lease(prefix, for: .seconds(2))
        try require(second != nil, "a released lease could not be taken")
        try await pass(.milliseconds(2_100))
        let third = try await cache.lease(prefix, for: .seconds(2))
        try require(third != nil, "a lease outlived its time")
    }

    private func keepsSuccessor(
        _ cache: any SharedCache, _ prefix: String, _ pass: (Duration) async throws -> Void
    ) async throws {
        guard let first = try await cache.lease(prefix, for: .seconds(1)) else {
            throw ConformanceFailure("a free lease could not be taken")
        }
        try await pass(.milliseconds(1_100))
        let second = try await cache.lease(prefix, for: .seconds(60))
        try require(second != nil && second != first, "the successor has no lease of its own")
        try await cache.release(first)
        let third = try await cache.lease(prefix, for: .seconds(60))
        try require(third == nil, "an old holder released its successor's lease")
    }

    private func refusesLarge(_ cache: any SharedCache, _ prefix: String) async throws {
        let bytes = Array(repeating: UInt8(0), count: CoordinationBounds.valueBytesMax.bytes + 1)
        let fence = try await cache.fence(of: [])
        let largest = bytes.dropLast().indices.map { UInt8(truncatingIfNeeded: $0 &* 31) }
        _ = try await cache.set(prefix, to: largest, for: .seconds(60), fence: fence)
        let found = try await cache.value(for: prefix)
        try require(found?.bytes == largest, "the largest value was not found whole")
        do {
            _ = try await cache.set(prefix, to: bytes, for: .seconds(1), fence: fence)
        } catch {
            guard error.code == .tooLarge else { throw error }
            return
        }
        throw ConformanceFailure("a value over the bound was taken")
    }

    private func needsEveryTag(_ cache: any SharedCache, _ prefix: String) async throws {
        let tags = (0..<20).map { "\(prefix).\($0)" }
        for victim in tags {
            let fence = try await cache.fence(of: tags)
            let isStored = try await cache.set(prefix, to: [1], for: .seconds(60), fence: fence)
            let found = try await cache.value(for: prefix)
            try require(isStored && found != nil, "a value of \(tags.count) tags was not stored")
            try await cache.invalidate([victim])
            let gone = try await cache.value(for: prefix)
            let isStoredLate = try await cache.set(prefix, to: [2], for: .seconds(60), fence: fence)
            try require(gone == nil && !isStoredLate, "one invalidated tag of \(tags.count) was not enough")
        }
    }

    private func separatesKinds(_ cache: any SharedCache, _ prefix: String) async throws {
        let lease = try await cache.lease(prefix, for: .seconds(60))
        let fence = try await cache.fence(of: [prefix])
        let isStored = try await cache.set(prefix, to: [1], for: .seconds(60), fence: fence)
        let found = try await cache.value(for: prefix)
        try require(lease != nil && isStored && found?.bytes == [1], "a key, a tag and a lease of one name collide")
        if let lease { try await cache.release(lease) }
        let kept = try await cache.value(for: prefix)
        try require(kept?.bytes == [1], "a released lease took a value with it")
    }

    /// The source is a number that rises; a load reads it between taking the fence and storing.
    private func neverFindsOld(_ cache: any SharedCache, _ prefix: String) async throws {
        let progress = Progress()
        let tags = [prefix + ".a", prefix + ".b"]
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    for _ in 0..<50 {
                        let fence = try await cache.fence(of: tags)
                        let read = progress.source.load(ordering: .sequentiallyConsistent)
                        await Task.yield()
                        _ = try await cache.set(prefix, to: Array("\(read)".utf8), for: .seconds(60), fence: fence)
                        let least = progress.invalidated.load(ordering: .sequentiallyConsistent)
                        guard let found = try await cache.value(for: prefix) else { continue }
                        let value = Int(String(decoding: found.bytes, as: UTF8.self)) ?? -1
                        try require(value >= least, "\(value) was found after the invalidation of all below \(least)")
                    }
                }
            }
            for tag in tags {
                group.addTask {
                    for _ in 0..<50 {
                        let written = progress.source.add(1, ordering: .sequentiallyConsistent).newValue
                        try await cache.invalidate([tag])
                        _ = progress.invalidated.max(written, ordering: .sequentiallyConsistent)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}

/// What has been written, and of what no older value may be found any more.
private final class Progress: Sendable {
    let source = Atomic<Int>(0)
    let invalidated = Atomic<Int>(0)
}
