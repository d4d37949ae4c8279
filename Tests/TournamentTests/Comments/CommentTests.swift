import Base
import Testing

@testable import Tournament

@Suite struct CommentTests {
    private func code(_ text: String) -> TournamentError.Code? {
        do {
            _ = try CommentText(text)
            return nil
        } catch {
            return error.code
        }
    }

    @Test func `a comment is counted in Unicode scalars, as both engines count it`() throws {
        #expect(try CommentText(String(repeating: "é", count: 500)).text.unicodeScalars.count == 500)
        #expect(code(String(repeating: "é", count: 501)) == .commentInvalid)
        // One Character of seven scalars: 71 of them are 497.
        let family = "👨‍👩‍👧‍👦"
        #expect(code(String(repeating: family, count: 71)) == nil)
        #expect(code(String(repeating: family, count: 72)) == .commentInvalid)
    }

    @Test func `spaces around a comment do not count, and empty ones are refused`() throws {
        #expect(try CommentText(" \n\t well \r\n").text == "well")
        #expect(code(" \n\u{00A0}\t ") == .commentInvalid)
        #expect(code("") == .commentInvalid)
        #expect(try CommentText(String(repeating: " ", count: 3_000) + "x").text == "x")
        #expect(try CommentText("one\r\n\r\n\r\n\r\ntwo").text == "one\n\ntwo")
    }

    @Test(arguments: ["a\u{0}b", "a\u{7}b", "a\u{202E}b", "a\u{2066}b", "a\u{E000}b", "a\u{2028}b"])
    func `what is no plain text is refused`(text: String) {
        #expect(code(text) == .commentInvalid)
    }

    @Test func `only what everybody sees is counted`() {
        for old in Comment.State.allCases.map(Optional.some) + [nil] {
            for new in Comment.State.allCases.map(Optional.some) + [nil] {
                let change = Comment.countChange(from: old, to: new)
                #expect(change == (new == .approved ? 1 : 0) - (old == .approved ? 1 : 0))
            }
        }
    }

    @Test func `five people hide a comment, and nothing else is hidden by numbers`() {
        #expect(!ReportRule.hides(.comment, openReports: 4) && ReportRule.hides(.comment, openReports: 5))
        #expect(!ReportRule.hides(.clip, openReports: 500) && !ReportRule.hides(.person, openReports: 500))
    }
}
