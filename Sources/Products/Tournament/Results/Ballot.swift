import Base

/// A vote as it is published.
struct Ballot: Sendable, Hashable {
    enum State: String, Sendable, Hashable, CaseIterable {
        case counted, withdrawn, removed
    }

    let id: ID<Vote>
    let castAt: Timestamp
    let clipID: ID<Clip>
    let voter: Pseudonym
    let kind: Vote.Kind
    let weight: Int
    let state: State
}

/// The published form of ballots: CSV in ascending order of the vote's id, every line ended as RFC 4180 says.
///
/// The digest is the SHA-256 of exactly these bytes, the heading included and the export's manifest line left out.
enum BallotStream {
    static let columns = ["vote", "cast_at", "clip", "voter", "kind", "weight", "state"]
    static let heading = Array((columns.joined(separator: ",") + "\r\n").utf8)
    static let order =
        "ascending vote id; the digest is the SHA-256 of all bytes before the manifest line that begins with #"

    static func append(_ ballot: Ballot, to buffer: inout [UInt8]) {
        append(ballot.id, to: &buffer)
        buffer.append(comma)
        append(ballot.castAt, to: &buffer)
        buffer.append(comma)
        append(ballot.clipID, to: &buffer)
        buffer.append(comma)
        append(ballot.voter.id, to: &buffer)
        buffer.append(comma)
        buffer.append(contentsOf: ballot.kind.rawValue.utf8)
        buffer.append(comma)
        append(number: ballot.weight, to: &buffer)
        buffer.append(comma)
        buffer.append(contentsOf: ballot.state.rawValue.utf8)
        buffer.append(carriageReturn)
        buffer.append(lineFeed)
    }

    /// Reads a line without its end; `nil` for anything that ``append(_:to:)`` does not write.
    static func ballot(line: Substring) -> Ballot? {
        let fields = line.split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count == 7, let id = ID<Vote>(String(fields[0])), let castAt = Timestamp(String(fields[1])),
            let clip = ID<Clip>(String(fields[2])), let voter = ID<Voter>(String(fields[3])),
            let kind = Vote.Kind(rawValue: String(fields[4])), let weight = Int(fields[5]),
            let state = Ballot.State(rawValue: String(fields[6]))
        else { return nil }
        return Ballot(
            id: id, castAt: castAt, clipID: clip, voter: Pseudonym(stored: voter), kind: kind, weight: weight,
            state: state)
    }

    private static let comma = UInt8(ascii: ",")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")
    private static let digits = Array("0123456789abcdef".utf8)

    private static func append<Entity>(_ id: ID<Entity>, to buffer: inout [UInt8]) {
        digits.withUnsafeBufferPointer { digits in
            for nibble in 0..<32 {
                if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 { buffer.append(UInt8(ascii: "-")) }
                let half = nibble < 16 ? id.high : id.low
                buffer.append(digits[Int(truncatingIfNeeded: half >> UInt64(60 - nibble % 16 * 4)) & 15])
            }
        }
    }

    private static func append(number: Int, to buffer: inout [UInt8]) {
        if (0..<10).contains(number) {
            buffer.append(UInt8(ascii: "0") + UInt8(number))
        } else {
            buffer.append(contentsOf: String(number).utf8)
        }
    }

    /// ISO 8601 as `Timestamp.description` writes it, without making text of the parts: exports have millions of rows.
    private static func append(_ time: Timestamp, to buffer: inout [UInt8]) {
        let dayLength: Int64 = 86_400_000_000
        var day = time.microseconds / dayLength
        var rest = time.microseconds % dayLength
        if rest < 0 { (day, rest) = (day - 1, rest + dayLength) }
        // Howard Hinnant's `civil_from_days`, as in `CalendarDay`.
        let shifted = day + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        let month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        append(yearOfEra + era * 400 + (month <= 2 ? 1 : 0), digits: 4, to: &buffer)
        buffer.append(UInt8(ascii: "-"))
        append(month, digits: 2, to: &buffer)
        buffer.append(UInt8(ascii: "-"))
        append(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1, digits: 2, to: &buffer)
        buffer.append(UInt8(ascii: "T"))
        append(rest / 3_600_000_000, digits: 2, to: &buffer)
        buffer.append(UInt8(ascii: ":"))
        append(rest / 60_000_000 % 60, digits: 2, to: &buffer)
        buffer.append(UInt8(ascii: ":"))
        append(rest / 1_000_000 % 60, digits: 2, to: &buffer)
        buffer.append(UInt8(ascii: "."))
        append(rest % 1_000_000, digits: 6, to: &buffer)
        buffer.append(UInt8(ascii: "Z"))
    }

    private static func append(_ value: Int64, digits count: Int, to buffer: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<count { divisor *= 10 }
        while divisor > 0 {
            buffer.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }
}
