import Testing

@Suite struct MaskerTests {
    @Test(arguments: [
        (#"a // b"#, "a     "),
        (#"a /* b /* c */ d */ e"#, "a                   e"),
        (#"a("b") c"#, #"a(" ") c"#),
        (#"a("b\(c("d"))e") f"#, #"a(" \(c(" ")) ") f"#),
        (#"a("\"b") c"#, #"a("   ") c"#),
        ("a(#\"b\"c\\(d)\"#) e", "a(#\"       \"#) e"),
        ("a(#\"b\\#(c)\"#) d", "a(#\" \\#(c)\"#) d"),
        ("\"\"\"\n\"b\" // c\n\"\"\" d", "\"\"\"\n        \n\"\"\" d"),
        ("func `it's a \"name\"`() {}", "func `             `() {}"),
    ])
    func `literals and comments are blank and offsets stay`(_ source: String, _ code: String) {
        #expect(String(decoding: SourceFile(path: "A.swift", text: source).code, as: UTF8.self) == code)
    }

    @Test func `the view with literals keeps them`() {
        let file = SourceFile(path: "A.swift", text: "a(\"b // c\") // d")
        #expect(file.line(1, of: file.text) == "a(\"b // c\")")
    }

    @Test func `lines are counted from one`() {
        let file = SourceFile(path: "A.swift", text: "a\nb\n")
        #expect(file.line(at: 0) == 1)
        #expect(file.line(at: 2) == 2)
        #expect(file.lineCount == 2)
        #expect(file.line(2, of: file.raw) == "b")
    }
}
