import Base
import Caching
import Logging
import ServiceLifecycle
import Storage
import Synchronization

/// Hands out the next clips and counts what was shown and watched.
final class FeedDesk: Service {
    enum Bounds {
        /// Voters whose last clips are remembered.
        static let voters = 100_000
        /// Clips that are remembered of each.
        static let seenMax = 200
        /// How long a clip counts as seen lately.
        static let seenFor: Duration = .seconds(3_600)
        /// Time between two writes of what was shown; a crash loses at most that much of it.
        static let saveEvery: Duration = .seconds(2)
        /// Slots whose clips are drawn from.
        static let slots = 2_000
    }

    /// A clip in the feed with what is shown beside it.
    struct Item: Sendable {
        let clip: Clip
        /// Missing while totals are hidden.
        let standing: Standing?
        let given: Vote.Kind?
        let viewToken: String
    }

    struct Standing: Sendable, Hashable {
        let rank: Int
        let score: Int
        let votes: Int
    }

    struct Page: Sendable {
        let season: Season?
        /// The slot that is voted on.
        let slot: Slot?
        /// The slot that comes next, where none is voted on.
        let next: Slot?
        let items: [Item]
        let record: VoterRecord?
    }

    private struct SlotKey: Hashable {
        let tenant: Tenant
        let slotID: ID<Slot>
    }

    private struct Seen {
        var clips: [(clip: ID<Clip>, at: Timestamp)] = []
    }

    private struct Reel {
        var sampler: ExposureSampler
        var snapshot: Snapshot
    }

    private final class Snapshot: Sendable {
        let entries: [ExposureSampler.Entry]

        init(_ entries: [ExposureSampler.Entry]) { self.entries = entries }
    }

    private struct State {
        var reels = BoundedMap<SlotKey, Reel>(capacity: Bounds.slots)
        var seen = BoundedMap<ID<Voter>, Seen>(capacity: Bounds.voters)
    }

    private let storage: Storage
    private let timetable: Timetable
    private let votes: VoteDesk
    private let boards: BoardKeeper
    private let clock: any WallClock
    private let randomness: any Randomness
    private let logger: Logger
    private let exposures: Cache<ID<Slot>, Snapshot>
    private let state = Mutex(State())
    let views: WriteCombiner<WatchedClip, Bool>
    /// Is told of tokens that were made for somebody else, and of those that had counted already.
    private let onReplay: @Sendable (ID<Voter>, _ foreign: Int, _ repeated: Int) -> Void

    init(
        storage: Storage, timetable: Timetable, votes: VoteDesk, boards: BoardKeeper,
        caches: CacheRegistry, clock: any WallClock, randomness: any Randomness, logger: Logger,
        onReplay: @escaping @Sendable (ID<Voter>, _ foreign: Int, _ repeated: Int) -> Void
    ) {
        self.onReplay = onReplay
        self.storage = storage
        self.timetable = timetable
        self.votes = votes
        self.boards = boards
        self.clock = clock
        self.randomness = randomness
        self.logger = logger
        exposures = Cache(
            "tournament.exposures",
            CacheOptions(
                ttl: .seconds(45), staleWindow: .seconds(60), capacity: 2_000, tags: { [Timetable.Tag.clips($0)] }),
            in: caches)
        let store = ViewStore(storage: storage)
        let lane = votes.lane
        views = WriteCombiner(
            name: "view.count", settings: CombinerSettings(for: storage.dialect), key: { $0.token.nonce }
        ) { tenant, watched in
            try await store.count(watched, lane: lane, in: tenant).map { .success($0) }
        }
    }

    // MARK: The feed

    /// The next clips for a voter: one statement, for what the voter has done in the slot.
    func page(for voter: Voter, in tenant: Tenant) async throws -> Page {
        guard let programme = try await timetable.programme(in: tenant), let track = programme.main else {
            return Page(season: nil, slot: nil, next: nil, items: [], record: nil)
        }
        let season = programme.season
        guard let slot = try await timetable.currentSlot(of: track.id, in: tenant), slot.state == .voting else {
            let next = try await timetable.currentSlot(of: track.id, in: tenant)
            return Page(season: season, slot: nil, next: next, items: [], record: nil)
        }
        let cast = try await timetable.clips(of: slot.id, in: tenant)
        let snapshot = try await exposures.value(for: slot.id, in: tenant) { [timetable] in
            Snapshot(try await shared { try await timetable.clips.exposures(of: slot.id, in: tenant) })
        }
        let shelf =
            season.rules.isBlind
            ? nil : try await boards.shelf(BoardKey(kind: .slot, scope: "\(slot.id)"), in: tenant)
        let record = try await votes.record(of: voter, in: slot.id, rules: season.rules, tenant: tenant)
        let now = clock.now()
        let picks = draw(
            SlotKey(tenant: tenant, slotID: slot.id), snapshot, for: voter.id, given: Set(record.given.keys), at: now)
        let items = picks.compactMap { id -> Item? in
            guard let clip = cast[id] else { return nil }
            let token = ViewToken(clipID: id, issuedAt: now, nonce: randomness.next())
            return Item(
                clip: clip, standing: shelf.flatMap { Self.standing(of: id, on: $0.byScore) }, given: record.given[id],
                viewToken: programme.tokens.text(token, voter: voter.id, tenant: tenant))
        }
        return Page(season: season, slot: slot, next: nil, items: items, record: record)
    }

