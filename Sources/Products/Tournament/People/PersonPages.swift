import Base

/// A person's page: numbers, streak and clips for everybody, votes and comments for the person alone.
struct PersonPage: Sendable {
    struct ClipLine: Sendable {
        let title: String
        let href: String
        let poster: String
        let hasPoster: Bool
        let detail: String
    }

    struct VoteLine: Sendable {
        let title: String
        let href: String
        let detail: String
    }

    let name: String
    let lead: String
    let stats: [Figure]
    let isOwn: Bool
    let canFollow: Bool
    let isFollowed: Bool
    let followAction: String
    let reportAction = Addresses.reports
    let canReport: Bool
    let id: String
    let clips: [ClipLine]
    let hasClips: Bool
    let votes: Listing<VoteLine>
    let comments: Listing<CommentLine>
    let feedHref = Addresses.feed
    let accountHref = "/account"

    /// What only the person sees.
    struct Own: Sendable {
        var votes: [OwnVote] = []
        var titles: [ID<Clip>: String] = [:]
        var votesNext: String?
        var comments: [TitledComment] = []
        var commentsNext: String?
    }

    init(
        _ person: ID<Person>, name: String, stats: PersonStats, clips: [Clip], own: Own?, viewer: ID<Person>?,
        at now: Timestamp
    ) {
        let isOwn = own != nil
        id = person.description
        self.name = name
        self.isOwn = isOwn
        let tally = stats.tally
        lead =
            "\(Wording.count(tally.followers, "follower")) · follows "
            + "\(Wording.count(tally.following, "person", "people"))"
        self.stats = Self.figures(stats)
        canFollow = !isOwn && viewer != nil
        canReport = canFollow
        isFollowed = stats.isFollowed
        followAction = Addresses.follow(person)
        self.clips = clips.map { clip in
            ClipLine(
                title: clip.title, href: Addresses.clip(clip.id), poster: clip.files.poster ?? "",
                hasPoster: clip.files.poster != nil, detail: Self.word(clip.state))
        }
        hasClips = !clips.isEmpty
        votes = Listing(
            (own?.votes ?? []).map { vote in
                VoteLine(
                    title: own?.titles[vote.clipID] ?? "A clip", href: Addresses.clip(vote.clipID),
                    detail: "\(Wording.title(vote.kind.rawValue)), \(Wording.ago(now - vote.castAt))"
                        + (vote.isRemoved ? ", taken out of the count" : ""))
            }, next: own?.votesNext
        ) { "\(Addresses.me)?votes=\($0)#votes" }
        comments = Listing(
            (own?.comments ?? []).map { CommentLine($0, viewer: viewer, at: now) }, next: own?.commentsNext
        ) { "\(Addresses.me)?comments=\($0)#comments" }
    }

    private static func figures(_ stats: PersonStats) -> [Figure] {
        let tally = stats.tally
        return [
            Figure(
                label: "Points", value: Wording.number(tally.points),
                note: "1 a vote, 25 a clip, 250 a win, 5 a day of the best streak"),
            Figure(
                label: "Votes", value: Wording.number(tally.votesCast),
                note: stats.today.votes > 0 ? "\(Wording.number(stats.today.votes)) today" : nil),
            Figure(
                label: "Streak", value: Wording.number(tally.streakDays), unit: tally.streakDays == 1 ? "day" : "days",
                note: "best \(Wording.number(tally.streakBest))"),
            Figure(label: "Clips", value: Wording.number(tally.clips)),
            Figure(label: "Wins", value: Wording.number(tally.wins)),
        ]
    }

    private static func word(_ state: Clip.State) -> String {
        switch state {
        case .active: "in the running"
        case .winner: "winner"
        case .eliminated: "not chosen"
        default: state.rawValue
        }
    }
}
