import Foundation
import Synchronization
import Testing

/// Two processes on one PostgreSQL: what happens on one is seen on the other, with Redis and without it.
@Suite struct TwoNodesTests {
    /// What carries what nodes share.
    enum Carrier: String, CaseIterable, CustomTestStringConvertible {
        case redis
        case postgres
        var testDescription: String { rawValue }
    }

    enum Bounds {
        /// Within this, changes are seen elsewhere.
        static let seen: Duration = .seconds(1)
        static let healing: Duration = .seconds(20)
    }

    struct Person {
        let id: String
        let cookie: String

        init(_ answer: HTTPAnswer) throws {
            struct Me: Decodable { var id: String }
            id = try answer.decode(Me.self).id
            guard let cookie = answer.cookie("capstan_session") else { throw Broken(.failed, "no session: \(answer)") }
            self.cookie = cookie
        }

        static func signIn(_ email: String, at server: Capstan) throws -> Person {
            try Person(
                server.send(.post("/api/session", json: #"{"email":"\#(email)","password":"capstan-demo"}"#)))
        }

        static func register(_ name: String, at server: Capstan) throws -> Person {
            try Person(
                server.send(
                    .post(
                        "/api/people",
                        json: #"{"email":"\#(name)@example.com","name":"\#(name)","password":"correct horse battery"}"#,
                        headers: [("X-Forwarded-For", "10.7.7.7")])))
        }

        func send(_ method: String, _ path: String, json: String? = nil, to server: Capstan) throws -> HTTPAnswer {
            var headers = [("Cookie", cookie), ("X-Forwarded-For", "10.7.7.8")]
            if json != nil { headers.append(("Content-Type", "application/json")) }
            return try server.send(HTTPRequest(method, path, headers: headers, body: Array((json ?? "").utf8)))
        }
    }

    struct Flag: Decodable {
        var key: String
        var isEnabled: Bool?
    }

    /// Two servers on a copy of the demo.
    struct Stage {
        let redis: RedisProcess?
        let nodes: [Capstan]
        let sites: [Site]

        /// `database` holds the demo already; by default it is a copy.
        init(_ carrier: Carrier, on database: (any TestDatabase)? = nil) throws {
            let redis = carrier == .redis ? try RedisProcess() : nil
            var environment = [
                "CAPSTAN_NODE_COUNT": "2", "CAPSTAN_NODE_NAME": "one", "CAPSTAN_NODE_LANE": "0",
                "CAPSTAN_LOG_LEVEL": "notice",
            ]
            environment["CAPSTAN_REDIS_URL"] = redis?.url
            let first = try Site(.postgres, database: database, environment: environment)
            environment["CAPSTAN_NODE_NAME"] = "two"
            environment["CAPSTAN_NODE_LANE"] = "1"
            let second = try Site(.postgres, database: first.database, environment: environment)
            self.redis = redis
            sites = [first, second]
            nodes = sites.map(\.server)
            for node in nodes { try node.start() }
            try eventually("both nodes to share") { try nodes.allSatisfy { try Self.isShared($0) } }
        }

        static func isShared(_ node: Capstan) throws -> Bool {
            try node.send(.get("/health/ready")).text.contains(#""coordination":"shared""#)
        }
    }

    @Test(arguments: Carrier.allCases)
    func `flags, bans and invalidations of one node are seen on the other within a second`(
        _ carrier: Carrier
    ) throws {
        let stage = try Stage(carrier)
        let (one, two) = (stage.nodes[0], stage.nodes[1])
        let admin = try Person.signIn("director@example.com", at: one)
        let moderator = try Person.signIn("moderator@example.com", at: two)
        let operation = try Person.signIn("operator@example.com", at: two)
        let state = try operation.send("GET", "/api/console/coordination", to: two).text
        #expect(
            state.contains("\"store\":\"\(carrier.rawValue)\"") && state.contains("\"isReachable\":true"), "\(state)")

        for round in 0..<3 {
            let isOn = round.isMultiple(of: 2)
            try seen("a flag") {
                let set = try admin.send(
                    "PUT", "/api/console/flags/reviewComments", json: "{\"isEnabled\":\(isOn)}", to: one)
                #expect(set.status == 204, "\(set)")
            } when: {
                let flags = try admin.send("GET", "/api/console/flags", to: two).decode([Flag].self)
                return flags.first { $0.key == "reviewComments" }?.isEnabled == isOn
            }

            let member = try Person.register("member\(carrier.rawValue)\(round)", at: one)
            #expect(try member.send("GET", "/api/session", to: one).status == 200)
            #expect(try member.send("GET", "/api/session", to: two).status == 200)
            try seen("a ban") {
                let ban = try moderator.send(
                    "PUT", "/api/members/\(member.id)/ban", json: #"{"reason":"a test"}"#, to: two)
                #expect(ban.status == 204, "\(ban)")
            } when: {
                try member.send("GET", "/api/session", to: one).status == 401
            }

            try removeClip(by: moderator, at: one, seenAt: two)
        }
        for node in stage.nodes { #expect(try node.terminate() == 0) }
    }

    /// Removes a clip that the other node has in memory, where it would stay for most of a minute.
    private func removeClip(by moderator: Person, at one: Capstan, seenAt two: Capstan) throws {
        let clip = try #require(try Voter.arrive(try two.connect()).clips.first)
        let page = "/tournament/clips/\(clip)"
        for _ in 0..<2 { #expect(try two.send(.get(page)).status == 200) }
        try seen("the removal of a clip") {
            let removed = try moderator.send("DELETE", "/api/tournament/clips/\(clip)?reason=a%20test", to: one)
            #expect(removed.status == 204, "\(removed)")
        } when: {
            try two.send(.get(page)).status == 404
        }
    }

    struct CacheLine: Decodable {
        var name: String
        var loads: Int
        var sharedHits: Int

        /// Loads that went to the database.
        var ownLoads: Int { loads - sharedHits }
    }

    @Test(arguments: Carrier.allCases)
    func `what one node has loaded is a hit on the other, and a crowd on both loads once`(_ carrier: Carrier) throws {
        let stage = try Stage(carrier)
        let operators = try stage.nodes.map { try Person.signIn("operator@example.com", at: $0) }
        func caches(_ node: Int) throws -> [String: CacheLine] {
            let lines = try operators[node].send("GET", "/api/console/caches", to: stage.nodes[node])
                .decode([CacheLine].self)
            return Dictionary(uniqueKeysWithValues: lines.map { ($0.name, $0) })
        }
        func loads(_ name: String) throws -> [Int] {
            try (0..<2).map { try caches($0)[name]?.ownLoads ?? 0 }
        }

        // A cold board, wanted by many at once on both nodes.
        let ports = stage.nodes.map(\.port)
        let versions = Mutex<Set<String>>([])
        try onThreads(16) { index in
            let connection = try HTTPConnection(port: ports[index % 2], timeout: .seconds(30))
            for _ in 0..<10 {
                let answer = try connection.send(
                    .get("/api/tournament/boards/creators", headers: [("X-Forwarded-For", "10.8.0.\(index)")]))
                guard answer.status == 200 else { throw Broken(.failed, "\(answer)") }
                versions.withLock { _ = $0.insert(answer.text) }
            }
        }
        #expect(try loads("tournament.boards").reduce(0, +) == 1)
        #expect(versions.withLock { $0.count } == 1, "both nodes show the same version of the board")

        // What the first has loaded for its voter the second finds for its own.
        _ = try Voter.arrive(stage.nodes[0].connect())
        let before = try caches(0)["tournament.clips"]
        _ = try Voter.arrive(stage.nodes[1].connect())
        let after = try caches(1)["tournament.clips"]
        #expect(
            before?.ownLoads == 1 && after?.ownLoads == 0 && after?.sharedHits == 1, "\(before as Any) \(after as Any)")

        // A removal on one node drops it on both: whoever comes next loads, the other finds that.
        let moderator = try Person.signIn("moderator@example.com", at: stage.nodes[1])
        try removeClip(by: moderator, at: stage.nodes[0], seenAt: stage.nodes[1])
        for node in stage.nodes { _ = try Voter.arrive(node.connect()) }
        try eventually("both nodes to have looked again") {
            for node in stage.nodes { _ = try node.send(.get("/api/tournament/feed")) }
            return try (0..<2).allSatisfy { try caches($0)["tournament.clips"]?.loads ?? 0 >= 2 }
        }
        let all = try loads("tournament.clips").reduce(0, +)
        #expect(all <= 3, "\(all) loads of two versions of a slot's clips")
        for node in stage.nodes { #expect(try node.terminate() == 0) }
    }

    @Test func `PostgreSQL that was away is shared through again`() throws {
        let postgres = try PostgresServer()
        let database = try postgres.database
        _ = try Demo.prepared(.postgres)
        let source = try PostgresDatabase.named(Demo.postgresName)
        try Program.run(["sh", "-c", "pg_dump '\(source.adminURL)' | psql -qX '\(database.adminURL)'"])
        let stage = try Stage(.postgres, on: database)
        let moderator = try Person.signIn("moderator@example.com", at: stage.nodes[1])
        try removeClip(by: moderator, at: stage.nodes[0], seenAt: stage.nodes[1])
        try postgres.control("stop")
        try eventually("both nodes to decide for themselves", for: Bounds.healing) {
            try stage.nodes.allSatisfy { try !Stage.isShared($0) }
        }
        try postgres.control("start")
        try eventually("both nodes to share again", for: Bounds.healing) {
            try stage.nodes.allSatisfy { try Stage.isShared($0) }
        }
        // Each node listens anew when the server has let it in, which nothing outside shows: both say so in their logs.
        try eventually("both nodes to listen again", for: Bounds.healing) {
            stage.nodes.allSatisfy { node in
                String(decoding: FileManager.default.contents(atPath: node.log) ?? Data(), as: UTF8.self)
                    .contains("bus.reconnected")
            }
        }
        try removeClip(by: moderator, at: stage.nodes[0], seenAt: stage.nodes[1])
        for node in stage.nodes { #expect(try node.terminate() == 0) }
    }

    /// Does something on one node and waits until it is seen on the other.
    private func seen(_ what: String, _ act: () throws -> Void, when isSeen: () throws -> Bool) throws {
        try act()
        let start = ContinuousClock.now
        try eventually("\(what) to be seen on the other node", until: isSeen)
        let passed = ContinuousClock.now - start
        #expect(passed < Bounds.seen, "\(what) was seen after \(passed)")
    }

    @Test func `Redis that is killed, frozen and started anew fails no request, and nodes share again`() throws {
        let stage = try Stage(.redis)
        let redis = try #require(stage.redis)
        let isOver = Mutex(false)
        let answers = Mutex<[String: Int]>([:])
        let nodes = stage.nodes
        let ports = nodes.map(\.port)
        let voters = try nodes.map { try Voter.arrive($0.connect()) }
        let load = Thread {
            // What fails is counted.
            try? onThreads(4) { index in
                let port = ports[index % 2]
                let (voter, clips) = voters[index % 2]
                let paths = ["/api/tournament/boards/slot", "/api/tournament/seasons/current", "/api/tournament/feed"]
                var round = 0
                while !isOver.withLock({ $0 }) {
                    round += 1
                    let request =
                        round.isMultiple(of: 4)
                        ? voter.cast(clips[round % clips.count])
                        : voter.request("GET", String(paths[round % 3].dropFirst(Voter.base.count)))
                    do {
                        let answer = try HTTPConnection(port: port, timeout: .seconds(30)).send(request)
                        answers.withLock { $0["\(answer.status)", default: 0] += 1 }
                    } catch {
                        answers.withLock { $0["\(error) to \(request.method) \(request.path)", default: 0] += 1 }
                    }
                    rest(.milliseconds(20))
                }
            }
        }
        load.start()
        for (fault, repair) in [(redis.kill, redis.start), (redis.freeze, redis.thaw)]
            as [(() -> Void, () throws -> Void)]
        {
            rest(.milliseconds(500))
            fault()
            try eventually("both nodes to decide for themselves", for: Bounds.healing) {
                try nodes.allSatisfy { try !Stage.isShared($0) }
            }
            for node in nodes { #expect(try node.send(.get("/health/ready")).status == 200) }
            rest(.seconds(1))
            try repair()
            try eventually("both nodes to share again", for: Bounds.healing) {
                try nodes.allSatisfy { try Stage.isShared($0) }
            }
        }
        rest(.milliseconds(500))
        isOver.withLock { $0 = true }
        try eventually("the load to end") { load.isFinished }
        let counts = answers.withLock { $0 }
        #expect(counts.keys.allSatisfy { Int($0).map { $0 >= 200 && $0 < 500 } ?? false }, "\(counts)")
        #expect(counts.values.reduce(0, +) > 100, "\(counts)")
        try eventually("both nodes to listen again") { try redis.channels() >= 3 }
        for node in nodes { #expect(try node.terminate() == 0) }
        #expect(try Books.problems(in: stage.sites[0].database) == [])
        for node in nodes {
            let log = String(decoding: FileManager.default.contents(atPath: node.log) ?? Data(), as: UTF8.self)
            #expect(log.contains("coordination.degraded"), "\(node.logEnd)")
        }
    }

    @Test func `several nodes on one file are refused, and so is an address that is none`() throws {
        let site = try Site(.sqlite)
        for (environment, word) in [
            (["CAPSTAN_NODE_COUNT": "2"], "node.count"), (["CAPSTAN_REDIS_URL": "redis://:s3cret@"], "redis.url"),
        ] {
            let outcome = try Program.outcome(site.server.arguments, environment: environment)
            #expect(outcome.status == 2, "\(outcome)")
            #expect(outcome.output.contains(word) && !outcome.output.contains("s3cret"), "\(outcome.output)")
        }
    }
}
