import Base
import Caching
import Logging
import ServiceLifecycle
import Storage
import Synchronization

/// Which board: of what, and over which whole.
struct BoardKey: Sendable, Hashable {
    enum Kind: String, Sendable, Hashable, CaseIterable, SQLConvertible {
        case slot, track, season, clips, creators, voters

        var ranksClips: Bool { self != .creators && self != .voters }
    }

    let kind: Kind
    /// The id of the slot, track or season; for voters a day; else empty.
    let scope: String
}

/// A board in its two orders.
final class BoardShelf: Sendable {
    let byScore: Board
    let rising: Board

    init(byScore: Board, rising: Board) {
        self.byScore = byScore
        self.rising = rising
    }
}

/// Keeps boards in memory: a request is answered from what is there while the next version is built beside it.
///
/// A board is built when it was asked for and has changed: of a slot at most once a second, others every five minutes.
/// Earlier versions are kept for ten minutes, so that a reader's pages fit together.
final class BoardKeeper: Service {
    enum Bounds {
        static let slotTTL: Duration = .seconds(1)
        static let longTTL: Duration = .seconds(300)
        /// How long pages of an earlier version can still be read.
        static let versionLife: Duration = .seconds(600)
        /// Entries of earlier versions in memory, of all boards together.
        static let entriesKept = 4_000_000
        /// Boards that are kept warm.
        static let warm = 256
    }

    private struct Known: Hashable {
        let tenant: Tenant
        let key: BoardKey
    }

    private struct State {
        /// When each slot's totals last changed.
        var changed = BoundedMap<ID<Slot>, Timestamp>(capacity: 10_000)
        /// The latest shelf of each board, to be handed out again when nothing has changed.
        var latest = BoundedMap<Known, BoardShelf>(capacity: 2_000)
        /// Earlier versions, the oldest first.
        var versions: [(known: Known, shelf: BoardShelf)] = []
        var entriesKept = 0
        /// Boards that were asked for lately.
        var asked = BoundedMap<Known, Timestamp>(capacity: Bounds.warm)
    }

    private let store: BoardStore
    private let clock: any WallClock
    private let logger: Logger
    private let slots: Cache<BoardKey, BoardShelf>
    private let long: Cache<BoardKey, BoardShelf>
    private let state = Mutex(State())

    init(storage: Storage, caches: CacheRegistry, clock: any WallClock, logger: Logger) {
        store = BoardStore(storage: storage)
        self.clock = clock
        self.logger = logger
        slots = Cache(
            "tournament.slotBoards", CacheOptions(ttl: Bounds.slotTTL, staleWindow: .seconds(30), capacity: 2_000),
            in: caches)
        long = Cache(
            "tournament.boards",
            CacheOptions(
                ttl: Bounds.longTTL, staleWindow: .seconds(3_600), capacity: 200,
                shared: SharedLayer(
                    name: { "\($0.kind.rawValue):\($0.scope)" }, encode: { $0.bytes },
                    decode: { try BoardShelf(bytes: $0) })), in: caches)
    }

    /// Says that votes have changed the totals of slots.
    func touch(_ changed: Set<ID<Slot>>) {
        let now = clock.now()
        state.withLock { state in for slot in changed { state.changed[slot] = now } }
    }

    /// The latest version of a board, built now if it never was.
    func shelf(_ key: BoardKey, in tenant: Tenant) async throws -> BoardShelf {
        let known = Known(tenant: tenant, key: key)
        state.withLock { $0.asked[known] = clock.now() }
        return try await shelf(of: known)
    }

    private func shelf(of known: Known) async throws -> BoardShelf {
        if known.key.kind == .slot {
            return try await slots.value(for: known.key, in: known.tenant) { [self] in
                try await shared { try await build(known) }
            }
        }
        let shelf = try await long.value(for: known.key, in: known.tenant) { [self] in
            try await shared { try await build(known) }
        }
        return adopt(shelf, known)
    }

    /// Makes a board of another node's the latest here, so that its pages are found by their version.
    private func adopt(_ shelf: BoardShelf, _ known: Known) -> BoardShelf {
        let isNew = state.withLock { ($0.latest[known]?.byScore.version ?? -1) < shelf.byScore.version }
        return isNew ? publish(shelf, known) : shelf
    }

