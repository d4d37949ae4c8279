import Foundation

/// Durable votes through HTTP, beside pgbench sending the same statement for one vote at a time to the same server.
enum VotesBenchmark: Benchmark {
    static let name = "votes"
    private static let rounds = 3
    private static let seconds = 8
    private static let connections = 256
    private static let voters = 20_000

    static func run() async throws -> [(String, String)] {
        let database = try BenchDatabase("bench_votes")
        let capstan = try await Capstan(demoIn: database.url)
        defer { capstan.server.stop() }
        let crowd = try Crowd(voters, of: capstan)
        let stage = try Stage(database)
        let clips = try database.sql("SELECT id FROM clips WHERE slot_id = '\(stage.slot)' AND state = 'active'")

        var ours: [Load] = []
        var eight: [Double] = []
        var many: [Double] = []
        var audited: [Double] = []
        var script: String?
        for round in 0..<rounds {
            try database.sql("CHECKPOINT")
            async let storm = storm(crowd, clips: clips, round: round)
            if script == nil { script = try stage.script(for: await stage.statement(), clips: clips) }
            let load = try await storm
            ours.append(load)
            guard let script else { continue }
            eight.append(try stage.pgbench(script, clients: 8, seconds: seconds))
            many.append(try stage.pgbench(script, clients: 32, seconds: seconds))
            audited.append(try stage.pgbench(stage.auditedScript(clips: clips), clients: 32, seconds: seconds))
        }
        let accepted = ours.reduce(0) { $0 + $1.answers - $1.refused }
        let sums = try VoteSums(database, accepted: accepted, others: stage.votesBefore + stage.peerVotes())
        let sqlite = try await onSQLite()

        let best = max(eight.median, many.median)
        let mine = ours.map { Double($0.answers - $0.refused) / Double(seconds) }.median
        var table = Table("Durable votes", "votes/s (median of \(rounds))", "p50 / p99 ms", "ratio")
        table.row(
            "capstan over HTTP on PostgreSQL, \(connections) connections", mine.shown(0),
            "\(ours.map(\.p50).median.shown(1)) / \(ours.map(\.p99).median.shown(1))", (mine / best).shown())
        table.row(
            "pgbench, the same statement for one vote, 8 clients", eight.median.shown(0), "",
            (eight.median / best).shown())
        table.row(
            "pgbench, the same statement for one vote, 32 clients", many.median.shown(0), "",
            (many.median / best).shown())
        table.row(
            "pgbench, seven statements a vote as audited, 32 clients", audited.median.shown(0), "",
            (audited.median / best).shown())
        table.row(
            "capstan over HTTP on SQLite, full sync", sqlite.median.shown(0), "", (sqlite.median / best).shown())
        table.show()
        print(sums.report + " The peers have cast \(try stage.peerVotes()).\n")
        return [
            ("ratio", (mine / best).shown()), ("votes_per_second", mine.shown(0)),
            ("p99_ms", ours.map(\.p99).median.shown(1)), ("sqlite_votes_per_second", sqlite.median.shown(0)),
            ("lost", "\(sums.lost)"), ("double", "\(sums.double)"), ("wrong_sums", "\(sums.wrong)"),
        ]
    }

    private static func onSQLite() async throws -> [Double] {
        let file = try Command.temporaryFolder().appendingPathComponent("votes.sqlite").path
        let capstan = try await Capstan(demoIn: "sqlite:\(file)")
        defer { capstan.server.stop() }
        let crowd = try Crowd(voters, of: capstan)
        let clips = try Command.run(
            "sqlite3",
            [
                "-cmd", ".timeout 5000", file,
                "SELECT lower(hex(id)) FROM clips WHERE state = 'active' AND tenant_id = (SELECT id FROM tenants WHERE slug = 'main') AND slot_id IN (SELECT id FROM slots WHERE state = 'voting')",
            ]
        ).split(separator: "\n").map { Self.dashed(String($0)) }
        return try await (0..<rounds).asyncMap { round in
            let load = try await storm(crowd, clips: clips, round: round)
            return Double(load.answers - load.refused) / Double(seconds)
        }
    }

    /// Each pair of voter and clip is used once in all rounds.
    private static func storm(_ crowd: Crowd, clips: [String], round: Int) async throws -> Load {
        try crowd.vote(
            clips, seconds: seconds, connections: connections, firstLap: round * max(1, clips.count / rounds))
    }

    private static func dashed(_ hex: String) -> String {
        let digits = Array(hex)
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }

    /// What the peers need of the database, and the counting of their votes.
    private final class Stage: Sendable {
        let database: BenchDatabase
        let tenant: String
        let slot: String
        /// Votes of the demo in the open slots.
        let votesBefore: Int

        init(_ database: BenchDatabase) throws {
            self.database = database
            let row = try database.sql(
                """
                SELECT t.id, s.id FROM tenants t JOIN slots s ON s.tenant_id = t.id AND s.state = 'voting'
                WHERE t.slug = 'main'
                """)[0].split(separator: "|").map(String.init)
            (tenant, slot) = (row[0], row[1])
            votesBefore =
                Int(
                    try database.sql(
                        "SELECT count(*) FROM votes v JOIN slots s ON s.id = v.slot_id WHERE s.state = 'voting'")[0])
                ?? 0
            try database.sql("ALTER ROLE capstan SET capstan.tenant = '\(tenant)'")
        }

