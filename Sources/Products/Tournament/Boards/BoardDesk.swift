import Base
import Caching
import Web

/// Answers with pages of boards: places from memory, names beside them.
final class BoardDesk: Sendable {
    enum Order: String, Sendable, Hashable, CaseIterable {
        case score, rising
    }

    /// A ranked thing with what is shown of it.
    struct Row: Sendable, Hashable {
        let id: ID<Ranked>
        /// 1 for the first.
        let rank: Int
        let name: String
        let detail: String
        let poster: String?
        let score: Int
        let votes: Int
    }

    struct Page: Sendable {
        let key: BoardKey
        let order: Order
        let version: Int64
        let builtAt: Timestamp
        let total: Int
        let bestScore: Int
        let rows: [Row]
        let next: BoardCursor?
        /// Whether places stay hidden until the slot closes.
        let isBlind: Bool
    }

    /// What is asked for.
    struct Query: Sendable {
        var key: BoardKey
        var order = Order.score
        var after: BoardCursor?
        /// Show this one's neighbours.
        var around: ID<Ranked>?
        var limit = Board.pageRows
    }

    private struct Slice: Hashable {
        let key: BoardKey
        let order: Order
        let version: Int64
        let start: Int
        let count: Int
        var isNeighbourhood = false
    }

    let keeper: BoardKeeper
    private let timetable: Timetable
    private let named: Cache<Slice, [Row]>
    private let answers: Cache<Slice, Ready<BoardOutput>>

    init(keeper: BoardKeeper, timetable: Timetable, caches: CacheRegistry) {
        self.keeper = keeper
        self.timetable = timetable
        named = Cache("tournament.boardPages", CacheOptions(ttl: .seconds(300), capacity: 5_000), in: caches)
        answers = Cache(
            "tournament.boardAnswers",
            CacheOptions(ttl: .seconds(300), capacity: 64 << 20, weigh: { max(1, $1.bytes.weight) + $0.count }),
            in: caches)
    }

    /// The whole that a kind stands for where none is named: the slot, track or season that is on.
    func key(_ kind: BoardKey.Kind, scope: String?, in tenant: Tenant) async throws -> BoardKey? {
        if let scope { return BoardKey(kind: kind, scope: scope) }
        switch kind {
        case .clips, .creators, .voters: return BoardKey(kind: kind, scope: "")
        case .season:
            return try await timetable.programme(in: tenant).map { BoardKey(kind: .season, scope: "\($0.season.id)") }
        case .track:
            return try await timetable.programme(in: tenant)?.main.map { BoardKey(kind: .track, scope: "\($0.id)") }
        case .slot:
            guard let track = try await timetable.programme(in: tenant)?.main else { return nil }
            return try await timetable.currentSlot(of: track.id, in: tenant).map {
                BoardKey(kind: .slot, scope: "\($0.id)")
            }
        }
    }

    /// A page of a board; at most one statement, for names that are not in memory.
    ///
    /// Throws `tournament.boardMoved` when the version of the cursor is gone, `tournament.notFound` when `around` names
    /// nothing that is ranked.
    func page(_ query: Query, in tenant: Tenant) async throws -> Page {
        try await page(query, locate(query, in: tenant), in: tenant)
    }

    /// The answer to a query as it is sent: made once for each version and place.
    func answer(_ query: Query, in tenant: Tenant) async throws -> Ready<BoardOutput> {
        guard let place = try await locate(query, in: tenant) else {
            return try Ready(BoardOutput(await page(query, nil, in: tenant)))
        }
        let slice = Slice(
            key: query.key, order: query.order, version: place.board.version, start: place.start,
            count: place.entries.count, isNeighbourhood: query.around != nil)
        return try await answers.value(for: slice, in: tenant) { [self] in
            try Ready(BoardOutput(await page(query, place, in: tenant)))
        }
    }

    private struct Place: Sendable {
        let board: Board
        let start: Int
        let entries: ArraySlice<Board.Entry>
    }

