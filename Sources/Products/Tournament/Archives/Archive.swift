import Base

import typealias Storage.SQLConvertible

/// A month of rows that moved from a table into a file.
struct Archive: Sendable, Hashable {
    /// How far it is.
    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        /// Its file is being written; the rows are in the table.
        case writing
        /// Its file is complete and was read back; the rows leave the table.
        case sealed
        /// The rows are in the file alone.
        case kept
    }

    /// What rows it holds.
    enum Kind: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        /// Who did what.
        case audit
        /// What was noticed about voters.
        case risk
    }

    enum Rules {
        /// How old rows are at least.
        static let age: Duration = .seconds(90 * 86_400)
        /// How long a file is kept after the end of its month.
        static let kept: Duration = .seconds(731 * 86_400)
    }

    let id: ID<Archive>
    let kind: Kind
    let times: Range<Timestamp>
    var state: State
    /// The key of its file.
    var file: String?
    /// Of the file as it is stored.
    var sha256: String?
    var lines: Int
    var bytes: Int
    let begunAt: Timestamp
    var sealedAt: Timestamp?
    let keptUntil: Timestamp

    /// The month that holds the oldest row, if all of it is old enough; else `nil`.
    static func month(due oldest: Timestamp, at now: Timestamp) -> Range<Timestamp>? {
        let begin = start(ofMonthOf: oldest)
        // Thirty-two days after its first, every month is over.
        let end = start(ofMonthOf: begin + .seconds(32 * 86_400))
        return end <= now - Rules.age ? begin..<end : nil
    }

    /// The first of a month, in UTC.
    static func start(ofMonthOf time: Timestamp) -> Timestamp {
        guard let start = Timestamp("\(time.description.prefix(7))-01T00:00:00Z") else {
            preconditionFailure("a time has no month: \(time)")
        }
        return start
    }

    /// What all keys of archives begin with.
    static let folder = "tournament/archives/"

    /// The key of a file that an attempt writes: one of its own, so that two attempts never write the same.
    func key(of attempt: ID<Archive>) -> String {
        "\(Self.folder)\(kind.rawValue)/\(times.lowerBound.description.prefix(7))/\(attempt).ndjson.gz"
    }

    /// The key of the manifest beside a file.
    static func manifest(of file: String) -> String { file + ".manifest.json" }
}

/// What stands beside an archive's file, for who finds it without the database.
struct ArchiveManifest: Sendable, Hashable, Codable {
    let tenant: String
    let kind: String
    let begins: String
    let ends: String
    let lines: Int
    let bytes: Int
    let sha256: String
    let keptUntil: String
    let format: String
}
