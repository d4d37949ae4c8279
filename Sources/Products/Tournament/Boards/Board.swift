import Base

/// Whatever a board ranks: a clip, a creator, a voter.
enum Ranked {}

/// A ranking as it was at one moment: an immutable sorted array with the way back from an id to its place.
///
/// Pages, positions and neighbours are found without looking at anything else, at the same cost for a thousand and for
/// a million entries.
final class Board: Sendable {
    struct Entry: Sendable, Hashable {
        let id: ID<Ranked>
        /// What is ranked by, largest first.
        let score: Int64
        /// What decides between equal scores, smallest first; then the smaller id.
        let tie: Int64
        /// How many voters stand behind the score.
        let voters: Int64

        static func precedes(_ left: Entry, _ right: Entry) -> Bool {
            if left.score != right.score { return left.score > right.score }
            if left.tie != right.tie { return left.tie < right.tie }
            return left.id < right.id
        }
    }

    static let pageRows = 100
    static let neighbours = 10

    let version: Int64
    let builtAt: Timestamp
    let entries: [Entry]
    /// Places in order of their entries' ids.
    private let placesByID: [UInt32]

    /// Sorts the entries, each id once.
    init(_ unsorted: [Entry], version: Int64, builtAt: Timestamp) {
        precondition(unsorted.count < 1 << 31, "\(unsorted.count) entries exceed one board")
        self.version = version
        self.builtAt = builtAt
        let sorted = unsorted.sorted(by: Entry.precedes)
        entries = sorted
        placesByID = sorted.withUnsafeBufferPointer { sorted in
            sorted.indices.map(UInt32.init).sorted { sorted[Int($0)].id < sorted[Int($1)].id }
        }
    }

    var count: Int { entries.count }

    /// The entries from a place on, 0 for the first.
    func page(from place: Int, limit: Int = Board.pageRows) -> ArraySlice<Entry> {
        let start = min(max(0, place), entries.count)
        return entries[start..<min(entries.count, start + max(0, limit))]
    }

    /// The place of an id, 0 for the first; `nil` when it is not ranked.
    func place(of id: ID<Ranked>) -> Int? {
        var low = 0
        var high = placesByID.count
        while low < high {
            let middle = (low + high) / 2
            let place = Int(placesByID[middle])
            if entries[place].id == id { return place }
            if entries[place].id < id { low = middle + 1 } else { high = middle }
        }
        return nil
    }

    /// The entries above and below an id, itself included, with the place of the first of them.
    func around(_ id: ID<Ranked>, neighbours: Int = Board.neighbours) -> (start: Int, entries: ArraySlice<Entry>)? {
        guard let place = place(of: id) else { return nil }
        let start = max(0, place - neighbours)
        return (start, entries[start..<min(entries.count, place + neighbours + 1)])
    }
}

/// A position in a version of a board.
struct BoardCursor: Sendable, Hashable, LosslessStringConvertible {
    let version: Int64
    let place: Int

    init(version: Int64, place: Int) {
        self.version = version
        self.place = place
    }

    init?(_ description: String) {
        let parts = description.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ (1...13).contains($0.utf8.count) && $0.utf8.first != 0x2B }),
            let version = Int64(parts[0], radix: 36), let place = Int(parts[1], radix: 36), version >= 0, place >= 0
        else { return nil }
        self.init(version: version, place: place)
    }

    var description: String { "\(String(version, radix: 36)).\(String(place, radix: 36))" }
}
