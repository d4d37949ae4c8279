import Foundation
import Testing

/// A file of creators is written while the server is killed again and again.
@Suite struct DiscoveryExportTests {
    private static let rows = 45_000

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
            // The server writes too: whoever comes second waits.
            try Program.run(["sqlite3", "-batch", "-bail", "-cmd", ".timeout 30000", file.path, statements])
        } else {
            _ = try database.rows(statements)
        }
        return search
    }

    private struct Manifest: Decodable {
        var rows: Int
        var bytes: Int
        var sha256: String
    }

    /// What is said of a file that is being made: nothing of it can be had.
    private func checkHidden(_ id: String, at desk: CreatorDesk) throws {
        for part in ["file", "manifest"] {
            let answer = try desk.call("GET", "/exports/\(id)/\(part)")
            #expect(answer.status == 409 && answer.problemCode == "discovery.exportNotReady", "\(part): \(answer)")
        }
    }

    /// A file holds the creators that the database has, each once and in their order, and is what its manifest says.
    private func check(_ id: String, at desk: CreatorDesk, _ site: Site, _ search: String) throws -> [UInt8] {
        let file = try desk.call("GET", "/exports/\(id)/file")
        #expect(file.status == 200)
        let manifest = try desk.call("GET", "/exports/\(id)/manifest").decode(Manifest.self)
        #expect(manifest.rows == Self.rows && manifest.bytes == file.body.count)
        let key = site.engine == .postgres ? "'\(search)'" : "X'\(search.replacing("-", with: ""))'"
        let known = try site.database.rows(
            """
            SELECT c.handle FROM matches m JOIN creators c ON c.tenant_id = m.tenant_id AND c.id = m.creator_id
            WHERE m.search_id = \(key) ORDER BY m.sequence
            """)
        let lines = file.text.split(separator: "\r\n").dropFirst()
        #expect(lines.count == known.count)
        let handles = lines.map { $0.split(separator: ",")[1] }
        #expect(handles == known.map { Substring($0[0]) })
        let path = site.folder.path + "/\(id).csv"
        try Data(file.body).write(to: URL(filePath: path))
        let sum = try Program.run(["sha256sum", path])
        #expect(sum.hasPrefix(manifest.sha256))
        return file.body
    }

    @Test(arguments: Engine.all)
    func `a file that was begun by killed servers is byte for byte the one that was written in one go`(
        _ engine: Engine
    ) throws {
        let site = try Site(engine)
        let (server, database) = (site.server, site.database)
        try server.start()
        let desk = try CreatorDesk(at: server)
        let search = try fill(database, engine)
        let whole = try desk.export("search", search)
        func state(_ id: String) throws -> String { try desk.call("GET", "/exports/\(id)").decode(State.self).state }
        try eventually("the first file to be ready", for: .seconds(120), every: .milliseconds(100)) {
            try state(whole) == "ready"
        }
        let expected = try check(whole, at: desk, site, search)

        let torn = try desk.export("search", search)
        var kills = 0
        for parts in 1...4 {
            // The file that is whole has no parts any more; the demo's own have other numbers of rows.
            try eventually("part \(parts)", for: .seconds(120), every: .milliseconds(5)) {
                try database.number(
                    """
                    SELECT coalesce(max(parts), 0) FROM discovery_exports
                    WHERE rows_planned = \(Self.rows) AND state IN ('running', 'ready') AND created_at = (
                        SELECT max(created_at) FROM discovery_exports WHERE rows_planned = \(Self.rows))
                    """) >= parts
            }
            try server.kill()
            kills += 1
            try server.start()
            if try state(torn) == "ready" { break }
            try checkHidden(torn, at: desk)
        }
        #expect(kills > 0)
        try eventually("the torn file to be ready", for: .seconds(180), every: .milliseconds(200)) {
            let now = try state(torn)
            if now == "ready" { return true }
            guard now == "running" || now == "queued" else { throw Broken(.failed, "the torn file is \(now)") }
            return false
        }
        #expect(try check(torn, at: desk, site, search) == expected)
        #expect(try server.terminate() == 0)
    }

    private struct State: Decodable { var state: String }
}
