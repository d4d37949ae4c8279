import Base

import typealias Storage.SQLConvertible

/// How a clip came in, and what became of it before it could be voted on.
struct ClipEntry: Sendable, Hashable {
    /// What a moderator, or trust, has decided.
    enum Verdict: String, Sendable, Hashable, CaseIterable, SQLConvertible {
        case approved
        /// Not looked at, since its maker is trusted.
        case trusted
        case rejected
        /// Taken away by a moderator.
        case removed
    }

    let clipID: ID<Clip>
    let personID: ID<Person>
    let slotID: ID<Slot>
    /// Its place among the maker's clips in the slot, from 1; `nil` when it takes none any more.
    var place: Int?
    let createdAt: Timestamp
    /// When the address for its bytes ends.
    let expiresAt: Timestamp
    /// How large the upload was.
    var sourceBytes: Int?
    /// What was measured.
    var finding: ClipFinding?
    /// The names of its files, those included that are being made.
    var names: [String]
    var fault: ClipFault?
    var verdict: Verdict?
    /// Why it was rejected or removed, in a moderator's words.
    var reason: String?
    var reviewedAt: Timestamp?
}

/// Bounds of uploads.
enum UploadRules {
    /// The largest upload.
    static let bytesMax = 52_428_800
    /// How long the address for the bytes is good.
    static let window: Duration = .seconds(900)
    /// How long an upload that began in time may take: as long as its route's deadline.
    static let grace: Duration = .seconds(600)
    static let titleCharacters = 1...80
    static let reasonCharacters = 1...500
    /// Clips that were approved before a maker is trusted; none of theirs may have been removed by a moderator.
    static let approvedForTrust = 3
}
