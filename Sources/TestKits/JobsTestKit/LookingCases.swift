import Base
import Jobs
import Storage
import StorageTestKit

/// What can be seen of jobs.
enum LookingCases {
    static func progress(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.long")
        let door = Door()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler(returning: [String].self) { _, context in
                    try await context.progress(3, of: 10)
                    try await door.pass()
                    return ["a", "b"]
                }
            ])
        let id = try await shop.enqueue(kind, 1)
        try await shop.working {
            try await shop.eventually("it tells how far it is") { door.arrived == 1 }
            let status = try await shop.jobs.status(of: id, for: shop.tenant)
            try require(
                status?.state == .running && status?.done == 3 && status?.total == 10,
                "a running job is \(String(reflecting: status))")
            door.open()
            try await shop.eventually(id, is: .done)
        }
        let status = try await shop.jobs.status(of: id, for: shop.tenant)
        try require(
            status?.result == #"["a","b"]"# && status?.attempts == 1, "a done job is \(String(reflecting: status))")
    }

    static func lists(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.mixed", attemptsMax: 1)
        let hanging = JobKind<Int>("test.hanging", lane: .bulk)
        let door = Door()
        let shop = try await Workshop(
            on: backend,
            handlers: [
                kind.handler { number, _ in if number == 1 { throw JobFailure.permanent("no") } },
                hanging.handler { _, _ in try await door.pass() },
            ]
        ) { $0.concurrency = [.default: 4, .bulk: 1] }
        try await shop.working {
            let done = try await shop.enqueue(kind, 0)
            let failed = try await shop.enqueue(kind, 1)
            let later = try await shop.enqueue(kind, 2, after: .seconds(600))
            let running = try await shop.enqueue(hanging, 3)
            try await shop.eventually("it hangs") { door.arrived == 1 }
            try await shop.eventually(done, is: .done)
            try await shop.eventually(failed, is: .failed)
            let waiting = try await shop.storage.write(for: shop.tenant) { try $0.enqueue(hanging, each: 0..<5) }
            let blocked = try await shop.storage.write(for: shop.tenant) { transaction in
                let first = try transaction.enqueue(kind, 9, after: .seconds(600))
                return try transaction.enqueue(kind, 10, following: [first])
            }
            for (state, id) in [
                (JobState.done, done), (.failed, failed), (.scheduled, later), (.running, running), (.blocked, blocked),
            ] {
                let found = try await shop.jobs.list(state, limit: 100)
                try require(found.contains { $0.id == id && $0.state == state }, "\(state) shows \(found.map(\.id))")
            }
            let own = try await shop.jobs.list(.waiting, kind: "test.hanging", limit: 3)
            try require(own.count == 3 && Set(own.map(\.id)).isSubset(of: waiting), "waiting jobs are not shown")
            let reports = try await shop.jobs.reports()
            let report = reports.first { $0.kind == "test.hanging" }
            try require(
                report?.waiting == 5 && report?.running == 1 && report?.oldest != nil && report?.lane == .bulk,
                "the report is \(String(reflecting: report))")
            let mixed = reports.first { $0.kind == "test.mixed" }
            try require(mixed?.failed == 1 && mixed?.scheduled == 3, "the report is \(String(reflecting: mixed))")
            door.open()
        }
    }

    static func rests(_ backend: Backend) async throws {
        let kind = JobKind<Int>("test.number")
        let diary = Diary()
        let shop = try await Workshop(on: backend, handlers: [kind.handler { number, _ in diary.write("\(number)") }]) {
            $0.lookMax = .milliseconds(200)
        }
        let recorded = RecordedStatements()
        let clock = SystemClock()
        try await shop.working {
            try await shop.eventually("it rests") {
                shop.storage.setRecorder(recorded)
                try await clock.sleep(for: .milliseconds(300))
                return recorded.names.contains("job.beatResting")
            }
            let quiet = RecordedStatements()
            shop.storage.setRecorder(quiet)
            try await shop.eventually("ten signs of life") {
                quiet.names.filter { $0 == "job.beatResting" }.count >= 10
            }
            // Signs of life come more than twice as often as looks would; on a machine that stands still now and then, one
            // looks.
            let looks = quiet.names.filter { $0 == "job.look" }.count
            try require(looks <= 2, "beside ten signs of life it looked \(looks) times")
            shop.storage.setRecorder(nil)
            // What no word came of is found all the same.
            try await shop.storage.write(for: shop.tenant) { transaction in
                _ = try await transaction.execute(
                    "test.silent",
                    """
                    INSERT INTO job_queue (tenant_id, queue, id, input, attempts, ties)
                    VALUES (\(shop.tenant), '111|test.number|', \(transaction.makeID() as ID<Job>), '7', 0, 0)
                    """)
            }
            try await shop.eventually("a job that nobody told of ran") { diary.entries == ["7"] }
        }
    }
}
