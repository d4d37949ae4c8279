import Foundation

/// A tenant of the demo on a served database: a person who is signed in, and rows that are put in past the API.
struct Workspace {
    let database: BenchDatabase
    let capstan: Capstan
    private let jar: String
    private let api: String

    /// Fills a database with the demo, serves it with the given settings, and signs the demo's owner in.
    ///
    /// - Parameters:
    ///   - name: the database's.
    ///   - api: what the product's addresses begin with.
    ///   - settings: the server's, beside those of every benchmark.
    /// - Throws: ``Impossible``.
    init(_ name: String, api: String = "/api/discovery", settings: [String: String] = [:]) async throws {
        self.api = api
        database = try BenchDatabase(name)
        try await Capstan.fillDemo(database.url)
        capstan = try await Capstan(database: database.url, settings: settings)
        jar = try Command.temporaryFolder().appendingPathComponent("cookies").path
        try Command.run(
            "curl",
            [
                "-sf", "-o", "/dev/null", "-c", jar, "-H", "content-type: application/json", "-d",
                #"{"email":"director@example.com","password":"capstan-demo"}"#,
                capstan.server.address + "/api/session",
            ])
    }

    /// Sends a request and returns its answer's JSON object.
    @discardableResult
    func ask(_ method: String, _ path: String, json body: String? = nil) throws -> [String: Any] {
        var arguments = ["-sf", "-b", jar, "-X", method]
        if let body {
            let file = try Command.temporaryFolder().appendingPathComponent("body.json")
            try body.write(to: file, atomically: true, encoding: .utf8)
            arguments += ["-H", "content-type: application/json", "--data-binary", "@\(file.path)"]
        }
        let text = try Command.run("curl", arguments + [capstan.server.address + api + path])
        return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }

    /// The median of the times in which an address answers, in microseconds.
    func microseconds(_ path: String, times: Int) throws -> Double { try self.times(path, count: times).median }

    /// Somebody who is signed in, and where.
    struct Visitor {
        var cookie: String
        var address: String
    }

    /// The times in which an address answers, in microseconds, sorted; people take turns, where some are given.
    func times(_ path: String, count: Int, by visitors: [Visitor] = []) throws -> [Double] {
        var arguments: [String] = []
        for number in 0..<count {
            if number > 0 { arguments.append("--next") }
            let visitor = visitors.isEmpty ? nil : visitors[number % visitors.count]
            if let visitor { arguments += ["-H", "x-forwarded-for: \(visitor.address)"] }
            arguments += ["-s", "-b", visitor?.cookie ?? jar, "-o", "/dev/null", "-w", "%{http_code} %{time_total}\n"]
            arguments.append(capstan.server.address + api + path)
        }
        let text = try Command.run("curl", arguments)
        return try text.split(separator: "\n").map { line in
            let words = line.split(separator: " ")
            guard words.count == 2, words[0] == "200", let seconds = Double(words[1]) else {
                throw Impossible("\(path) answered \(line)")
            }
            return seconds * 1_000_000
        }.sorted()
    }

    /// Statements that a request sends to one of these tables, by the database's own count.
    func statements(_ path: String, times: Int, about tables: String) throws -> Double {
        try database.sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT pg_stat_statements_reset()")
        _ = try self.times(path, count: times)
        let calls = try database.sql(
            """
            SELECT coalesce(sum(s.calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
            WHERE d.datname = current_database() AND s.query ILIKE 'SELECT%' AND s.query LIKE '%\(tables)%'
            """
        ).first.flatMap { Double($0) }
        return (calls ?? 0) / Double(times)
    }

    /// The tenant of the demo's owner.
    func tenant() throws -> String {
        guard
            let tenant = try database.sql(
                """
                SELECT m.tenant_id FROM memberships m JOIN people p ON p.id = m.person_id
                WHERE p.email = 'director@example.com' LIMIT 1
                """
            ).first
        else { throw Impossible("the demo has no owner") }
        return tenant
    }

    /// Puts creators in and returns their tenant.
    func makeCreators(_ count: Int) throws -> String {
        let tenant = try tenant()
        try database.sql(
            """
            INSERT INTO creators (tenant_id, id, platform, external_id, handle, name, bio, followers, engagement,
                median_views, language, country, email, links, words, created_at, updated_at)
            SELECT '\(tenant)', md5('bench' || n)::uuid, 'tiktok', 'bench' || n, 'maker_' || n, 'Maker No. ' || n,
                'Runs in the hills and tells of it, every day of week ' || n % 52, n * 7 % 900000, n * 31 % 90000, n * 3,
                'en', 'DE', 'maker' || n || '@example.org', '[]', 'maker ' || n, now(), now()
            FROM generate_series(1, \(count)) n;
            VACUUM ANALYZE creators;
            """)
        return tenant
    }

    /// Makes an empty list and returns its id.
    func makeList(_ name: String) throws -> String {
        guard let id = try ask("POST", "/lists", json: "{\"name\":\"\(name)\"}")["id"] as? String else {
            throw Impossible("no list could be made")
        }
        return id
    }
}
