import Base

import typealias Storage.SQLConvertible

/// Files that somebody asked for, a table each.
struct Export: Sendable, Hashable {
    enum Bounds {
        /// Exports of a company that are in the making at once.
        static let running = 3
        /// Exports that are listed.
        static let listed = 50
        /// Rows of one read.
        static let readRows = 500
        /// Rows after which a part is kept.
        static let partRows = 10_000
        /// Bytes after which a part is kept.
        static let partBytes = 8 << 20
        /// Parts that one job makes before it gives way.
        static let partsAtOnce = 10
        /// Parts of a file; those of all three are read at once.
        static let parts = 3_000
        /// How long one is made at most: what is not finished by then has lost its job, or never will be.
        static let longest = InboxSchema.day * 2
        /// How long files can be downloaded.
        static let lifetime = InboxSchema.day * RetentionRules.exportDays
        /// The largest file.
        static let bytes = ByteCount.mebibytes(65_536)
        /// Exports that end in one step.
        static let ending = 50
    }

    enum State: String, Sendable, Hashable, Codable, CaseIterable, SQLConvertible {
        case queued, running
        /// All files are whole: the only state in which anybody gets them.
        case ready
        case failed
        /// They were ready and their time is over.
        case expired

        var isUnderWay: Bool { self == .queued || self == .running }
    }

    /// A file that is whole.
    struct File: Sendable, Hashable, Codable {
        let noun: ExportNoun
        let rows: Int
        let bytes: Int
        let sha256: String
    }

    let id: ID<Export>
    let personID: ID<Person>
    let nouns: [ExportNoun]
    var state: State
    /// Which of the nouns is written.
    var place = 0
    /// Behind which row of it writing goes on.
    var lastID: ID<ExportRow>?
    /// Parts of it that are kept.
    var parts = 0
    var rowsWritten = 0
    var bytesWritten = 0
    var files: [File] = []
    var failure: String?
    let createdAt: Timestamp
    var finishedAt: Timestamp?
    var expiresAt: Timestamp?

    /// What is written at the moment; `nil` when everything is.
    var noun: ExportNoun? { nouns.indices.contains(place) ? nouns[place] : nil }

    /// Refuses what cannot be downloaded, and says why.
    ///
    /// - Throws: `inbox.exportNotReady`, `inbox.exportExpired`.
    func checkReady(at now: Timestamp) throws(InboxError) {
        if state == .expired || (state == .ready && expiresAt.map { now >= $0 } ?? true) {
            throw InboxError(
                .exportExpired, "The files were kept for \(RetentionRules.exportDays) days and are gone: export again.")
        }
        guard state == .ready else {
            throw InboxError(
                .exportNotReady, "The export is \(state.rawValue): only whole files can be downloaded.",
                context: ["state": state.rawValue])
        }
    }
}

/// A row of an export, whatever it is of.
enum ExportRow {}

/// A part of a file that is kept.
struct ExportPart: Sendable, Hashable {
    let noun: ExportNoun
    let number: Int
    let rows: Int
    let bytes: Int
    let sha256: String
}
