import Base
import Crypto

/// A count of ballots, one by one in their published order: scores, ranking and digest at once.
///
/// Whoever replays the published bytes gets the same answer, bit for bit.
struct Recount: Sendable {
    private(set) var standings: [ID<Clip>: Standing]
    private(set) var ballots = 0
    private(set) var removed = 0
    private(set) var withdrawn = 0
    private var digest = SHA256()
    private var line: [UInt8] = []

    /// Starts with all clips that take part, those without a vote included.
    init(clips: some Sequence<Standing>) {
        standings = Dictionary(uniqueKeysWithValues: clips.map { ($0.clipID, $0) })
        BallotStream.heading.withUnsafeBytes { digest.update(bufferPointer: $0) }
        line.reserveCapacity(256)
    }

    mutating func add(_ ballot: Ballot) {
        line.removeAll(keepingCapacity: true)
        BallotStream.append(ballot, to: &line)
        line.withUnsafeBytes { digest.update(bufferPointer: $0) }
        ballots += 1
        switch ballot.state {
        case .counted: standings[ballot.clipID]?.add(weight: ballot.weight, castAt: ballot.castAt)
        case .withdrawn: withdrawn += 1
        case .removed: removed += 1
        }
    }

    var ranking: [Standing] { TieRule.ranked(standings.values) }

    /// SHA-256 of the published bytes, in lower-case hexadecimal digits.
    var digestText: String {
        digest.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }
}
