import Base

/// What is known of a counted vote that may be suspicious.
struct Evidence: Sendable, Hashable {
    let voterID: ID<Voter>
    let voteID: ID<Vote>
    let clipID: ID<Clip>
    let reasons: [RiskReason]
    let address: Int64
    let agent: Int64
    let at: Timestamp
}

/// Votes of one clip that share more than chance explains.
///
/// Whether it is fraud is for a moderator to say.
struct Suspicion: Sendable, Hashable {
    /// What they share: the same votes give the same one.
    let fingerprint: String
    let clipID: ID<Clip>
    let reasons: [String]
    let voters: Set<ID<Voter>>
    let votes: Set<ID<Vote>>
}

/// Groups the votes of a slot by what they share: a pure function of the evidence, whatever its order.
enum SuspicionRules {
    enum Bounds {
        /// Evidence that one look takes, the latest first.
        static let evidence = 100_000
        /// Votes of one case.
        static let votes = 10_000
        /// Suspicions of one slot.
        static let suspicions = 200
        /// Voters of one clip who replayed tokens.
        static let replayers = 5
        /// Marked voters of one clip.
        static let marked = 5
        /// Voters of one address group for one clip within a burst.
        static let burst = 20
        /// Of a group's votes the share, in hundredths, that goes to the one clip.
        static let burstShare = 80
        /// Voters with one browser's name for one clip within a burst.
        static let cluster = 30
        /// How many times as common the name is among the clip's voters as among those of the other clips.
        static let clusterLift = 4
        static let window: Duration = .seconds(600)
        /// Votes in a row whose distances are judged.
        static let paced = 20
        /// Votes that come by chance have distances that spread about as much as their mean (1.0); a clock's do not.
        static let pacedSpread = 0.15
    }

    static func suspicions(_ evidence: [Evidence]) -> [Suspicion] {
        let ordered = evidence.sorted { ($0.at, $0.voteID) < ($1.at, $1.voteID) }
        var found: [Suspicion] = []
        for (clip, votes) in Dictionary(grouping: ordered, by: \.clipID).sorted(by: { $0.key < $1.key }) {
            found += byReason(votes, of: clip)
            found += bursts(votes, of: clip, among: ordered)
            found += clusters(votes, of: clip, among: ordered)
        }
        return Array(
            found.sorted { ($1.votes.count, $0.fingerprint) < ($0.votes.count, $1.fingerprint) }
                .prefix(Bounds.suspicions))
    }

    private static func suspicion(
        _ kind: String, _ clip: ID<Clip>, _ votes: [Evidence], _ words: [String]
    ) -> Suspicion {
        let kept = votes.prefix(Bounds.votes)
        return Suspicion(
            fingerprint: "\(kind):\(clip)", clipID: clip, reasons: words, voters: Set(kept.map(\.voterID)),
            votes: Set(kept.map(\.voteID)))
    }

    private static func byReason(_ votes: [Evidence], of clip: ID<Clip>) -> [Suspicion] {
        var found: [Suspicion] = []
        let replayed = votes.filter { $0.reasons.contains(.replayedToken) }
        if Set(replayed.map(\.voterID)).count >= Bounds.replayers {
            found.append(suspicion("replay", clip, replayed, [RiskReason.replayedToken.words]))
        }
        let marked = votes.filter { $0.reasons.reduce(0) { $0 + $1.points } >= Risk.Bounds.review }
        if Set(marked.map(\.voterID)).count >= Bounds.marked {
            let reasons = Set(marked.flatMap(\.reasons)).map(\.words).sorted()
            found.append(suspicion("marked", clip, marked, reasons))
        }
        return found
    }

    /// Many voters of one address group for one clip within minutes, who vote for hardly anything else.
    private static func bursts(_ votes: [Evidence], of clip: ID<Clip>, among all: [Evidence]) -> [Suspicion] {
        var total: [Int64: Int] = [:]
        for vote in all { total[vote.address, default: 0] += 1 }
        return Dictionary(grouping: votes, by: \.address).sorted { $0.key < $1.key }.compactMap { address, own in
            guard own.count * 100 >= Bounds.burstShare * (total[address] ?? 0), let burst = densest(own),
                burst.count >= Bounds.burst
            else { return nil }
            let minutes = Bounds.window.components.seconds / 60
            var words = [
                "\(Wording.count(burst.count, "voter")) of one address group within \(minutes) minutes, "
                    + "\(own.count * 100 / max(1, total[address] ?? 1)) % of its votes for one clip"
            ]
            words += pacing(own)
            return suspicion("address.\(String(UInt64(bitPattern: address), radix: 36))", clip, own, words)
        }
    }

    /// One browser's name far more often than among the voters of other clips.
    private static func clusters(_ votes: [Evidence], of clip: ID<Clip>, among all: [Evidence]) -> [Suspicion] {
        var elsewhere: [Int64: Int] = [:]
        for vote in all where vote.clipID != clip { elsewhere[vote.agent, default: 0] += 1 }
        let others = max(1, all.count - votes.count)
        return Dictionary(grouping: votes, by: \.agent).sorted { $0.key < $1.key }.compactMap { agent, own in
            guard let burst = densest(own), burst.count >= Bounds.cluster else { return nil }
            // share here ≥ lift × share elsewhere, without division; one vote elsewhere is taken for granted.
            let expected = (elsewhere[agent] ?? 0) + 1
            guard own.count * others >= Bounds.clusterLift * expected * votes.count else { return nil }
            let words = [
                "\(Wording.count(burst.count, "voter")) with the same browser within "
                    + "\(Bounds.window.components.seconds / 60) minutes, rare among other clips' voters"
            ]
            return suspicion(
                "agent.\(String(UInt64(bitPattern: agent), radix: 36))", clip, own, words + pacing(own))
        }
    }

    /// The most votes of different voters within the window; `votes` are in order of time.
    private static func densest(_ votes: [Evidence]) -> ArraySlice<Evidence>? {
        var best: ArraySlice<Evidence>?
        var start = 0
        for end in votes.indices {
            while votes[end].at - votes[start].at > Bounds.window { start += 1 }
            if end - start + 1 > best?.count ?? 0 { best = votes[start...end] }
        }
        return best
    }

    /// Says so when votes arrive like a clock.
    private static func pacing(_ votes: [Evidence]) -> [String] {
        guard votes.count >= Bounds.paced else { return [] }
        let gaps = zip(votes, votes.dropFirst()).map { ($1.at - $0.at).inSeconds }
        let mean = gaps.reduce(0, +) / Double(gaps.count)
        guard mean > 0 else { return ["votes of the same moment"] }
        let variance = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
        return variance.squareRoot() / mean < Bounds.pacedSpread ? ["votes arrive like a clock"] : []
    }
}
