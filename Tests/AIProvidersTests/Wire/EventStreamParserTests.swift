import Base
import BaseTestKit
import Testing

@testable import AIProviders

@Suite struct EventStreamParserTests {
    private let stream = """
        \u{FEFF}: a comment
        event: greeting
        data: {"text":"Grüße, 你好 👋"}
        id: 7

        data: first
        data:second
        data

        retry: 10
        event: nothing

        data: [DONE]


        """
    private let expected = [
        ServerSentEvent(name: "greeting", data: Array(#"{"text":"Grüße, 你好 👋"}"#.utf8)),
        ServerSentEvent(name: "", data: Array("first\nsecond\n".utf8)),
        ServerSentEvent(name: "", data: Array("[DONE]".utf8)),
    ]

    private func events(_ bytes: [UInt8], cutAt cuts: [Int]) throws -> [ServerSentEvent] {
        var parser = EventStreamParser()
        var events: [ServerSentEvent] = []
        var start = 0
        for cut in cuts + [bytes.count] {
            events += try parser.take(bytes[start..<cut])
            start = cut
        }
        if let last = try parser.finish() { events.append(last) }
        return events
    }

    @Test(arguments: ["\n", "\r\n", "\r"])
    func `events are the same wherever the bytes are split`(lineEnd: String) throws {
        let bytes = Array(stream.replacing("\n", with: lineEnd).utf8)
        #expect(try events(bytes, cutAt: []) == expected)
        #expect(try events(bytes, cutAt: Array(1..<bytes.count)) == expected)
        for cut in 1..<bytes.count { #expect(try events(bytes, cutAt: [cut]) == expected, "cut at byte \(cut)") }
        let randomness = SeededRandomness(seed: 11)
        for _ in 0..<200 {
            let cuts = (0..<5).map { _ in randomness.below(bytes.count) }.sorted()
            #expect(try events(bytes, cutAt: cuts) == expected, "cut at bytes \(cuts)")
        }
    }

    @Test func `a last event without its empty line is not lost`() throws {
        #expect(try events(Array("data: [DONE]".utf8), cutAt: []).map(\.data) == [Array("[DONE]".utf8)])
        #expect(try events(Array("data: [DONE]\n".utf8), cutAt: [3]).map(\.data) == [Array("[DONE]".utf8)])
    }

    @Test func `a line has a bound, and one of a mebibyte is within it`() throws {
        let line = Array(("data: " + String(repeating: "x", count: 1 << 20) + "\n\n").utf8)
        #expect(try events(line, cutAt: [1_000, 70_000]).map(\.data.count) == [1 << 20])
        var parser = EventStreamParser()
        #expect(throws: AIError.self) {
            try parser.take([UInt8](repeating: UInt8(ascii: "x"), count: EventStreamParser.Bounds.lineBytes + 1))
        }
    }
}
