import Foundation
import Testing

/// PostgreSQL goes away under a running server, and comes back.
@Suite struct OutageTests {
    enum Bounds {
        /// How long the database does not answer.
        static let frozen: Duration = .seconds(20)
        static let stopped: Duration = .seconds(3)
        /// Until the first write after the database is back.
        static let healing: Duration = .seconds(15)
        /// How long a refusal may take: the longest deadline of a statement and some.
        static let refusal: Duration = .seconds(12)
    }

    /// A server on a PostgreSQL of its own, warm: boards, season and feed have been asked for.
    struct Stage {
        let postgres: PostgresServer
        let site: Site
        let voter: Voter
        let clips: [String]

        init() throws {
            postgres = try PostgresServer()
            let database = try postgres.database
            _ = try Demo.prepared(.postgres)
            let source = try PostgresDatabase.named(Demo.postgresName)
            try Program.run(["sh", "-c", "pg_dump '\(source.adminURL)' | psql -qX '\(database.adminURL)'"])
            site = try Site(.postgres, database: database)
            try site.server.start()
            (voter, clips) = try Voter.arrive(try site.server.connect())
            for path in cached { #expect(try site.server.send(.get(path)).status == 200, "\(path)") }
        }

        /// What is served from memory.
        let cached = [
            "/api/tournament/boards/slot", "/api/tournament/seasons/current", "/api/tournament/genres", "/health/live",
        ]
    }

    @Test(arguments: [
        ("pause", "resume", Bounds.frozen),
        ("stop", "start", Bounds.stopped),
    ])
    func `without PostgreSQL cached reads answer, writes are refused with a time, and all heals`(
        _ away: String, _ back: String, _ length: Duration
    ) throws {
        let stage = try Stage()
        let server = stage.site.server
        var isAway = true
        try stage.postgres.control(away)
        // A server that does not come back fails the test below; here it only must not stay frozen.
        defer { if isAway { _ = try? stage.postgres.control(back) } }
        let end = ContinuousClock.now + length
        try self.expectRefusals(stage, until: end)
        rest(max(.zero, end - .now))
        try stage.postgres.control(back)
        isAway = false
        try eventually("a vote after the outage", for: Bounds.healing) {
            let answer = try server.send(stage.voter.cast(stage.clips[0]))
            return answer.status < 300 || answer.problemCode == "tournament.alreadyVoted"
        }
        #expect(try server.send(.get("/health/ready")).status == 200)
        #expect(try server.terminate() == 0)
        #expect(try Books.problems(in: stage.site.database) == [])
    }

    private func expectRefusals(_ stage: Stage, until end: ContinuousClock.Instant) throws {
        var rounds = 0
        repeat {
            for path in stage.cached {
                let began = ContinuousClock.now
                let answer = try stage.site.server.send(.get(path))
                #expect(answer.status == 200, "\(path): \(answer)")
                #expect(ContinuousClock.now - began < .seconds(1), "\(path) waited for the database")
            }
            let began = ContinuousClock.now
            let answer = try stage.site.server.send(stage.voter.cast(stage.clips[0]))
            #expect(answer.status == 503, "a vote: \(answer)")
            #expect(answer.problemCode != nil)
            #expect(answer.header("retry-after").flatMap { Int($0) }.map { $0 > 0 } == true)
            #expect(ContinuousClock.now - began < Bounds.refusal)
            rounds += 1
        } while ContinuousClock.now < end && rounds < 5
    }
}
