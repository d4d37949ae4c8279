import Base
import Testing
import Web
import WebTestKit

@Suite struct SiteTests {
    @Test func `a declared route answers with JSON, its status and its cache rule`() async throws {
        let test = try await TestSite(Fixtures.all)
        let answer = try await test.get("/hello")
        #expect(answer.status == 200)
        #expect(answer.text == #"{"text":"hello"}"#)
        #expect(answer["content-type"] == "application/json")
        #expect(answer["cache-control"] == "public, max-age=5, stale-while-revalidate=30")
        #expect(answer["x-content-type-options"] == "nosniff")
    }

    @Test func `path, query and body arrive checked, with fallbacks filled in`() async throws {
        let test = try await TestSite(Fixtures.all)
        let clip: ID<Device> = test.newID()
        let answer = try await test.post("/votes/\(clip)?kind=down", json: #"{"weight": 3, "tags": ["a"]}"#)
        #expect(answer.status == 201)
        #expect(answer.text == #"{"clip":"\#(clip)","kind":"down","tags":["a"],"weight":3}"#)
        let plain = try await test.post("/votes/\(clip)", json: #"{"weight": 1, "note": "ünïcødé"}"#)
        #expect(plain.text == #"{"clip":"\#(clip)","kind":"up","note":"ünïcødé","tags":[],"weight":1}"#)
    }

    @Test func `refused values are reported together, each with its limit`() async throws {
        let test = try await TestSite(Fixtures.all)
        let answer = try await test.post(
            "/votes/nonsense?kind=sideways", json: #"{"weight": 9, "note": "12345678901", "tags": ["toolong"]}"#)
        #expect(answer.status == 400)
        #expect(answer.problemCode == "web.invalidInput")
        for sentence in [
            "clip must be an id of 36 characters", "kind must be one of up, down", "weight must be from 1 to 5",
            "note has 11 characters; it must have 1 to 10", "tags.0 has 7 characters; it must have 1 to 3",
        ] {
            #expect(answer.text.contains(sentence), "\(answer.text)")
        }
    }

    static let badBodies: [(String, [UInt8])] = [
        ("truncated", Array(#"{"text":"#.utf8)), ("not an object", Array("[1]".utf8)), ("empty", Array(" ".utf8)),
        ("invalid UTF-8", Array(#"{"text":""#.utf8) + [0xFF] + Array(#""}"#.utf8)),
        ("NUL", Array(#"{"text":"a\u0000b"}"#.utf8)), ("half a pair", Array(#"{"text":"\ud800"}"#.utf8)),
        ("twice", Array(#"{"text":"a","text":"b"}"#.utf8)), ("number", Array(#"{"text":1}"#.utf8)),
        ("null", Array(#"{"text":null}"#.utf8)), ("missing", Array("{}".utf8)),
        ("deep", Array(String(repeating: "[", count: 100_000).utf8)), ("control", Array("{\"text\":\"a\u{1}\"}".utf8)),
        ("huge number", Array(#"{"text":1e999}"#.utf8)),
    ]

    @Test(arguments: badBodies) func `a bad body is a clear refusal`(name: String, body: [UInt8]) async throws {
        let test = try await TestSite(Fixtures.all)
        let answer = try await test.request(
            "POST", "/echo", headers: [("content-type", "application/json")], body: Array(body.prefix(4_000)))
        #expect(answer.status == 400)
        #expect(answer["content-type"] == "application/problem+json")
        #expect(["web.malformedInput", "web.invalidInput"].contains(answer.problemCode))
    }

    @Test(arguments: [
        "?count=%FF", "?count=%00", "?count=1&count=2", "?count=", "?count=1.5", "?count=-1", "", "?count=%",
    ])
    func `a bad query is a clear refusal`(query: String) async throws {
        let test = try await TestSite(Fixtures.all)
        let answer = try await test.get("/repeat\(query)")
        #expect(answer.status == 400)
        #expect(answer.problemCode == "web.invalidInput", "\(answer.text)")
    }

    @Test func `what is not served is refused in the same form`() async throws {
        let test = try await TestSite(Fixtures.all)
        #expect(try await test.get("/nowhere").problemCode == "web.notFound")
        let other = try await test.request("DELETE", "/hello")
        #expect(other.status == 405)
        #expect(other["allow"] == "GET, HEAD, OPTIONS")
        #expect(try await test.request("OPTIONS", "/hello").status == 204)
        #expect(try await test.request("BREW", "/hello").status == 405)
        let html = try await test.get("/hello", headers: [("accept", "image/png")])
        #expect(html.status == 406)
        let text = try await test.request("POST", "/echo", headers: [("content-type", "text/plain")], body: [65])
        #expect(text.status == 415)
        let large = try await test.post("/echo", json: #"{"text":"\#(String(repeating: "a", count: 5_000))"}"#)
        #expect(large.status == 413)
        let long = try await test.get("/repeat?count=" + String(repeating: "1", count: 9_000))
        #expect(long.status == 414)
    }

    @Test func `a declared failure has its status and members`() async throws {
        let test = try await TestSite(Fixtures.all)
        let answer = try await test.post("/votes/\(test.newID(Device.self))", json: #"{"weight": 5}"#)
        #expect(answer.status == 409)
        #expect(answer.problemCode == "test.full")
        #expect(answer.text.contains(#""left":0"#))
        #expect(answer.text.contains(#""title":"Conflict""#))
        #expect(answer["cache-control"] == "no-store")
    }

    @Test func `an unexpected error tells nothing but a trace id`() async throws {
        let test = try await TestSite(Fixtures.all)
        let answer = try await test.get("/broken")
        #expect(answer.status == 500)
        #expect(answer.problemCode == "web.internal")
        #expect(!answer.text.contains("hunter2"))
        #expect(answer.text.contains(#""trace":""#))
    }

    @Test func `HEAD has the headers of GET and no body`() async throws {
        let test = try await TestSite(Fixtures.all)
        let get = try await test.get("/hello")
        let head = try await test.request("HEAD", "/hello")
        #expect(head.status == 200)
        #expect(head.body.isEmpty)
        #expect(head["content-length"] == get["content-length"])
        #expect(head["etag"] == get["etag"])
    }

    @Test func `a validator that still holds is answered with 304`() async throws {
        let test = try await TestSite(Fixtures.all)
        let first = try await test.get("/hello")
        let tag = try #require(first["etag"])
        let again = try await test.get("/hello", headers: [("if-none-match", "\"other\", W/\(tag)")])
        #expect(again.status == 304)
        #expect(again.body.isEmpty)
        #expect(again["cache-control"] == first["cache-control"])
        #expect(try await test.get("/hello", headers: [("if-none-match", "\"other\"")]).status == 200)
    }

    @Test func `bodies from 1 KiB are compressed for who takes it`() async throws {
        let test = try await TestSite(Fixtures.all)
        let small = try await test.get("/repeat?count=900", headers: [("accept-encoding", "gzip")])
        #expect(small["content-encoding"] == nil)
        let large = try await test.get("/repeat?count=2000", headers: [("accept-encoding", "br, gzip")])
        #expect(large["content-encoding"] == "gzip")
        #expect(large["vary"] == "accept-encoding")
        #expect(large.body.prefix(2) == [0x1F, 0x8B])
        #expect(large.body.count < 200)
        let plain = try await test.get("/repeat?count=2000", headers: [("accept-encoding", "gzip;q=0")])
        #expect(plain["content-encoding"] == nil)
        #expect(plain["vary"] == "accept-encoding")
    }

    @Test func `a route that breaks its statement budget fails its test`() async throws {
        let test = try await TestSite(Fixtures.all)
        await #expect(throws: TestSite.OverBudget.self) { try await test.get("/costly") }
    }

    @Test func `contradicting declarations are refused at start`() async throws {
        await #expect(throws: WebError.self) { try await TestSite([Fixtures.hello, Fixtures.hello]) }
        let hole = Route(
            .get, "/a/{b}", "test.hole", "Has a hole.", policy: .anyone, limit: Fixtures.free, budget: 0
        ) { (_: Request<NoInput>) in NoContent() }
        await #expect(throws: WebError.self) { try await TestSite([hole]) }
        let shared = Route(
            .get, "/mine", "test.mine", "Is personal.", policy: .signedIn, limit: Fixtures.free, budget: 0,
            cache: .immutable
        ) { (_: Request<NoInput>) in NoContent() }
        await #expect(throws: WebError.self) { try await TestSite([shared]) }
    }
}
