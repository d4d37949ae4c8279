import Base

/// A comment as pages show it.
///
/// Nothing in it is missing: a template looks for what is missing in what surrounds it.
struct CommentLine: Sendable {
    let id: String
    let author: String
    let authorHref: String
    let text: String
    let writtenAt: String
    let ago: String
    let likes: String
    let likesLabel: String
    let isLiked: Bool
    let isOwn: Bool
    let canLike: Bool
    let canReply: Bool
    let canReport: Bool
    let hasState: Bool
    let stateKind: String
    let stateLabel: String
    let reason: String
    let hasReason: Bool
    let likeAction: String
    let deleteAction: String
    let reportAction: String
    let replyAction: String
    let replies: [CommentLine]
    let hasReplies: Bool
    let moreHref: String
    let hasMore: Bool
    let clipID: String
    /// Where it stands and what moderators send, for pages that show comments away from their clips.
    let clipTitle: String
    let clipHref: String
    let reviewAction: String

    /// A comment away from its clip, which is named beside it.
    init(_ titled: TitledComment, viewer: ID<Person>?, at now: Timestamp) {
        self.init(
            ShownComment(comment: titled.comment, isLiked: false, replies: []),
            clipTitle: titled.clipTitle ?? "A clip that is gone", viewer: viewer, at: now)
    }

    init(_ shown: ShownComment, clipTitle: String = "", viewer: ID<Person>?, at now: Timestamp) {
        let comment = shown.comment
        let isSeen = comment.state == .approved
        id = comment.id.description
        author = comment.author
        authorHref = Addresses.person(comment.personID)
        text = comment.text
        writtenAt = comment.createdAt.description
        ago = Wording.ago(now - comment.createdAt)
        likes = Wording.number(comment.likes)
        likesLabel = Wording.count(comment.likes, "like")
        isLiked = shown.isLiked
        isOwn = comment.personID == viewer
        canLike = viewer != nil && isSeen
        canReply = viewer != nil && isSeen && comment.parentID == nil
        canReport = viewer != nil && isSeen && comment.personID != viewer
        hasState = !isSeen
        (stateKind, stateLabel) = Self.state(comment.state)
        reason = comment.reason ?? ""
        hasReason = !isSeen && comment.reason != nil
        clipID = comment.clipID.description
        likeAction = Addresses.comment(comment.id, "like")
        deleteAction = Addresses.comment(comment.id, "delete")
        reportAction = Addresses.reports
        replyAction = Addresses.comments(comment.clipID)
        replies = shown.replies.map { CommentLine($0, viewer: viewer, at: now) }
        hasReplies = !shown.replies.isEmpty
        hasMore = shown.hasMoreReplies
        moreHref = Addresses.replies(comment.clipID, to: comment.id)
        self.clipTitle = clipTitle
        clipHref = "\(Addresses.clip(comment.clipID))#comments"
        reviewAction = Addresses.review(comment.id)
    }

    /// What its author is told about a comment that others do not see.
    static func state(_ state: Comment.State) -> (kind: String, label: String) {
        switch state {
        case .approved: ("plain", "")
        case .pending: ("info", "waits for a moderator")
        case .flagged: ("bad", "reported and hidden until a moderator has looked")
        case .rejected: ("bad", "taken out by a moderator")
        }
    }
}

/// The comments below a clip, with the form to add one.
struct CommentSection: Sendable {
    let heading: String
    let action: String
    let canWrite: Bool
    let signInPath: String
    let limit = CommentText.Bounds.scalars
    let thread: Listing<CommentLine>
    let ownHref: String
    let deskHref: String
    let isModerator: Bool
    let firstHref: String
    let hasFirst: Bool
    let isReviewed: Bool
    /// Whether the newest comments are shown, which a script keeps fresh.
    let isLive: Bool
    let pulseHref: String
    let liveHref: String
    /// What the script compares with ``CommentFront/version``.
    let version: String

    init(
        _ page: CommentPage, of clip: ID<Clip>, viewer: ID<Person>?, isModerator: Bool = false,
        isReviewed: Bool = false, isFirst: Bool = true, version: String = "", at now: Timestamp
    ) {
        heading = page.total == 0 ? "Comments" : Wording.count(page.total, "comment")
        action = Addresses.comments(clip)
        canWrite = viewer != nil
        signInPath = "/sign-in?next=\(Addresses.clip(clip))"
        thread = Listing(
            page.comments.map { CommentLine($0, viewer: viewer, at: now) }, next: page.next
        ) { "\(Addresses.clip(clip))?after=\($0)#comments" }
        ownHref = Addresses.me
        deskHref = Addresses.reportsDesk
        self.isModerator = isModerator
        self.isReviewed = isReviewed && !isModerator
        hasFirst = !isFirst
        firstHref = "\(Addresses.clip(clip))#comments"
        isLive = isFirst
        pulseHref = "\(Addresses.api)/clips/\(clip)/comments/pulse"
        liveHref = Addresses.comments(clip)
        self.version = version
    }
}

/// The comments of a clip alone: what a script fetches when they have changed, and a page of its own without one.
struct CommentsPage: Sendable {
    let title: String
    let clipHref: String
    let comments: CommentSection

    init(_ section: CommentSection, of clip: Clip) {
        title = clip.title
        clipHref = Addresses.clip(clip.id)
        comments = section
    }
}

/// A comment's page with all of its replies.
struct RepliesPage: Sendable {
    let title: String
    let clipHref: String
    let thread: Listing<CommentLine>

    init(_ page: CommentPage, to comment: ID<Comment>, of clip: Clip, viewer: ID<Person>?, at now: Timestamp) {
        title = clip.title
        clipHref = "\(Addresses.clip(clip.id))#comment-\(comment)"
        thread = Listing(
            page.comments.map { CommentLine($0, viewer: viewer, at: now) }, next: page.next
        ) { Addresses.replies(clip.id, to: comment, after: $0) }
    }
}
