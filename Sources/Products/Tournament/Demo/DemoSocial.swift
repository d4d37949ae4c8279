import Base
import Hosting

/// What the demo's people say, like, follow and report: a pure function of a season, seeded, and skewed as real crowds
/// are, a few clips drawing most of the talk.
struct DemoSocial: Sendable {
    enum Bounds {
        static let likesPerComment = 9
        static let followsPerPerson = 7
        /// The first of every so many comments waits for a moderator, is reported, or was taken out.
        static let pendingEvery = 61
        static let reportedEvery = 97
        static let rejectedEvery = 149
    }

    struct Like: Sendable {
        let commentID: ID<Comment>
        let personID: ID<Person>
        let at: Timestamp
    }

    struct Follow: Sendable {
        let followerID: ID<Person>
        let personID: ID<Person>
        let at: Timestamp
    }

    struct Report: Sendable {
        let commentID: ID<Comment>
        let personID: ID<Person>
        let reason: String
        let at: Timestamp
    }

    /// In order of their ids, parents before their replies.
    private(set) var comments: [Comment] = []
    private(set) var likes: [Like] = []
    private(set) var follows: [Follow] = []
    private(set) var reports: [Report] = []
    /// Everybody with a name.
    let people: [(id: ID<Person>, name: String)]

    private let chance: DemoChance
    private let now: Timestamp

    /// - Parameters:
    ///   - demo: the season; its voters with an account are the audience.
    ///   - count: comments to make.
    ///   - seed: where chance begins.
    ///   - now: when the demo begins.
    init(_ demo: DemoSeason, comments count: Int, seed: UInt64, at now: Timestamp) {
        chance = DemoChance(seed: seed)
        self.now = now
        let audience = demo.voters.compactMap(\.personID).enumerated().map { index, id in
            (id: id, name: DemoNames.person(demo.creators.count + index))
        }
        people = demo.creators + audience
        comment(count, on: demo)
        like()
        follow()
        report()
    }

    // MARK: Making

    private mutating func comment(_ count: Int, on demo: DemoSeason) {
        let clips = demo.scenes.filter { $0.slot.state == .locked || $0.slot.state == .voting }.flatMap { scene in
            scene.clips.map { (clip: $0, until: min(now, scene.slot.closesAt + .seconds(86_400))) }
        }
        guard !clips.isEmpty, !people.isEmpty else { return }
        var weights = (0..<clips.count).map { 1 / Double($0 + 4) }
        var generator = chance.generator
        weights.shuffle(using: &generator)
        let total = weights.reduce(0, +)
        for number in 0..<count {
            var draw = chance.fraction() * total
            let place = weights.firstIndex { weight in
                draw -= weight
                return draw < 0
            }
            let (clip, until) = clips[place ?? 0]
            add(number, on: clip, until: until)
        }
        comments.sort { $0.id < $1.id }
    }

    private mutating func add(_ number: Int, on clip: Clip, until: Timestamp) {
        let parents = comments.suffix(400).filter {
            $0.clipID == clip.id && $0.parentID == nil && $0.state == .approved
        }
        let parent =
            parents.isEmpty || chance.below(100) >= 28 ? nil : parents[parents.startIndex + chance.below(parents.count)]
        let start = max(clip.activeAt, parent?.createdAt ?? clip.activeAt)
        let span = max(1, (until - start).microseconds)
        // Talk is thickest at the beginning.
        let at = start + .microseconds(1_000 + Int64(chance.fraction() * chance.fraction() * Double(span)))
        let isMaker = parent != nil && chance.below(5) == 0
        let author = isMaker ? people.first { $0.id == clip.personID } ?? someone() : someone()
        let state: Comment.State =
            number % Bounds.pendingEvery == 7
            ? .pending : number % Bounds.rejectedEvery == 11 ? .rejected : .approved
        comments.append(
            Comment(
                id: ID(at: at, using: chance), clipID: clip.id, personID: author.id, parentID: parent?.id,
                author: author.name,
                text: parent == nil
                    ? DemoPhrases.comment(on: clip.title, using: chance) : DemoPhrases.reply(isMaker, using: chance),
                state: state, reason: state == .rejected ? "Advertises something." : nil, createdAt: at))
    }

    private func someone() -> (id: ID<Person>, name: String) { people[chance.below(people.count)] }

    private mutating func like() {
        for index in comments.indices where comments[index].state == .approved {
            let wanted = Int(Double(Bounds.likesPerComment) * chance.fraction() * chance.fraction() * 1.6)
            var seen: Set<ID<Person>> = []
            for _ in 0..<wanted {
                let person = someone().id
                guard seen.insert(person).inserted else { continue }
                likes.append(
                    Like(commentID: comments[index].id, personID: person, at: comments[index].createdAt + .seconds(60)))
            }
            comments[index].likes = seen.count
        }
    }

    private mutating func follow() {
        for (index, person) in people.enumerated() {
            var seen: Set<ID<Person>> = [person.id]
            for _ in 0..<chance.below(Bounds.followsPerPerson + 1) {
                // The first of the creators are the ones whom many know.
                let rank = Int(chance.fraction() * chance.fraction() * Double(people.count))
                let other = people[min(people.count - 1, rank)].id
                guard seen.insert(other).inserted else { continue }
                follows.append(
                    Follow(followerID: person.id, personID: other, at: now - .seconds(3_600 * (1 + index % 200))))
            }
        }
    }

    private mutating func report() {
        for (number, index) in comments.indices.enumerated() where number % Bounds.reportedEvery == 5 {
            guard comments[index].state == .approved else { continue }
            // Two of three are reported by a few, the third by so many that it is hidden.
            let wanted = number % 3 == 0 ? ReportRule.hides : 1 + chance.below(3)
            var seen: Set<ID<Person>> = [comments[index].personID]
            while seen.count <= wanted, seen.count < people.count {
                let person = someone().id
                guard seen.insert(person).inserted else { continue }
                reports.append(
                    Report(
                        commentID: comments[index].id, personID: person, reason: DemoPhrases.complaint(using: chance),
                        at: max(comments[index].createdAt, now - .seconds(7_200)) + .seconds(seen.count * 30)))
            }
            if wanted == ReportRule.hides { comments[index].state = .flagged }
        }
    }
}
