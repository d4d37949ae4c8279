import Foundation
import Testing

/// What strangers send: each a clear 4xx as problem+json, never a 500, and nothing stored.
@Suite struct BadInputTests {
    /// Who asks, and about what.
    struct Stage {
        var voter: Voter
        var clip: String
        /// A clip of another tenant.
        var foreignClip: String
        /// A signed cursor of another tenant.
        var foreignCursor: String

        func vote(_ json: String) -> HTTPRequest { voter.request("POST", "/votes", json: json) }

        func vote(_ body: [UInt8], type: String? = "application/json") -> HTTPRequest {
            var request = voter.request("POST", "/votes")
            if let type { request.headers.append(("Content-Type", type)) }
            request.body = body
            return request
        }

        func get(_ path: String) -> HTTPRequest { voter.request("GET", path) }
    }

    struct Case: Sendable {
        var name: String
        var statuses: Set<Int>
        var bytes: @Sendable (Stage) -> [UInt8]

        init(_ name: String, _ statuses: Set<Int> = [400], _ request: @escaping @Sendable (Stage) -> HTTPRequest) {
            self.name = name
            self.statuses = statuses
            bytes = { request($0).bytes }
        }

        init(raw name: String, _ text: String) {
            self.name = name
            statuses = [400]
            bytes = { _ in Array(text.utf8) }
        }
    }

    static let long = String(repeating: "x", count: 10_000)
    static let foreignHost = "night-school.localhost"
    static let nobody = "00000000-0000-7000-8000-000000000000"

