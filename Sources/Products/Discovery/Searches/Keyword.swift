import Base
import Crypto
import Foundation

import typealias Storage.SQLConvertible

/// One text of a search on one platform: what is asked of a vendor page by page.
struct Keyword: Sendable, Hashable {
    /// Where a keyword stands; each ends in exactly one of the last three.
    enum State: String, Sendable, Hashable, CaseIterable, Codable, SQLConvertible {
        case waiting, running, done, failed, cancelled

        var isOver: Bool { self != .waiting && self != .running }
    }

    /// Why a keyword ended.
    enum Reason: String, Sendable, Hashable, CaseIterable, Codable, SQLConvertible {
        /// The vendor has no more.
        case exhausted
        /// The search has as many creators as were wanted.
        case targetReached
        case emptyPages
        case cursorLoop
        case pageLimit
        /// The person cancelled the search.
        case cancelled
        /// The vendor failed as often as it was tried.
        case vendorFailed
        /// What the vendor sent could not be read.
        case unreadable
        /// The hour of the search was over.
        case deadline
        /// The workspace has made all of the day's calls.
        case dailyLimit
    }

    enum Bounds {
        static let pages = 20
        static let emptyPages = 3
        static let cursorBytes = 4_096
        static let attempts = 3
    }

    let id: ID<Keyword>
    let searchID: ID<Search>
    let platform: Platform
    let text: String
    /// The place of the text among the texts of its search.
    let ordinal: Int
    var isExpanded: Bool
    var round: Int
    var state: State
    var reason: Reason?
    /// Where the next page begins; empty for the first one.
    var cursor: String
    /// The marks of all cursors that were used.
    var trail: CursorTrail
    var pages: Int
    /// Empty pages in a row.
    var empties: Int
    var attempts: Int
    var found: Int
    var charged: Int
    var excluded: Int
    /// How many of the found were read lately, so that nothing is asked about them.
    var reused: Int

    /// A text as it is compared: in lower case, without a leading `#`, with single spaces.
    static func normalised(_ text: String) -> String {
        let words = text.lowercased().split { $0.isWhitespace || $0 == "#" }
        return words.joined(separator: " ")
    }
}

/// The cursors that a keyword has used, by a short mark of each, so that one that comes again is seen.
struct CursorTrail: Sendable, Hashable {
    /// Marks of eight digits, one after the other.
    let text: String

    init(text: String = "") { self.text = text }

    func contains(_ cursor: String) -> Bool {
        let mark = Self.mark(of: cursor)
        var rest = text[...]
        while !rest.isEmpty {
            if rest.hasPrefix(mark) { return true }
            rest = rest.dropFirst(mark.count)
        }
        return false
    }

    func adding(_ cursor: String) -> CursorTrail { CursorTrail(text: text + Self.mark(of: cursor)) }

    private static func mark(of cursor: String) -> String {
        SHA256.hash(data: Data(cursor.utf8)).prefix(4).map { byte in
            let digits = String(byte, radix: 16)
            return digits.utf8.count == 1 ? "0" + digits : digits
        }.joined()
    }
}

/// What follows a page of results.
enum KeywordStep: Sendable, Hashable {
    /// Ask for the page at this cursor.
    case next(cursor: String)
    case end(Keyword.Reason)
}

extension Keyword {
    /// What follows when a page has brought so many results.
    ///
    /// An empty page is not the end when the vendor says that there is more; three of them in a row are. A cursor that
    /// comes again would be followed for ever.
    ///
    /// - Parameters:
    ///   - results: how many creators the page named, those known or left out included.
    ///   - next: the vendor's cursor of the next page; `nil` when there is no more.
    ///   - isTargetReached: whether the search has as many creators as were wanted.
    /// - Returns: the next cursor, or why the keyword ends.
    func step(results: Int, next: String?, isTargetReached: Bool) -> KeywordStep {
        if isTargetReached { return .end(.targetReached) }
        guard let next, !next.isEmpty else { return .end(.exhausted) }
        if results == 0, empties + 1 >= Bounds.emptyPages { return .end(.emptyPages) }
        if next == cursor || trail.adding(cursor).contains(next) { return .end(.cursorLoop) }
        if next.utf8.count > Bounds.cursorBytes { return .end(.unreadable) }
        if pages + 1 >= Bounds.pages { return .end(.pageLimit) }
        return .next(cursor: next)
    }
}
