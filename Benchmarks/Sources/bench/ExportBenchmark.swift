import Foundation

/// Ballots of a slot as CSV over HTTP, beside `psql \copy` of the same rows; with the argument `discovery`, creators of a
/// search as a file.
enum ExportBenchmark: Benchmark {
    static let name = "export"
    private static let rounds = 3

    static func run() async throws -> [(String, String)] {
        if CommandLine.arguments.dropFirst(2).first == "discovery" { return try await DiscoveryExportBenchmark.run() }
        let database = try BenchDatabase("bench_export")
        try await Capstan.fillDemo(database.url)
        let slots = try fill(database, ballots: [10_000, 1_000_000])
        let capstan = try await Capstan(database: database.url)
        defer { capstan.server.stop() }

        // One export before memory is looked at: buffers and statements are then there.
        try export(capstan, slot: slots[0])
        let before = capstan.server.residentBytes
        try export(capstan, slot: slots[0])
        let small = capstan.server.residentBytes
        var ours: [Double] = []
        var peer: [Double] = []
        var peak = small
        for _ in 0..<rounds {
            ours.append(1_000_000 / (try BenchDatabase.seconds { try export(capstan, slot: slots[1]) }))
            peak = max(peak, capstan.server.residentBytes)
            peer.append(1_000_000 / (try database.copySeconds(query(slots[1]))))
        }
        let ratio = ours.median / peer.median
        let growth = Double(peak - min(before, small)) / 1_048_576
        var table = Table("1,000,000 ballots as CSV", "rows/s (median of \(rounds))", "ratio")
        table.row("capstan over HTTP, with digest", ours.median.shown(0), ratio.shown())
        table.row("psql \\copy", peer.median.shown(0), "1")
        table.show()
        print("Resident memory grew by \(growth.shown(1)) MiB from 10,000 to 1,000,000 rows (bar: 16).\n")
        return [("ratio", ratio.shown()), ("memory_growth_mib", growth.shown(1))]
    }

    private static func export(_ capstan: Capstan, slot: String) throws {
        try Command.run(
            "curl", ["-sf", "-o", "/dev/null", "\(capstan.server.address)/api/tournament/slots/\(slot)/ballots"])
    }

    private static func query(_ slot: String) -> String {
        "SELECT id, cast_at, clip_id, voter_id, kind, weight, withdrawn_at, removal_id FROM votes "
            + "WHERE slot_id = '\(slot)' ORDER BY id"
    }

    /// Fills locked slots of the demo's season with ballots and returns the slots.
    private static func fill(_ database: BenchDatabase, ballots: [Int]) throws -> [String] {
        let slots = try database.sql(
            """
            SELECT s.id FROM slots s JOIN winners w ON w.tenant_id = s.tenant_id AND w.slot_id = s.id
            WHERE s.state = 'locked' AND w.state = 'final' ORDER BY s.tenant_id, s.position LIMIT \(ballots.count)
            """)
        for (slot, count) in zip(slots, ballots) {
            try database.sql(
                """
                DELETE FROM votes WHERE slot_id = '\(slot)';
                INSERT INTO votes (tenant_id, slot_id, id, clip_id, voter_id, kind, weight, day, cast_at)
                SELECT c.tenant_id, c.slot_id,
                    (lpad(to_hex(1790000000000 + n), 12, '0') || '70008' || substr(md5(n::text), 1, 15))::uuid,
                    c.id, md5(n::text)::uuid, 'normal', 1, 20000, now() - make_interval(secs => (\(count) - n) / 100.0)
                FROM generate_series(1, \(count)) n
                JOIN (SELECT tenant_id, slot_id, id, row_number() OVER (ORDER BY id) - 1 AS k, count(*) OVER () AS m
                    FROM clips WHERE slot_id = '\(slot)') c ON c.k = n % c.m;
                """)
        }
        try database.sql("VACUUM ANALYZE votes")
        return slots
    }
}
