import Base
import Storage
import Web

/// Comments over HTTP.
struct CommentRoutes: Sendable {
    let house: Playhouse

    var routes: [Route] { [list, pulse, replies, post, delete, like, unlike, mine, review] }

    private var desk: CommentDesk { house.comments }

    static let reading = RouteLimit.per(.voter, "tournament.read", 120)
    static let writing = RouteLimit.per(.person, "tournament.comment", 15)
    static let acting = RouteLimit.per(.person, "tournament.api", 60)
    static let deciding = RouteLimit.per(.person, "tournament.admin", 50)
    static let missing = Failure("tournament.notFound", 404, "There is no such clip or comment, or not any more.")
    static let invalid = Failure("tournament.commentInvalid", 422, "The text is empty, too long or not plain.")

    // MARK: Reading

    struct CommentOutput: Encodable {
        static let fields: [Field] = [
            .body("id", .id), .body("clipId", .id), .body("parentId", optional: .id), .body("personId", .id),
            .body("author", .text), .body("text", .text), .body("state", .choice(Comment.State.self)),
            .body("reason", optional: .text), .body("likes", .integer), .body("isLiked", .boolean),
            .body("isOwn", .boolean), .body("createdAt", .timestamp),
        ]

        let id: ID<Comment>
        let clipId: ID<Clip>
        let parentId: ID<Comment>?
        let personId: ID<Person>
        let author: String
        let text: String
        let state: Comment.State
        let reason: String?
        let likes: Int
        let isLiked: Bool
        let isOwn: Bool
        let createdAt: Timestamp

        init(_ comment: Comment, isLiked: Bool = false, viewer: ID<Person>?) {
            id = comment.id
            clipId = comment.clipID
            parentId = comment.parentID
            personId = comment.personID
            author = comment.author
            text = comment.text
            state = comment.state
            reason = comment.reason
            likes = comment.likes
            self.isLiked = isLiked
            isOwn = comment.personID == viewer
            createdAt = comment.createdAt
        }
    }

    private struct ThreadOutput: Encodable {
        let comment: CommentOutput
        let replies: [CommentOutput]
        let hasMoreReplies: Bool

        init(_ shown: ShownComment, viewer: ID<Person>?) {
            comment = CommentOutput(shown.comment, isLiked: shown.isLiked, viewer: viewer)
            replies = shown.replies.map { CommentOutput($0.comment, isLiked: $0.isLiked, viewer: viewer) }
            hasMoreReplies = shown.hasMoreReplies
        }
    }

