import Foundation
import Testing

/// A file of creators is written while the server is killed again and again.
@Suite struct DiscoveryExportTests {
    private static let rows = 45_000

    private func call(
        _ server: Capstan, _ method: String, _ path: String, json: String? = nil, as cookie: String
    ) throws -> HTTPAnswer {
        var headers = [("Cookie", cookie), ("X-Forwarded-For", "10.9.9.8")]
        if json != nil { headers.append(("Content-Type", "application/json")) }
        return try server.send(HTTPRequest(method, path, headers: headers, body: Array((json ?? "").utf8)))
    }

    /// Signs the demo's owner in.
    private func owner(_ server: Capstan) throws -> String {
        let answer = try server.send(
            .post(
                "/api/session", json: #"{"email":"director@example.com","password":"capstan-demo"}"#,
                headers: [("X-Forwarded-For", "10.9.9.8")]))
        #expect(answer.status == 200, "\(answer)")
        return try #require(answer.cookie("capstan_session"))
    }

    /// A search that has found many creators, put in past the product; returns its id as the API writes it.
    private func fill(_ database: any TestDatabase, _ engine: Engine) throws -> String {
        let search = "00000000-0000-4000-8000-0000000000aa"
        let owner = "FROM memberships m JOIN people p ON p.id = m.person_id WHERE p.email = 'director@example.com'"
        let (id, numbers, key, now): (String, String, String, String)
        switch engine {
        case .postgres:
            id = "'\(search)'::uuid"
            numbers = "generate_series(1, \(Self.rows)) AS s(n)"
            key = "encode(convert_to(lpad(n::text, 16, '0'), 'UTF8'), 'hex')::uuid"
            now = "now()"
        case .sqlite:
            id = "X'\(search.replacing("-", with: ""))'"
            numbers =
                "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < \(Self.rows)) SELECT n FROM s)"
            key = "CAST(printf('%016d', n) AS blob)"
            now = "1790000000000000"
        }
        let statements = """
            INSERT INTO creators (tenant_id, id, platform, external_id, handle, name, followers, links, words, created_at,
                updated_at)
            SELECT t.tenant_id, \(key), 'tiktok', 'e' || n, 'maker' || n, 'Maker, no. ' || n, n, '[]', 'w', \(now), \(now)
            FROM (SELECT m.tenant_id \(owner) LIMIT 1) t, \(numbers);
            INSERT INTO searches (tenant_id, id, person_id, title, platforms, region, target, exclusions, state,
                creators_found, reservation_id, created_at, deadline_at)
            SELECT m.tenant_id, \(id), m.person_id, 'trail running', 'tiktok', 'US', 1000, '{}', 'completed', \(Self.rows),
                \(id), \(now), \(now) \(owner);
            INSERT INTO matches (tenant_id, search_id, creator_id, sequence, keywords, is_charged, found_at)
            SELECT t.tenant_id, \(id), \(key), n, 1, \(engine == .postgres ? "true" : "1"), \(now)
            FROM (SELECT m.tenant_id \(owner) LIMIT 1) t, \(numbers);
            """
        if let file = database as? SQLiteFile {
            try Program.run(["sqlite3", "-batch", "-bail", "-cmd", ".timeout 30000", file.path, statements])
        } else {
            _ = try database.rows(statements)
        }
        return search
    }

    private struct Ordered: Decodable { var id: String }

    private func order(_ server: Capstan, _ search: String, as cookie: String) throws -> String {
        let answer = try call(
            server, "POST", "/api/discovery/exports",
            json: "{\"source\":\"search\",\"sourceId\":\"\(search)\",\"inline\":false}", as: cookie)
        #expect(answer.status == 201, "\(answer)")
        return try answer.decode(Ordered.self).id
    }

    @Test(arguments: Engine.all)
    func `a file that was begun by killed servers is byte for byte the one that was written in one go`(
        _ engine: Engine
    ) throws {
        let site = try Site(engine)
        let (server, database) = (site.server, site.database)
        try server.start()
        let cookie = try owner(server)
        let search = try fill(database, engine)
        let whole = try order(server, search, as: cookie)
        // The demo has files of its own, some of them in the making; none has as many rows.
        func ready(_ count: Int) throws -> Bool {
            try database.number(
                "SELECT count(*) FROM discovery_exports WHERE state = 'ready' AND rows_planned = \(Self.rows)") >= count
        }
        try eventually("the first file to be ready", for: .seconds(120), every: .milliseconds(100)) { try ready(1) }
        let expected = try call(server, "GET", "/api/discovery/exports/\(whole)/file", as: cookie)
        #expect(expected.status == 200)
        #expect(expected.text.split(separator: "\r\n").count == Self.rows + 1)

        let torn = try order(server, search, as: cookie)
        var kills = 0
        for parts in 1...4 {
            try eventually("part \(parts)", for: .seconds(120), every: .milliseconds(5)) {
                try database.number(
                    "SELECT coalesce(max(parts), 0) FROM discovery_exports WHERE state = 'running' AND rows_planned = \(Self.rows)"
                )
                    >= parts
                    || ready(2)
            }
            if try ready(2) { break }
            try server.kill()
            kills += 1
            try server.start()
            let early = try call(server, "GET", "/api/discovery/exports/\(torn)/file", as: cookie)
            #expect(early.status == 409 || early.status == 200, "\(early)")
        }
        #expect(kills > 0)
        try eventually("the torn file to be ready", for: .seconds(180), every: .milliseconds(200)) { try ready(2) }
        let second = try call(server, "GET", "/api/discovery/exports/\(torn)/file", as: cookie)
        #expect(second.status == 200 && second.body == expected.body)
        struct Manifest: Decodable {
            var rows: Int
            var sha256: String
        }
        let manifest = try call(server, "GET", "/api/discovery/exports/\(torn)/manifest", as: cookie)
            .decode(Manifest.self)
        #expect(manifest.rows == Self.rows)
        let path = site.folder.path + "/file.csv"
        try Data(second.body).write(to: URL(filePath: path))
        let sum = try Program.run(["sha256sum", path])
        #expect("\(sum)".contains(manifest.sha256))
        #expect(try server.terminate() == 0)
    }
}
