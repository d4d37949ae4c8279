import Base
import Storage
import Web

/// Comments by form, for browsers without script, and the pages that show them.
struct CommentPageRoutes {
    let house: Playhouse

    var routes: [Route] { [commentsPage, repliesPage, post, like, delete] }

    private static let missing = CommentRoutes.missing

    private struct CommentsQuery: Input {
        let clip: ID<Clip>
        let after: Cursor?

        static let fields: [Field] = [.path("clip", .id), .query("after", optional: .cursor)]
    }

    private var commentsPage: Route {
        Route(
            .get, "/tournament/clips/{clip}/comments", "tournament.showComments", "Shows a clip's comments alone.",
            policy: .voter, limit: CommentRoutes.reading, budget: 1, failures: [Self.missing]
        ) { [house] (request: Request<CommentsQuery>) in
            let input = request.input
            guard let clip = try await house.timetable.clip(input.clip, in: request.tenant), clip.state.isPublic else {
                throw Problem(TournamentError(.notFound, "There is no such clip, or not any more."))
            }
            return TournamentPages.page(
                CommentsPage(
                    try await house.commentSection(of: clip.id, after: input.after, for: request.context), of: clip))
        }
    }

    private struct RepliesQuery: Input {
        let clip: ID<Clip>
        let comment: ID<Comment>
        let after: Cursor?

        static let fields: [Field] = [
            .path("clip", .id), .path("comment", .id), .query("after", optional: .cursor),
        ]
    }

    private var repliesPage: Route {
        Route(
            .get, "/tournament/clips/{clip}/comments/{comment}", "tournament.showReplies",
            "Shows all replies to a comment.", policy: .voter, limit: CommentRoutes.reading, budget: 1,
            failures: [Self.missing]
        ) { [house] (request: Request<RepliesQuery>) in
            let (input, tenant) = (request.input, request.tenant)
            guard let clip = try await house.timetable.clip(input.clip, in: tenant), clip.state.isPublic else {
                throw Problem(TournamentError(.notFound, "There is no such clip, or not any more."))
            }
            let viewer = request.principal.person
            let page = try await house.comments.store.replies(
                to: input.comment, of: clip.id, for: viewer, after: input.after, limit: CommentDesk.Bounds.page,
                in: tenant)
            return TournamentPages.page(
                RepliesPage(page, to: input.comment, of: clip, viewer: viewer, at: house.clock.now()))
        }
    }

    private struct Sent: Input {
        let clip: ID<Clip>
        let text: String?
        let parentId: ID<Comment>?

        static let fields: [Field] = [
            .path("clip", .id), .body("text", optional: .text(0...4_000)), .body("parentId", optional: .id),
        ]
    }

    private var post: Route {
        Route(
            .post, "/tournament/clips/{clip}/comments", "tournament.sendComment", "Comments by form.",
            policy: .signedIn, limit: CommentRoutes.writing, budget: 2, accepts: .form, status: 303
        ) { [house] (request: Request<Sent>) in
            let input = request.input
            return try await Said.after(Addresses.clip(input.clip), anchor: "comments") {
                let comment = try await house.comment(
                    input.text ?? "", on: input.clip, replyingTo: input.parentId, by: request.context)
                return comment.state == .pending ? "commentWaits" : "commented"
            }
        }
    }

    private struct LikeSent: Input {
        let id: ID<Comment>
        let clipId: ID<Clip>
        let wanted: String

        static let fields: [Field] = [
            .path("id", .id), .body("clipId", .id), .body("wanted", .choice(["like", "unlike"])),
        ]
    }

    private var like: Route {
        Route(
            .post, "/tournament/comments/{id}/like", "tournament.sendLike", "Likes a comment by form, or no longer.",
            policy: .signedIn, limit: CommentRoutes.acting, budget: 2, accepts: .form, status: 303
        ) { [house] (request: Request<LikeSent>) in
            let input = request.input
            return try await Said.after(Addresses.clip(input.clipId), anchor: "comment-\(input.id)") {
                _ = try await refusing {
                    try await house.comments.setLike(
                        input.wanted == "like", of: input.id, by: request.person(), in: request.tenant)
                }
                return input.wanted == "like" ? "liked" : "unliked"
            }
        }
    }

    private struct DeleteSent: Input {
        let id: ID<Comment>
        let clipId: ID<Clip>?

        static let fields: [Field] = [.path("id", .id), .body("clipId", optional: .id)]
    }

    /// Removes one's own comment, from its clip's page or from one's own.
    private var delete: Route {
        Route(
            .post, "/tournament/comments/{id}/delete", "tournament.sendDeletion", "Removes one's own comment by form.",
            policy: .signedIn, limit: CommentRoutes.acting, budget: 12, accepts: .form, status: 303
        ) { [house] (request: Request<DeleteSent>) in
            let input = request.input
            return try await Said.after(input.clipId.map(Addresses.clip) ?? Addresses.me, anchor: "comments") {
                try await refusing {
                    try await house.comments.delete(input.id, of: request.person(), in: request.tenant)
                }
                return "commentDeleted"
            }
        }
    }
}

extension Said {
    /// Back to a page, with what was done or the code of the refusal that pages have a sentence for.
    static func after(_ path: String, anchor: String, _ work: () async throws -> String) async throws -> Redirect {
        let word: String
        do {
            word = try await work()
        } catch let problem as Problem where Said.sentence(problem.code) != nil {
            word = problem.code
        }
        return Redirect(to: "\(path)?said=\(word)#\(anchor)")
    }
}

extension Playhouse {
    /// The comments below a clip as its page shows them: one statement for who is signed in or reads older ones, none
    /// for strangers who read the newest.
    func commentSection(
        of clip: ID<Clip>, after cursor: Cursor?, for context: RequestContext
    ) async throws -> CommentSection {
        let (viewer, tenant) = (context.principal.person, context.tenant)
        // Before the page: who sees a newer page with an older fingerprint looks once more, the other way round never.
        let front = cursor == nil ? try await comments.fronts.front(of: clip, in: tenant) : nil
        let page: CommentPage
        if let front, viewer == nil {
            page = front.page
        } else {
            page = try await comments.store.page(
                of: clip, for: viewer, after: cursor, limit: CommentDesk.Bounds.page, in: tenant)
        }
        return CommentSection(
            page, of: clip, viewer: viewer, isModerator: context.principal.has(.moderator),
            isReviewed: isOn(Flags.reviewComments, in: tenant), isFirst: cursor == nil, version: front?.version ?? "",
            at: clock.now())
    }
}
