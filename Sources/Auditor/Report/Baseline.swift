public import Foundation

/// What an earlier report found, so that only what is new fails a build.
public struct Baseline: Sendable, Codable, Hashable {
    /// The ids of an earlier report's findings.
    public var ids: [String]

    private enum Bounds {
        static let fileBytes = 256 << 20
    }

    private struct Earlier: Decodable {
        struct Found: Decodable { var id: String }

        var findings: [Found]
    }

    /// Reads the ids out of an earlier report in JSON.
    public static func read(_ file: URL) throws(AuditError) -> Baseline {
        let earlier: Earlier = try AuditFile.decode(
            file, of: "the baseline", bytesMax: Bounds.fileBytes, code: .baseline)
        return Baseline(ids: earlier.findings.map(\.id))
    }

    /// What changed since.
    public func compare(_ findings: [Finding]) -> Report.Comparison {
        let before = Set(ids)
        let now = Set(findings.map(\.id))
        return Report.Comparison(
            new: now.subtracting(before).sorted(), fixed: before.subtracting(now).sorted(),
            remaining: now.intersection(before).sorted())
    }
}

/// Findings that somebody looked at and keeps, each with a reason.
public struct Suppressions: Sendable, Codable, Hashable {
    /// One that is kept.
    public struct Entry: Sendable, Codable, Hashable {
        /// The finding's id.
        public var id: String
        /// Why it stays; must not be empty.
        public var reason: String
        /// The last day on which it holds, as yyyy-mm-dd.
        public var until: String?
    }

    private enum Bounds {
        static let fileBytes = 4 << 20
    }

    /// The file that is looked for in the audited folder.
    public static let fileName = "capstan-audit.json"

    /// Each of them.
    public var suppressed: [Entry]

    /// Reads the file of suppressions.
    ///
    /// - Throws: `auditor.suppressions` when it cannot be read or an entry has no reason.
    public static func read(_ file: URL) throws(AuditError) -> Suppressions {
        let read: Suppressions = try AuditFile.decode(
            file, of: "suppressions", bytesMax: Bounds.fileBytes, code: .suppressions)
        if let bare = read.suppressed.first(where: { $0.reason.allSatisfy(\.isWhitespace) }) {
            throw AuditError(.suppressions, "the suppression of \(bare.id) has no reason: say why the finding stays")
        }
        return read
    }

    /// Marks what is kept, as long as it holds; yyyy-mm-dd compares as text.
    public func apply(to findings: [Finding], on day: String) -> [Finding] {
        let kept = Dictionary(suppressed.map { ($0.id, $0) }) { first, _ in first }
        return findings.map { finding in
            guard let entry = kept[finding.id], entry.until.map({ $0 >= day }) ?? true else { return finding }
            var copy = finding
            copy.suppression = Finding.Suppression(reason: entry.reason, until: entry.until)
            return copy
        }
    }
}
