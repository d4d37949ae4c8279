import Foundation
import Testing

@testable import Discovery

/// The page of problems says what the code says.
@Suite struct ProblemPageTests {
    @Test func `every refusal stands among the problems`() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "Documentation/Reference/problems.md"), encoding: .utf8)
        for code in DiscoveryError.Code.allCases {
            #expect(page.contains("| `\(code.rawValue)` |"), "\(code.rawValue)")
        }
    }

    @Test func `every word of a form has one sentence`() {
        for word in Said.more.keys { #expect(Said.sentence(word)?.isGood == true, "\(word)") }
        for word in Said.moreBad.keys { #expect(Said.sentence(word)?.isGood == false, "\(word)") }
    }
}
