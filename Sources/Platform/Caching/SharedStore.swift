import Base
import Coordination
import Synchronization

/// The shared store as this node's caches see it: whether it answers, and which invalidations it does not know yet.
///
/// An invalidation that the store did not take is kept and sent again; until it has been, this node does not read or
/// write values of its tags there, so that it never sees a value from before its own write.
final class SharedStore: Sendable {
    private enum Bounds {
        /// Tags kept for sending again; with more everything is invalidated instead.
        static let pendingTags = 4_096
        /// Tags in one call.
        static let tagsPerCall = 256
        static let pauseMin = Duration.milliseconds(100)
        static let pauseMax = Duration.seconds(5)
    }

    /// The tag that every value carries.
    static let everything = "all"

    private struct State {
        var pending: Set<String> = []
        var isEverythingPending = false
        var pause = Bounds.pauseMin
        var asksAgainAt: Duration?
    }

    private let cache: any SharedCache
    private let clock: any WallClock
    private let state = Mutex(State())
    private let failureCount = Atomic<Int>(0)

    init(_ cache: any SharedCache, clock: any WallClock) {
        self.cache = cache
        self.clock = clock
    }

    var failures: Int { failureCount.load(ordering: .relaxed) }
    var isReachable: Bool { state.withLock { $0.asksAgainAt == nil } }
    var pendingCount: Int { state.withLock { $0.pending.count + ($0.isEverythingPending ? 1 : 0) } }

    // MARK: Asking

    /// Whether values of these tags may be read and written there now.
    ///
    /// After a failure the store is left alone for a while; then one caller asks again.
    func isUsable(for tags: [String]) -> Bool {
        let now = clock.uptime()
        return state.withLock { state in
            if state.isEverythingPending || !state.pending.isEmpty && tags.contains(where: state.pending.contains) {
                return false
            }
            return Self.mayAsk(&state, now)
        }
    }

    private static func mayAsk(_ state: inout State, _ now: Duration) -> Bool {
        guard let asksAgainAt = state.asksAgainAt else { return true }
        guard now >= asksAgainAt else { return false }
        state.asksAgainAt = now + state.pause
        return true
    }

    /// Asks the store; `nil` when it did not answer, which nobody above has to know of.
    func ask<Result: Sendable>(_ body: (any SharedCache) async throws -> Result) async -> Result? {
        do {
            let result = try await body(cache)
            state.withLock { state in
                state.asksAgainAt = nil
                state.pause = Bounds.pauseMin
            }
            return result
        } catch let error as CoordinationError where error.code == .unavailable && !Task.isCancelled {
            failureCount.add(1, ordering: .relaxed)
            let now = clock.uptime()
            state.withLock { state in
                state.asksAgainAt = now + state.pause
                state.pause = min(state.pause * 2, Bounds.pauseMax)
            }
            return nil
        } catch {
            // Too large a name or value, or a task that was cancelled: the store itself is well.
            return nil
        }
    }

    // MARK: Invalidations

    /// Raises the generations of tags, now or as soon as the store answers again.
    func invalidate(_ tags: [String]) async {
        let now = clock.uptime()
        if state.withLock({ Self.mayAsk(&$0, now) }) {
            let isDone = await ask { cache in
                for start in stride(from: 0, to: tags.count, by: Bounds.tagsPerCall) {
                    try await cache.invalidate(Array(tags[start..<min(tags.count, start + Bounds.tagsPerCall)]))
                }
                return true
            }
            if isDone == true { return }
        }
        state.withLock { state in
            state.pending.formUnion(tags)
            guard state.pending.count > Bounds.pendingTags else { return }
            state.pending = []
            state.isEverythingPending = true
        }
    }

    /// Sends what is pending, over and over, until the task is cancelled.
    func settle() async throws {
        while true {
            try await clock.sleep(for: .milliseconds(250))
            await settleOnce()
        }
    }

    func settleOnce() async {
        let now = clock.uptime()
        let (tags, isEverything) = state.withLock { state -> ([String], Bool) in
            guard !state.pending.isEmpty || state.isEverythingPending, Self.mayAsk(&state, now) else {
                return ([], false)
            }
            return (Array(state.pending.prefix(Bounds.tagsPerCall)), state.isEverythingPending)
        }
        guard !tags.isEmpty || isEverything else { return }
        let isDone = await ask { cache in
            try await cache.invalidate(isEverything ? [Self.everything] : tags)
            return true
        }
        guard isDone == true else { return }
        state.withLock { state in
            if isEverything { state.isEverythingPending = false } else { state.pending.subtract(tags) }
        }
    }
}

/// What the shared layer has done for the caches of this node, for the operator's console.
public struct SharedLayerStatus: Sendable, Hashable {
    /// Whether the store answers.
    public var isReachable: Bool
    /// Calls that it did not answer.
    public var failures: Int
    /// Tags whose invalidation it has not taken yet; values of theirs are not shared until it has.
    public var invalidationsPending: Int
    /// Whether this node no longer hears the bus: it may serve values of before others' writes until they end.
    public var isCutOff: Bool
    /// How often everything was dropped because a message may have been missed.
    public var doubts: Int
}
