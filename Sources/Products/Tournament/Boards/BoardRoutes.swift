import Base
import Web

/// Boards over HTTP.
struct BoardRoutes: Sendable {
    let house: Playhouse

    var routes: [Route] { [board, mine] }

    private struct Query: Input {
        static let fields: [Field] = [
            .path("kind", .choice(BoardKey.Kind.self), "What is ranked."),
            .query(
                "scope", optional: .text(1...36),
                "The slot, track or season; for voters a day. The one that is on when left out."),
            .query("order", optional: .choice(BoardDesk.Order.self), default: "score", "By points, or rising."),
            .query("after", optional: .cursor, "Where the page begins."),
            .query("around", optional: .id, "Show this one's neighbours."),
            .query("limit", optional: .integer(1...100), default: 100, "Rows in the page."),
        ]

        let kind: String
        let scope: String?
        let order: String
        let after: String?
        let around: ID<Ranked>?
        let limit: Int
    }

    private static let failures = [
        Failure("tournament.boardMoved", 410, "The version of the cursor is gone; begin with the first page."),
        Failure("tournament.notFound", 404, "There is no such board, or nobody of this id is on it."),
        Failure("tournament.invalidCursor", 400, "The cursor is none of a board."),
    ]

    private var board: Route {
        Route(
            .get, "/boards/{kind}", "tournament.readBoard", "Ranks clips, creators or voters.", policy: .anyone,
            limit: .per(.address, "tournament.boards", 6_000), budget: 1,
            cache: .publicFor(.seconds(5), staleWhileRevalidate: .seconds(30)), failures: Self.failures
        ) { [house] (request: Request<Query>) in
            try await Self.answer(request.input, around: request.input.around, house, request.context.tenant)
        }
    }

    private var mine: Route {
        Route(
            .get, "/boards/{kind}/me", "tournament.readBoardAroundMe",
            "Shows the reader's own place and its neighbours on a board of creators or voters.", policy: .voter,
            limit: .per(.voter, "tournament.read", 120), budget: 1, failures: Self.failures
        ) { [house] (request: Request<Query>) in
            let context = request.context
            let me: ID<Ranked>?
            switch request.input.kind {
            case BoardKey.Kind.creators.rawValue: me = context.principal.person?.cast(to: ID<Ranked>.self)
            case BoardKey.Kind.voters.rawValue: me = try house.voter(context).id.cast(to: ID<Ranked>.self)
            default: me = request.input.around
            }
            guard let me else { throw Problem(TournamentError(.notFound, "You are not on this board.")) }
            return try await Self.answer(request.input, around: me, house, context.tenant)
        }
    }

    private static func answer(
        _ input: Query, around: ID<Ranked>?, _ house: Playhouse, _ tenant: Tenant
    ) async throws -> Ready<BoardOutput> {
        guard let kind = BoardKey.Kind(rawValue: input.kind), let order = BoardDesk.Order(rawValue: input.order),
            let key = try await house.boards.key(kind, scope: input.scope, in: tenant)
        else { throw Problem(TournamentError(.notFound, "There is no such board now.")) }
        var query = BoardDesk.Query(key: key, order: order, around: around, limit: input.limit)
        if let text = input.after {
            guard let cursor = BoardCursor(text) else {
                throw Problem("tournament.invalidCursor", "This is no cursor of a board; begin with the first page.")
            }
            query.after = cursor
        }
        do {
            return try await house.boards.answer(query, in: tenant)
        } catch let error as TournamentError {
            throw Problem(error)
        }
    }
}
