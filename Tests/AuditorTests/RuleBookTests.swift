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

    /// Rules that search and lack an example of their fault, or of what looks like it.
    private func withoutExamples(_ book: RuleBook) -> [String] {
        book.pages.flatMap { page -> [String] in
            guard let rule = book.rules[page.name], [.site, .file, .tree].contains(rule.scope) else { return [] }
            return ["positive", "negative"].filter { kind in
                SourceTree(book.folder.appending(path: "\(rule.rule)/\(kind)")).files.isEmpty
            }.map { "\(rule.rule) has no \($0) example" }
        }
    }

    @Test func `each rule that searches has an example of its fault and one of what looks like it`() throws {
        #expect(withoutExamples(try RuleBook.shipped()) == [])
    }

    @Test func `a rule is added by a folder, and one without examples is found out`() async throws {
        try await Searching.inFolder { folder in
            let shipped = try RuleBook.shipped()
            let own = folder.appending(path: "own/no-eval")
            try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
            var rule = try #require(shipped.rules["polling"])
            (rule.rule, rule.class, rule.path) = ("no-eval", "no-eval", nil)
            try JSONEncoder().encode(rule).write(to: own.appending(path: "rule.json"))
            let search = "id: no-eval\nlanguage: TypeScript\nrule:\n  pattern: eval($CODE)\n"
            try Data(search.utf8).write(to: own.appending(path: "rule.yml"))
            let words = shipped.folder.deletingLastPathComponent().appending(path: "Words")
            func book() throws -> RuleBook {
                try RuleBook(rules: folder.appending(path: "own"), words: words)
            }
            #expect(
                withoutExamples(try book()) == ["no-eval has no positive example", "no-eval has no negative example"])
            for (kind, text) in [("positive", "eval(input) // expect\n"), ("negative", "evaluate(input)\n")] {
                let examples = own.appending(path: kind)
                try FileManager.default.createDirectory(at: examples, withIntermediateDirectories: true)
                try Data(text.utf8).write(to: examples.appending(path: "a.ts"))
            }
            #expect(withoutExamples(try book()) == [])
            var files: [String] = []
            try await AstGrep(path: Searching.astGrep, clock: SystemClock()).scan(
                folder.appending(path: "own"), with: try book(), isWhole: true, in: folder
            ) { files.append($0.file) }
            #expect(files == ["no-eval/positive/a.ts"])
        }
    }

    @Test func `a folder that holds another rule than its name says is refused`() async throws {
        try await Searching.inFolder { folder in
            let own = folder.appending(path: "own/no-eval")
            try FileManager.default.createDirectory(at: own, withIntermediateDirectories: true)
            let rule = try #require(try RuleBook.shipped().rules["polling"])
            try JSONEncoder().encode(rule).write(to: own.appending(path: "rule.json"))
            #expect(throws: AuditError.self) {
                try RuleBook(
                    rules: folder.appending(path: "own"), words: folder.appending(path: "own"))
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
