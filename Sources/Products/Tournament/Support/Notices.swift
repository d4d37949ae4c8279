import Accounts
import Base
import Storage

extension NoticeKind {
    /// What the product tells people.
    static let tournament = [clipWon, clipReviewed, commentAnswered, slotOpens]

    static let clipWon = NoticeKind("tournament.clipWon", "A clip of mine wins its slot", urgency: .high)
    static let commentAnswered = NoticeKind("tournament.commentAnswered", "Somebody answers a comment of mine")
    static let slotOpens = NoticeKind("tournament.slotOpens", "A slot that I asked about opens")
    static let clipReviewed = NoticeKind("tournament.clipReviewed", "A moderator has decided about a clip of mine")
}

extension NoticeMessage {
    /// A clip has the most points of its slot.
    static func won(_ clip: Clip, _ slot: Slot) -> NoticeMessage {
        NoticeMessage(
            title: "“\(clip.title)” wins slot \(slot.position)",
            text: "The result is provisional until its review has ended; everybody can count the ballots again.",
            link: Addresses.results(slot.id))
    }

    /// Somebody has replied to a comment.
    static func answered(_ reply: ReplyStore.Reply) -> NoticeMessage {
        NoticeMessage(
            title: "\(reply.author) answers you", text: "Below a clip that you have commented on.",
            link: "\(Addresses.clip(reply.clipID))#comment-\(reply.id)")
    }

    /// A slot is being voted on now.
    static func opens(_ slot: Slot) -> NoticeMessage {
        NoticeMessage(title: "Slot \(slot.position) is open", text: "Its clips can be voted on.", link: Addresses.feed)
    }

    /// A clip competes.
    static func approved(_ clip: Clip) -> NoticeMessage {
        NoticeMessage(title: "“\(clip.title)” is in the running", link: Addresses.clip(clip.id))
    }

    /// A clip is sent back.
    static func rejected(_ clip: Clip, because reason: String) -> NoticeMessage {
        NoticeMessage(title: "“\(clip.title)” was sent back", text: reason, link: Addresses.mine)
    }
}
