import Foundation

/// The product at the size of section "Scale" of its design: a minute of votes on one slot, feed and board beside it,
/// fair exposure, a board of a million clips, and films beside nginx.
enum TournamentBenchmark: Benchmark {
    static let name = "tournament"
    private static let voters = 30_000
    private static let stormSeconds = 60
    private static let readSeconds = 8
    /// Few enough that time in a queue before the two cores is no part of a latency.
    private static let readers = 4
    private static let rounds = 3
    private static let boardClips = 1_000_000

    static func run() async throws -> [(String, String)] {
        let database = try BenchDatabase("bench_tournament")
        let capstan = try await Capstan(demoIn: database.url)
        defer { capstan.server.stop() }
        let crowd = try Crowd(voters, of: capstan)
        let films = try await films(of: capstan)
        let votes = try storm(crowd, in: database)
        let feed = try crowd.read("/api/tournament/feed", seconds: readSeconds, connections: readers)
        let board = try crowd.read("/api/tournament/boards/slot", seconds: readSeconds, connections: readers)
        for (load, name) in [(feed, "feed"), (board, "board")] where load.refused > 0 {
            throw Impossible("\(load.refused) of \(load.answers) requests of the \(name) were refused")
        }
        let exposure = try await exposure(in: database)
        let rebuild = try await rebuild()

        var table = Table("Tournament", "a second", "p50 / p99 ms", "bar")
        func row(_ title: String, _ load: Load, _ bar: String) {
            table.row(title, load.perSecond.shown(0), "\(load.p50.shown(1)) / \(load.p99.shown(1))", bar)
        }
        row("votes on one slot for \(stormSeconds) s, 256 connections", votes.load, "10,000 votes/s, exact")
        row("feed pages, \(readers) connections", feed, "p99 10 ms")
        row("board pages, \(readers) connections", board, "p99 3 ms")
        table.show()
        print(votes.sums.report)
        print("Most shown over least shown clip: \(exposure.shown()) (bar: 1.25).")
        print("First board of \(boardClips) clips after a start: \(rebuild.shown(2)) s (bar: 2 s).")
        print(
            "Parts of 256 KiB of a film: \(films.ours.shown(0)) a second, nginx \(films.nginx.shown(0)); "
                + "ratio \((films.ours / films.nginx).shown()) (bar: 0.5).\n")
        return [
            ("ratio", (films.ours / films.nginx).shown()), ("votes_per_second", votes.load.perSecond.shown(0)),
            ("vote_p99_ms", votes.load.p99.shown(1)), ("lost", "\(votes.sums.lost)"),
            ("double", "\(votes.sums.double)"), ("wrong_sums", "\(votes.sums.wrong)"),
            ("feed_p99_ms", feed.p99.shown(1)), ("board_p99_ms", board.p99.shown(1)),
            ("exposure", exposure.shown()), ("rebuild_seconds", rebuild.shown(2)),
        ]
    }

    private static func storm(_ crowd: Crowd, in database: BenchDatabase) throws -> (load: Load, sums: VoteSums) {
        let open = "FROM votes v JOIN slots s ON s.id = v.slot_id WHERE s.state = 'voting'"
        let before = Int(try database.sql("SELECT count(*) \(open)")[0]) ?? 0
        let clips = try database.sql(
            """
            SELECT c.id FROM clips c JOIN slots s ON s.id = c.slot_id JOIN tenants t ON t.id = c.tenant_id
            WHERE t.slug = 'main' AND s.state = 'voting' AND c.state = 'active'
            """)
        try database.sql("CHECKPOINT")
        var load = try crowd.vote(clips, seconds: stormSeconds, connections: 256)
        load.perSecond *= Double(load.answers - load.refused) / Double(max(1, load.answers))
        return (load, try VoteSums(database, accepted: load.answers - load.refused, others: before))
    }

    /// The most shown clip of the open slot over the least shown one, from what the database knows of the feed.
    private static func exposure(in database: BenchDatabase) async throws -> Double {
        let query = """
            SELECT max(n)::float8 / greatest(1, min(n)), avg(n) FROM (SELECT sum(a.impressions) AS n
            FROM clips c JOIN slots s ON s.id = c.slot_id JOIN tenants t ON t.id = c.tenant_id
            JOIN clip_tallies a ON a.tenant_id = c.tenant_id AND a.clip_id = c.id
            WHERE t.slug = 'main' AND s.state = 'voting' AND c.state = 'active' GROUP BY c.id) shown
            """
        // Impressions are written some seconds behind the feed.
        try await Task.sleep(for: .seconds(12))
        let row = try database.sql(query)[0].split(separator: "|").compactMap { Double($0) }
        guard row.count == 2, row[1] >= 100 else { throw Impossible("too few impressions to tell: \(row)") }
        return row[0]
    }

    /// Seconds until the first page of a board that nobody has built yet.
    private static func rebuild() async throws -> Double {
        let database = try BenchDatabase("bench_rebuild")
        try await Capstan.fillDemo(database.url)
        _ = try LeaderboardBenchmark.fill(database, clips: boardClips)
        let board = try LeaderboardBenchmark.board(in: database)
        var seconds: [Double] = []
        for _ in 0..<rounds {
            let capstan = try await Capstan(database: database.url)
            defer { capstan.server.stop() }
            seconds.append(
                try BenchDatabase.seconds {
                    let total = try capstan.json(board)["total"] as? Int ?? 0
                    guard total >= boardClips else { throw Impossible("the board has \(total) entries only") }
                })
        }
        return seconds.median
    }

    // MARK: Films

    /// Parts of a film a second: ours, and the same file by nginx.
    private static func films(of capstan: Capstan) async throws -> (ours: Double, nginx: Double) {
        let path = try await Uploader(capstan).film()
        let folder = try Command.temporaryFolder()
        let file = folder.appendingPathComponent("film.mp4").path
        try Command.run("curl", ["-sf", "-o", file, capstan.server.address + path])
        let nginx = try await Nginx(serving: folder)
        defer { nginx.server.stop() }
        var ours: [Double] = []
        var peer: [Double] = []
        for _ in 0..<rounds {
            ours.append(try parts(capstan.server.address + path))
            peer.append(try parts(nginx.server.address + "/film.mp4"))
        }
        return (ours.median, peer.median)
    }

    private static func parts(_ url: String) throws -> Double {
        let script = """
            function request()
              local start = math.random(0, 3) * 131072
              return wrk.format("GET", nil, {["Range"] = "bytes=" .. start .. "-" .. start + 262143})
            end
            """
        let load = try Wrk.run(url, seconds: readSeconds, connections: 32, script: script)
        guard load.refused == 0, load.perSecond > 0 else { throw Impossible("parts of \(url) were refused") }
        return load.perSecond
    }
}