    private struct ListInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The clip."), .query("after", optional: .cursor, "Where the page begins."),
            .query("limit", optional: .integer(1...100), default: 20, "Comments in the page."),
        ]

        let id: ID<Clip>
        let after: Cursor?
        let limit: Int
    }

    private struct ListAnswer: Output {
        static let shape = Shape.object([
            .body("total", .integer, "Approved comments of the clip, replies among them."),
            .body(
                "threads",
                .list(
                    .object([
                        .body("comment", .object(CommentOutput.fields)),
                        .body("replies", .list(.object(CommentOutput.fields))), .body("hasMoreReplies", .boolean),
                    ]))), .body("next", optional: .cursor),
        ])

        let total: Int
        let threads: [ThreadOutput]
        let next: String?
    }

    private var list: Route {
        Route(
            .get, "/clips/{id}/comments", "tournament.listComments",
            "Lists a clip's comments, the newest first, each with its first replies.", policy: .voter,
            limit: Self.reading, budget: 1
        ) { [desk] (request: Request<ListInput>) in
            let viewer = request.principal.person
            let page = try await desk.store.page(
                of: request.input.id, for: viewer, after: request.input.after, limit: request.input.limit,
                in: request.tenant)
            return ListAnswer(
                total: page.total, threads: page.comments.map { ThreadOutput($0, viewer: viewer) }, next: page.next)
        }
    }

    private struct OfClip: Input {
        static let fields: [Field] = [.path("id", .id, "The clip.")]

        let id: ID<Clip>
    }

    private struct Pulse: Output {
        static let shape = Shape.object([
            .body("total", .integer, "Approved comments of the clip, replies among them."),
            .body("version", .text, "Another one whenever the newest comments have changed."),
        ])

        let total: Int
        let version: String
    }

    private var pulse: Route {
        Route(
            .get, "/clips/{id}/comments/pulse", "tournament.readCommentPulse",
            "Tells whether a clip's newest comments have changed.", policy: .anyone,
            limit: .per(.address, "tournament.pulse", 6_000), budget: 0,
            cache: .publicFor(.seconds(2), staleWhileRevalidate: .zero), failures: [Self.missing]
        ) { [house, desk] (request: Request<OfClip>) in
            let tenant = request.context.tenant
            guard try await house.timetable.clip(request.input.id, in: tenant)?.state.isPublic == true else {
                throw Problem(TournamentError(.notFound, "There is no such clip, or not any more."))
            }
            let front = try await desk.fronts.front(of: request.input.id, in: tenant)
            return Pulse(total: front.page.total, version: front.version)
        }
    }

    private struct RepliesInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The clip."), .path("comment", .id, "The comment."),
            .query("after", optional: .cursor, "Where the page begins."),
            .query("limit", optional: .integer(1...100), default: 20, "Replies in the page."),
        ]

        let id: ID<Clip>
        let comment: ID<Comment>
        let after: Cursor?
        let limit: Int
    }

    private struct RepliesAnswer: Output {
        static let shape = Shape.object([
            .body("replies", .list(.object(CommentOutput.fields))), .body("next", optional: .cursor),
        ])

        let replies: [CommentOutput]
        let next: String?
    }

    private var replies: Route {
        Route(
            .get, "/clips/{id}/comments/{comment}/replies", "tournament.listReplies",
            "Lists the replies to a comment, the oldest first.", policy: .voter, limit: Self.reading, budget: 1
        ) { [desk] (request: Request<RepliesInput>) in
            let viewer = request.principal.person
            let page = try await desk.store.replies(
                to: request.input.comment, of: request.input.id, for: viewer, after: request.input.after,
                limit: request.input.limit, in: request.tenant)
            return RepliesAnswer(
                replies: page.comments.map { CommentOutput($0.comment, isLiked: $0.isLiked, viewer: viewer) },
                next: page.next)
        }
    }

    private struct OwnInput: Input {
        static let fields: [Field] = [
            .query("after", optional: .cursor, "Where the page begins."),
            .query("limit", optional: .integer(1...100), default: 20, "Comments in the page."),
        ]

        let after: Cursor?
        let limit: Int
    }

    private struct OwnAnswer: Output {
        static let shape = Shape.object([
            .body("comments", .list(.object(CommentOutput.fields))), .body("next", optional: .cursor),
        ])

        let comments: [CommentOutput]
        let next: Cursor?
    }

    private var mine: Route {
        Route(
            .get, "/comments/mine", "tournament.listOwnComments", "Lists one's own comments, the newest first.",
            policy: .signedIn, limit: .per(.person, "tournament.read", 120), budget: 1
        ) { [desk] (request: Request<OwnInput>) in
            let person = try request.person()
            let page = try await desk.store.own(
                of: person, after: request.input.after, limit: request.input.limit, in: request.tenant)
            return OwnAnswer(
                comments: page.items.map { CommentOutput($0.comment, viewer: person) }, next: page.next)
        }
    }

    // MARK: Writing

    private struct PostInput: Input {
        static let fields: [Field] = [
            .body("clipId", .id, "The clip."), .body("parentId", optional: .id, "The comment that this replies to."),
            .body("text", .text(0...4_000), "What is said: 1 to 500 Unicode scalars of plain text."),
        ]

        let clipId: ID<Clip>
        let parentId: ID<Comment>?
        let text: String
    }

    private struct PostAnswer: Output {
        static let shape = Shape.object(CommentOutput.fields)

        let comment: CommentOutput

        func encode(to encoder: any Encoder) throws { try comment.encode(to: encoder) }
    }

    private var post: Route {
        Route(
            .post, "/comments", "tournament.postComment", "Comments on a clip, or replies to a comment.",
            policy: .signedIn, limit: Self.writing, budget: 2, status: 201, failures: [Self.missing, Self.invalid]
        ) { [house] (request: Request<PostInput>) in
            let input = request.input
            let comment = try await house.comment(
                input.text, on: input.clipId, replyingTo: input.parentId, by: request.context)
            return PostAnswer(comment: CommentOutput(comment, viewer: comment.personID))
        }
    }

    struct OfComment: Input {
        static let fields: [Field] = [.path("id", .id, "The comment.")]

        let id: ID<Comment>
    }

    private var delete: Route {
        Route(
            .delete, "/comments/{id}", "tournament.deleteComment", "Removes one's own comment with its replies.",
            policy: .signedIn, limit: Self.acting, budget: 12, status: 204, failures: [Self.missing]
        ) { [desk] (request: Request<OfComment>) in
            try await refusing { try await desk.delete(request.input.id, of: request.person(), in: request.tenant) }
            return NoContent()
        }
    }

    private struct LikeAnswer: Output {
        static let shape = Shape.object([.body("likes", .integer), .body("isLiked", .boolean)])

        let likes: Int
        let isLiked: Bool
    }

    private var like: Route { setLike(.put, "tournament.likeComment", "Likes a comment; may be repeated.", true) }
    private var unlike: Route {
        setLike(.delete, "tournament.unlikeComment", "Likes a comment no longer; may be repeated.", false)
    }

    private func setLike(_ method: Method, _ name: String, _ summary: String, _ wanted: Bool) -> Route {
        Route(
            method, "/comments/{id}/like", name, summary, policy: .signedIn, limit: Self.acting, budget: 2,
            failures: [Self.missing]
        ) { [desk] (request: Request<OfComment>) in
            let likes = try await refusing {
                try await desk.setLike(wanted, of: request.input.id, by: request.person(), in: request.tenant)
            }
            return LikeAnswer(likes: likes, isLiked: wanted)
        }
    }

    // MARK: Moderating

    private struct ReviewInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The comment."), .body("decision", .choice(CommentDecision.self)),
            .body("reason", optional: .text(1...300), "Why; its author and the audit entry are told."),
        ]

        let id: ID<Comment>
        let decision: CommentDecision
        let reason: String?
    }

    private var review: Route {
        Route(
            .post, "/comments/{id}/review", "tournament.reviewComment", "Approves or rejects a comment.",
            policy: .role(.moderator), limit: Self.deciding, budget: 6, failures: [Self.missing]
        ) { [desk] (request: Request<ReviewInput>) in
            let moderator = try request.person()
            let comment = try await refusing {
                try await desk.review(
                    request.input.id, request.input.decision, reason: request.input.reason, by: moderator,
                    in: request.tenant)
            }
            return PostAnswer(comment: CommentOutput(comment, viewer: moderator))
        }
    }
}

/// Runs what a desk does, with its refusals as HTTP tells them.
func refusing<Result>(_ work: () async throws -> Result) async throws -> Result {
    do {
        return try await work()
    } catch let error as TournamentError {
        throw Problem(error)
    }
}

extension Playhouse {
    /// Posts what somebody has typed, in the state that the stage wants.
    func comment(
        _ text: String, on clip: ID<Clip>, replyingTo parent: ID<Comment>? = nil, by context: RequestContext
    ) async throws -> Comment {
        let person = try context.person()
        let isReviewed = isOn(Flags.reviewComments, in: context.tenant) && !context.principal.has(.moderator)
        return try await refusing {
            let text = try CommentText(text)
            let author = try await people.name(of: person, in: context.tenant) ?? "Somebody"
            return try await comments.post(
                CommentDesk.Draft(
                    clipID: clip, parentID: parent, personID: person, author: author, text: text,
                    state: isReviewed ? .pending : .approved), in: context.tenant)
        }
    }
}