    static let bodies: [Case] = [
        Case("an over-long id") { $0.vote(#"{"clipId":"\#(long)","kind":"normal"}"#) },
        Case("a kind that is none") { $0.vote(#"{"clipId":"\#($0.clip)","kind":"giga"}"#) },
        Case("an over-long kind") { $0.vote(#"{"clipId":"\#($0.clip)","kind":"\#(long)"}"#) },
        Case("a number for an id") { $0.vote(#"{"clipId":7,"kind":"normal"}"#) },
        Case("null for an id") { $0.vote(#"{"clipId":null,"kind":"normal"}"#) },
        Case("a list for an id") { $0.vote(#"{"clipId":["\#($0.clip)"],"kind":"normal"}"#) },
        Case("an object for a kind") { $0.vote(#"{"clipId":"\#($0.clip)","kind":{"a":1}}"#) },
        Case("a field that is missing") { $0.vote(#"{"kind":"normal"}"#) },
        Case("NUL in an id") { $0.vote(#"{"clipId":"\#($0.clip)\u0000","kind":"normal"}"#) },
        Case("NUL in a kind") { $0.vote(#"{"clipId":"\#($0.clip)","kind":"normal\u0000"}"#) },
        Case("NUL as a byte") {
            $0.vote(Array(#"{"clipId":"\#($0.clip)","kind":"normal"#.utf8) + [0] + Array(#""}"#.utf8))
        },
        Case("a lone surrogate") { $0.vote(#"{"clipId":"\ud800","kind":"normal"}"#) },
        Case("invalid UTF-8") {
            $0.vote(Array(#"{"clipId":""#.utf8) + [0xFF, 0xFE] + Array(#"","kind":"normal"}"#.utf8))
        },
        Case("no JSON") { $0.vote("votes") },
        Case("half of JSON") { $0.vote(#"{"clipId":""#) },
        Case("JSON that is no object") { $0.vote("[1]") },
        Case("two JSON values") { $0.vote(#"{"clipId":"\#($0.clip)","kind":"normal"} {}"#) },
        Case("JSON nested 50,000 deep") { $0.vote(Array(repeating: UInt8(ascii: "["), count: 50_000)) },
        Case("an endless number") { $0.vote(#"{"clipId":\#(String(repeating: "9", count: 5_000)),"kind":"normal"}"#) },
        Case("no body") { $0.vote([]) },
        Case("a huge body", [413]) { $0.vote(Array(repeating: UInt8(ascii: " "), count: 10 << 20)) },
        Case("text", [415]) { $0.vote(Array(#"{"clipId":"\#($0.clip)"}"#.utf8), type: "text/plain") },
        Case("no content type", [415]) { $0.vote(Array(#"{"clipId":"\#($0.clip)"}"#.utf8), type: nil) },
        Case("XML", [415]) { $0.vote(Array("<vote/>".utf8), type: "application/xml") },
    ]

    static let addresses: [Case] = [
        Case("a clip that is none", [404]) { $0.vote(#"{"clipId":"\#(nobody)","kind":"normal"}"#) },
        Case("another tenant's clip", [404]) { $0.vote(#"{"clipId":"\#($0.foreignClip)","kind":"normal"}"#) },
        Case("another tenant's clip, read", [404]) { $0.get("/clips/\($0.foreignClip)") },
        Case("a vote that was not cast, withdrawn", [404]) { $0.voter.request("DELETE", "/votes/\($0.clip)") },
        Case("another tenant's clip, withdrawn", [404]) { $0.voter.request("DELETE", "/votes/\($0.foreignClip)") },
        Case("an id that is none", [400, 404]) { $0.get("/clips/;drop") },
        Case("an over-long id in the path", [400, 404]) { $0.get("/clips/" + String(repeating: "x", count: 2_000)) },
        Case("NUL in the path", [400, 404]) { $0.get("/clips/%00") },
        Case("invalid UTF-8 in the path", [400, 404]) { $0.get("/clips/%ff%fe") },
        Case("half an escape", [400, 404]) { $0.get("/clips/%f") },
        Case("a path upwards", [400, 404]) { $0.get("/../../../../etc/passwd") },
        Case("a forged cursor") { $0.get("/boards/slot?after=forged") },
        Case("an over-long cursor") { $0.get("/boards/slot?after=" + String(repeating: "A", count: 4_000)) },
        Case("a cursor of a version that never was", [410]) { $0.get("/boards/slot?after=zzzzzzzz.1") },
        Case("a forged cursor of votes") { $0.get("/votes/mine?after=forged") },
        Case("another tenant's cursor") { $0.get("/clips?after=" + $0.foreignCursor) },
        Case("a signed cursor with a bit changed") { $0.get("/clips?after=" + flipped($0.foreignCursor)) },
        Case("a limit that is no number") { $0.get("/boards/slot?limit=many") },
        Case("a limit of nothing") { $0.get("/boards/slot?limit=0") },
        Case("a negative limit") { $0.get("/boards/slot?limit=-1") },
        Case("an endless limit") { $0.get("/boards/slot?limit=99999999999999999999") },
        Case("a limit beyond the bound") { $0.get("/boards/slot?limit=1000000") },
        Case("a board that is none", [400, 404]) { $0.get("/boards/nothing") },
        Case("an address that is none", [404]) { $0.get("/nothing") },
        Case("a method that is none here", [405]) { $0.voter.request("PUT", "/votes", json: "{}") },
        Case("a long address", [414, 431]) { $0.get("/clips?genre=" + String(repeating: "x", count: 100_000)) },
        Case("headers of 1 MB", [431]) { stage in
            var request = stage.get("/feed")
            for index in 0..<100 { request.headers.append(("X-\(index)", long)) }
            return request
        },
    ]

    static let messages: [Case] = [
        Case(raw: "no HTTP", "hello\r\n\r\n"),
        Case(raw: "no host", "GET /api/tournament/feed HTTP/1.1\r\n\r\n"),
        Case(
            raw: "two lengths",
            "POST /api/tournament/votes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{} "
        ),
        Case(
            raw: "a length that is none",
            "POST /api/tournament/votes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -2\r\n\r\n{}"),
        Case(
            raw: "a length and chunks",
            "POST /api/tournament/votes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        Case(
            raw: "a chunk that is none",
            "POST /api/tournament/votes HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        Case(raw: "a header without a name", "GET /api/tournament/feed HTTP/1.1\r\nHost: 127.0.0.1\r\n: x\r\n\r\n"),
    ]

    @Test(arguments: Engine.all)
    func `bad input gets a 4xx problem and leaves nothing behind`(_ engine: Engine) throws {
        let site = try Site(engine)
        try site.server.start()
        let stage = try stage(site)
        let votes = try site.database.number(Books.votes)
        for bad in Self.bodies + Self.addresses + Self.messages {
            let answer: HTTPAnswer
            do {
                answer = try exchange(bad.bytes(stage), with: site.server)
            } catch {
                Issue.record("\(bad.name): \(error)")
                continue
            }
            #expect(bad.statuses.contains(answer.status), "\(bad.name): \(answer)")
            #expect(answer.problemCode != nil, "\(bad.name) is no problem+json: \(answer)")
            #expect(!answer.text.contains(Self.long), "\(bad.name): the input is sent back")
        }
        #expect(try site.database.number(Books.votes) == votes)
        #expect(try Books.problems(in: site.database) == [])
        #expect(try site.server.send(stage.voter.cast(stage.clip)).status < 300, "the server still works")
        #expect(try site.server.terminate() == 0)
    }

    @Test(arguments: Engine.all)
    func `a foreign or forged cookie is nobody's`(_ engine: Engine) throws {
        let site = try Site(engine)
        try site.server.start()
        let stage = try stage(site)
        #expect(try site.server.send(stage.voter.cast(stage.clip)).status < 300)
        let forged = Voter(cookie: Self.flipped(stage.voter.cookie))
        // Whoever it is, it is not the voter whose cookie it resembles.
        let answer = try site.server.send(forged.request("GET", "/votes/mine"))
        #expect(answer.status < 500)
        #expect(!answer.text.contains(stage.clip))
        for session in ["capstan_session=x", "capstan_session=e30.e30.e30", "capstan_session=\(Self.long)"] {
            let answer = try site.server.send(.get("/console", headers: [("Cookie", session)]))
            #expect([302, 303, 401, 403, 404, 431].contains(answer.status), "\(answer)")
        }
    }

    /// Sends bytes and reads the answer, which may come before all was sent.
    private func exchange(_ bytes: [UInt8], with server: Capstan) throws -> HTTPAnswer {
        let connection = try server.connect(timeout: .seconds(10))
        do {
            try connection.write(bytes)
        } catch let error as Broken where error.kind == .closed {
            return try connection.read()
        }
        return try connection.read()
    }

    private func stage(_ site: Site) throws -> Stage {
        let connection = try site.server.connect()
        let (voter, clips) = try Voter.arrive(connection)
        struct Page: Decodable { var next: String? }
        let foreign = try connection.send(
            .get("/api/tournament/feed", headers: [("Host", Self.foreignHost)]))
        let clipPage = try connection.send(
            .get("/api/tournament/clips?limit=1", headers: [("Host", Self.foreignHost)]))
        return Stage(
            voter: voter, clip: clips[0], foreignClip: try #require(try Voter.clips(of: foreign).first),
            foreignCursor: try #require(try clipPage.decode(Page.self).next))
    }

    /// The same text with another character in its middle.
    static func flipped(_ text: String) -> String {
        var bytes = Array(text.utf8)
        let middle = bytes.count * 3 / 4
        bytes[middle] = bytes[middle] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        return String(decoding: bytes, as: UTF8.self)
    }
}
