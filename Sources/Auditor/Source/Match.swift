import Foundation

/// One place that ast-grep found.
struct Match: Sendable, Decodable, Hashable {
    struct Position: Sendable, Decodable, Hashable {
        /// From 0.
        var line: Int
        var column: Int
    }

    struct Span: Sendable, Decodable, Hashable {
        var start: Position
        var end: Position
    }

    struct Node: Sendable, Decodable, Hashable {
        var text: String
    }

    struct Variables: Sendable, Decodable, Hashable {
        var single: [String: Node]?
    }

    var text: String
    var range: Span
    var file: String
    var lines: String
    var ruleId: String
    var metaVariables: Variables?

    /// The rule and what the match says about it: `n-plus-one~0~tsx` is a finding, `no-dlq:absolved~1` the contrary.
    var rule: String { String(ruleId.prefix { $0 != "~" && $0 != ":" }) }

    /// `absolved`, `keep`, `question`, `fact`; `nil` for a finding.
    var role: String? {
        let head = ruleId.prefix { $0 != "~" }
        guard let colon = head.firstIndex(of: ":") else { return nil }
        return String(head[head.index(after: colon)...])
    }

    /// From 1.
    var line: Int { range.start.line + 1 }

    /// The order of files, then of places in them.
    static func isBefore(_ left: Match, _ right: Match) -> Bool {
        (left.file, left.line, left.range.start.column, left.ruleId)
            < (right.file, right.line, right.range.start.column, right.ruleId)
    }

    func variable(_ name: String) -> String? { metaVariables?.single?[name]?.text }
}

/// Reads lines of JSON out of a file without holding it.
struct MatchReader {
    private enum Bounds {
        static let chunkBytes = 1 << 20
        /// A match of more is text that nobody wrote by hand.
        static let lineBytes = 64 << 20
    }

    /// Calls `body` with each match, in the file's order.
    static func read(_ file: URL, _ body: (Match) -> Void) throws {
        let handle = try FileHandle(forReadingFrom: file)
        // What was read is read; a handle that does not close is closed by the system.
        defer { try? handle.close() }
        let decoder = JSONDecoder()
        var pending = Data()
        while let chunk = try handle.read(upToCount: Bounds.chunkBytes), !chunk.isEmpty {
            pending.append(chunk)
            var start = pending.startIndex
            while let end = pending[start...].firstIndex(of: 0x0A) {
                if end > start { body(try decoder.decode(Match.self, from: pending[start..<end])) }
                start = pending.index(after: end)
            }
            pending = Data(pending[start...])
            guard pending.count <= Bounds.lineBytes else {
                throw AuditError(.program, "ast-grep printed a match of over \(Bounds.lineBytes) bytes")
            }
        }
        if !pending.isEmpty { body(try decoder.decode(Match.self, from: pending)) }
    }
}
