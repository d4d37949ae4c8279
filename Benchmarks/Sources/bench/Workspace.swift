import Foundation

/// A workspace of Discovery on a served database: a person who is signed in, and rows that are put in past the API.
struct Workspace {
    let database: BenchDatabase
    let capstan: Capstan
    private let jar: String

    /// Fills a database with the demo, serves it with the given settings, and signs the demo's owner in.
    init(_ name: String, settings: [String: String] = [:]) async throws {
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
        let text = try Command.run("curl", arguments + [capstan.server.address + "/api/discovery" + path])
        return try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }

    /// The median of the times in which an address answers, in microseconds.
    func microseconds(_ path: String, times: Int) throws -> Double {
        let address = capstan.server.address + "/api/discovery" + path
        let one = ["-sf", "-b", jar, "-o", "/dev/null", "-w", "%{time_total}\n", address]
        let text = try Command.run("curl", (0..<times).flatMap { $0 == 0 ? one : ["--next"] + one })
        return text.split(separator: "\n").compactMap { Double($0) }.map { $0 * 1_000_000 }.median
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
