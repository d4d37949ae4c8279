import Base

/// What a count leads to: a pure function of the standings and the rules.
enum Verdict: Sendable, Hashable {
    case winner(ID<Clip>, belowMinimum: Bool)
    /// Nobody voted: the slot goes on for another length.
    case lengthen
    /// No clip is left: the slot waits for one.
    case wait

    /// Decides who has won.
    ///
    /// - Parameters:
    ///   - ranking: All clips of the slot that are active, ranked.
    ///   - rules: The season's promises.
    ///   - extensions: How often the slot was lengthened already.
    /// - Returns: The winner, or what happens to the slot instead.
    static func of(_ ranking: [Standing], rules: SeasonRules, extensions: Int) -> Verdict {
        guard let best = ranking.first else { return .wait }
        guard best.voters > 0 else {
            if extensions < rules.extensionsMax { return .lengthen }
            let first = ranking.min { ($0.activeAt, $0.clipID) < ($1.activeAt, $1.clipID) } ?? best
            return .winner(first.clipID, belowMinimum: rules.votersMinimum > 0)
        }
        if let enough = ranking.first(where: { $0.voters >= max(1, rules.votersMinimum) }) {
            return .winner(enough.clipID, belowMinimum: false)
        }
        return .winner(best.clipID, belowMinimum: true)
    }
}
