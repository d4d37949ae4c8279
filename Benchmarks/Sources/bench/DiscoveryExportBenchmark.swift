import Foundation

/// A million creators of a search as a file, made by job and downloaded, beside `psql \copy` of the same rows.
enum DiscoveryExportBenchmark {
    private static let rows = 1_000_000
    private static let rounds = 3

    static func run() async throws -> [(String, String)] {
        let workspace = try await Workspace("bench_discovery_export")
        let server = workspace.capstan.server
        defer { server.stop() }
        let tenant = try workspace.makeCreators(rows)
        let small = try makeSearch(workspace, tenant, rows: 10_000)
        let large = try makeSearch(workspace, tenant, rows: rows)

        // One file before memory is looked at: buffers and statements are then there.
        try export(workspace, small, rows: 10_000) {}
        let idle = server.residentBytes
        var ours: [Double] = []
        var peer: [Double] = []
        var peak = idle
        for _ in 0..<rounds {
            ours.append(
                Double(rows)
                    / (try BenchDatabase.seconds {
                        try export(workspace, large, rows: rows) { peak = max(peak, server.residentBytes) }
                    }))
            peer.append(Double(rows) / (try workspace.database.copySeconds(query(tenant, large))))
        }
        let ratio = ours.median / peer.median
        let growth = Double(peak - idle) / 1_048_576
        var table = Table("1,000,000 creators as CSV", "rows/s (median of \(rounds))", "ratio")
        table.row("capstan: job, parts, digest", ours.median.shown(0), ratio.shown())
        table.row("psql \\copy", peer.median.shown(0), "1")
        table.show()
        let seconds = Double(rows) / ours.median
        print("A file took \(seconds.shown(1)) s (bar: 20); memory grew by \(growth.shown(1)) MiB (bar: 64).\n")
        return [
            ("ratio", ratio.shown()), ("seconds", seconds.shown(1)), ("memory_growth_mib", growth.shown(1)),
        ]
    }

    /// Orders a file, waits until it is ready, and checks its manifest.
    private static func export(
        _ workspace: Workspace, _ search: String, rows: Int, meanwhile: () -> Void
    ) throws {
        let order = "{\"source\":\"search\",\"sourceId\":\"\(search)\",\"inline\":false}"
        guard let id = try workspace.ask("POST", "/exports", json: order)["id"] as? String else {
            throw Impossible("the export was not taken")
        }
        // Progress is read past the API, so that the limit of one reader is not met.
        for _ in 0..<2_400 {
            let state = try workspace.database.sql("SELECT state FROM discovery_exports WHERE id = '\(id)'").first
            meanwhile()
            switch state {
            case "ready":
                let manifest = try workspace.ask("GET", "/exports/\(id)/manifest")
                guard manifest["rows"] as? Int == rows else { throw Impossible("the file has other rows: \(manifest)") }
                return
            case "queued", "running": Thread.sleep(forTimeInterval: 0.1)
            default: throw Impossible("the export became \(state ?? "nothing")")
            }
        }
        throw Impossible("the export was not ready within two minutes")
    }

    private static func query(_ tenant: String, _ search: String) -> String {
        """
        SELECT c.platform, c.handle, c.name, c.followers, c.engagement, c.median_views, c.language, c.country, c.email,
        c.bio, m.found_at FROM matches m JOIN creators c ON c.tenant_id = m.tenant_id AND c.id = m.creator_id
        WHERE m.tenant_id = '\(tenant)' AND m.search_id = '\(search)' ORDER BY m.sequence
        """.replacingOccurrences(of: "\n", with: " ")
    }

    private static func makeSearch(_ workspace: Workspace, _ tenant: String, rows: Int) throws -> String {
        let ids = try workspace.database.sql(
            """
            INSERT INTO searches (tenant_id, id, person_id, title, platforms, region, target, exclusions, state,
                creators_found, reservation_id, created_at, deadline_at)
            VALUES ('\(tenant)', gen_random_uuid(), gen_random_uuid(), 'bench', 'tiktok', 'US', 1000, '{}', 'completed',
                \(rows), gen_random_uuid(), now(), now()) RETURNING id
            """)
        guard let search = ids.first else { throw Impossible("no search could be made") }
        try workspace.database.sql(
            """
            INSERT INTO matches (tenant_id, search_id, creator_id, sequence, keywords, is_charged, found_at)
            SELECT '\(tenant)', '\(search)', md5('bench' || n)::uuid, n, 1, true, now()
            FROM generate_series(1, \(rows)) n;
            VACUUM ANALYZE matches;
            """)
        return search
    }
}