    /// The place of a clip on a board.
    static func standing(of clip: ID<Clip>, on board: Board) -> Standing? {
        board.place(of: clip.cast(to: ID<Ranked>.self)).map {
            Standing(rank: $0 + 1, score: Int(board.entries[$0].score), votes: Int(board.entries[$0].voters))
        }
    }

    private func draw(
        _ key: SlotKey, _ snapshot: Snapshot, for voter: ID<Voter>, given: Set<ID<Clip>>, at now: Timestamp
    ) -> [ID<Clip>] {
        state.withLock { state in
            var seen = state.seen[voter] ?? Seen()
            seen.clips.removeAll { $0.at + Bounds.seenFor <= now }
            if state.reels[key] == nil {
                state.reels[key] = Reel(sampler: ExposureSampler(), snapshot: Snapshot([]))
            }
            var picks: [ID<Clip>] = []
            state.reels.update(key) { reel in
                if reel.snapshot !== snapshot {
                    reel.snapshot = snapshot
                    reel.sampler.refresh(snapshot.entries)
                }
                let stale = given.union(seen.clips.map(\.clip))
                picks = reel.sampler.draw(avoiding: stale, at: now, using: AnyRandomness(randomness)).map(\.clipID)
            }
            seen.clips += picks.map { ($0, now) }
            seen.clips.removeFirst(max(0, seen.clips.count - Bounds.seenMax))
            state.seen[voter] = seen
            return picks
        }
    }

    // MARK: Views

    /// Counts clips that were watched, each token once; returns how many counted.
    func countViews(_ texts: [String], by voter: Voter, in tenant: Tenant) async throws -> Int {
        let now = clock.now()
        guard let tokens = try await timetable.programme(in: tenant)?.tokens else { return 0 }
        var valid: [WatchedClip] = []
        var foreign = 0
        for text in texts {
            switch tokens.check(text, voter: voter.id, tenant: tenant, at: now) {
            case .valid(let token): valid.append(WatchedClip(token: token, voterID: voter.id))
            case .forged: foreign += 1
            case .early, .expired: continue
            }
        }
        let watched = valid
        let counted = try await withThrowingTaskGroup(of: Bool.self) { group in
            for view in watched { group.addTask { try await self.views.submit(view, for: tenant) } }
            return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        onReplay(voter.id, foreign, watched.count - counted)
        return counted
    }

    // MARK: Service

    /// Writes what was shown until the server stops, and once more then.
    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                // Cancellation ends the loop, which is what it asks for.
                try? await clock.sleep(for: Bounds.saveEvery)
                await save()
            }
        }
        await save()
    }

    /// Writes what was shown since the last time.
    func save() async {
        var unsaved: [(key: SlotKey, counts: [ClipCount])] = []
        state.withLock { state in
            for key in Array(state.reels.keys) {
                state.reels.update(key) { reel in
                    let counts = reel.sampler.takeUnsaved().map {
                        ClipCount(clipID: $0, impressions: $1.impressions, boosted: $1.boosted)
                    }
                    if !counts.isEmpty { unsaved.append((key, counts)) }
                }
            }
        }
        for (key, counts) in unsaved {
            do {
                try await timetable.clips.count(
                    counts, lane: votes.lane, through: storage.writer(for: key.tenant), in: key.tenant)
            } catch {
                logger.warning("impressions could not be written", metadata: ["error": "\(error)"])
                state.withLock { state in
                    _ = state.reels.update(key) { reel in
                        for count in counts {
                            reel.sampler.putBack(
                                count.clipID, impressions: count.impressions, boosted: count.boosted)
                        }
                    }
                }
            }
        }
    }
}

/// Chance of a type that is known at run time only.
struct AnyRandomness: Randomness {
    private let source: any Randomness

    init(_ source: any Randomness) { self.source = source }

    func next() -> UInt64 { source.next() }
}
