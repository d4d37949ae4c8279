import Foundation

/// Pages of a season's board over HTTP with 1,000 and with 1,000,000 clips, beside bare Hummingbird.
enum LeaderboardBenchmark: Benchmark {
    static let name = "leaderboard"
    private static let rounds = 3
    private static let seconds = 4

    private struct Costs {
        var first: [Double] = []
        var far: [Double] = []
        var around: [Double] = []
        var plain: [Double] = []
    }

    static func run() async throws -> [(String, String)] {
        let small = try await measure(clips: 1_000)
        let large = try await measure(clips: 1_000_000)
        var table = Table("Microseconds a request", "1,000 clips", "1,000,000 clips", "ratio")
        func row(_ title: String, _ path: KeyPath<Costs, [Double]>) -> Double {
            let (low, high) = (small[keyPath: path].median, large[keyPath: path].median)
            table.row(title, low.shown(1), high.shown(1), (high / low).shown())
            return high / low
        }
        let ratios = [
            row("first page of 100", \.first), row("last page of the first thousand", \.far),
            row("around a clip", \.around),
        ]
        table.show()
        let cached = large.plain.median / large.first.median
        print(
            "A cached page of 100 answers \(cached.shown()) × as many requests as bare Hummingbird with small JSON.\n")
        return [
            ("ratio", (ratios.max() ?? 0).shown()), ("first", ratios[0].shown()), ("page_1000", ratios[1].shown()),
            ("around", ratios[2].shown()), ("cached_over_hummingbird", cached.shown()),
        ]
    }

    private static func measure(clips: Int) async throws -> Costs {
        let database = try BenchDatabase("bench_board_\(clips)")
        try await Capstan.fillDemo(database.url)
        let slot = try fill(database, clips: clips)
        let capstan = try await Capstan(database: database.url)
        defer { capstan.server.stop() }
        let port = Server.freePort()
        let plain = try await Server(Server.built("PlainServer"), ["\(port)"], port: port, path: "/item")
        defer { plain.stop() }

        let board = try Self.board(in: database)
        guard let total = try capstan.json(board)["total"] as? Int, total >= clips else {
            throw Impossible("the board has fewer than \(clips) entries: \(board)")
        }
        let far = try farPage(capstan, board: board, pages: min(999, clips / 100 - 1))
        let clip = try database.sql("SELECT id FROM clips WHERE slot_id = '\(slot)' ORDER BY id LIMIT 1")[0]
        var costs = Costs()
        for _ in 0..<rounds {
            costs.first.append(try microseconds(capstan.server.address + board))
            costs.far.append(try microseconds(capstan.server.address + far))
            costs.around.append(try microseconds(capstan.server.address + board + "&around=\(clip)"))
            costs.plain.append(try microseconds(plain.address + "/item"))
        }
        return costs
    }

    /// Each request comes from another of 40,000 addresses, so that no reader meets the limit of one.
    private static let crowd = """
        local requests = {}
        local turn = 0
        function init(args)
          for number = 0, 39999 do
            local address = "198.18." .. math.floor(number / 250) .. "." .. number % 250 + 1
            requests[number] = wrk.format("GET", nil, {["X-Forwarded-For"] = address})
          end
        end
        function request()
          turn = turn + 1
          return requests[turn % 40000]
        end
        """

    private static func microseconds(_ url: String) throws -> Double {
        let load = try Wrk.run(url, seconds: seconds, connections: 64, script: Self.crowd)
        guard load.refused == 0, load.perSecond > 0 else {
            throw Impossible("\(load.refused) of \(load.answers) requests of \(url) were refused")
        }
        return 1_000_000 / load.perSecond
    }

    /// Follows the cursors and returns the address of the page behind `pages` others.
    private static func farPage(_ capstan: Capstan, board: String, pages: Int) throws -> String {
        var path = board
        for _ in 0..<pages {
            guard let next = try capstan.json(path)["next"] as? String else { break }
            path = board + "&after=" + next
        }
        return path
    }

    /// The board of the whole season: one slot takes no more than 10,000 clips.
    static func board(in database: BenchDatabase) throws -> String {
        let season = try database.sql(
            """
            SELECT s.id FROM seasons s WHERE s.state = 'active'
            ORDER BY (SELECT count(*) FROM clips c WHERE c.season_id = s.id) DESC LIMIT 1
            """)[0]
        return "/api/tournament/boards/season?scope=\(season)"
    }

    /// Adds clips with tallies to the open slot of the demo and returns the slot.
    static func fill(_ database: BenchDatabase, clips: Int) throws -> String {
        let slot = try database.sql(
            "SELECT id FROM slots WHERE state = 'voting' ORDER BY (SELECT count(*) FROM clips c WHERE c.slot_id = slots.id) DESC LIMIT 1"
        )[0]
        try database.sql(
            """
            INSERT INTO clips (tenant_id, id, season_id, track_id, slot_id, person_id, title, credit, genre, state,
                active_at, files, milliseconds, bytes)
            SELECT s.tenant_id, gen_random_uuid(), s.season_id, s.track_id, s.id, gen_random_uuid(),
                'Clip ' || n, 'Somebody', e.genre, 'active', e.active_at, e.files, e.milliseconds, e.bytes
            FROM slots s
            JOIN LATERAL (SELECT * FROM clips c WHERE c.slot_id = s.id LIMIT 1) e ON true,
                generate_series(1, \(clips)) n
            WHERE s.id = '\(slot)';
            INSERT INTO clip_tallies (tenant_id, clip_id, lane, votes, score, last_vote_at)
            SELECT c.tenant_id, c.id, 0, (random() * 1000)::bigint, (random() * 1000)::bigint, now()
            FROM clips c WHERE c.slot_id = '\(slot)'
            ON CONFLICT DO NOTHING;
            VACUUM ANALYZE clips;
            VACUUM ANALYZE clip_tallies;
            """)
        return slot
    }
}
