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
}
