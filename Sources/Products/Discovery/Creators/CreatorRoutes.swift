import Base
import Storage
import Web

/// Creators over HTTP.
struct CreatorRoutes: Sendable {
    let bureau: Bureau

    var routes: [Route] {
        [list, get, history, similar, enrich, block, unblock, link, unlink, picture]
    }

    private var desk: CreatorDesk { bureau.creators }

    private struct ListInput: Input {
        static let fields: [Field] = [
            .query("q", optional: .text(0...200), "Words that name, handle or bio have; `@handle` for a handle."),
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 20),
        ]

        let q: String?
        let after: Cursor?
        let limit: Int
    }

    private struct ListAnswer: Output {
        static let shape = Shape.object([
            .body("creators", .list(.object(CreatorOutput.fields))), .body("next", optional: .cursor),
        ])

        let creators: [CreatorOutput]
        let next: Cursor?
    }

    private var list: Route {
        Route(
            .get, "/creators", "discovery.listCreators", "Lists the workspace's creators, the newest first.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [desk] (request: Request<ListInput>) in
            try await refusing {
                let input = request.input
                let page = try await desk.page(
                    matching: input.q, after: input.after, limit: input.limit, in: request.tenant)
                return ListAnswer(creators: page.items.map { CreatorOutput($0) }, next: page.next)
            }
        }
    }

    struct OfCreator: Input {
        static let fields: [Field] = [.path("id", .id, "The creator.")]

        let id: ID<Creator>
    }

    private struct Whole: Output {
        static let shape = Shape.object([
            .body("creator", .object(CreatorOutput.fields)), .body("links", .list(.text)),
            .body(
                "posts",
                .list(
                    .object([
                        .body("postedAt", optional: .timestamp), .body("caption", .text),
                        .body("url", optional: .text), .body("views", optional: .integer),
                        .body("likes", optional: .integer), .body("comments", optional: .integer),
                    ]))), .body("sameAs", .list(.object(CreatorOutput.fields), 0...20)),
        ])

        struct Post: Encodable {
            let postedAt: Timestamp?
            let caption: String
            let url: String?
            let views: Int64?
            let likes: Int64?
            let comments: Int64?

            init(_ post: CreatorPost) {
                postedAt = post.postedAt
                caption = post.caption
                url = post.url
                views = post.views
                likes = post.likes
                comments = post.comments
            }
        }

        let creator: CreatorOutput
        let links: [String]
        let posts: [Post]
        let sameAs: [CreatorOutput]

        init(_ report: CreatorReport) {
            creator = CreatorOutput(report.creator, isWhole: true)
            links = report.creator.links
            posts = report.posts.map(Post.init)
            sameAs = report.sameAs.map { CreatorOutput($0) }
        }
    }

    private var get: Route {
        Route(
            .get, "/creators/{id}", "discovery.getCreator", "Reports what is known of a creator.", policy: .signedIn,
            limit: Rates.reading, budget: 4, failures: [Failures.missing]
        ) { [desk] (request: Request<OfCreator>) in
            try await refusing { Whole(try await desk.report(on: request.input.id, in: request.tenant)) }
        }
    }

    private struct HistoryInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The creator."), .query("days", optional: .integer(1...731), default: 90),
        ]

        let id: ID<Creator>
        let days: Int
    }

    private struct HistoryAnswer: Output {
        struct Day: Encodable {
            let day: CalendarDay
            let followers: Int64?
            let posts: Int64?
            let medianViews: Int64?
            let engagement: Double?
        }

        static let shape = Shape.object([
            .body(
                "days",
                .list(
                    .object([
                        .body("day", .day), .body("followers", optional: .integer), .body("posts", optional: .integer),
                        .body("medianViews", optional: .integer), .body("engagement", optional: .number),
                    ])))
        ])

        let days: [Day]
    }

    private var history: Route {
        Route(
            .get, "/creators/{id}/history", "discovery.getHistory",
            "What was known of a creator day by day, the newest first.", policy: .signedIn, limit: Rates.reading,
            budget: 1
        ) { [bureau, desk] (request: Request<HistoryInput>) in
            let days = try await desk.store.history(
                of: request.input.id, days: request.input.days, through: bureau.storage.reader(for: request.tenant),
                in: request.tenant)
            return HistoryAnswer(
                days: days.map {
                    HistoryAnswer.Day(
                        day: $0.day, followers: $0.followers, posts: $0.posts, medianViews: $0.medianViews,
                        engagement: $0.engagement.map { Double($0) / 1_000_000 })
                })
        }
    }

    private var similar: Route {
        Route(
            .get, "/creators/{id}/similar", "discovery.listSimilar",
            "Lists creators of the workspace who were found beside this one and are about as large.",
            policy: .signedIn, limit: Rates.reading, budget: 2, failures: [Failures.missing]
        ) { [desk] (request: Request<OfCreator>) in
            try await refusing {
                let creator = try await desk.creator(request.input.id, in: request.tenant)
                return ListAnswer(
                    creators: try await desk.store.similar(to: creator, in: request.tenant).map { CreatorOutput($0) },
                    next: nil)
            }
        }
    }

    // MARK: Acting

    private struct Answer: Output {
        static let shape = Shape.object([.body("creator", .object(CreatorOutput.fields))])

        let creator: CreatorOutput
    }

    private var enrich: Route {
        Route(
            .post, "/creators/{id}/enrichment", "discovery.enrichCreator",
            "Has a profile read again; one that was read within a week is not, and costs nothing.",
            policy: .signedIn, limit: Rates.writing, budget: 12, status: 202,
            failures: [Failures.missing, Failures.notAllowed, SearchRoutes.short]
        ) { [desk] (request: Request<OfCreator>) in
            let person = try request.person(atLeast: .editor)
            return try await refusing {
                Answer(
                    creator: CreatorOutput(
                        try await desk.enrich(request.input.id, for: person, in: request.tenant)))
            }
        }
    }

    private var block: Route {
        setBlocked(.put, "discovery.blockCreator", "Leaves a creator out of searches; may be repeated.", true)
    }
    private var unblock: Route {
        setBlocked(.delete, "discovery.unblockCreator", "Leaves a creator out no longer; may be repeated.", false)
    }

    private func setBlocked(_ method: Method, _ name: String, _ summary: String, _ isBlocked: Bool) -> Route {
        Route(
            method, "/creators/{id}/block", name, summary, policy: .signedIn, limit: Rates.writing, budget: 1,
            status: 204, failures: [Failures.missing, Failures.notAllowed]
        ) { [desk] (request: Request<OfCreator>) in
            _ = try request.person(atLeast: .editor)
            try await refusing { try await desk.setBlocked(isBlocked, request.input.id, in: request.tenant) }
            return NoContent()
        }
    }

    private struct LinkInput: Input {
        static let fields: [Field] = [.body("creatorIds", .list(.id, 2...IdentityStore.Bounds.creators))]

        let creatorIds: [ID<Creator>]
    }

    private static let invalid = Failure(
        "discovery.identityInvalid", 422, "Profiles of several platforms make a person.")

    private var link: Route {
        Route(
            .post, "/identities", "discovery.linkIdentity", "Takes profiles of several platforms for one person.",
            policy: .signedIn, limit: Rates.writing, budget: 3,
            failures: [Failures.missing, Failures.notAllowed, Self.invalid]
        ) { [desk] (request: Request<LinkInput>) in
            let person = try request.person(atLeast: .editor)
            return try await refusing {
                let linked = try await desk.link(request.input.creatorIds, by: person, in: request.tenant)
                return ListAnswer(creators: linked.map { CreatorOutput($0) }, next: nil)
            }
        }
    }

    private struct UnlinkInput: Input {
        static let fields: [Field] = [.query("creatorId", .id)]

        let creatorId: ID<Creator>
    }

    private var unlink: Route {
        Route(
            .delete, "/identities", "discovery.unlinkIdentity", "Has a profile stand for itself again.",
            policy: .signedIn, limit: Rates.writing, budget: 1, status: 204,
            failures: [Failures.missing, Failures.notAllowed]
        ) { [desk] (request: Request<UnlinkInput>) in
            _ = try request.person(atLeast: .editor)
            try await refusing { try await desk.unlink(request.input.creatorId, in: request.tenant) }
            return NoContent()
        }
    }

    private var picture: Route {
        Route(
            .get, "/creators/{id}/picture", "discovery.getPicture",
            "Gives a creator's picture from our own store, where it is put at the first look.", policy: .signedIn,
            limit: .per(.person, "discovery.pictures", 1_200), budget: 2, cache: .privateRevalidate,
            failures: [Failures.missing]
        ) { [bureau] (request: Request<OfCreator>) in
            try await refusing {
                guard let key = try await bureau.pictures.picture(of: request.input.id, in: request.tenant) else {
                    throw DiscoveryError.missing("picture")
                }
                return BlobAnswer(key, of: request.tenant, in: bureau.pictures.blobs)
            }
        }
    }
}
