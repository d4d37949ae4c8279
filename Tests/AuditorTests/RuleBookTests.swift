import Base
import Foundation
import Testing

@testable import Auditor

/// Where ast-grep is, for tests that search; `Scripts/test` installs it.
enum Searching {
    static var astGrep: String? { ProcessInfo.processInfo.environment["CAPSTAN_AST_GREP"] }

    /// A folder that is gone after `body`.
    static func inFolder<Value>(_ body: (URL) async throws -> Value) async throws -> Value {
        let randomness = SystemRandomness()
        let folder = FileManager.default.temporaryDirectory.appending(path: "capstan-audit-test-\(randomness.next())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // A temporary folder that stays is swept by the system.
        defer { try? FileManager.default.removeItem(at: folder) }
        return try await body(folder)
    }
}

@Suite struct RuleBookTests {
    @Test func `each example of a rule is found, and each counter-example is left alone`() async throws {
        let book = try RuleBook.shipped()
        let judge = SourceJudge(schema: SchemaShape(), sites: [], knowsVectors: false)
        var found: [String: [Match]] = [:]
        try await Searching.inFolder { folder in
            try await AstGrep(path: Searching.astGrep, clock: SystemClock()).scan(
                book.folder, with: book, isWhole: true, in: folder
            ) { match in
                if match.role == nil { found[match.rule, default: []].append(match) }
            }
        }
        var examples = 0
        for rule in book.rules.values.sorted(by: { $0.rule < $1.rule }) {
            // An example's path is what stands below `positive` or `negative`.
            let own = (found[rule.rule] ?? []).filter { $0.file.hasPrefix("\(rule.rule)/") }
            var kept: [Match] = []
            for match in own {
                var placed = match
                placed.file = match.file.split(separator: "/").dropFirst(2).joined(separator: "/")
                if !judge.keep([placed], of: rule).isEmpty { kept.append(match) }
            }
            for kind in ["positive", "negative"] {
                let files = SourceTree(book.folder.appending(path: "\(rule.rule)/\(kind)")).files
                for file in files {
                    examples += 1
                    let path = "\(rule.rule)/\(kind)/\(file.path)"
                    let hits = Set(kept.filter { $0.file == path }.map(\.line))
                    if kind == "negative" {
                        #expect(hits.isEmpty, "\(path) is right, and is reported at \(hits.sorted())")
                    } else {
                        let text = try String(contentsOf: book.folder.appending(path: path), encoding: .utf8)
                        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
                        where line.contains("// expect") {
                            let isFound = hits.contains { abs($0 - index - 1) <= 1 }
                            #expect(isFound, "\(path):\(index + 1) is a fault, and is not reported")
                        }
                    }
                }
            }
        }
        #expect(examples >= 110)
    }

    @Test func `each rule that searches has an example of its fault and one of what looks like it`() throws {
        let book = try RuleBook.shipped()
        for page in book.pages {
            guard let rule = book.rules[page.name], [.site, .file, .tree].contains(rule.scope) else { continue }
            for kind in ["positive", "negative"] {
                let files = SourceTree(book.folder.appending(path: "\(rule.rule)/\(kind)")).files
                #expect(!files.isEmpty, "\(rule.rule) has no \(kind) example")
            }
        }
    }

    @Test func `each rule says what proves it, what it needs, and what looks like it`() throws {
        for rule in try RuleBook.shipped().rules.values where rule.scope != .fact {
            #expect(!rule.evidence.isEmpty && !rule.needs.isEmpty, "\(rule.rule)")
            if rule.scope == .question { #expect(rule.question != nil) }
            if rule.scope == .keep { #expect(rule.keep != nil) }
            guard [.site, .file, .tree].contains(rule.scope) else { continue }
            #expect(!rule.fix.isEmpty && !rule.effort.isEmpty && !rule.traps.isEmpty, "\(rule.rule)")
            #expect(!rule.driver.isEmpty && !rule.resource.isEmpty, "\(rule.rule)")
        }
    }
}

@Suite struct PlainPatternTests {
    @Test(arguments: [
        (#"    - regex: '^\w+\s*\(\d'"#, #"    - regex: '^[A-Za-z0-9_$]+[ \t\r\n]*\([0-9]'"#),
        (#"regex: '[^\w.][\s\S]*\\b\b'"#, #"regex: '[^A-Za-z0-9_$.][\s\S]*\\b(?-u:\b)'"#),
        (#"pattern: '\w'"#, #"pattern: '\w'"#),
        (#"# a regex: \w"#, #"# a regex: \w"#),
    ]) func `expressions are written for ASCII, and nothing else is touched`(_ text: String, _ plain: String) {
        #expect(PlainPatterns.rewrite(text) == plain)
    }
}
