import Foundation

/// A list's board, a bucket's page deep inside, and a move, with 1,000 and with 100,000 entries.
enum BoardBenchmark: Benchmark {
    static let name = "board"
    private static let times = 25

    static func run() async throws -> [(String, String)] {
        let workspace = try await Workspace("bench_boards")
        defer { workspace.capstan.server.stop() }
        let tenant = try workspace.makeCreators(100_000)
        var costs: [[Double]] = []
        for count in [1_000, 100_000] {
            let list = try workspace.makeList("bench \(count)")
            try fill(workspace, list, tenant, count: count)
            let page = "/lists/\(list)/entries?bucket=backlog&limit=25"
            guard let next = try workspace.ask("GET", page)["next"] as? String else {
                throw Impossible("the bucket has no second page")
            }
            costs.append([
                try workspace.microseconds("/lists/\(list)/board", times: times),
                try workspace.microseconds("\(page)&after=\(next)", times: times),
            ])
        }
        var table = Table("Microseconds a request", "1,000 entries", "100,000 entries", "ratio")
        let names = ["board", "page"]
        var figures: [(String, String)] = []
        for (index, name) in names.enumerated() {
            let ratio = costs[1][index] / costs[0][index]
            table.row(name, costs[0][index].shown(0), costs[1][index].shown(0), ratio.shown())
            figures.append((name, ratio.shown()))
        }
        table.show()
        let worst = figures.compactMap { Double($0.1) }.max() ?? 0
        return [("ratio", worst.shown())] + figures
    }

    /// A list beyond its own bound of 50,000 entries, which the API would not fill.
    private static func fill(_ workspace: Workspace, _ list: String, _ tenant: String, count: Int) throws {
        try workspace.database.sql(
            """
            INSERT INTO list_entries (tenant_id, id, list_id, creator_id, sequence, bucket, rank, followers, metrics,
                added_at)
            SELECT '\(tenant)', gen_random_uuid(), '\(list)', md5('bench' || n)::uuid, n,
                (ARRAY['backlog', 'shortlist', 'contacted', 'booked'])[1 + n % 4], 'm' || (1000000000 + n), 5, '{}',
                now() FROM generate_series(1, \(count)) n;
            UPDATE bucket_totals SET entries = least(50000, CASE WHEN bucket = '' THEN \(count) ELSE \(count / 4) END),
                next_sequence = \(count + 1) WHERE tenant_id = '\(tenant)' AND list_id = '\(list)';
            VACUUM ANALYZE list_entries;
            """)
    }
}
