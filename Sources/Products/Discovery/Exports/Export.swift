import Base

import typealias Storage.SQLConvertible

/// A file of creators that somebody asked for.
struct Export: Sendable, Hashable {
    enum Bounds {
        /// Rows of a file.
        static let rows = 1_000_000
        /// Files of a workspace that are in the making at once.
        static let running = 3
        /// Rows that are built inside the request.
        static let inlineRows = 1_000
        /// Bytes of a file that is built inside the request.
        static let inlineBytes = 2 << 20
        /// Rows of one read.
        static let readRows = 1_000
        /// Rows after which the progress is kept.
        static let partRows = 10_000
        /// How long a file can be downloaded.
        static let lifetime: Duration = .seconds(7 * 86_400)
        /// Searches of a campaign in one file.
        static let segments = 1_000
        /// The largest file.
        static let bytes = ByteCount.mebibytes(4_096)
    }

    enum Source: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case search, campaign, list
    }

    enum Format: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case csv, ndjson

        var mediaType: String { self == .csv ? "text/csv; charset=utf-8" : "application/x-ndjson" }
    }

    /// Where a file stands.
    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case queued, running
        /// All rows are in it and its hash is sealed: the only state in which anybody gets it.
        case ready
        case failed, cancelled
        /// It was ready and its time is over.
        case expired

        var isUnderWay: Bool { self == .queued || self == .running }
    }

    let id: ID<Export>
    let personID: ID<Person>
    let title: String
    let source: Source
    let sourceID: ID<ExportSource>
    let format: Format
    var plan: ExportPlan
    var state: State
    var rowsPlanned: Int
    var rowsWritten: Int
    var bytesWritten: Int
    /// Parts that are kept.
    var parts: Int
    /// Where reading goes on.
    var position: ExportPosition
    var sha256: String?
    var failure: String?
    let createdAt: Timestamp
    var finishedAt: Timestamp?
    let expiresAt: Timestamp

    /// Whether the file can be downloaded.
    ///
    /// - Throws: `discovery.exportNotReady`, `discovery.exportExpired`.
    func checkReady(at now: Timestamp) throws(DiscoveryError) {
        if state == .expired || (state == .ready && now >= expiresAt) {
            throw DiscoveryError(
                .exportExpired, "The file was kept for seven days and is gone: export again.",
                context: ["expiredAt": expiresAt.description])
        }
        guard state == .ready else {
            throw DiscoveryError(
                .exportNotReady, "The file is \(state.rawValue): only a complete one can be downloaded.",
                context: ["state": state.rawValue])
        }
    }

    /// What stands beside a file: enough to tell whether a copy of it is whole.
    var manifest: ExportManifest {
        ExportManifest(
            rows: rowsWritten, bytes: bytesWritten, sha256: sha256 ?? "", columns: plan.columns.map(\.heading),
            filter: plan.filter, mark: plan.segments.map { "\($0.id):\($0.mark)" }, title: title,
            source: source, sourceId: sourceID, format: format, time: createdAt)
    }

    /// The file's name for those who download it.
    var fileName: String {
        let safe = title.lowercased().unicodeScalars.map { scalar -> Character in
            switch scalar.value {
            case 48...57, 97...122: Character(scalar)
            default: "-"
            }
        }
        let words = String(safe).split(separator: "-").joined(separator: "-").prefix(60)
        return "\(words.isEmpty ? "creators" : String(words)).\(format.rawValue)"
    }
}

/// What an export is of: a search, a campaign or a list.
enum ExportSource {}

/// What is known about a complete file.
struct ExportManifest: Sendable, Hashable, Codable {
    let rows: Int
    let bytes: Int
    let sha256: String
    let columns: [String]
    let filter: MatchFilter
    /// Up to where each part of the source was exported, as `id:sequence`.
    let mark: [String]
    let title: String
    let source: Export.Source
    let sourceId: ID<ExportSource>
    let format: Export.Format
    let time: Timestamp
}

/// Where the reading of an export goes on: behind a row of one of its segments.
struct ExportPosition: Sendable, Hashable {
    var segment = 0
    var sequence: Int64 = 0
}

/// What an export was promised to hold, fixed when it was asked for.
struct ExportPlan: Sendable, Hashable, Codable {
    /// A search or a list, up to a row.
    struct Segment: Sendable, Hashable, Codable {
        let source: Export.Source
        let id: ID<ExportSource>
        let title: String
        /// The last row that belongs to it.
        let mark: Int64
        /// The rows that pass the filter; `nil` when all do, or when the file has not been begun yet.
        ///
        /// Facts of creators change while a file is written, so who passes is decided once.
        var chosen: SequenceSet?
    }

    var columns: [ExportColumn]
    var filter: MatchFilter
    var segments: [Segment]
    /// Columns of the list's own.
    var fields: [ListField]

    /// Whether it must be decided which rows pass.
    var needsChoosing: Bool { !filter.isEmpty && segments.contains { $0.chosen == nil } }
}

/// A column of a file.
enum ExportColumn: String, Sendable, Hashable, Codable, CaseIterable {
    case platform, handle, name, profile, followers, engagement, medianViews, language, country, email, bio, found,
        place
    case since

    /// The heading.
    var heading: String {
        switch self {
        case .medianViews: "median_views"
        case .found: "source"
        case .place: "bucket"
        case .since: "added_at"
        default: rawValue
        }
    }

    /// The columns that a source has.
    static func all(of source: Export.Source) -> [ExportColumn] {
        allCases.filter { $0 != .place || source == .list }
    }
}

/// A set of row numbers, a bit for each.
struct SequenceSet: Sendable, Hashable, Codable {
    private var words: [UInt64] = []
    private(set) var count = 0

    init() {}

    func contains(_ sequence: Int64) -> Bool {
        let word = Int(sequence >> 6)
        return words.indices.contains(word) && words[word] & (1 << UInt64(sequence & 63)) != 0
    }

    mutating func insert(_ sequence: Int64) {
        precondition((0..<(1 << 26)).contains(sequence), "row \(sequence) is beyond what a file can hold")
        let word = Int(sequence >> 6)
        if word >= words.count { words.append(contentsOf: repeatElement(0, count: word + 1 - words.count)) }
        let bit: UInt64 = 1 << UInt64(sequence & 63)
        if words[word] & bit == 0 { count += 1 }
        words[word] |= bit
    }

    init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let bytes = Base64URL.decode(text), bytes.count % 8 == 0 else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "not a set of row numbers"))
        }
        words = stride(from: 0, to: bytes.count, by: 8).map { start in
            bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
        }
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    func encode(to encoder: any Encoder) throws {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(words.count * 8)
        for word in words { withUnsafeBytes(of: word.bigEndian) { bytes.append(contentsOf: $0) } }
        var container = encoder.singleValueContainer()
        try container.encode(Base64URL.encode(bytes))
    }
}