    /// A version that an earlier page was taken from; `nil` when it is gone.
    func shelf(_ key: BoardKey, version: Int64, in tenant: Tenant) -> BoardShelf? {
        let known = Known(tenant: tenant, key: key)
        return state.withLock { state in
            if let latest = state.latest[known], latest.byScore.version == version { return latest }
            return state.versions.last { $0.known == known && $0.shelf.byScore.version == version }?.shelf
        }
    }

    /// Keeps boards warm that somebody asks for, so that no reader waits for a build.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                // Cancellation ends the loop, which is what it asks for.
                try? await clock.sleep(for: .seconds(1))
                let horizon = clock.now() - .seconds(60)
                let asked = state.withLock { state in
                    state.asked.keys.filter { state.asked[$0].map { $0 > horizon } ?? false }
                }
                for known in asked { await warm(known) }
            }
        }
    }

    private func warm(_ known: Known) async {
        do {
            _ = try await shelf(of: known)
        } catch {
            logger.debug("a board could not be built", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Building

    private func build(_ known: Known) async throws -> BoardShelf {
        let previous = state.withLock { $0.latest[known] }
        if let previous, isUnchanged(previous, known) { return previous }
        if previous == nil, known.key.kind != .slot, let kept = try await store.kept(known.key, in: known.tenant),
            clock.now() - kept.builtAt < Bounds.longTTL
        {
            return publish(
                BoardShelf(byScore: kept, rising: Board([], version: kept.version, builtAt: kept.builtAt)), known)
        }
        let now = clock.now()
        let source = try await source(of: known)
        let version = max(now.microseconds / 1_000, (previous?.byScore.version ?? 0) + 1)
        let shelf = publish(
            BoardShelf(
                byScore: Board(source.byScore, version: version, builtAt: now),
                rising: Board(source.rising, version: version, builtAt: now)), known)
        if known.key.kind != .slot { try await store.keep(shelf.byScore, as: known.key, in: known.tenant) }
        return shelf
    }

    /// Whether no vote of this node has come since, and none of another node can have been missed for long.
    private func isUnchanged(_ shelf: BoardShelf, _ known: Known) -> Bool {
        guard known.key.kind == .slot, let slot = ID<Slot>(known.key.scope) else { return false }
        let builtAt = shelf.byScore.builtAt
        guard clock.now() - builtAt < .seconds(5) else { return false }
        return state.withLock { $0.changed[slot].map { $0 < builtAt } ?? true }
    }

    private func source(of known: Known) async throws -> BoardSource {
        let (key, tenant) = (known.key, known.tenant)
        switch key.kind {
        case .slot:
            guard let slot = ID<Slot>(key.scope) else { return BoardSource() }
            return try await store.slot(slot, in: tenant)
        case .track:
            guard let track = ID<Track>(key.scope) else { return BoardSource() }
            return try await store.clips(" AND c.track_id = \(track)", in: tenant)
        case .season:
            guard let season = ID<Season>(key.scope) else { return BoardSource() }
            return try await store.clips(" AND c.season_id = \(season)", in: tenant)
        case .clips: return try await store.clips("", in: tenant)
        case .creators: return try await store.creators(in: tenant)
        case .voters: return try await store.voters(on: CalendarDay(key.scope), in: tenant)
        }
    }

    private func publish(_ shelf: BoardShelf, _ known: Known) -> BoardShelf {
        state.withLock { state in
            if let previous = state.latest[known], previous !== shelf {
                state.versions.append((known, previous))
                state.entriesKept += previous.byScore.count
            }
            state.latest[known] = shelf
            let horizon = clock.now() - Bounds.versionLife
            let gone = state.versions.prefix { version in
                let isOld = version.shelf.byScore.builtAt < horizon || state.entriesKept > Bounds.entriesKept
                if isOld { state.entriesKept -= version.shelf.byScore.count }
                return isOld
            }.count
            state.versions.removeFirst(gone)
        }
        return shelf
    }
}
