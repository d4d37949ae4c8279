import Base
import BaseTestKit
import Testing

@testable import InboxVendors

@Suite struct TextRuleTests {
    @Test func `each vendor counts in its own unit`() {
        let bike = String(repeating: "🚲", count: 250)
        #expect(TextRule(1_000, .bytes).allows(bike))
        #expect(!TextRule(1_000, .bytes).allows(bike + "a"))
        #expect(TextRule(2_000, .utf16).length(of: bike) == 500)
        #expect(TextRule(2_000, .scalars).length(of: bike) == 250)
        let accents = String(repeating: "é", count: 500)
        #expect(TextRule(1_000, .bytes).allows(accents))
        #expect(TextRule(1_000, .bytes).length(of: "e\u{301}") == 3)
    }

    @Test func `nine hundred emoji do not fit on Instagram, and come in four pieces`() throws {
        let rule = MetaRules.adapter(.instagram).rules.text
        let text = String(repeating: "🚲", count: 900)
        #expect(!rule.allows(text))
        let pieces = try #require(rule.pieces(of: text, atMost: 10))
        #expect(pieces.map(\.count) == [250, 250, 250, 150])
        #expect(rule.pieces(of: text, atMost: 3) == nil)
    }

    @Test func `a text is cut at its paragraphs, lines, sentences and words, in this order`() throws {
        let rule = TextRule(100, .scalars)
        let filler = String(repeating: "word ", count: 11)  // 55
        #expect(rule.pieces(of: filler + "end.\n\nNext. More " + filler, atMost: 5)?.first?.hasSuffix("end.") ?? false)
        #expect(rule.pieces(of: filler + "end\nNext. More " + filler, atMost: 5)?.first?.hasSuffix("end") ?? false)
        #expect(rule.pieces(of: filler + "Next. More " + filler, atMost: 5)?.first?.hasSuffix("Next.") ?? false)
        #expect(rule.pieces(of: filler + filler + filler, atMost: 5)?.first?.hasSuffix("word") ?? false)
    }

    @Test func `one character that is longer than a piece is cut at last`() throws {
        let rule = TextRule(64, .bytes)
        let text = "a" + String(repeating: "\u{301}", count: 100)
        let pieces = try #require(rule.pieces(of: text, atMost: 10))
        #expect(pieces.allSatisfy { rule.allows($0) })
        #expect(pieces.joined().unicodeScalars.elementsEqual(text.unicodeScalars))
    }

    @Test func `a text of spaces has no pieces`() {
        #expect(TextRule(64, .bytes).pieces(of: " \n ", atMost: 1) == [])
    }

    @Test(arguments: 1...40) func `pieces fit, and nothing but spaces is lost`(_ seed: UInt64) throws {
        let chance = SeededRandomness(seed: seed)
        let parts = [
            "word", " ", "\n", "\n\n", ". ", "🚲", "👩‍👩‍👧‍👦", "é", "e\u{301}", "日本", "\r\n", "🇪🇸", "x", "long-word-without-end",
        ]
        for unit in TextRule.Unit.allCases {
            let text = (0..<chance.below(600)).map { _ in parts[chance.below(parts.count)] }.joined()
            let rule = TextRule(64 + chance.below(100), unit)
            let pieces = try #require(rule.pieces(of: text, atMost: 1_000), "seed \(seed)")
            #expect(pieces.allSatisfy { rule.allows($0) && !$0.isEmpty }, "seed \(seed)")
            let kept = pieces.joined().filter { !$0.isWhitespace }
            #expect(kept.unicodeScalars.elementsEqual(text.filter { !$0.isWhitespace }.unicodeScalars), "seed \(seed)")
        }
    }
}
