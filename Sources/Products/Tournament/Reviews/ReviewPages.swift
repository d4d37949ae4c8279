import Base

/// The moderators' queue: every clip that waits, with its player and the two decisions.
struct QueuePage: Sendable {
    struct Item: Sendable {
        let id: String
        let title: String
        let creator: String
        let genre: String
        let slotLabel: String
        let poster: String
        let video: String
        let seconds: Int
        let waiting: String
        let facts: String
        let action: String
    }

    let base = Addresses.base
    let sections = DeskTab.all(current: .clips)
    let lead: String
    let clips: [Item]
    let isEmpty: Bool
    let nextHref: String?
    let reasonMax = UploadRules.reasonCharacters.upperBound
    let reasons = [
        "It is not the maker’s own work.", "It shows violence or nudity.", "It advertises something.",
        "It cannot be made out.",
    ]

    /// - Parameters:
    ///   - waiting: the clips, the oldest first, each with its slot.
    ///   - next: where the next page begins.
    ///   - now: the time.
    init(_ waiting: [(entered: EnteredClip, slot: Slot?)], next: String?, at now: Timestamp) {
        isEmpty = waiting.isEmpty
        lead =
            waiting.isEmpty
            ? "Nothing waits." : "\(Wording.count(waiting.count, "clip"))\(next == nil ? "" : " and more") to look at."
        nextHref = next.map { "\(Addresses.queue)?after=\($0)" }
        clips = waiting.map { entered, slot in
            let clip = entered.clip
            return Item(
                id: clip.id.description, title: clip.title, creator: clip.credit,
                genre: Wording.title(clip.genre.rawValue),
                slotLabel: slot.map { $0.takesClips(at: now) ? "Slot \($0.position)" : "Slot \($0.position), closed" }
                    ?? "",
                poster: clip.files.poster ?? "", video: clip.files.small ?? "",
                seconds: (clip.milliseconds + 500) / 1_000,
                waiting: entered.entry.map { "sent \(Wording.ago(now - $0.createdAt))" } ?? "",
                facts: entered.entry?.finding?.summary ?? "", action: "\(Addresses.queue)/\(clip.id)")
        }
    }
}
