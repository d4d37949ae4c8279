import Base
import Testing

@testable import Discovery

@Suite struct LooseJSONTests {
    private func read(_ text: String) throws -> LooseJSON { try #require(LooseJSON(Array(text.utf8))) }

    @Test func `counts beyond 32 bits, as texts and overflowed are a number or unknown`() throws {
        let json = try read(
            #"{"large":4294967297000,"text":"12,345","whole":7.0,"hidden":-1,"overflowed":-2147483648,"word":"many"}"#)
        #expect(json["large"]?.count == 4_294_967_297_000)
        #expect(json["text"]?.count == 12_345)
        #expect(json["whole"]?.count == 7)
        #expect(json["hidden"]?.count == nil)
        #expect(json["overflowed"]?.count == nil)
        #expect(json["word"]?.count == nil)
        #expect(json["missing"]?.count == nil)
    }

    @Test func `seconds, milliseconds and ISO text are one moment`() throws {
        let json = try read(
            #"""
            {"seconds":1767225600,"text":"1767225600","milliseconds":1767225600000,"iso":"2026-01-01T00:00:00Z",
            "zone":"2026-01-01T01:00:00+01:00","bare":"2026-01-01T00:00:00","odd":"2026-01-01T00:00:00.000+0000",
            "day":"2026-01-01","never":0,"nonsense":"soon"}
            """#)
        let wanted = Timestamp(microseconds: 1_767_225_600_000_000)
        for name in ["seconds", "text", "milliseconds", "iso", "zone", "bare", "odd", "day"] {
            #expect(json[name]?.moment == wanted, "\(name)")
        }
        #expect(json["never"]?.moment == nil && json["nonsense"]?.moment == nil)
    }

    @Test func `the first name that is there and not null counts, through objects by dots`() throws {
        let json = try read(#"{"a":null,"b":{"c":{"d":"deep"}},"e":" "}"#)
        #expect(json["a", "b.c.d"]?.text == "deep")
        #expect(json["e"]?.text == nil)
        #expect(json["b.c.x"] == nil)
        #expect(LooseJSON(Array("{".utf8)) == nil)
    }
}
