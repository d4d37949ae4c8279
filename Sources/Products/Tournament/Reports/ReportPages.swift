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

    let sections = DeskTab.all(current: .reports)
    let pending: Listing<CommentLine>
    let cases: Listing<CaseLine>
    let isDone: Bool
    let hidesAt = ReportRule.hides

    init(
        pending: [TitledComment], pendingNext: String?, cases: [ReportCase], casesNext: String?, at now: Timestamp
    ) {
        self.pending = Listing(
            pending.map { CommentLine($0, viewer: nil, at: now) }, next: pendingNext
        ) { "\(Addresses.reportsDesk)?pending=\($0)#pending" }
        self.cases = Listing(
            cases.map { Self.line($0, at: now) }, next: casesNext
        ) { "\(Addresses.reportsDesk)?cases=\($0)#cases" }
        isDone = pending.isEmpty && cases.isEmpty
    }

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
            since: Wording.ago(now - report.openedAt), reasons: report.reasons, href: clip ?? person ?? "",
            hasHref: (clip ?? person) != nil, isComment: target.kind == .comment && report.subject != nil,
            isHidden: report.state == .flagged,
            reviewAction: Addresses.review(target.id.cast(to: ID<Comment>.self)),
            dismissAction: "\(Addresses.reportsDesk)/\(target.kind.rawValue)/\(target.id)/dismiss")
    }
}
