import Base
import Storage
import Web

/// Reviews over HTTP.
struct ReviewRoutes: Sendable {
    let reviews: ReviewDesk

    var routes: [Route] { [queue, review] }

    enum Verdict: String, Sendable, CaseIterable, Decodable { case approve, reject }

    static let moderating = RouteLimit.per(.person, "tournament.admin", 50)
    static let failures = [
        Failure("tournament.banned", 403, "The account may not moderate any more."),
        Failure("tournament.clipNotFound", 404, "There is no such clip."),
        Failure("tournament.notFound", 404, "The clip's slot is gone."),
        Failure("tournament.clipReviewed", 409, "The clip does not wait for a review."),
        Failure("tournament.slotClosed", 409, "The clip's slot is closed, and no later one takes it."),
        Failure("tournament.clipInvalid", 422, "A rejection needs a reason."),
    ]

    private struct PageInput: Input {
        static let fields: [Field] = [
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 20),
        ]

        let after: Cursor?
        let limit: Int
    }

    private struct QueueAnswer: Output {
        static let shape = Shape.object([
            .body("clips", .list(OwnClipOutput.shape)), .body("next", optional: .cursor),
        ])

        let clips: [OwnClipOutput]
        let next: Cursor?
    }

    private var queue: Route {
        Route(
            .get, "/clips/queue", "tournament.listQueue", "Lists clips that wait for a review, the oldest first.",
            policy: .role(.moderator), limit: .per(.person, "tournament.read", 120), budget: 1
        ) { [reviews] (request: Request<PageInput>) in
            let page = try await reviews.uploads.house.timetable.clips.waiting(
                after: request.input.after, limit: request.input.limit, in: request.context.tenant)
            return QueueAnswer(clips: page.items.map { OwnClipOutput($0) }, next: page.next)
        }
    }

    struct Review: Input {
        static let fields: [Field] = [
            .path("id", .id, "The clip."), .body("verdict", .choice(Verdict.self), "What is decided."),
            .body("reason", optional: .text(UploadRules.reasonCharacters), "Why it is rejected; its maker reads it."),
        ]

        let id: ID<Clip>
        let verdict: Verdict
        let reason: String?
    }

    private var review: Route {
        Route(
            .post, "/clips/{id}/review", "tournament.reviewClip",
            "Lets a clip compete, or sends it back with a reason.",
            policy: .role(.moderator), limit: Self.moderating, budget: 20, failures: Self.failures
        ) { [reviews] (request: Request<Review>) in
            ClipOutput(try await reviews.decide(request))
        }
    }
}

extension ReviewDesk {
    /// Does what a moderator has decided.
    func decide(_ request: Request<ReviewRoutes.Review>) async throws -> Clip {
        let (input, tenant, person) = (request.input, request.context.tenant, try request.person())
        switch input.verdict {
        case .approve: return try await approve(input.id, by: person, in: tenant)
        case .reject:
            guard let reason = input.reason else {
                throw Problem(
                    TournamentError(
                        .clipInvalid, "Say why the clip is rejected: its maker reads it.",
                        context: ["reason": "missing"]))
            }
            return try await reject(input.id, because: reason, by: person, in: tenant)
        }
    }
}
