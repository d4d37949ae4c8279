import Base
import Web

/// Results and their evidence over HTTP.
struct ResultRoutes: Sendable {
    let house: Playhouse

    var routes: [Route] { [results, ballots, recount, film] }

    private static let missing = Failure("tournament.notFound", 404, "The slot has no result.")
    private static let limit = RouteLimit.per(.address, "tournament.results", 600)

    private struct OfSlot: Input {
        static let fields: [Field] = [.path("id", .id, "The slot.")]

        let id: ID<Slot>
    }

    private struct ResultAnswer: Output {
        struct Row: Encodable {
            let rank: Int
            let clipId: ID<Clip>
            let title: String?
            let credit: String?
            let score: Int
            let voters: Int
            let removed: Int
            let lastVoteAt: Timestamp?
        }

        struct RemovalItem: Encodable {
            let reason: String
            let votes: Int
            let weight: Int
            let changedResult: Bool
            let removedAt: Timestamp
            let removedBy: String
        }

        static let shape = Shape.object([
            .body("slot", SlotOutput.shape), .body("state", .choice(["provisional", "final"])), .body("clipId", .id),
            .body("score", .integer), .body("voters", .integer), .body("belowMinimum", .boolean),
            .body("votersMinimum", .integer),
            .body("digest", .text), .body("order", .text), .body("tieRule", .text), .body("ballots", .integer),
            .body("removed", .integer), .body("withdrawn", .integer), .body("decidedAt", .timestamp),
            .body(
                "standings",
                .list(
                    .object([
                        .body("rank", .integer), .body("clipId", .id), .body("title", optional: .text),
                        .body("credit", optional: .text), .body("score", .integer), .body("voters", .integer),
                        .body("removed", .integer), .body("lastVoteAt", optional: .timestamp),
                    ]))),
            .body(
                "removals",
                .list(
                    .object([
                        .body("reason", .text), .body("votes", .integer), .body("weight", .integer),
                        .body("changedResult", .boolean), .body("removedAt", .timestamp), .body("removedBy", .text),
                    ]))),
        ])

        let slot: SlotOutput
        let state: Winner.State
        let clipId: ID<Clip>
        let score: Int
        let voters: Int
        let belowMinimum: Bool
        let votersMinimum: Int
        let digest: String
        let order = BallotStream.order
        let tieRule = TieRule.statement
        let ballots: Int
        let removed: Int
        let withdrawn: Int
        let decidedAt: Timestamp
        let standings: [Row]
        let removals: [RemovalItem]

        init(_ result: ResultDesk.Result) {
            let winner = result.winner
            slot = SlotOutput(result.slot)
            state = winner.state
            clipId = winner.clipID
            score = winner.score
            voters = winner.voters
            belowMinimum = winner.belowMinimum
            votersMinimum = result.season.rules.votersMinimum
            digest = winner.digest
            ballots = winner.ballots
            removed = winner.removed
            withdrawn = winner.withdrawn
            decidedAt = winner.decidedAt
            // The ballots have the others.
            standings = winner.standings.prefix(1_000).enumerated().map { index, standing in
                let clip = result.clips[standing.clipID]
                return Row(
                    rank: index + 1, clipId: standing.clipID, title: clip?.title, credit: clip?.credit,
                    score: standing.score, voters: standing.voters, removed: result.removedVotes[standing.clipID] ?? 0,
                    lastVoteAt: standing.lastVoteAt)
            }
            removals = result.removals.map {
                RemovalItem(
                    reason: $0.reason, votes: $0.votes, weight: $0.weight, changedResult: $0.changedResult,
                    removedAt: $0.removedAt, removedBy: $0.removedBy)
            }
        }
    }

    private var results: Route {
        Route(
            .get, "/slots/{id}/results", "tournament.readResults",
            "Tells the result of a slot: scores, removed votes with reasons, the tie rule and the ballots' digest.",
            policy: .anyone, limit: Self.limit, budget: 0,
            cache: .publicFor(.seconds(5), staleWhileRevalidate: .seconds(30)), failures: [Self.missing]
        ) { [house] (request: Request<OfSlot>) in
            guard let result = try await house.results.result(of: request.input.id, in: request.context.tenant) else {
                throw Problem(TournamentError(.notFound, "This slot has no result yet."))
            }
            return ResultAnswer(result)
        }
    }

    private var ballots: Route {
        Route(
            .get, "/slots/{id}/ballots", "tournament.exportBallots",
            "Streams all ballots of a decided slot as CSV under pseudonyms; their SHA-256 is the result's digest.",
            policy: .anyone, limit: .per(.address, "tournament.ballots", 60), budget: 2, failures: [Self.missing]
        ) { [house] (request: Request<OfSlot>) in
            let (slot, tenant) = (request.input.id, request.context.tenant)
            guard let result = try await house.results.result(of: slot, in: tenant) else {
                throw Problem(TournamentError(.notFound, "This slot has no result yet."))
            }
            return CSVExport("ballots-\(result.slot.position)", columns: BallotStream.columns) { rows in
                var bytes: [UInt8] = []
                try await house.results.ballots.stream(slot, of: result.season, in: tenant) { ballots in
                    bytes.removeAll(keepingCapacity: true)
                    for ballot in ballots { BallotStream.append(ballot, to: &bytes) }
                    try await rows.written(bytes, rows: ballots.count)
                }
            }
        }
    }

    private var recount: Route {
        Route(
            .post, "/slots/{id}/recount", "tournament.recountSlot",
            "Counts a provisional slot anew from its votes.", policy: .role(.moderator),
            limit: .per(.person, "tournament.admin", 50), budget: 20, failures: [Self.missing]
        ) { [house] (request: Request<OfSlot>) in
            let (slot, tenant) = (request.input.id, request.context.tenant)
            let moderator = try RemovalSteps.Moderator(request.context)
            guard try await house.fairness.desk.recount(slot, by: moderator, in: tenant) != nil,
                let result = try await house.results.result(of: slot, in: tenant)
            else { throw Problem(TournamentError(.notFound, "This slot has no result yet.")) }
            return ResultAnswer(result)
        }
    }

    private struct FilmAnswer: Output {
        struct SceneItem: Encodable {
            let position: Int
            let score: Int
            let clip: ClipOutput
        }

        static let shape = Shape.object([
            .body("season", optional: .text),
            .body(
                "scenes",
                .list(
                    .object([.body("position", .integer), .body("score", .integer), .body("clip", ClipOutput.shape)]))),
        ])

        let season: String?
        let scenes: [SceneItem]
    }

    private var film: Route {
        Route(
            .get, "/film", "tournament.readFilm", "Gives the film so far: the winners in sequence.", policy: .anyone,
            limit: Self.limit, budget: 0, cache: .publicFor(.seconds(5), staleWhileRevalidate: .seconds(30))
        ) { [house] (request: Request<NoInput>) in
            let tenant = request.context.tenant
            guard let season = try await house.timetable.programme(in: tenant)?.season else {
                return FilmAnswer(season: nil, scenes: [])
            }
            let scenes = try await house.results.film(of: season.id, in: tenant)
            return FilmAnswer(
                season: season.title,
                scenes: scenes.prefix(1_000).map {
                    FilmAnswer.SceneItem(position: $0.position, score: $0.score, clip: ClipOutput($0.clip))
                })
        }
    }
}
