import Foundation

/// Creators a second that the database takes in while searches run against a vendor that answers at once, beside a loop
/// of single upserts; and what a poll of a search costs.
///
/// A search as a whole is bound by the vendor's rate, five calls a second for all nodes together, so what is counted is
/// the time of the statements that a page is landed with.
enum DiscoveryBenchmark: Benchmark {
    static let name = "discovery"
    private static let searches = 15
    private static let known = 500_000
    private static let polls = 60
    private static let alone = 2_000
    /// Creators on a page of the vendor.
    private static let pageSize = 200

    static func run() async throws -> [(String, String)] {
        let port = Server.freePort()
        let vendor = try await Server(Server.built("PlainServer"), ["\(port)"], port: port, path: "/item")
        defer { vendor.stop() }
        let workspace = try await Workspace(
            "bench_discovery",
            settings: [
                "CAPSTAN_DISCOVERY_VENDOR_KEY": "bench", "CAPSTAN_DISCOVERY_VENDOR_ADDRESS": vendor.address + "/",
                "CAPSTAN_OUTBOUND_ALLOW": "127.0.0.1",
            ])
        defer { workspace.capstan.server.stop() }
        let database = workspace.database
        let tenant = try workspace.makeCreators(known)
        try database.sql("CREATE EXTENSION IF NOT EXISTS pg_stat_statements; SELECT pg_stat_statements_reset()")
        var last = ""
        for number in 0..<searches { last = try search(number, workspace) }
        let (creators, seconds) = try landed(database)
        let ours = Double(creators) / seconds
        let naive = Double(alone) / (try BenchDatabase.seconds { try database.sql(loop(tenant, last)) })

        try database.sql("SELECT pg_stat_statements_reset()")
        let poll = try workspace.microseconds("/searches/\(last)", times: polls)
        let statements =
            try database.sql(
                """
                SELECT coalesce(sum(s.calls), 0) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
                WHERE d.datname = current_database() AND s.query ILIKE 'SELECT%' AND s.query LIKE '%searches%'
                """
            ).first.flatMap { Double($0) } ?? 0

        var table = Table("Creators taken in, \(known) known before", "creators/s", "ratio")
        table.row("capstan: pages of 200, four statements each", ours.shown(0), (ours / naive).shown())
        table.row("a loop of single upserts", naive.shown(0), "1")
        table.show()
        print("A poll of a search: \(poll.shown(0)) µs, \((statements / Double(polls)).shown()) statements (bar: 1).\n")
        return [
            ("ratio", (ours / naive).shown()), ("creators_per_second", ours.shown(0)), ("poll_us", poll.shown(0)),
            ("statements_per_poll", (statements / Double(polls)).shown()),
        ]
    }

    /// Runs a search for 1,000 creators to its end and returns its id.
    private static func search(_ number: Int, _ workspace: Workspace) throws -> String {
        let words = (0..<10).map { "\"bench \(number) \($0)\"" }.joined(separator: ",")
        let wish = #"{"keywords":[\#(words)],"platforms":["tiktok"],"target":1000,"enrich":0}"#
        let answer = try workspace.ask("POST", "/searches", json: wish)
        guard let id = (answer["search"] as? [String: Any])?["id"] as? String else {
            throw Impossible("no search was begun: \(answer)")
        }
        for _ in 0..<600 {
            let state = try workspace.database.sql("SELECT state FROM searches WHERE id = '\(id)'").first
            switch state {
            case "completed": return id
            case "queued", "searching", "enriching": Thread.sleep(forTimeInterval: 0.1)
            default: throw Impossible("the search became \(state ?? "nothing")")
            }
        }
        throw Impossible("the search did not end within a minute")
    }

    /// Creators on the pages that were landed, and the seconds that their statements took.
    private static func landed(_ database: BenchDatabase) throws -> (creators: Int, seconds: Double) {
        let creators = try database.sql(
            """
            SELECT sum(k.pages) * \(pageSize) FROM keywords k JOIN searches s ON s.tenant_id = k.tenant_id AND s.id = k.search_id
            WHERE k.text LIKE 'bench %'
            """
        ).first.flatMap { Int($0) }
        let milliseconds = try database.sql(
            """
            SELECT sum(s.total_exec_time) FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid
            WHERE d.datname = current_database() AND (s.query LIKE '%INSERT INTO creators %'
                OR s.query LIKE '%INSERT INTO creator_days %' OR s.query LIKE '%INSERT INTO matches %'
                OR s.query LIKE '%UPDATE keywords %' OR s.query = 'COMMIT')
            """
        ).first.flatMap { Double($0) }
        guard let creators, creators > 0, let milliseconds, milliseconds > 0 else {
            throw Impossible("no page was landed, or its statements were not counted")
        }
        return (creators, milliseconds / 1_000)
    }

    /// What the audited program does: an upsert and an insert for each creator, in one transaction.
    private static func loop(_ tenant: String, _ search: String) -> String {
        let statements = (0..<alone).map { number in
            """
            INSERT INTO creators (tenant_id, id, platform, external_id, handle, name, bio, followers, links, words,
                created_at, updated_at)
            VALUES ('\(tenant)', gen_random_uuid(), 'tiktok', 'alone\(number)', 'alone_\(number)', 'Alone \(number)', '',
                5, '[]', 'alone \(number)', now(), now())
            ON CONFLICT (tenant_id, platform, external_id) DO UPDATE SET handle = excluded.handle;
            INSERT INTO matches (tenant_id, search_id, creator_id, sequence, keywords, is_charged, found_at)
            SELECT '\(tenant)', '\(search)', id, \(10_000 + number), 1, true, now() FROM creators
            WHERE tenant_id = '\(tenant)' AND platform = 'tiktok' AND external_id = 'alone\(number)';
            """
        }
        return "BEGIN;\n" + statements.joined(separator: "\n") + "\nCOMMIT;"
    }
}
