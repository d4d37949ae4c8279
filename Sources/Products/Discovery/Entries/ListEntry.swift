import Base

/// A creator in a list.
struct ListEntry: Sendable, Hashable {
    enum Bounds {
        /// Creators that one request adds.
        static let added = 1_000
        /// Creators that a selection adds, by job.
        static let selected = 50_000
        /// Creators that one step of a selection adds.
        static let step = 500
        /// Entries that one request changes.
        static let changed = 500
        /// Cards of a bucket that come with a board.
        static let firstCards = 25
        /// Cards on a page, in all buckets together.
        static let cards = 60
    }

    let id: ID<ListEntry>
    let listID: ID<CreatorList>
    let creatorID: ID<Creator>
    let sequence: Int64
    var bucket: String
    var rank: Rank
    var pinnedBy: ID<Person>?
    var fields: [String: String]
    /// The creator's followers when it was added, which the totals count; `nil` when nobody knew.
    var followers: Int64?
    let addedAt: Timestamp
    var version: Int64
}

/// An entry with what a card shows of its creator.
struct EntryCard: Sendable, Hashable {
    let entry: ListEntry
    let platform: String
    let handle: String
    let name: String
    let followersNow: Int64?
    let engagement: Int64?
    let email: String?
    let country: String?
    /// Who wrote to the creator last, and when.
    let contactedBy: ID<Person>?
    let contactedAt: Timestamp?
}

/// What became of creators that were to be added.
struct AddedEntries: Sendable, Hashable {
    var added = 0
    var alreadyThere = 0
    /// Those that are no creators of this workspace.
    var unknown = 0
    /// Those for which there was no room.
    var refused = 0
}

/// What a change of an entry has made of it.
struct ChangedEntry: Sendable, Hashable {
    let id: ID<ListEntry>
    let listID: ID<CreatorList>
    let creatorID: ID<Creator>
    let movedFrom: String?
    let bucket: String
    let rank: Rank
    let followers: Int64?
    let version: Int64
}

/// By how much the totals of a list's buckets change.
struct TotalsChange: Sendable, Hashable {
    private(set) var buckets: [String: (entries: Int, followers: Int64)] = [:]

    /// Takes entries into a bucket, or out of it.
    mutating func add(_ entries: Int, followers: Int64, to bucket: String) {
        let old = buckets[bucket] ?? (0, 0)
        buckets[bucket] = (old.entries + entries, old.followers + followers)
    }

    /// Moves an entry.
    mutating func move(_ entry: ChangedEntry) {
        guard let from = entry.movedFrom, from != entry.bucket else { return }
        add(-1, followers: -(entry.followers ?? 0), to: from)
        add(1, followers: entry.followers ?? 0, to: entry.bucket)
    }

    /// What changes, in the order in which rows are locked.
    var rows: [(bucket: String, entries: Int, followers: Int64)] {
        buckets.filter { $0.value != (0, 0) }.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
            .map { ($0.key, $0.value.entries, $0.value.followers) }
    }

    static func == (left: Self, right: Self) -> Bool {
        left.rows.elementsEqual(right.rows) { $0 == $1 }
    }

    func hash(into hasher: inout Hasher) { for row in rows { hasher.combine(row.bucket) } }
}
