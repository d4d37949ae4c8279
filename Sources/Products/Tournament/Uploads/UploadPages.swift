import Base

/// The page on which a clip is sent.
struct UploadPage: Sendable {
    /// A slot to choose.
    struct Choice: Sendable {
        let value: String
        let label: String
        let isChosen: Bool
    }

    /// What is sent; missing while no slot takes clips.
    struct Form: Sendable {
        let action: String
        let openHref = "\(Addresses.api)/clips"
        let mineHref = Addresses.mine
        let bytesMax = UploadRules.bytesMax
        let millisecondsMax = ClipFinding.Bounds.milliseconds.upperBound
        let millisecondsMin = ClipFinding.Bounds.milliseconds.lowerBound
        let titleMax = UploadRules.titleCharacters.upperBound
        let slots: [Choice]
        let genres: [Choice]
        let title: String
        let replaces: String?
        let replacedTitle: String?
        let limit: String
    }

    let base = Addresses.base
    let lead: String
    let clock: SlotClock?
    let clockLabel: String
    let form: Form?
    let heading: String
    let detail: String
    let mineHref = Addresses.mine
    let timetableHref = Addresses.timetable

    /// - Parameters:
    ///   - season: the season that is on; `nil` between seasons.
    ///   - slots: those that take clips, the one that is on first.
    ///   - replaced: the clip that the new one takes the place of.
    ///   - now: the time.
    init(season: Season?, slots: [Slot], replacing replaced: Clip?, at now: Timestamp) {
        lead = "Up to 8.5 seconds and 50 MiB, as MP4, MOV or WebM. Films play without sound."
        let open = slots.first
        clock = open.flatMap { $0.state == .voting ? SlotClock($0, at: now) : nil }
        clockLabel = open.map { "Slot \($0.position)" } ?? ""
        heading = season == nil ? "No season is running" : "No slot takes clips now"
        detail =
            season == nil
            ? "The stage is dark. The next season is announced here." : "Every slot of the season has its clips."
        guard let season, !slots.isEmpty else {
            form = nil
            return
        }
        form = Form(
            action: Addresses.upload,
            slots: slots.prefix(12).map { slot in
                Choice(
                    value: slot.id.description, label: Self.label(slot, season),
                    isChosen: slot.id == (replaced?.slotID ?? open?.id))
            },
            genres: Clip.Genre.allCases.map {
                Choice(value: $0.rawValue, label: Wording.title($0.rawValue), isChosen: $0 == replaced?.genre)
            }, title: replaced?.title ?? "", replaces: replaced?.id.description, replacedTitle: replaced?.title,
            limit: "\(Wording.count(season.rules.clipsPerPerson, "clip")) a person and slot.")
    }

    private static func label(_ slot: Slot, _ season: Season) -> String {
        switch slot.state {
        case .voting: "Slot \(slot.position), being voted on now"
        case .waiting: "Slot \(slot.position), waiting for its first clip"
        default: "Slot \(slot.position), from \(Wording.shortDay(slot.opensAt, in: season.rules.zone))"
        }
    }
}

/// The page with one's own clips, their states and what was said of them.
struct MyClipsPage: Sendable {
    /// A clip with what stands beside it.
    struct Entry: Sendable {
        let entered: EnteredClip
        let slot: Slot?
        let views: Int
        let standing: FeedDesk.Standing?
    }

    struct Item: Sendable {
        let id: String
        let title: String
        let genre: String
        let poster: String?
        let href: String?
        let slotLabel: String?
        let badge: Badge
        let sentence: String
        let isBad: Bool
        let isWaiting: Bool
        let figures: [Figure]
        let replaceHref: String?
        let removeHref: String?
    }

    let base = Addresses.base
    let uploadHref = Addresses.upload
    let clips: [Item]
    let isEmpty: Bool
    /// Seconds after which a page looks again: soon while clips are made ready, later while they wait for a moderator.
    let refresh: Int?
    let nextHref: String?

    init(_ entries: [Entry], next: String?) {
        clips = entries.map(Self.item)
        isEmpty = entries.isEmpty
        refresh =
            entries.contains { $0.entered.clip.state.isOnItsWay }
            ? 3 : entries.contains { $0.entered.clip.state == .pending } ? 10 : nil
        nextHref = next.map { "\(Addresses.mine)?after=\($0)" }
    }

    private static func item(_ entry: Entry) -> Item {
        let clip = entry.entered.clip
        var figures: [Figure] = []
        if clip.state.isPublic {
            figures.append(Figure(label: "Views", value: Wording.number(entry.views)))
            if let standing = entry.standing {
                figures.append(Figure(label: "Score", value: Wording.number(standing.score)))
                figures.append(Figure(label: "Rank", value: Wording.number(standing.rank)))
            }
        }
        let mayGo = Clip.State.before(.removed).contains(clip.state) && clip.state != .eliminated
        return Item(
            id: clip.id.description, title: clip.title, genre: Wording.title(clip.genre.rawValue),
            poster: clip.files.poster, href: clip.state.isPublic ? Addresses.clip(clip.id) : nil,
            slotLabel: entry.slot.map { "Slot \($0.position)" }, badge: badge(clip.state),
            sentence: sentence(entry.entered), isBad: clip.state == .rejected, isWaiting: clip.state.isOnItsWay,
            figures: figures, replaceHref: mayGo ? "\(Addresses.upload)?replaces=\(clip.id)" : nil,
            removeHref: mayGo ? "\(Addresses.clip(clip.id))/remove" : nil)
    }

    private static func badge(_ state: Clip.State) -> Badge {
        switch state {
        case .uploading: Badge(.info, "uploading")
        case .processing: Badge(.info, "being made ready")
        case .pending: Badge(.accent, "waits for review")
        case .active: Badge(.live, "in the running")
        case .winner: Badge(.gold, "winner")
        case .eliminated: Badge(.plain, "not chosen")
        case .rejected: Badge(.bad, "rejected")
        case .removed: Badge(.bad, "removed")
        }
    }

    private static func sentence(_ entered: EnteredClip) -> String {
        switch entered.clip.state {
        case .uploading: "Its bytes have not all arrived. An upload that stops can be sent again within 15 minutes."
        case .processing: "It is checked and made ready to be played; that takes some seconds."
        case .pending: "A moderator looks at it before it can be voted on."
        case .active: "It can be voted on while its slot is open."
        case .winner: "It won its slot and is part of the film."
        case .eliminated: "Another clip won its slot."
        case .rejected: entered.faultText ?? entered.entry?.reason.map { "“\($0)”" } ?? "It was not accepted."
        case .removed: entered.entry?.reason ?? "It was taken away."
        }
    }
}

extension Clip.State {
    /// Whether something happens to it without anybody's doing.
    var isOnItsWay: Bool { self == .uploading || self == .processing }
}
