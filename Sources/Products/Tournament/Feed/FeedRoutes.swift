import Base
import Web

/// The feed over HTTP.
struct FeedRoutes: Sendable {
    let house: Playhouse

    var routes: [Route] { [feed, views] }

    private struct FeedAnswer: Output {
        static let shape = Shape.object([
            .body("slot", optional: SlotOutput.shape), .body("next", optional: SlotOutput.shape),
            .body("clips", .list(ClipOutput.shape)), .body("allowance", optional: AllowanceOutput.shape),
        ])

        let slot: SlotOutput?
        let next: SlotOutput?
        let clips: [ClipOutput]
        let allowance: AllowanceOutput?
    }

    private var feed: Route {
        Route(
            .get, "/feed", "tournament.readFeed", "Gives the next ten clips, the least shown first of all.",
            policy: .voter, limit: .per(.voter, "tournament.read", 120), budget: 1
        ) { [house] (request: Request<NoInput>) in
            let page = try await house.feed.page(for: house.voter(request.context), in: request.context.tenant)
            let comments = try await house.comments.counts(of: page.slot?.id, in: request.context.tenant)
            return FeedAnswer(
                slot: page.slot.map { SlotOutput($0) }, next: page.next.map { SlotOutput($0) },
                clips: page.items.map {
                    ClipOutput(
                        $0.clip, standing: $0.standing, comments: comments[$0.clip.id] ?? 0, given: $0.given,
                        viewToken: $0.viewToken)
                },
                allowance: page.record.map { AllowanceOutput($0, zone: page.season?.rules.timeZone ?? "UTC") })
        }
    }

    private struct Watched: Input {
        static let fields: [Field] = [
            .body("tokens", .list(.text(1...128), 1...50), "View tokens of clips that ran for two seconds or more.")
        ]

        let tokens: [String]
    }

    private struct Counted: Output {
        static let shape = Shape.object([.body("counted", .integer)])

        let counted: Int
    }

    private var views: Route {
        Route(
            .post, "/views", "tournament.countViews", "Counts clips that were watched, each token once.",
            policy: .voter, limit: .per(.voter, "tournament.api", 60), budget: 2
        ) { [house] (request: Request<Watched>) in
            Counted(
                counted: try await house.feed.countViews(
                    request.input.tokens, by: house.voter(request.context), in: request.context.tenant))
        }
    }
}
