import Foundation

/// Creators added to a list over HTTP, beside a loop of single inserts in one transaction.
enum ListAddBenchmark: Benchmark {
    static let name = "list-add"
    private static let rounds = 5

    static func run() async throws -> [(String, String)] {
        let workspace = try await Workspace("bench_list_add")
        defer { workspace.capstan.server.stop() }
        let tenant = try workspace.makeCreators(10_000)
        let ids = try workspace.database.sql(
            "SELECT id FROM creators WHERE tenant_id = '\(tenant)' AND external_id LIKE 'bench%' ORDER BY external_id")
        var table = Table("Milliseconds to add creators to a list", "over HTTP", "single inserts", "ratio")
        var figures: [(String, String)] = []
        for count in [100, 10_000] {
            var ours: [Double] = []
            var naive: [Double] = []
            for round in 0..<(count == 100 ? rounds : 3) {
                let list = try workspace.makeList("bench \(count) \(round)")
                ours.append(
                    1_000
                        * (try BenchDatabase.seconds {
                            for start in stride(from: 0, to: count, by: 1_000) {
                                let some = ids[start..<min(start + 1_000, count)].map { "\"\($0)\"" }
                                try workspace.ask(
                                    "POST", "/lists/\(list)/entries",
                                    json: "{\"creatorIds\":[\(some.joined(separator: ","))]}")
                            }
                        }))
                let held = try workspace.database.sql(
                    "SELECT entries FROM bucket_totals WHERE list_id = '\(list)' AND bucket = ''")
                guard held.first == "\(count)" else { throw Impossible("the list holds \(held) of \(count) creators") }
                naive.append(
                    1_000
                        * (try BenchDatabase.seconds {
                            try workspace.database.sql(
                                loop(ids.prefix(count), into: try workspace.makeList("naive"), tenant))
                        }))
            }
            let ratio = ours.median / naive.median
            table.row("\(count)", ours.median.shown(1), naive.median.shown(1), ratio.shown())
            figures.append((count == 100 ? "ratio_100" : "ratio", ratio.shown()))
        }
        table.show()
        print("A request sends three statements, however many creators it adds; the loop sends two for each.\n")
        return figures.reversed()
    }

    /// What the audited program does: an upsert and an insert for each creator.
    private static func loop(_ ids: some Collection<String>, into list: String, _ tenant: String) -> String {
        let statements = ids.enumerated().map { number, id in
            """
            UPDATE creators SET updated_at = now() WHERE tenant_id = '\(tenant)' AND id = '\(id)';
            INSERT INTO list_entries (tenant_id, id, list_id, creator_id, sequence, bucket, rank, metrics, added_at)
            VALUES ('\(tenant)', gen_random_uuid(), '\(list)', '\(id)', \(number + 1), 'backlog', 'm\(number)', '{}',
                now());
            """
        }
        return "BEGIN;\n" + statements.joined(separator: "\n") + "\nCOMMIT;"
    }
}
