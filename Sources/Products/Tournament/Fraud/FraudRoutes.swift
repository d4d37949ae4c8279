import Base
import Storage
import Web

/// The fraud desk over HTTP, for moderators.
struct FraudRoutes: Sendable {
    let house: Playhouse

    var routes: [Route] { [list, open, read, remove, dismiss, ban] }

    static let limit = RouteLimit.per(.person, "tournament.admin", 50)
    static let missing = Failure("tournament.notFound", 404, "There is no such case, or nothing to it.")
    static let decided = Failure("tournament.caseDecided", 409, "The case is decided; `state` says how.")
    /// A reason that everybody reads.
    static let reason = Shape.text(3...200)

    private var desk: FraudDesk { house.fairness.desk }

    // MARK: Lists

    private struct Query: Input {
        static let fields: [Field] = [
            .query("state", optional: .choice(FraudCase.State.self), default: "open", "Which cases."),
            .query("after", optional: .cursor, "Where the page begins."),
            .query("limit", optional: .integer(1...100), default: 20, "Cases in the page."),
        ]

        let state: String
        let after: Cursor?
        let limit: Int
    }

    private struct CaseItem: Encodable, Sendable {
        static let fields: [Field] = [
            .body("id", .id), .body("slotId", .id), .body("reasons", .list(.text)), .body("voters", .integer),
            .body("votes", .integer), .body("state", .choice(FraudCase.State.self)), .body("openedAt", .timestamp),
            .body("decidedAt", optional: .timestamp), .body("decidedBy", optional: .text),
        ]

        let id: ID<FraudCase>
        let slotId: ID<Slot>
        let reasons: [String]
        let voters: Int
        let votes: Int
        let state: FraudCase.State
        let openedAt: Timestamp
        let decidedAt: Timestamp?
        let decidedBy: String?

        init(_ fraud: FraudCase) {
            id = fraud.id
            slotId = fraud.slotID
            reasons = fraud.reasons
            voters = fraud.voters
            votes = fraud.votes
            state = fraud.state
            openedAt = fraud.openedAt
            decidedAt = fraud.decidedAt
            decidedBy = fraud.decidedBy
        }
    }

    private struct ListAnswer: Output {
        static let shape = Shape.object([
            .body("cases", .list(.object(CaseItem.fields))), .body("next", optional: .cursor),
        ])

        let cases: [CaseItem]
        let next: Cursor?
    }

    private var list: Route {
        Route(
            .get, "/fraud-cases", "tournament.listFraudCases", "Lists suspicious votes, grouped, newest first.",
            policy: .role(.moderator), limit: Self.limit, budget: 1
        ) { [desk] (request: Request<Query>) in
            let page = try await desk.cases.page(
                FraudCase.State(rawValue: request.input.state) ?? .open, after: request.input.after,
                limit: request.input.limit, in: request.context.tenant)
            return ListAnswer(cases: page.items.map(CaseItem.init), next: page.next)
        }
    }

    private struct Open: Input {
        static let fields: [Field] = [
            .body("slotId", .id, "The slot."),
            .body("voterIds", .list(.id, 1...100), "Voters whose votes there are suspicious."),
            .body("reason", FraudRoutes.reason, "Why, for other moderators."),
        ]

        let slotId: ID<Slot>
        let voterIds: [ID<Voter>]
        let reason: String
    }

    private struct CaseAnswer: Output {
        static let shape = Shape.object(CaseItem.fields)

        let item: CaseItem

        func encode(to encoder: any Encoder) throws { try item.encode(to: encoder) }
    }

    private var open: Route {
        Route(
            .post, "/fraud-cases", "tournament.openFraudCase", "Opens a case about voters' votes in a slot, by hand.",
            policy: .role(.moderator), limit: Self.limit, budget: 4, status: 201, failures: [Self.missing]
        ) { [desk] (request: Request<Open>) in
            let input = request.input
            guard
                let fraud = try await desk.open(
                    about: Array(Set(input.voterIds)).sorted(), in: input.slotId, reason: input.reason,
                    by: RemovalSteps.Moderator(request.context), tenant: request.context.tenant)
            else { throw Problem(TournamentError(.notFound, "None of these voters has a vote in the slot.")) }
            return CaseAnswer(item: CaseItem(fraud))
        }
    }

    // MARK: One case

    private struct OfCase: Input {
        static let fields: [Field] = [.path("id", .id, "The case.")]

        let id: ID<FraudCase>
    }

    private struct DossierAnswer: Output {
        struct Change: Encodable {
            let clipId: ID<Clip>
            let rankBefore: Int
            let rankAfter: Int
            let scoreBefore: Int
            let scoreAfter: Int
            let removed: Int
        }

        struct Effect: Encodable {
            static let shape = Shape.object([
                .body("votes", .integer), .body("weight", .integer), .body("changesWinner", .boolean),
                .body("winnerBefore", optional: .id), .body("winnerAfter", optional: .id),
                .body(
                    "changes",
                    .list(
                        .object([
                            .body("clipId", .id), .body("rankBefore", .integer), .body("rankAfter", .integer),
                            .body("scoreBefore", .integer), .body("scoreAfter", .integer), .body("removed", .integer),
                        ]))),
            ])

            let votes: Int
            let weight: Int
            let changesWinner: Bool
            let winnerBefore: ID<Clip>?
            let winnerAfter: ID<Clip>?
            let changes: [Change]

