import Base

/// The moderators' desk: comments that wait, and what people have reported.
struct ReportDeskPage: Sendable {
    struct CaseLine: Sendable {
        let kind: String
        let targetID: String
        let heading: String
        let subject: String
        let author: String
        let hasAuthor: Bool
        let reports: String
        let since: String
        let reasons: [String]
        let href: String
        let hasHref: Bool
        let isComment: Bool
        let isHidden: Bool
        let reviewAction: String
        let dismissAction: String
    }

    struct PendingLine: Sendable {
        let line: CommentLine
        let clipTitle: String
        let clipHref: String
        let reviewAction: String
    }

    let pending: [PendingLine]
    let hasPending: Bool
    let hasPendingNext: Bool
    let pendingNextHref: String
    let cases: [CaseLine]
    let hasCases: Bool
    let hasCasesNext: Bool
    let casesNextHref: String
    let isDone: Bool
    let hidesAt = ReportRule.hides

    init(
        pending: [PersonPage.TitledCommentLine], pendingNext: String?, cases: [ReportCase], casesNext: String?,
        at now: Timestamp
    ) {
        self.pending = pending.map { titled in
            PendingLine(
                line: CommentLine(
                    ShownComment(comment: titled.comment, isLiked: false, replies: []), viewer: nil, at: now),
                clipTitle: titled.clipTitle ?? "A clip that is gone", clipHref: Addresses.clip(titled.comment.clipID),
                reviewAction: Self.review(titled.comment.id))
        }
        hasPending = !pending.isEmpty
        hasPendingNext = pendingNext != nil
        pendingNextHref = "\(Addresses.reportsDesk)?pending=\(pendingNext ?? "")#pending"
        self.cases = cases.map { Self.line($0, at: now) }
        hasCases = !cases.isEmpty
        hasCasesNext = casesNext != nil
        casesNextHref = "\(Addresses.reportsDesk)?cases=\(casesNext ?? "")#cases"
        isDone = pending.isEmpty && cases.isEmpty
    }

    static func review(_ comment: ID<Comment>) -> String { "\(Addresses.base)/desk/comments/\(comment)/review" }

    private static func line(_ report: ReportCase, at now: Timestamp) -> CaseLine {
        let target = report.target
        let clip = report.clipID.map(Addresses.clip)
        let person = target.kind == .person ? Addresses.person(target.id.cast(to: ID<Person>.self)) : nil
        let isThere = target.kind == .person || report.subject != nil
        return CaseLine(
            kind: target.kind.rawValue, targetID: target.id.description,
            heading: ["comment": "A comment", "clip": "A clip", "person": "A person"][target.kind.rawValue] ?? "",
            subject: report.subject ?? (isThere ? "Their profile and what they post" : "It is no longer there."),
            author: report.author ?? "", hasAuthor: report.author != nil,
            reports: Wording.count(report.openReports, "report"),
            since: CommentLine.ago(now - report.openedAt), reasons: report.reasons, href: clip ?? person ?? "",
            hasHref: (clip ?? person) != nil, isComment: target.kind == .comment && report.subject != nil,
            isHidden: report.state == .flagged,
            reviewAction: review(target.id.cast(to: ID<Comment>.self)),
            dismissAction: "\(Addresses.reportsDesk)/\(target.kind.rawValue)/\(target.id)/dismiss")
    }
}
