import Base
import Storage
import Web

/// Reports over HTTP.
struct ReportRoutes: Sendable {
    let house: Playhouse

    var routes: [Route] { [report, list, dismiss] }

    static let missing = Failure("tournament.notFound", 404, "There is nothing to report, or nothing is reported.")
    static let reporting = RouteLimit.per(.person, "tournament.report", 15)

    struct ReportInput: Input {
        static let fields: [Field] = [
            .body("kind", .choice(ReportTarget.Kind.self), "What is reported."),
            .body("targetId", .id, "The comment, clip or person."),
            .body("reason", .text(ReportRule.reasonCharacters), "What is wrong with it."),
            .body("clipId", optional: .id, "The clip whose page the form stands on."),
        ]

        let kind: ReportTarget.Kind
        let targetId: ID<ReportTarget>
        let reason: String
        let clipId: ID<Clip>?
    }

    private struct ReportAnswer: Output {
        static let shape = Shape.object([
            .body("isNew", .boolean, "Whether this person had not reported it before.")
        ])

        let isNew: Bool
    }

    private var report: Route {
        Route(
            .post, "/reports", "tournament.report",
            "Reports a comment, clip or person to the moderators; five people hide a comment until one has looked.",
            policy: .signedIn, limit: Self.reporting, budget: 4, failures: [Self.missing]
        ) { [house] (request: Request<ReportInput>) in
            ReportAnswer(isNew: try await house.report(request.input, by: request.context) != .repeated)
        }
    }

    private struct ListInput: Input {
        static let fields: [Field] = [
            .query("after", optional: .cursor, "Where the page begins."),
            .query("limit", optional: .integer(1...100), default: 20, "Cases in the page."),
        ]

        let after: Cursor?
        let limit: Int
    }

    private struct ListAnswer: Output {
        struct Item: Encodable {
            let kind: ReportTarget.Kind
            let targetId: ID<ReportTarget>
            let openReports: Int
            let openedAt: Timestamp
            let reasons: [String]
            let subject: String?
            let clipId: ID<Clip>?
            let state: Comment.State?
        }

        static let shape = Shape.object([
            .body(
                "cases",
                .list(
                    .object([
                        .body("kind", .choice(ReportTarget.Kind.self)), .body("targetId", .id),
                        .body("openReports", .integer), .body("openedAt", .timestamp), .body("reasons", .list(.text)),
                        .body("subject", optional: .text), .body("clipId", optional: .id),
                        .body("state", optional: .choice(Comment.State.self)),
                    ]))), .body("next", optional: .cursor),
        ])

        let cases: [Item]
        let next: Cursor?
    }

    private var list: Route {
        Route(
            .get, "/reports", "tournament.listReports", "Lists what is reported, the oldest first.",
            policy: .role(.moderator), limit: CommentRoutes.deciding, budget: 1
        ) { [house] (request: Request<ListInput>) in
            let page = try await house.reports.store.open(
                after: request.input.after, limit: request.input.limit, in: request.tenant)
            return ListAnswer(
                cases: page.items.map {
                    ListAnswer.Item(
                        kind: $0.target.kind, targetId: $0.target.id, openReports: $0.openReports,
                        openedAt: $0.openedAt, reasons: $0.reasons, subject: $0.subject, clipId: $0.clipID,
                        state: $0.state)
                }, next: page.next)
        }
    }

    private struct DismissInput: Input {
        static let fields: [Field] = [
            .path("kind", .choice(ReportTarget.Kind.self)), .path("target", .id),
            .body("reason", optional: .text(1...300), "Why; kept in the audit entry."),
        ]

        let kind: ReportTarget.Kind
        let target: ID<ReportTarget>
        let reason: String?
    }

    private var dismiss: Route {
        Route(
            .post, "/reports/{kind}/{target}/dismissal", "tournament.dismissReports",
            "Closes what is reported about something without more.", policy: .role(.moderator),
            limit: CommentRoutes.deciding, budget: 3, status: 204, failures: [Self.missing]
        ) { [house] (request: Request<DismissInput>) in
            try await refusing {
                try await house.reports.dismiss(
                    ReportTarget(kind: request.input.kind, id: request.input.target), reason: request.input.reason,
                    by: request.person(), in: request.tenant)
            }
            return NoContent()
        }
    }
}

extension Playhouse {
    /// Takes the report of whom a request comes from.
    func report(_ input: ReportRoutes.ReportInput, by context: RequestContext) async throws -> ReportDesk.Outcome {
        let (person, tenant) = (try context.person(), context.tenant)
        let target = ReportTarget(kind: input.kind, id: input.targetId)
        return try await refusing {
            if input.kind == .person,
                try await people.name(of: input.targetId.cast(to: ID<Person>.self), in: tenant) == nil
            {
                throw TournamentError(.notFound, "There is no such person here, or not any more.")
            }
            return try await reports.report(target, reason: input.reason, by: person, in: tenant)
        }
    }
}
