import Base

import typealias Storage.SQLConvertible

/// What a person says below a clip, or in reply to such a comment.
struct Comment: Sendable, Hashable {
    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        /// Waits for a moderator.
        case pending
        /// Everybody sees it.
        case approved
        /// A moderator has taken it out; its author sees why.
        case rejected
        /// Enough people have reported it; hidden until a moderator has looked.
        case flagged
    }

    let id: ID<Comment>
    let clipID: ID<Clip>
    let personID: ID<Person>
    /// The comment that it replies to; replies have no replies.
    var parentID: ID<Comment>?
    /// The author's name when it was written.
    let author: String
    let text: String
    var state: State
    /// How many people like it.
    var likes = 0
    /// Why a moderator has decided as it is.
    var reason: String?
    let createdAt: Timestamp

    /// By how much a clip's number of comments changes when one goes from a state to another; `nil` is none at all.
    static func countChange(from old: State?, to new: State?) -> Int {
        (new == .approved ? 1 : 0) - (old == .approved ? 1 : 0)
    }
}

/// What a moderator decides about a comment.
enum CommentDecision: String, Sendable, Hashable, Codable, CaseIterable {
    case approve, reject

    var state: Comment.State { self == .approve ? .approved : .rejected }
}

/// The text of a comment that may be kept: 1 to 500 Unicode scalars, which both engines count alike.
struct CommentText: Sendable, Hashable {
    enum Bounds {
        /// Unicode scalars of a comment.
        static let scalars = 500
    }

    let text: String

    /// Reads what was typed: line ends become one kind, spaces around it go, more than one empty line becomes one.
    ///
    /// - Throws: `tournament.commentInvalid` when nothing is left, it is too long, or it holds control characters or
    ///   characters that turn the direction of what follows.
    init(_ typed: String) throws(TournamentError) {
        var scalars = String.UnicodeScalarView()
        var breaks = 0
        for scalar in typed.replacing("\r\n", with: "\n").replacing("\r", with: "\n").unicodeScalars {
            breaks = scalar == "\n" ? breaks + 1 : 0
            if breaks > 2 { continue }
            guard Self.isPlain(scalar) else {
                throw TournamentError(.commentInvalid, "A comment is plain text, without control characters.")
            }
            scalars.append(scalar)
        }
        let isSpace: (Unicode.Scalar) -> Bool = { $0.properties.isWhitespace }
        let trimmed = scalars.drop(while: isSpace).reversed().drop(while: isSpace).reversed()
        guard !trimmed.isEmpty else { throw TournamentError(.commentInvalid, "A comment needs at least a word.") }
        guard trimmed.count <= Bounds.scalars else {
            throw TournamentError(
                .commentInvalid, "A comment has at most \(Bounds.scalars) characters; this one has \(trimmed.count).",
                context: ["characters": String(trimmed.count), "limit": String(Bounds.scalars)])
        }
        text = String(String.UnicodeScalarView(trimmed))
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A, 0x09: return true
        // Overrides and isolates of direction: they turn what stands behind them, other people's text too.
        case 0x202A...0x202E, 0x2066...0x2069: return false
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: return false
        default: return true
        }
    }
}

/// A comment as somebody sees it, with the first of its replies.
struct ShownComment: Sendable, Hashable {
    let comment: Comment
    /// Whether who looks likes it.
    let isLiked: Bool
    let replies: [ShownComment]
    /// Whether there are more replies than ``replies``.
    var hasMoreReplies = false
}

/// A page of a clip's comments.
struct CommentPage: Sendable {
    let comments: [ShownComment]
    /// Approved comments of the clip, replies among them.
    let total: Int
    let next: String?
}
