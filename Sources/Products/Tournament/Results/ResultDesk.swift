import Base
import Caching
import Storage

/// Answers what a slot has led to, and hands out the evidence.
final class ResultDesk: Sendable {
    struct Result: Sendable {
        let slot: Slot
        let season: Season
        let winner: Winner
        let removals: [Removal]
        /// Removed votes by clip.
        let removedVotes: [ID<Clip>: Int]
        let clips: ClipCast
    }

    private let storage: Storage
    private let timetable: Timetable
    let ballots: BallotStore
    private let winners: WinnerStore
    private let results: Cache<ID<Slot>, Result?>
    private let films: Cache<ID<Season>, [Scene]>

    init(storage: Storage, timetable: Timetable, caches: CacheRegistry) {
        self.storage = storage
        self.timetable = timetable
        ballots = BallotStore(storage: storage)
        winners = WinnerStore(storage: storage)
        results = Cache(
            "tournament.results",
            CacheOptions(ttl: .seconds(60), capacity: 500, tags: { [Timetable.Tag.result($0)] }), in: caches)
        films = Cache(
            "tournament.film",
            CacheOptions(ttl: .seconds(60), capacity: 500, tags: { _ in [Timetable.Tag.film] }, shared: .json()),
            in: caches)
    }

    /// The result of a slot; `nil` while it has none.
    func result(of slot: ID<Slot>, in tenant: Tenant) async throws -> Result? {
        try await results.value(for: slot, in: tenant) { [self] in try await shared { try await load(slot, tenant) } }
    }

    private func load(_ id: ID<Slot>, _ tenant: Tenant) async throws -> Result? {
        let found = try await storage.read(for: tenant) { transaction -> Result? in
            guard let slot = try await timetable.slots.slot(id, through: transaction, in: tenant),
                let winner = try await winners.winner(of: id, through: transaction, in: tenant),
                let season = try await timetable.seasons.season(slot.seasonID, through: transaction, in: tenant)
            else { return nil }
            return Result(
                slot: slot, season: season, winner: winner,
                removals: try await winners.removals(of: id, through: transaction, in: tenant),
                removedVotes: try await ballots.removedByClip(id, through: transaction, in: tenant), clips: ClipCast([])
            )
        }
        guard let found else { return nil }
        return Result(
            slot: found.slot, season: found.season, winner: found.winner, removals: found.removals,
            removedVotes: found.removedVotes, clips: try await timetable.clips(of: id, in: tenant))
    }

    /// The winners of a season in the order of the film.
    func film(of season: ID<Season>, in tenant: Tenant) async throws -> [Scene] {
        try await films.value(for: season, in: tenant) { [winners, addresses = timetable.addresses] in
            try await shared {
                try await winners.film(of: season, in: tenant).map { scene in
                    var scene = scene
                    scene.clip = addresses.shown(scene.clip, in: tenant)
                    return scene
                }
            }
        }
    }
}