            init(_ effect: RemovalEffect) {
                votes = effect.votes
                weight = effect.weight
                changesWinner = effect.changesWinner
                winnerBefore = effect.winnerBefore
                winnerAfter = effect.winnerAfter
                changes = effect.changes.prefix(1_000).map {
                    Change(
                        clipId: $0.clipID, rankBefore: $0.rankBefore, rankAfter: $0.rankAfter,
                        scoreBefore: $0.scoreBefore, scoreAfter: $0.scoreAfter, removed: $0.removed)
                }
            }
        }

        struct BallotItem: Encodable {
            let voteId: ID<Vote>
            let voterId: ID<Voter>
            let clipId: ID<Clip>
            let kind: Vote.Kind
            let castAt: Timestamp
            let risk: Int
            let isRemoved: Bool
            let isWithdrawn: Bool
            let isBanned: Bool
        }

        static let shape = Shape.object([
            .body("case", .object(CaseItem.fields)), .body("slotState", .choice(Slot.State.self)),
            .body("effect", optional: Effect.shape),
            .body(
                "ballots",
                .list(
                    .object([
                        .body("voteId", .id), .body("voterId", .id), .body("clipId", .id),
                        .body("kind", .choice(Vote.Kind.self)), .body("castAt", .timestamp), .body("risk", .integer),
                        .body("isRemoved", .boolean), .body("isWithdrawn", .boolean), .body("isBanned", .boolean),
                    ]))),
        ])

        let `case`: CaseItem
        let slotState: Slot.State
        let effect: Effect?
        let ballots: [BallotItem]
    }

    private var read: Route {
        Route(
            .get, "/fraud-cases/{id}", "tournament.readFraudCase",
            "Shows a case: reasons, voters, votes, and the effect that a removal would have on the ranking.",
            policy: .role(.moderator), limit: Self.limit, budget: 9, failures: [Self.missing]
        ) { [desk] (request: Request<OfCase>) in
            guard let dossier = try await desk.dossier(request.input.id, in: request.context.tenant) else {
                throw Problem(TournamentError(.notFound, "There is no such case."))
            }
            return DossierAnswer(
                case: CaseItem(dossier.fraudCase), slotState: dossier.slot.state,
                effect: dossier.effect.map(DossierAnswer.Effect.init),
                ballots: dossier.ballots.map {
                    DossierAnswer.BallotItem(
                        voteId: $0.id, voterId: $0.voterID, clipId: $0.clipID, kind: $0.kind, castAt: $0.castAt,
                        risk: $0.risk, isRemoved: $0.isRemoved, isWithdrawn: $0.isWithdrawn, isBanned: $0.isBanned)
                })
        }
    }

    // MARK: Decisions

    private struct Decision: Input {
        static let fields: [Field] = [
            .path("id", .id, "The case."),
            .body("reason", FraudRoutes.reason, "Why, in words for the public."),
        ]

        let id: ID<FraudCase>
        let reason: String
    }

    private struct RemovalAnswer: Output {
        static let shape = Shape.object([
            .body("slotId", .id),
            .body("isComplete", .boolean, "Whether all votes are out; the rest follows within moments."),
            .body("changesResult", .boolean, "Whether the slot's result counts without them."),
        ])

        let slotId: ID<Slot>
        let isComplete: Bool
        let changesResult: Bool
    }

    private var remove: Route {
        Route(
            .post, "/fraud-cases/{id}/removal", "tournament.removeVotes",
            "Takes the votes of a case out, with a reason that everybody reads.", policy: .role(.moderator),
            limit: Self.limit, budget: 40, failures: [Self.missing, Self.decided]
        ) { [desk] (request: Request<Decision>) in
            let done = try await asProblem {
                try await desk.remove(
                    request.input.id, reason: request.input.reason, by: RemovalSteps.Moderator(request.context),
                    in: request.context.tenant)
            }
            return RemovalAnswer(slotId: done.slot, isComplete: done.isComplete, changesResult: done.changesResult)
        }
    }

    private var dismiss: Route {
        Route(
            .post, "/fraud-cases/{id}/dismissal", "tournament.dismissFraudCase", "Lets the votes of a case stand.",
            policy: .role(.moderator), limit: Self.limit, budget: 3, status: 204,
            failures: [Self.missing, Self.decided]
        ) { [desk] (request: Request<Decision>) in
            try await asProblem {
                try await desk.dismiss(
                    request.input.id, reason: request.input.reason, by: RemovalSteps.Moderator(request.context),
                    in: request.context.tenant)
            }
            return NoContent()
        }
    }

    private struct BanInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The voter."), .body("isBanned", .boolean, "Whether the voter may not vote."),
            .body("reason", FraudRoutes.reason, "Why, for other moderators."),
        ]

        let id: ID<Voter>
        let isBanned: Bool
        let reason: String
    }

    private var ban: Route {
        Route(
            .put, "/voters/{id}/ban", "tournament.banVoter", "Bans a voter, or lifts the ban; within 5 s on all nodes.",
            policy: .role(.moderator), limit: Self.limit, budget: 3, status: 204, failures: [Self.missing]
        ) { [desk] (request: Request<BanInput>) in
            let input = request.input
            try await asProblem {
                try await desk.ban(
                    input.id, isBanned: input.isBanned, reason: input.reason,
                    by: RemovalSteps.Moderator(request.context), in: request.context.tenant)
            }
            return NoContent()
        }
    }
}

/// Tells refusals of desks as problems.
func asProblem<Result>(_ work: () async throws -> Result) async throws -> Result {
    do {
        return try await work()
    } catch let error as TournamentError {
        throw Problem(error)
    }
}
