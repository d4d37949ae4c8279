import Base
import BaseTestKit
import Foundation
import InboxTestKit
import Testing

@testable import InboxVendors

@Suite struct VendorJSONTests {
    private func read(_ text: String) -> VendorJSON? { VendorJSON(Array(text.utf8)) }

    @Test func `values are read as they stand`() throws {
        let body = try #require(read(" { \"a\" : [ 1 , -2.50e1, true, null, \"x\" ] , \"b\" : { \"c\" : \"d\" } } \n"))
        #expect(body["a"]?.elements.map(\.kind) == [.number, .number, .flag, .null, .text])
        #expect(body["a"]?.elements[1].integer == -25)
        #expect(body["b"]?["c"]?.text == "d")
        #expect(String(decoding: body["a"]?.raw ?? [], as: UTF8.self) == "[ 1 , -2.50e1, true, null, \"x\" ]")
        #expect(body.members.map(\.name) == ["a", "b"])
        #expect(body["z"] == nil)
        #expect(body["a"]?["b"] == nil)
    }

    @Test func `escapes become what they stand for`() throws {
        let body = try #require(
            read(#"{"t":"\u00e4\/\"\\\n\ud83d\udeb2","l":"\ud83d!","h":"a\udeb2","p":"\ud83d\u0041","\u0061b":1}"#))
        #expect(body["t"]?.text == "ä/\"\\\n🚲")
        #expect(body["l"]?.text == "\u{FFFD}!")
        #expect(body["h"]?.text == "a\u{FFFD}")
        #expect(body["p"]?.text == "\u{FFFD}A")
        #expect(body["ab"]?.integer == 1)
    }

    @Test func `bytes that are no text become replacement characters`() throws {
        let body = try #require(VendorJSON(Array("{\"t\":\"a".utf8) + [0xFF] + Array("b\"}".utf8)))
        #expect(body["t"]?.text == "a\u{FFFD}b")
    }

    @Test func `numbers of 64 bits are exact, also as text`() throws {
        let body = try #require(read("[9007199254740993,\"9007199254740993\",1.0,1e2,1.5,99999999999999999999,\"x\"]"))
        #expect(body.elements.map(\.integer) == [9_007_199_254_740_993, 9_007_199_254_740_993, 1, 100, nil, nil, nil])
        #expect(body.elements[5].id == "99999999999999999999")
    }

    @Test(arguments: [
        "", " ", "{", "[", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":1,}", "[1,]", "[1 2]", "{1:2}", "{\"a\":1}}", "[]]",
        "\"", "\"\\", "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "tru", "nul", "-", "1.", "1e", "[1]x", "{\"a\" 1}", "[,1]",
        "{,}",
    ])
    func `what is no document is none`(_ text: String) {
        #expect(read(text) == nil)
    }

    @Test(arguments: ["{}", "[]", "[[],{}]", "{\"a\":{}}", "1", "\"\"", "null", "[{\"a\":[]},[]]"])
    func `small documents are documents`(_ text: String) {
        #expect(read(text) != nil)
    }

    @Test func `depth and size have bounds`() {
        let depth = VendorJSON.Bounds.depth
        #expect(read(String(repeating: "[", count: depth) + String(repeating: "]", count: depth)) != nil)
        #expect(read(String(repeating: "[", count: depth + 1) + String(repeating: "]", count: depth + 1)) == nil)
        #expect(read(String(repeating: "{\"a\":", count: 100_000)) == nil)
        let many = VendorJSON.Bounds.nodes
        #expect(read("[" + String(repeating: "1,", count: many - 2) + "1]") != nil)
        #expect(read("[" + String(repeating: "1,", count: many) + "1]") == nil)
    }

    /// Foundation's reader says the same of documents drawn from a seed, in both ways of writing.
    @Test(arguments: 1...40) func `another reader agrees`(_ seed: UInt64) throws {
        let chance = SeededRandomness(seed: seed)
        for style in VendorBody.Style.allCases {
            let text = Self.drawn(chance, depth: 0).written(style)
            let object = try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
            let body = try #require(read(text), "seed \(seed): \(text)")
            #expect(Self.agrees(body, object), "seed \(seed): \(text)")
        }
    }

    private static func drawn(_ chance: SeededRandomness, depth: Int) -> VendorBody {
        switch chance.below(depth > 5 ? 5 : 8) {
        case 0: .text(HookStoryTexts.any(chance))
        case 1: .number(Int64(truncatingIfNeeded: chance.next()))
        case 2: .flag(chance.below(2) == 0)
        case 3: .null
        case 4: .number("\(Double(chance.below(1_000_000)) / 64)")
        case 5: .list((0..<chance.below(6)).map { _ in drawn(chance, depth: depth + 1) })
        default:
            .object(
                (0..<chance.below(6)).map { place in
                    .init("\(HookStoryTexts.any(chance))\(place)", drawn(chance, depth: depth + 1))
                })
        }
    }

    private static func agrees(_ body: VendorJSON, _ object: Any) -> Bool {
        switch body.kind {
        case .null: return object is NSNull
        case .text: return (object as? String).map { Array($0.utf8) } == body.text.map { Array($0.utf8) }
        case .flag: return (object as? Bool) == body.flag
        case .number:
            guard let number = object as? NSNumber else { return false }
            return body.integer.map { $0 == number.int64Value } ?? (body.number == number.doubleValue)
        case .list:
            guard let list = object as? [Any], list.count == body.elements.count else { return false }
            return zip(body.elements, list).allSatisfy { agrees($0, $1) }
        case .object:
            guard let members = object as? [String: Any], members.count == body.members.count else { return false }
            return body.members.allSatisfy { member in members[member.name].map { agrees(member.value, $0) } ?? false }
        }
    }
}

/// Texts that break what counts, escapes or cuts carelessly.
enum HookStoryTexts {
    static let all = [
        "", "plain", "Grüße", "e\u{301}", "🚲", "👩‍👩‍👧‍👦", "🇪🇸🇫🇷", "a\"b\\c/d", "\n\t\r", "\u{200B}\u{202E}", "日本語",
        "\u{7F}\u{1}",
        "\u{FFFD}", "\u{10FFFF}", "{\"x\":[1]}",
    ]

    static func any(_ chance: SeededRandomness) -> String { all[chance.below(all.count)] }
}