    /// Finds the version and the places; `nil` where they are hidden.
    private func locate(_ query: Query, in tenant: Tenant) async throws -> Place? {
        if try await isBlind(query.key, in: tenant) { return nil }
        let shelf: BoardShelf
        if let cursor = query.after {
            guard let kept = keeper.shelf(query.key, version: cursor.version, in: tenant) else {
                throw TournamentError(.boardMoved, "This version of the board is gone; begin with the first page.")
            }
            shelf = kept
        } else {
            shelf = try await keeper.shelf(query.key, in: tenant)
        }
        let board = query.order == .rising ? shelf.rising : shelf.byScore
        guard let around = query.around else {
            let start = query.after?.place ?? 0
            return Place(board: board, start: start, entries: board.page(from: start, limit: query.limit))
        }
        guard let found = board.around(around) else {
            throw TournamentError(.notFound, "Nothing of this id is on the board.")
        }
        return Place(board: board, start: found.start, entries: found.entries)
    }

    private func page(_ query: Query, _ place: Place?, in tenant: Tenant) async throws -> Page {
        guard let place else {
            return Page(
                key: query.key, order: query.order, version: 0, builtAt: .epoch, total: 0, bestScore: 0, rows: [],
                next: nil, isBlind: true)
        }
        let (board, start, entries) = (place.board, place.start, place.entries)
        let end = start + entries.count
        return Page(
            key: query.key, order: query.order, version: board.version, builtAt: board.builtAt, total: board.count,
            bestScore: Int(board.entries.first?.score ?? 0),
            rows: try await rows(entries, start: start, of: query, version: board.version, in: tenant),
            next: end < board.count && query.around == nil
                ? BoardCursor(version: board.version, place: end) : nil,
            isBlind: false)
    }

    private func isBlind(_ key: BoardKey, in tenant: Tenant) async throws -> Bool {
        guard let programme = try await timetable.programme(in: tenant), programme.season.rules.isBlind else {
            return false
        }
        guard key.kind == .slot, let id = ID<Slot>(key.scope) else { return key.kind != .voters }
        return try await timetable.slot(id, in: tenant)?.state.isClosed == false
    }

    private func rows(
        _ entries: ArraySlice<Board.Entry>, start: Int, of query: Query, version: Int64, in tenant: Tenant
    ) async throws -> [Row] {
        let slice = Slice(
            key: query.key, order: query.order, version: version, start: start, count: entries.count)
        return try await named.value(for: slice, in: tenant) { [self] in
            try await name(entries, start: start, of: query.key, in: tenant)
        }
    }

    private func name(
        _ entries: ArraySlice<Board.Entry>, start: Int, of key: BoardKey, in tenant: Tenant
    ) async throws -> [Row] {
        var clips: [ID<Ranked>: Clip] = [:]
        var credits: [ID<Person>: String] = [:]
        switch key.kind {
        case .slot:
            guard let slot = ID<Slot>(key.scope) else { return [] }
            let cast = try await timetable.clips(of: slot, in: tenant)
            for entry in entries { clips[entry.id] = cast[entry.id.cast(to: ID<Clip>.self)] }
        case .track, .season, .clips:
            let ids = entries.map { $0.id.cast(to: ID<Clip>.self) }
            for clip in try await timetable.clips.clips(ids, in: tenant) {
                clips[clip.id.cast(to: ID<Ranked>.self)] = clip
            }
        case .creators:
            credits = try await timetable.clips.credits(
                of: entries.map { $0.id.cast(to: ID<Person>.self) }, in: tenant)
        case .voters: break
        }
        return entries.enumerated().map { offset, entry in
            let clip = clips[entry.id]
            let name: String
            switch key.kind {
            case .creators: name = credits[entry.id.cast(to: ID<Person>.self)] ?? "A maker"
            case .voters: name = "Voter \(entry.id.description.suffix(6))"
            case .slot, .track, .season, .clips: name = clip?.title ?? "A removed clip"
            }
            return Row(
                id: entry.id, rank: start + offset + 1, name: name, detail: clip?.credit ?? "",
                poster: clip?.files.poster, score: Int(entry.score), votes: Int(entry.voters))
        }
    }
}
