import Base
import Crypto

/// The newest comments of a clip as everybody sees them, with a fingerprint that differs whenever they do.
struct CommentFront: Sendable {
    let page: CommentPage
    /// The same on every node: made of what is shown alone.
    let version: String

    init(_ page: CommentPage) {
        self.page = page
        var digest = SHA256()
        func add(_ text: String) { digest.update(data: Array("\(text)\u{0}".utf8)) }
        func add(_ shown: ShownComment) {
            // Texts never change; a comment in another state is not shown to everybody.
            add("\(shown.comment.id) \(shown.comment.likes) \(shown.hasMoreReplies)")
            for reply in shown.replies { add(reply) }
        }
        add("\(page.total) \(page.next == nil)")
        for shown in page.comments { add(shown) }
        version = Base64URL.encode(digest.finalize().prefix(12))
    }

    /// Comments and replies in it.
    var count: Int { page.comments.reduce(0) { $0 + 1 + $1.replies.count } }
}
