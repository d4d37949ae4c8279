import Base

/// A board as nodes hand it to each other: 40 bytes for each entry, as JSON of so many numbers would be slow.
///
/// A board of more than about 100,000 entries is larger than the shared store takes; each node then reads the last
/// version from the database.
extension BoardShelf {
    private enum Layout {
        static let entryBytes = 40
        static let headBytes = 20
    }

    struct Damaged: Error {}

    /// Both orders, each with its head: version, time, number of entries.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity((byScore.count + rising.count) * Layout.entryBytes + 2 * Layout.headBytes)
        for board in [byScore, rising] {
            Self.append(board.version, to: &bytes)
            Self.append(board.builtAt.microseconds, to: &bytes)
            Self.append(Int32(board.count), to: &bytes)
            for entry in board.entries {
                Self.append(entry.id.high, to: &bytes)
                Self.append(entry.id.low, to: &bytes)
                Self.append(entry.score, to: &bytes)
                Self.append(entry.tie, to: &bytes)
                Self.append(entry.voters, to: &bytes)
            }
        }
        return bytes
    }

    /// Reads what ``bytes`` wrote.
    ///
    /// - Throws: ``Damaged``.
    convenience init(bytes: [UInt8]) throws {
        var rest = bytes[...]
        let boards = try (0..<2).map { _ in try Self.board(from: &rest) }
        guard rest.isEmpty else { throw Damaged() }
        self.init(byScore: boards[0], rising: boards[1])
    }

    private static func board(from bytes: inout ArraySlice<UInt8>) throws -> Board {
        let version: Int64 = try take(from: &bytes)
        let builtAt: Int64 = try take(from: &bytes)
        let count: Int32 = try take(from: &bytes)
        guard count >= 0, Int(count) * Layout.entryBytes <= bytes.count else { throw Damaged() }
        let entries = try (0..<count).map { _ in
            let high: UInt64 = try take(from: &bytes)
            let low: UInt64 = try take(from: &bytes)
            return Board.Entry(
                id: ID(high: high, low: low), score: try take(from: &bytes), tie: try take(from: &bytes),
                voters: try take(from: &bytes))
        }
        guard Set(entries.map(\.id)).count == entries.count else { throw Damaged() }
        return Board(entries, version: version, builtAt: Timestamp(microseconds: builtAt))
    }

    private static func append(_ number: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func take<Number: FixedWidthInteger>(from bytes: inout ArraySlice<UInt8>) throws -> Number {
        let width = Number.bitWidth / 8
        guard bytes.count >= width else { throw Damaged() }
        defer { bytes = bytes.dropFirst(width) }
        return bytes.prefix(width).reversed().reduce(0) { $0 << 8 | Number(truncatingIfNeeded: $1) }
    }
}
