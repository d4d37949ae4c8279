import Foundation
import Testing

/// A person takes everything along and leaves, while the server is killed in the midst of it.
@Suite struct DepartureTests {
    private static let password = "correct horse battery"

    private func call(
        _ server: Capstan, _ method: String, _ path: String, json: String? = nil, as cookie: String
    ) throws -> HTTPAnswer {
        var headers = [("Cookie", cookie), ("X-Forwarded-For", "10.9.9.9")]
        if json != nil { headers.append(("Content-Type", "application/json")) }
        return try server.send(HTTPRequest(method, path, headers: headers, body: Array((json ?? "").utf8)))
    }

    @Test(arguments: Engine.all)
    func `what was exported is whole, and what was erased is gone after a kill; the ballots are what they were`(
        _ engine: Engine
    ) throws {
        let site = try Site(engine)
        let (server, database) = (site.server, site.database)
        try server.start()
        let made = try server.send(
            .post(
                "/api/people",
                json: #"{"email":"leaver@example.com","name":"Lea Ver","password":"\#(Self.password)"}"#,
                headers: [("X-Forwarded-For", "10.9.9.9")]))
        #expect(made.status == 201, "\(made)")
        let cookie = try #require(made.cookie("capstan_session"))
        struct Me: Decodable { var id: String }
        let id = try made.decode(Me.self).id
        let clips = try Voter.clips(of: try call(server, "GET", "/api/tournament/feed", as: cookie))
        for clip in clips.prefix(4) {
            let vote = try call(
                server, "POST", "/api/tournament/votes", json: #"{"clipId":"\#(clip)","kind":"normal"}"#, as: cookie)
            #expect(vote.status == 201, "\(vote)")
            let comment = try call(
                server, "POST", "/api/tournament/comments", json: #"{"clipId":"\#(clip)","text":"Leaving soon."}"#,
                as: cookie)
            #expect(comment.status == 201, "\(comment)")
        }
        try checkExport(try call(server, "GET", "/api/account/export", as: cookie), in: site.folder.path)

        let votes = try database.number("SELECT count(*) FROM votes")
        let comments = try database.number("SELECT count(*) FROM comments")
        let refused = try call(server, "DELETE", "/api/account", json: #"{"password":"wrong"}"#, as: cookie)
        #expect(refused.status == 401 && refused.problemCode == "accounts.refused")
        let erased = try call(
            server, "DELETE", "/api/tournament/account", json: #"{"password":"\#(Self.password)"}"#, as: cookie)
        #expect(erased.status == 202, "\(erased)")
        #expect(try call(server, "GET", "/api/session", as: cookie).status == 401)
        try server.kill()
        try server.start()
        #expect(try call(server, "GET", "/api/session", as: cookie).status == 401)
        try eventually("the person to be removed", for: .seconds(90), every: .milliseconds(200)) {
            try database.number("SELECT count(*) FROM personal_requests WHERE kind = 'erasure' AND state = 'settling'")
                == 1
        }
        #expect(try database.number("SELECT count(*) FROM comments") == comments - 4)
        #expect(try database.number("SELECT count(*) FROM comments WHERE author = 'Lea Ver'") == 0)
        #expect(try database.number("SELECT count(*) FROM votes") == votes)
        #expect(try database.number("SELECT count(*) FROM people WHERE name = 'Lea Ver'") == 0)
        #expect(
            try database.number(
                "SELECT count(*) FROM memberships m JOIN people p ON p.id = m.person_id WHERE p.name = 'Erased person'")
                == 0)
        #expect(try Books.problems(in: database) == [])
        let back = try server.send(
            .post(
                "/api/session", json: #"{"email":"leaver@example.com","password":"\#(Self.password)"}"#,
                headers: [("X-Forwarded-For", "10.9.9.9")]))
        #expect(back.status == 401, "\(back)")
        #expect(try call(server, "GET", "/api/tournament/people/\(id)/stats", as: "").status == 404)
        #expect(try server.terminate() == 0)
    }

    /// The manifest states what `sha256sum` computes of everything before it.
    private func checkExport(_ answer: HTTPAnswer, in folder: String) throws {
        #expect(answer.status == 200, "\(answer)")
        let lines = answer.text.split(separator: "\n").map(String.init)
        struct Last: Decodable {
            struct Manifest: Decodable {
                var rows: Int
                var sha256: String
            }
            var manifest: Manifest
        }
        let last = try JSONDecoder().decode(Last.self, from: Data(try #require(lines.last).utf8))
        #expect(last.manifest.rows == lines.count - 1)
        let path = folder + "/export.ndjson"
        try Data((lines.dropLast().joined(separator: "\n") + "\n").utf8).write(to: URL(fileURLWithPath: path))
        #expect(try Program.run(["sha256sum", path]).hasPrefix(last.manifest.sha256))
        for (kind, count) in ["profile": 1, "membership": 1, "vote": 4, "comment": 4] {
            #expect(lines.filter { $0.contains("\"kind\":\"\(kind)\"") }.count == count, "\(kind)")
        }
    }
}
