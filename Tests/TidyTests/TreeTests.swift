import Testing

@Suite struct TreeTests {
    @Test(arguments: Rule.all)
    func `the tree keeps its rules`(_ rule: Rule) {
        for place in rule.check(.real) where !Exception.all.contains(where: { $0.excuses(place, of: rule) }) {
            Issue.record("\(rule.message(place))")
        }
    }

    @Test func `every exception is needed`() {
        let places = Rule.all.flatMap { rule in rule.check(.real).map { (rule, $0) } }
        for exception in Exception.all {
            #expect(
                places.contains { exception.excuses($0.1, of: $0.0) },
                "\(exception.path) no longer breaks \"\(exception.rule)\": take it off the list")
            #expect(!exception.reason.isEmpty)
        }
    }

    @Test func `the tree is found and read`() {
        #expect(Tree.real.files.contains { $0.path == "Sources/Platform/Base/ID.swift" })
        #expect(Tree.real.map.room(named: "Base")?.floor == 0)
        #expect(Tree.real.documents.contains { $0.path == "STYLE.md" })
    }
}
