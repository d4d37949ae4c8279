import Foundation

/// What a page says that tests show, and that those tests are there.
extension Rule {
    /// The findings that each page about findings has a row for.
    private static let findings = [
        "discovery-findings.md": ids("G", audited: 31, kept: 8),
        "inbox-findings.md": ids("I", audited: 36, kept: 4) + (1...6).map { "I-T\($0)" },
        "tournament-findings.md": ids("M", audited: 23, kept: 13),
    ]

    private static func ids(_ letter: String, audited: Int, kept: Int) -> [String] {
        (1...audited).map { "\(letter)\($0)" } + (1...kept).map { "K-\(letter)\($0)" }
    }

    static let evidence: [Rule] = [
        Rule(
            name: "evidence", reason: "a claim that no test shows is only a wish",
            instead: "the name of a test, between “ and ”, exactly as it is written"
        ) { tree in
            let tests = testNames(tree)
            return tree.documents.filter { $0.path.hasSuffix("-findings.md") }.flatMap { page in
                let name = page.path.split(separator: "/").last.map(String.init) ?? ""
                return missingEvidence(page.text, of: findings[name] ?? [], tests: tests).map {
                    Place(path: page.path, line: $0.line, found: $0.found)
                }
            }
        }
    ]

    /// Names of all test functions.
    static func testNames(_ tree: Tree) -> Set<String> {
        var names: Set<String> = []
        for file in tree.files where file.path.hasPrefix("Tests/") {
            for part in String(decoding: file.raw, as: UTF8.self).components(separatedBy: "func `").dropFirst() {
                if let end = part.firstIndex(of: "`") { names.insert(String(part[..<end])) }
            }
        }
        return names
    }

    /// Rows that name no test, tests that are not there, and findings without a row.
    static func missingEvidence(
        _ text: String, of findings: [String], tests: Set<String>
    ) -> [(line: Int, found: String)] {
        var missing: [(line: Int, found: String)] = []
        var rows: Set<String> = []
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for (index, line) in lines.enumerated() where line.hasPrefix("| ") && !line.hasPrefix("| Finding") {
            let id = String(line.dropFirst(2).prefix { $0 != " " })
            rows.insert(id)
            if quoted(line).isEmpty { missing.append((index + 1, "\(id) names no test")) }
        }
        // A name may go over the end of a line.
        var line = 1
        for (index, part) in text.components(separatedBy: "“").enumerated() {
            if index > 0 {
                let name = String(part.prefix { $0 != "”" }).replacing("\n", with: " ")
                if !tests.contains(name) { missing.append((line, name)) }
            }
            line += part.count { $0 == "\n" }
        }
        return missing + findings.filter { !rows.contains($0) }.map { (1, "\($0) has no row") }
    }

    private static func quoted(_ line: String) -> [Substring] {
        line.components(separatedBy: "“").dropFirst().compactMap { part in
            part.firstIndex(of: "”").map { part[..<$0] }
        }
    }
}
