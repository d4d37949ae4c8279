import Base

import typealias Storage.SQLConvertible

/// What somebody may report to moderators.
struct ReportTarget: Sendable, Hashable {
    enum Kind: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case comment, clip, person
    }

    let kind: Kind
    /// The number of the comment, clip or person.
    let id: ID<ReportTarget>
}

/// The rule of reports.
enum ReportRule {
    /// How many different people hide a comment until a moderator has looked.
    static let hides = 5
    /// Characters (Unicode scalars) of a reason.
    static let reasonCharacters = 1...300

    /// Whether a comment is hidden with this many reports that nobody has looked at.
    static func hides(_ target: ReportTarget.Kind, openReports: Int) -> Bool {
        target == .comment && openReports >= hides
    }
}

/// What is collected about one target.
struct ReportCase: Sendable, Hashable {
    let target: ReportTarget
    /// Reports since a moderator has looked last.
    let openReports: Int
    let openedAt: Timestamp
    /// Some of the reasons, at most three.
    let reasons: [String]
    /// What it is about in a line: the comment's text, the clip's title.
    let subject: String?
    /// The clip to look at.
    let clipID: ID<Clip>?
    let author: String?
    let state: Comment.State?
}
