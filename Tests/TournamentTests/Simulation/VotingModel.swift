/// What the rules say, in the fewest words: a reference that knows nothing of the product's code.
///
/// One slot, voters and clips by number, time in microseconds. Voter 0 has made clip 0.
struct VotingModel: Hashable {
    enum Kind: Int, CaseIterable, Hashable { case normal, `super`, mega }

    struct Rules: Hashable {
        var cap = 12
        var weights = [1, 3, 10]
        var length: Int64 = 48 * 3_600_000_000
        var freeze: Int64 = 120_000_000
        var review: Int64 = 3_600_000_000
        var votersMinimum = 3
        var extensionsMax = 3
        /// How far the tenant's midnight is from the one of UTC.
        var zoneOffset: Int64 = 0
    }

    enum Answer: Hashable {
        case cast(weight: Int, used: Int)
        case withdrawn(weight: Int, isReturned: Bool)
        case ownClip, closed, frozen, alreadyVoted(Kind), superSpent, megaSpent, dailyLimit(left: Int), noVote
    }

    enum State: Hashable { case voting, counting, provisional, locked }

    struct Vote: Hashable {
        var voter: Int
        var clip: Int
        var kind: Kind
        var castAt: Int64
        var request: Int?
        var isWithdrawn = false
        var isRemoved = false

        var counts: Bool { !isWithdrawn && !isRemoved }
    }

    enum Step: Hashable {
        case cast(voter: Int, clip: Int, Kind, request: Int?)
        case withdraw(voter: Int, clip: Int)
    }

    let rules: Rules
    /// The clips by id, the smallest first.
    let clipOrder: [Int]
    var now: Int64
    var state = State.voting
    var freezesAt: Int64
    var closesAt: Int64
    var decidedAt: Int64 = 0
    var extensions = 0
    var votes: [Vote] = []
    /// What was spent and not given back, by voter and day.
    var spent: [[Int64]: Int] = [:]
    var winner: Int?
    var isBelowMinimum = false

    init(rules: Rules, clipOrder: [Int], now: Int64) {
        self.rules = rules
        self.clipOrder = clipOrder
        self.now = now
        closesAt = now + rules.length
        freezesAt = closesAt - rules.freeze
    }

    private func day(_ time: Int64) -> Int64 {
        let local = time + rules.zoneOffset
        return local >= 0 ? local / 86_400_000_000 : -((86_399_999_999 - local) / 86_400_000_000)
    }

    private var takesVotes: Bool { state == .voting && now < freezesAt }

    // MARK: What voters do

    mutating func perform(_ step: Step) -> Answer {
        switch step {
        case .cast(let voter, let clip, let kind, let request): cast(voter, clip, kind, request)
        case .withdraw(let voter, let clip): withdraw(voter, clip)
        }
    }

    private mutating func cast(_ voter: Int, _ clip: Int, _ kind: Kind, _ request: Int?) -> Answer {
        let key = [Int64(voter), day(now)]
        let used = spent[key] ?? 0
        let weight = rules.weights[kind.rawValue]
        let standing = votes.first { $0.voter == voter && $0.clip == clip && !$0.isWithdrawn }
        if let standing, let request, standing.request == request, standing.kind == kind {
            return .cast(weight: weight, used: used)
        }
        if voter == 0, clip == 0 { return .ownClip }
        if state == .counting { return .frozen }
        if state != .voting { return .closed }
        if now >= freezesAt { return .frozen }
        if let standing { return .alreadyVoted(standing.kind) }
        if kind != .normal, votes.contains(where: { $0.voter == voter && $0.kind == kind && !$0.isWithdrawn }) {
            return kind == .mega ? .megaSpent : .superSpent
        }
        if used + weight > rules.cap { return .dailyLimit(left: max(0, rules.cap - used)) }
        spent[key] = used + weight
        votes.append(Vote(voter: voter, clip: clip, kind: kind, castAt: now, request: request))
        return .cast(weight: weight, used: used + weight)
    }

    private mutating func withdraw(_ voter: Int, _ clip: Int) -> Answer {
        guard let index = votes.firstIndex(where: { $0.voter == voter && $0.clip == clip && $0.counts }) else {
            return .noVote
        }
        guard takesVotes else { return .frozen }
        votes[index].isWithdrawn = true
        let weight = rules.weights[votes[index].kind.rawValue]
        let isReturned = day(votes[index].castAt) == day(now)
        if isReturned { spent[[Int64(voter), day(now)]]? -= weight }
        return .withdrawn(weight: weight, isReturned: isReturned)
    }

    // MARK: What moderators and the clock do

    /// Takes out all that some voters have; returns how many votes that would be, whether or not it changes anything.
    mutating func remove(_ voters: Set<Int>) -> Int {
        let found = votes.indices.filter { voters.contains(votes[$0].voter) && votes[$0].counts }
        if state != .locked {
            for index in found { votes[index].isRemoved = true }
            if state == .provisional { decide() }
        }
        return found.count
    }

    /// Takes the one step that is due; says whether there was one.
    mutating func advance() -> Bool {
        switch state {
        case .voting where now >= freezesAt: state = .counting
        case .counting where now >= closesAt:
            if !votes.contains(where: \.counts), extensions < rules.extensionsMax {
                extensions += 1
                closesAt = max(closesAt, now) + rules.length
                freezesAt = closesAt - rules.freeze
                state = .voting
            } else {
                decide()
                decidedAt = now
                state = .provisional
            }
        case .provisional where now >= decidedAt + rules.review: state = .locked
        default: return false
        }
        return true
    }

    // MARK: What follows

    func score(_ clip: Int) -> Int {
        votes.filter { $0.clip == clip && $0.counts }.reduce(0) { $0 + rules.weights[$1.kind.rawValue] }
    }

    func voters(_ clip: Int) -> Int { votes.count { $0.clip == clip && $0.counts } }

    /// All clips, the first place first.
    var ranking: [Int] {
        func last(_ clip: Int) -> Int64 { votes.filter { $0.clip == clip && $0.counts }.map(\.castAt).max() ?? .max }
        return clipOrder.enumerated().sorted { left, right in
            let (a, b) = (left.element, right.element)
            if score(a) != score(b) { return score(a) > score(b) }
            if last(a) != last(b) { return last(a) < last(b) }
            return left.offset < right.offset
        }.map(\.element)
    }

    private mutating func decide() {
        let ranking = ranking
        let enough = ranking.first { voters($0) >= max(1, rules.votersMinimum) }
        winner = enough ?? ranking.first
        isBelowMinimum = enough == nil && rules.votersMinimum > 0
        // Without a vote whoever was there first wins; all were there from the start, so the smallest id.
        if !votes.contains(where: \.counts) { winner = clipOrder.first }
    }
}