        /// The statement that casts a group, as the server sees it while the storm is on.
        func statement() async throws -> String {
            for _ in 0..<200 {
                let found = try Command.run(
                    "psql",
                    [
                        "-qXAt", "-R", "\u{1}",
                        ProcessInfo.processInfo.environment["CAPSTAN_TEST_POSTGRES_ADMIN"] ?? "",
                        "-c",
                        "SELECT query FROM pg_stat_activity WHERE query LIKE 'WITH input (id, clip_id, voter_id%' LIMIT 1",
                    ])
                let text = found.trimmingCharacters(in: CharacterSet(charactersIn: "\n\u{1}"))
                if text.contains("FROM candidates c WHERE") { return text }
                try await Task.sleep(for: .milliseconds(40))
            }
            throw Impossible("the statement of votes was not seen in pg_stat_activity")
        }

        /// The same statement with one vote of a random voter for a random clip.
        func script(for statement: String, clips: [String]) throws -> String {
            let arrays = [
                "ARRAY[gen_random_uuid()]",
                "ARRAY[CAST((ARRAY[\(clips.map { "'\($0)'" }.joined(separator: ", "))])[:n] AS uuid)]",
                "ARRAY[gen_random_uuid()]", "ARRAY[NULL]::uuid[]", "ARRAY[NULL]::bytea[]", "ARRAY[false]",
                "ARRAY['normal'::text]", "ARRAY[1::bigint]", "ARRAY[200::bigint]", "ARRAY[NULL]::bigint[]",
            ]
            let types = try database.sql(
                """
                PREPARE seen (uuid[], uuid[], uuid[], uuid[], bytea[], boolean[], text[], bigint[], bigint[],
                    bigint[])
                    AS \(statement);
                SELECT array_to_string(parameter_types, ',') FROM pg_prepared_statements WHERE name = 'seen';
                """)[0].split(separator: ",").map(String.init)
            var text = statement
            for number in stride(from: types.count, through: 1, by: -1) {
                let value: String
                if number <= arrays.count {
                    value = arrays[number - 1]
                } else {
                    switch types[number - 1] {
                    case "uuid": value = "'\(tenant)'::uuid"
                    case "timestamp with time zone": value = "now()"
                    // The lane of the tally is the one number below 16; days and the daily weight may be any.
                    default: value = text.contains("$\(number), count(*)") ? "3::bigint" : "200::bigint"
                    }
                }
                text = text.replacingOccurrences(of: "$\(number)", with: value)
            }
            return "\\set n random(1, \(clips.count))\n" + text.replacingOccurrences(of: "\n", with: " ") + ";\n"
        }

        /// What the audited product sends for a vote: six reads, then the write.
        func auditedScript(clips: [String]) -> String {
            let clip = "CAST((ARRAY[\(clips.map { "'\($0)'" }.joined(separator: ", "))])[:n] AS uuid)"
            let mine = "md5(:v::text)::uuid"
            return """
                \\set n random(1, \(clips.count))
                \\set v random(1, 2000000000)
                SELECT key, is_enabled FROM feature_flags WHERE tenant_id = '\(tenant)';
                SELECT id, risk, blocked_at FROM voters WHERE tenant_id = '\(tenant)' AND id = \(mine);
                SELECT id, state, freezes_at FROM slots WHERE tenant_id = '\(tenant)' AND id = '\(slot)';
                SELECT id, state, person_id FROM clips WHERE tenant_id = '\(tenant)' AND id = \(clip);
                SELECT id FROM votes WHERE tenant_id = '\(tenant)' AND clip_id = \(clip) AND voter_id = \(mine) AND withdrawn_at IS NULL;
                SELECT coalesce(sum(weight), 0) FROM votes WHERE tenant_id = '\(tenant)' AND voter_id = \(mine) AND cast_at > now() - interval '1 day';
                WITH placed AS (INSERT INTO votes (tenant_id, slot_id, id, clip_id, voter_id, kind, weight, day, cast_at) VALUES ('\(tenant)', '\(slot)', gen_random_uuid(), \(clip), \(mine), 'normal', 1, 200, now()) ON CONFLICT DO NOTHING RETURNING clip_id) INSERT INTO clip_tallies AS t (tenant_id, clip_id, lane, votes, score, last_vote_at) SELECT '\(tenant)', clip_id, 4, 1, 1, now() FROM placed ON CONFLICT (tenant_id, clip_id, lane) DO UPDATE SET votes = t.votes + 1, score = t.score + 1, last_vote_at = now();

                """
        }

        func pgbench(_ script: String, clients: Int, seconds: Int) throws -> Double {
            try database.transactionsPerSecond(script, clients: clients, seconds: seconds).perSecond
        }

        /// Votes that pgbench has cast: they are the ones of an impossible day.
        func peerVotes() throws -> Int { Int(try database.sql("SELECT count(*) FROM votes WHERE day = 200")[0]) ?? 0 }
    }
}

extension Sequence where Element: Sendable {
    /// The results of an asynchronous step for each element, one after the other.
    fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await transform(element)) }
        return results
    }
}
