import Foundation
import Testing

/// `capstan work`: processes that die, stand still and come back lose no job and do none twice.
@Suite struct WorkTests {
    private static let jobs = 4_000

    /// A process that works.
    private final class Worker {
        let log: String
        let program: Program

        init(_ database: any TestDatabase, in folder: TemporaryFolder, name: String) throws {
            log = "\(folder.path)/\(name).log"
            program = try Program(
                [Capstan.binary, "work", "--database", database.url, "--data", folder.path], log: log)
        }

        deinit {
            program.signal(SIGKILL)
            // A process that was killed ends; how long that takes is no concern of the test.
            _ = try? program.end(within: .seconds(10))
        }
    }

    /// Makes the tables, and jobs of a kind that the products have: a look at all tallies, of which there are none.
    private func prepare(_ name: String, in folder: TemporaryFolder) throws -> PostgresDatabase {
        let database = try PostgresDatabase.create(name)
        try Program.run([Capstan.binary, "migrate", "--database", database.url, "--data", folder.path])
        _ = try database.rows(
            """
            INSERT INTO job_queue (tenant_id, queue, id, input, attempts, ties)
            SELECT '01900000-0000-7000-8000-000000000001', '211|tournament.tallies|',
                ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, '{}', 0, 0
            FROM generate_series(1, \(Self.jobs)) n
            """)
        return database
    }

    private static let ended =
        (0..<4).map { "SELECT id, state FROM job_ends_\($0) WHERE queue LIKE '%|tournament.tallies|'" }
        .joined(separator: " UNION ALL ")

    @Test func `of two that work one is killed: the other does all within seconds, each once`() throws {
        let folder = try TemporaryFolder()
        let database = try prepare("capstan_work_kill", in: folder)
        let first = try Worker(database, in: folder, name: "first")
        try eventually("the first to work", for: .seconds(120)) {
            try database.number("SELECT count(*) FROM (\(Self.ended)) e") > 20
        }
        let second = try Worker(database, in: folder, name: "second")
        try eventually("the second to be there", for: .seconds(120)) {
            try database.number("SELECT count(*) FROM job_workers") == 2
        }
        first.program.signal(SIGKILL)
        _ = try first.program.end(within: .seconds(30))
        let killed = ContinuousClock.now
        try eventually("the dead one's jobs to be taken over", for: .seconds(60)) {
            try database.number("SELECT count(*) FROM job_workers") == 1
        }
        // Ten seconds are promised; the rest is this machine's, which does other things.
        #expect(ContinuousClock.now - killed < .seconds(15))
        try expectAllDone(database)
        second.program.signal(SIGTERM)
        #expect(try second.program.end(within: .seconds(60)) == 0)
        #expect(try database.number("SELECT count(*) FROM job_workers") == 0)
    }

    @Test func `one that stood still is refused what it ends, and works on as another`() throws {
        let folder = try TemporaryFolder()
        let database = try prepare("capstan_work_still", in: folder)
        let first = try Worker(database, in: folder, name: "first")
        try eventually("the first to work", for: .seconds(120)) {
            try database.number("SELECT count(*) FROM (\(Self.ended)) e") > 20
        }
        let old = try #require(try database.rows("SELECT id FROM job_workers").first?.first)
        first.program.signal(SIGSTOP)
        let second = try Worker(database, in: folder, name: "second")
        try eventually("the first to be taken to be dead", for: .seconds(120)) {
            try database.number("SELECT count(*) FROM job_workers WHERE id = '\(old)'") == 0
        }
        first.program.signal(SIGCONT)
        try expectAllDone(database)
        try eventually("the first to work as another", for: .seconds(60)) {
            try database.number("SELECT count(*) FROM job_workers") == 2
        }
        for worker in [first, second] { worker.program.signal(SIGTERM) }
        for worker in [first, second] { #expect(try worker.program.end(within: .seconds(60)) == 0) }
    }

    /// All jobs end as done; the key of the tables of ends lets none be there twice in one, so all four are counted.
    private func expectAllDone(_ database: PostgresDatabase) throws {
        try eventually("all jobs to be done", for: .seconds(120), every: .milliseconds(200)) {
            try database.number("SELECT count(DISTINCT id) FROM (\(Self.ended)) e WHERE state = 'done'") >= Self.jobs
        }
        let twice = try database.number("SELECT count(*) - count(DISTINCT id) FROM (\(Self.ended)) e")
        let left = try database.number(
            """
            SELECT (SELECT count(*) FROM job_queue) + (SELECT count(*) FROM job_runs) + (SELECT count(*) FROM job_failures)
            """)
        #expect(twice == 0 && left == 0)
    }
}
