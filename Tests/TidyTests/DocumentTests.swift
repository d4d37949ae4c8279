import Testing

@Suite struct DocumentTests {
    func broken(_ text: String) -> [String] {
        let pages = [(path: "Documentation/A.md", text: text), (path: "README.md", text: "# Two words, here\n")]
        let tree = Tree(
            files: [], documents: pages, paths: ["Documentation", "Documentation/A.md", "README.md"],
            map: FloorMap(SourceFile(path: "Package.swift", text: "")))
        return Rule.all.filter { $0.name == "links" }.flatMap { $0.check(tree) }.map(\.found)
    }

    @Test func `links that resolve are fine`() {
        #expect(broken("[a](../README.md) [b](../README.md#two-words-here) [c](https://swift.org) [d](.)").isEmpty)
    }

    @Test func `links to nothing are found`() {
        #expect(broken("[a](B.md)") == ["B.md"])
        #expect(broken("[a](../README.md#three)") == ["../README.md#three"])
        #expect(broken("[a](../../outside.md)") == ["../../outside.md"])
        #expect(broken("```\n[a](B.md)\n```").isEmpty)
    }

    @Test func `a path with a space is found`() {
        let tree = Tree(
            files: [], paths: ["Sources/My Code"], map: FloorMap(SourceFile(path: "Package.swift", text: "")))
        #expect(Rule.names.flatMap { $0.check(tree) }.map(\.path) == ["Sources/My Code"])
    }

    @Test func `a row without a test, a test that is not there and a finding without a row are found`() {
        let rows = (1...23).map { "M\($0)" } + (1...13).map { "K-M\($0)" }
        let page = rows.map { "| \($0) | subject | settled | “one holds” |" }.joined(separator: "\n")
        let tests: Set = ["one holds", "a name over two lines"]
        #expect(
            Rule.missingEvidence("Intro\n" + page + "\nAlso “a name\nover two lines”.", of: rows, tests: tests).isEmpty)
        #expect(Rule.missingEvidence(page, of: rows, tests: []).count == rows.count)
        let bare = page.replacing("| M7 | subject | settled | “one holds” |", with: "| M7 | subject | settled | – |")
        #expect(Rule.missingEvidence(bare, of: rows, tests: tests).map(\.found) == ["M7 names no test"])
        #expect(Rule.missingEvidence(bare, of: rows, tests: tests).map(\.line) == [7])
        let short = page.replacing("| K-M13 |", with: "| K-M14 |")
        #expect(Rule.missingEvidence(short, of: rows, tests: tests).map(\.found) == ["K-M13 has no row"])
    }

    @Test func `names of tests are read from the tree`() {
        let file = SourceFile(path: "Tests/X.swift", text: "@Test func `it holds`() {}\nfunc plain() {}")
        let tree = Tree(files: [file], map: FloorMap(SourceFile(path: "Package.swift", text: "")))
        #expect(Rule.testNames(tree) == ["it holds"])
    }
}
