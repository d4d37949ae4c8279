import Base
import BaseTestKit
import Testing

@testable import Retrieval

@Suite struct DocumentTextTests {
    private func read(_ text: String, _ form: DocumentText.Form) throws -> [(heading: String, text: String)] {
        let document = try DocumentText(text, as: form)
        let bytes = Array(document.text.utf8)
        return document.sections.map { ($0.heading, String(decoding: bytes[$0.range], as: UTF8.self)) }
    }

    @Test func `Markdown loses its marks and keeps its words`() throws {
        let text = """
            Before.

            # Hours & *prices* #
            - We **open** at [nine](https://example.com/a(b).
            > A quotation with `code`
            | Day | Hour |
            |---|---|
            | Mon | 9 |

            ```swift
            # no heading
            let a = b * c
            ```
            ## Second
            ![picture](x.png) End
            """
        for text in [text, text.replacing("\n", with: "\r\n")] {
            let sections = try read(text, .markdown)
            #expect(sections.map(\.heading) == ["", "Hours & prices", "Second"])
            #expect(sections[0].text.hasPrefix("Before."))
            #expect(sections[1].text.contains("We open at nine."))
            #expect(sections[1].text.contains("A quotation with code") && sections[1].text.contains("Mon   9"))
            #expect(sections[1].text.contains("# no heading\nlet a = b * c"))
            #expect(!sections[1].text.contains("---"))
            #expect(sections[2].text.contains("picture End"))
        }
    }

    @Test func `HTML is what a reader sees of it`() throws {
        let text = """
            <!DOCTYPE html><html><head><title>No</title><style>p { color: red }</style></head><body>
            <script>if (a < b) { alert("</p>") }</script><!-- a > comment -->
            <h1>Opening&nbsp;<em>hours</em></h1><p>We open at&#32;nine &amp; close at 6&#x2009;pm.<br>K&ouml;ln &lt;here&gt;
            <p title="a > b">Second  paragraph.</p><ul><li>One</li><li>Two</li></ul>
            <table><tr><td>Mon</td><td>9</td></tr></table>
            <h2>Other</h2>5 < 6 &unknown; &#1114112;
            </body></html>
            """
        let sections = try read(text, .html)
        #expect(sections.map(\.heading) == ["Opening hours", "Other"])
        #expect(
            sections[0].text.contains("We open at nine & close at 6\u{2009}pm.\nKöln <here>"), "\(sections[0].text)")
        #expect(sections[0].text.contains("Second paragraph.") && sections[0].text.contains("One\nTwo"))
        #expect(sections[0].text.contains("Mon 9"))
        #expect(!sections[0].text.contains("alert") && !sections[0].text.contains("color"))
        #expect(sections[1].text.contains("5 < 6 &unknown;"))
        for broken in ["<", "<p", "<p title='", "</", "<!--", "<script>", "&", "&#;", "a<b>c</b"] {
            _ = try read("word " + broken, .html)
        }
    }

    @Test func `what holds no text, is too large or is not UTF-8 is refused`() {
        func code(_ work: () throws -> DocumentText) -> RetrievalError.Code? {
            do {
                _ = try work()
                return nil
            } catch {
                return (error as? RetrievalError)?.code
            }
        }
        #expect(code { try DocumentText(" \n…\n", as: .text) } == .documentUnreadable)
        #expect(code { try DocumentText([0x66, 0xFF, 0xFE], as: .text) } == .documentUnreadable)
        let large = String(repeating: "x", count: DocumentText.Bounds.textBytes + 1)
        #expect(code { try DocumentText(large, as: .text) } == .documentTooLarge)
        #expect(
            code { try DocumentText([UInt8](repeating: 65, count: DocumentText.Bounds.fileBytes + 1), as: .text) }
                == .documentTooLarge)
        #expect(code { try DocumentText("a\0b", as: .text) } == nil)
    }

    @Test func `passages cover a text, keep to their size, overlap, and never cut a character`() throws {
        let randomness = SeededRandomness(seed: 7)
        let alphabet = ["a", "word", "größe", "你好", "👋🏽", ". ", "? ", " ", " ", " ", "\n", "\n\n", ", "]
        for round in 0..<60 {
            let text =
                (0..<randomness.below(4_000) + 1).map { _ in alphabet[randomness.below(alphabet.count)] }.joined() + "x"
            let document = try DocumentText(text, as: .text)
            let chunker = Chunker(size: 100 + randomness.below(400), overlap: randomness.below(50))
            let bytes = Array(document.text.utf8)
            var covered = [Bool](repeating: false, count: bytes.count)
            var last = -1
            for chunk in chunker.chunks(of: document) {
                #expect(chunk.text.unicodeScalars.count <= chunker.size, "round \(round)")
                #expect(String(validating: bytes[chunk.range], as: UTF8.self) == chunk.text)
                #expect(chunk.range.lowerBound > last)
                last = chunk.range.lowerBound
                for place in chunk.range { covered[place] = true }
            }
            for (place, byte) in bytes.enumerated() where !covered[place] {
                #expect(byte == 0x20 || byte == 0x0A, "round \(round): byte \(place) stands in no passage")
            }
        }
    }

    @Test func `a passage ends where a reader would pause`() throws {
        let sentences = (0..<60).map { "This is sentence number \($0) of the text." }.joined(separator: " ")
        let chunks = Chunker(size: 300, overlap: 60).chunks(of: try DocumentText(sentences, as: .text))
        #expect(chunks.count > 8)
        #expect(chunks.allSatisfy { $0.text.hasSuffix(".") })
        for (left, right) in zip(chunks, chunks.dropFirst()) {
            #expect(right.range.lowerBound < left.range.upperBound && right.text.first?.isWhitespace == false)
        }
    }

    @Test func `without its converter a PDF is refused with what to install`() async throws {
        let reader = PDFReader("/nowhere/pdftotext", clock: SystemClock(), randomness: SystemRandomness())
        #expect(!reader.isInstalled)
        let error = await #expect(throws: RetrievalError.self) { try await reader.read(Array("%PDF-1.4".utf8)) }
        #expect(error?.code == .converterMissing && error?.message.contains("poppler-utils") == true)
        let other = await #expect(throws: RetrievalError.self) { try await reader.read(Array("PK".utf8)) }
        #expect(other?.code == .documentUnreadable)
    }
}
