import Base
import Storage
import Web

/// Reports by form, and the moderators' desk.
struct ReportPageRoutes {
    let house: Playhouse

    var routes: [Route] { [report, desk, review, dismiss] }

    private var report: Route {
        Route(
            .post, "/tournament/reports", "tournament.sendReport", "Reports something by form.", policy: .signedIn,
            limit: ReportRoutes.reporting, budget: 4, accepts: .form, status: 303
        ) { [house] (request: Request<ReportRoutes.ReportInput>) in
            let input = request.input
            let back =
                switch (input.clipId, input.kind) {
                case (let clip?, _): Addresses.clip(clip)
                case (nil, .clip): Addresses.clip(input.targetId.cast(to: ID<Clip>.self))
                case (nil, .person): Addresses.person(input.targetId.cast(to: ID<Person>.self))
                case (nil, .comment): Addresses.feed
                }
            return try await Said.after(back, anchor: "main") {
                _ = try await house.report(input, by: request.context)
                return "reported"
            }
        }
    }

    private struct DeskQuery: Input {
        let pending: Cursor?
        let cases: Cursor?
        let said: String?

        static let fields: [Field] = [
            .query("pending", optional: .cursor, "Where the page of waiting comments begins."),
            .query("cases", optional: .cursor, "Where the page of cases begins."),
            .query("said", optional: .text(1...40), "What the form before has led to."),
        ]
    }

    private var desk: Route {
        Route(
            .get, "/tournament/desk/reports", "tournament.showReports",
            "Shows comments that wait and what is reported.", policy: .role(.moderator),
            limit: CommentRoutes.deciding, budget: 2
        ) { [house] (request: Request<DeskQuery>) in
            let pending = try await house.comments.store.pending(
                after: request.input.pending, limit: CommentDesk.Bounds.page, in: request.tenant)
            let cases = try await house.reports.store.open(
                after: request.input.cases, limit: CommentDesk.Bounds.page, in: request.tenant)
            var page = TournamentPages.page(
                ReportDeskPage(
                    pending: pending.items, pendingNext: pending.next?.description, cases: cases.items,
                    casesNext: cases.next?.description, at: house.clock.now()))
            page.flash = request.input.said.flatMap(TournamentPages.flash)
            return page
        }
    }

    private struct ReviewSent: Input {
        let id: ID<Comment>
        let decision: CommentDecision
        let reason: String?

        static let fields: [Field] = [
            .path("id", .id), .body("decision", .choice(CommentDecision.self)),
            .body("reason", optional: .text(0...300)),
        ]
    }

    private var review: Route {
        Route(
            .post, "/tournament/desk/comments/{id}/review", "tournament.sendCommentReview",
            "Approves or rejects a comment by form.", policy: .role(.moderator), limit: CommentRoutes.deciding,
            budget: 6, accepts: .form, status: 303
        ) { [house] (request: Request<ReviewSent>) in
            let input = request.input
            return try await Said.after(Addresses.reportsDesk, anchor: "main") {
                _ = try await refusing {
                    try await house.comments.review(
                        input.id, input.decision, reason: input.reason, by: request.person(), in: request.tenant)
                }
                return input.decision == .approve ? "commentApproved" : "commentRejected"
            }
        }
    }

    private struct DismissSent: Input {
        let kind: ReportTarget.Kind
        let target: ID<ReportTarget>
        let reason: String?

        static let fields: [Field] = [
            .path("kind", .choice(ReportTarget.Kind.self)), .path("target", .id),
            .body("reason", optional: .text(0...300)),
        ]
    }

    private var dismiss: Route {
        Route(
            .post, "/tournament/desk/reports/{kind}/{target}/dismiss", "tournament.sendReportDismissal",
            "Closes what is reported about something by form.", policy: .role(.moderator),
            limit: CommentRoutes.deciding, budget: 3, accepts: .form, status: 303
        ) { [house] (request: Request<DismissSent>) in
            let input = request.input
            return try await Said.after(Addresses.reportsDesk, anchor: "main") {
                try await refusing {
                    try await house.reports.dismiss(
                        ReportTarget(kind: input.kind, id: input.target), reason: input.reason, by: request.person(),
                        in: request.tenant)
                }
                return "reportsDismissed"
            }
        }
    }
}
