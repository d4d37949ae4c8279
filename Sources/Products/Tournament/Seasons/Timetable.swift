import Base
import Caching
import Storage

/// What is on, and where: seasons, slots and clips from memory, read again when a change says so.
final class Timetable: Sendable {
    /// The season that is on.
    struct Programme: Sendable {
        let season: Season
        let tracks: [Track]
        /// Signs view tokens with a key that only the season's row holds.
        let tokens: ViewTokenSigner
        /// Signs passes of captchas with the same key.
        let captcha: CaptchaSigner

        /// The track that is shown where none is named.
        var main: Track? { tracks.first }
    }

    /// The tags by which changes reach the caches.
    enum Tag {
        static let season = "tournament.season"
        static func slot(_ track: ID<Track>) -> String { "tournament.slot:\(track)" }
        static func clips(_ slot: ID<Slot>) -> String { "tournament.slotClips:\(slot)" }
        static func result(_ slot: ID<Slot>) -> String { "tournament.result:\(slot)" }
        static let film = "tournament.film"
        static func clip(_ clip: ID<Clip>) -> String { "tournament.clip:\(clip)" }
    }

    let seasons: SeasonStore
    let slots: SlotStore
    let clips: ClipStore
    private let programmes: Cache<String, Programme?>
    private let current: Cache<ID<Track>, Slot?>
    private let plans: Cache<ID<Track>, [Slot]>
    private let casts: Cache<ID<Slot>, ClipCast>
    private let single: Cache<ID<Clip>, Clip?>

    /// Where the files of clips are fetched.
    var addresses: FileAddresses { clips.addresses }

    init(storage: Storage, caches: CacheRegistry, addresses: FileAddresses = FileAddresses(base: nil)) {
        seasons = SeasonStore(storage: storage)
        slots = SlotStore(storage: storage)
        clips = ClipStore(storage: storage, addresses: addresses)
        programmes = Cache(
            "tournament.season",
            CacheOptions(ttl: .seconds(60), staleWindow: .seconds(300), tags: { _ in [Tag.season] }), in: caches)
        current = Cache(
            "tournament.votingSlot",
            CacheOptions(ttl: .seconds(30), staleWindow: .seconds(60), tags: { [Tag.slot($0)] }), in: caches)
        plans = Cache(
            "tournament.slots",
            CacheOptions(ttl: .seconds(30), staleWindow: .seconds(60), tags: { [Tag.slot($0)] }), in: caches)
        casts = Cache(
            "tournament.clips",
            CacheOptions(
                ttl: .seconds(45), staleWindow: .seconds(60), capacity: 200_000,
                weigh: { _, cast in max(1, cast.clips.count) }, tags: { [Tag.clips($0)] },
                shared: .json(name: { $0.description }, write: { $0.clips }, read: { try ClipCast(checking: $0) })),
            in: caches)
        single = Cache(
            "tournament.clip", CacheOptions(ttl: .seconds(45), capacity: 20_000, tags: { [Tag.clip($0)] }), in: caches)
    }

    /// The season that is on; `nil` between seasons.
    func programme(in tenant: Tenant) async throws -> Programme? {
        try await programmes.value(for: "active", in: tenant) { [seasons] in
            guard let found = try await shared({ try await seasons.active(in: tenant) }) else { return nil }
            return Programme(
                season: found.season, tracks: found.tracks, tokens: ViewTokenSigner(key: Secret(found.salt)),
                captcha: CaptchaSigner(key: Secret(found.salt)))
        }
    }

    /// The slot that is on in a track: being voted on or counted, else the next one.
    func currentSlot(of track: ID<Track>, in tenant: Tenant) async throws -> Slot? {
        try await current.value(for: track, in: tenant) { [slots] in
            try await shared { try await slots.current(of: track, in: tenant) }
        }
    }

    /// All slots of a track, in order.
    func slots(of track: ID<Track>, in tenant: Tenant) async throws -> [Slot] {
        try await plans.value(for: track, in: tenant) { [slots] in
            try await shared { try await slots.slots(of: track, in: tenant) }
        }
    }

    /// A slot of the season that is on; others are read.
    func slot(_ id: ID<Slot>, in tenant: Tenant) async throws -> Slot? {
        for track in try await programme(in: tenant)?.tracks ?? [] {
            if let slot = try await slots(of: track.id, in: tenant).first(where: { $0.id == id }) { return slot }
        }
        return try await slots.slot(id, through: slots.storage.reader(for: tenant), in: tenant)
    }

    /// The clips that compete or have competed in a slot.
    func clips(of slot: ID<Slot>, in tenant: Tenant) async throws -> ClipCast {
        try await casts.value(for: slot, in: tenant) { [clips] in
            ClipCast(try await shared { try await clips.competing(in: slot, in: tenant) })
        }
    }

    /// A clip that anybody may see.
    func clip(_ id: ID<Clip>, in tenant: Tenant) async throws -> Clip? {
        try await single.value(for: id, in: tenant) { [clips] in
            try await shared { try await clips.clip(id, in: tenant) }
        }
    }
}

/// The clips of a slot, by id.
final class ClipCast: Sendable {
    let clips: [Clip]
    private let places: [ID<Clip>: Int]

    init(_ clips: [Clip]) {
        self.clips = clips
        places = Dictionary(uniqueKeysWithValues: clips.enumerated().map { ($1.id, $0) })
    }

    /// The clips as another node has written them, each once.
    convenience init(checking clips: [Clip]) throws {
        guard Set(clips.map(\.id)).count == clips.count else {
            throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "a clip stands there twice"))
        }
        self.init(clips)
    }

    subscript(id: ID<Clip>) -> Clip? { places[id].map { clips[$0] } }
}
