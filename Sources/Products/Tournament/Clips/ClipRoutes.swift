import Base
import Storage
import Web

/// Clips and genres over HTTP.
struct ClipRoutes: Sendable {
    let house: Playhouse

    var routes: [Route] { [list, clip, genres] }

    private static let missing = Failure("tournament.clipNotFound", 404, "There is no such clip.")

    private struct OfClip: Input {
        static let fields: [Field] = [.path("id", .id, "The clip.")]

        let id: ID<Clip>
    }

    private var clip: Route {
        Route(
            .get, "/clips/{id}", "tournament.readClip", "Tells of a clip.", policy: .anyone,
            limit: .per(.address, "tournament.clips", 6_000), budget: 0,
            cache: .publicFor(.seconds(5), staleWhileRevalidate: .seconds(30)), failures: [Self.missing]
        ) { [house] (request: Request<OfClip>) in
            let tenant = request.context.tenant
            guard let clip = try await house.timetable.clip(request.input.id, in: tenant), clip.state.isPublic else {
                throw Problem(TournamentError(.clipNotFound, "There is no such clip."))
            }
            let comments = try await house.comments.counts(of: clip.slotID, in: tenant)
            return ClipOutput(
                clip, standing: try await house.standing(of: clip, in: tenant), comments: comments[clip.id] ?? 0)
        }
    }

    private struct ListInput: Input {
        static let fields: [Field] = [
            .query("state", optional: .choice(["active", "winner", "eliminated"]), default: "active"),
            .query("genre", optional: .choice(Clip.Genre.self)), .query("track", optional: .id),
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 20),
        ]

        let state: Clip.State
        let genre: Clip.Genre?
        let track: ID<Track>?
        let after: Cursor?
        let limit: Int
    }

    private struct ListAnswer: Output {
        static let shape = Shape.object([
            .body("clips", .list(ClipOutput.shape)), .body("next", optional: .cursor),
        ])

        let clips: [ClipOutput]
        let next: Cursor?
    }

    private var list: Route {
        Route(
            .get, "/clips", "tournament.listClips", "Lists clips, the newest first.", policy: .anyone,
            limit: .per(.address, "tournament.clipLists", 600), budget: 1,
            cache: .publicFor(.seconds(5), staleWhileRevalidate: .seconds(30))
        ) { [house] (request: Request<ListInput>) in
            let input = request.input
            let page = try await house.timetable.clips.page(
                ClipStore.Filter(state: input.state, genre: input.genre, trackID: input.track), after: input.after,
                limit: input.limit, in: request.context.tenant)
            return ListAnswer(clips: page.items.map { ClipOutput($0) }, next: page.next)
        }
    }

    private struct GenresAnswer: Output {
        static let shape = Shape.object([.body("genres", .list(.choice(Clip.Genre.self)))])

        let genres: [Clip.Genre]
    }

    private var genres: Route {
        Route(
            .get, "/genres", "tournament.listGenres", "Lists the genres of clips.", policy: .anyone,
            limit: .per(.address, "tournament.clipLists", 600), budget: 0,
            cache: .publicFor(.seconds(3_600), staleWhileRevalidate: .zero)
        ) { (_: Request<NoInput>) in GenresAnswer(genres: Clip.Genre.allCases) }
    }
}

extension Playhouse {
    /// The place of a clip in its slot; `nil` while it is hidden.
    func standing(of clip: Clip, in tenant: Tenant) async throws -> FeedDesk.Standing? {
        if let programme = try await timetable.programme(in: tenant), programme.season.rules.isBlind,
            clip.state == .active
        {
            return nil
        }
        let shelf = try await boards.keeper.shelf(BoardKey(kind: .slot, scope: "\(clip.slotID)"), in: tenant)
        return FeedDesk.standing(of: clip.id, on: shelf.byScore)
    }
}
