import Base
import Storage
import Web

/// Votes over HTTP.
struct VoteRoutes: Sendable {
    let house: Playhouse

    var routes: [Route] { [cast, withdraw, mine, allowance] }

    private struct Cast: Input {
        static let fields: [Field] = [
            .body("clipId", .id, "The clip."), .body("kind", .choice(Vote.Kind.self), "normal, super or mega."),
        ]

        let clipId: ID<Clip>
        let kind: Vote.Kind
    }

    private struct CastAnswer: Output {
        static let shape = Shape.object([
            .body("id", .id), .body("clipId", .id), .body("slotId", .id), .body("kind", .choice(Vote.Kind.self)),
            .body("weight", .integer), .body("allowance", AllowanceOutput.shape),
        ])

        let id: ID<Vote>
        let clipId: ID<Clip>
        let slotId: ID<Slot>
        let kind: Vote.Kind
        let weight: Int
        let allowance: AllowanceOutput
    }

    private static let refusals = [
        Failure("tournament.alreadyVoted", 409, "This voter has a vote on the clip; `kind` says which."),
        Failure("tournament.dailyLimit", 429, "The day's weight is spent; `left` says what remains."),
        Failure("tournament.superSpent", 409, "The super vote of this slot is spent."),
        Failure("tournament.megaSpent", 409, "The mega vote of this slot is spent."),
        Failure("tournament.ownClip", 403, "Nobody votes for a clip of their own."),
        Failure("tournament.slotClosed", 409, "The clip's slot is not being voted on."),
        Failure("tournament.votingFrozen", 409, "Voting has stopped before the count."),
        Failure("tournament.clipNotFound", 404, "There is no such clip."),
        Failure("tournament.captchaRequired", 403, "A captcha must be solved first."),
        Failure("tournament.riskBlocked", 403, "The request looks automated."),
        Failure("tournament.banned", 403, "This voter may not vote here."),
        Failure("tournament.signInRequired", 401, "Voting needs an account."),
    ]

    private var cast: Route {
        Route(
            .post, "/votes", "tournament.castVote", "Votes for a clip.", policy: .voter,
            limit: .per(.voter, "tournament.vote", 30), budget: 1, status: 201, failures: Self.refusals
        ) { [house] (request: Request<Cast>) in
            let vote = try await house.cast(
                request.input.kind, on: request.input.clipId, by: request.context,
                request: request.context.header("idempotency-key"))
            var allowance = AllowanceOutput(vote.allowance)
            switch vote.kind {
            case .normal: break
            case .super: allowance.superLeft = 0
            case .mega: allowance.megaLeft = 0
            }
            return CastAnswer(
                id: vote.id, clipId: vote.clipID, slotId: vote.slotID, kind: vote.kind, weight: vote.weight,
                allowance: allowance)
        }
    }

    private struct OfClip: Input {
        static let fields: [Field] = [.path("clip", .id, "The clip.")]

        let clip: ID<Clip>
    }

    private struct WithdrawAnswer: Output {
        static let shape = Shape.object([
            .body("clipId", .id), .body("kind", .choice(Vote.Kind.self)), .body("weight", .integer),
            .body("isReturned", .boolean, "Whether the weight may be spent again today."),
            .body("allowance", optional: AllowanceOutput.shape),
        ])

        let clipId: ID<Clip>
        let kind: Vote.Kind
        let weight: Int
        let isReturned: Bool
        let allowance: AllowanceOutput?
    }

    private var withdraw: Route {
        Route(
            .delete, "/votes/{clip}", "tournament.withdrawVote", "Takes a vote back, until the freeze.", policy: .voter,
            limit: .per(.voter, "tournament.vote", 30), budget: 1,
            failures: [
                Failure("tournament.noVote", 404, "There is no vote of this voter on the clip."),
                Failure("tournament.votingFrozen", 409, "Voting has stopped; votes stay as they are."),
            ]
        ) { [house] (request: Request<OfClip>) in
            let vote = try await house.withdraw(from: request.input.clip, by: request.context)
            var allowance = vote.allowance.map { AllowanceOutput($0) }
            switch vote.kind {
            case .normal: break
            case .super: allowance?.superLeft = 1
            case .mega: allowance?.megaLeft = 1
            }
            return WithdrawAnswer(
                clipId: vote.clipID, kind: vote.kind, weight: vote.weight, isReturned: vote.isReturned,
                allowance: allowance)
        }
    }

    private struct ListInput: Input {
        static let fields: [Field] = [
            .query("after", optional: .cursor, "Where the page begins."),
            .query("limit", optional: .integer(1...100), default: 20, "Votes in the page."),
        ]

        let after: Cursor?
        let limit: Int
    }

    private struct MineAnswer: Output {
        struct Item: Encodable {
            let id: ID<Vote>
            let clipId: ID<Clip>
            let slotId: ID<Slot>
            let kind: Vote.Kind
            let weight: Int
            let castAt: Timestamp
            let isRemoved: Bool
        }

        static let shape = Shape.object([
            .body(
                "votes",
                .list(
                    .object([
                        .body("id", .id), .body("clipId", .id), .body("slotId", .id),
                        .body("kind", .choice(Vote.Kind.self)), .body("weight", .integer),
                        .body("castAt", .timestamp), .body("isRemoved", .boolean),
                    ]))), .body("next", optional: .cursor),
        ])

        let votes: [Item]
        let next: Cursor?
    }

    private var mine: Route {
        Route(
            .get, "/votes/mine", "tournament.listOwnVotes", "Lists the voter's own votes, newest first.",
            policy: .voter, limit: .per(.voter, "tournament.read", 120), budget: 1
        ) { [house] (request: Request<ListInput>) in
            let page = try await house.votes.store.own(
                house.voter(request.context).id, after: request.input.after, limit: request.input.limit,
                in: request.context.tenant)
            return MineAnswer(
                votes: page.items.map {
                    MineAnswer.Item(
                        id: $0.id, clipId: $0.clipID, slotId: $0.slotID, kind: $0.kind, weight: $0.weight,
                        castAt: $0.castAt, isRemoved: $0.isRemoved)
                }, next: page.next)
        }
    }

    private var allowance: Route {
        Route(
            .get, "/allowance", "tournament.readAllowance", "Tells what the voter may still spend today.",
            policy: .voter, limit: .per(.voter, "tournament.read", 120), budget: 1,
            failures: [Failure("tournament.notFound", 404, "No season is on.")]
        ) { [house] (request: Request<NoInput>) in
            guard
                let (record, rules) = try await house.record(
                    of: house.voter(request.context), in: request.context.tenant)
            else { throw Problem(TournamentError(.notFound, "No season is on.")) }
            return AllowanceOutput(record, zone: rules.timeZone)
        }
    }
}
