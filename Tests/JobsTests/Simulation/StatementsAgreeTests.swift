import Base
import BaseTestKit
import JobsTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Jobs

/// The real statements beside the tables on paper that the simulation stands on: the same random steps, the same rows.
@Suite(.databases) struct StatementsAgreeTests {
    private static let plain = JobKind<Int>("test.plain", attemptsMax: 3)
    private static let unique = JobKind<Int>("test.unique", attemptsMax: 3, unique: .whilePendingOrRunning)
    private static let look = SystemCapability(name: "test.look", reason: "compares all rows")
    private static let period = Duration.seconds(86_400)

    private struct Place: RowDecodable, Hashable {
        let id: ID<Job>
        let table: String
        let attempts: Int

        init(id: ID<Job>, table: String, attempts: Int) {
            self.id = id
            self.table = table
            self.attempts = attempts
        }

        init(row: SQLRow) throws(StorageError) {
            id = try row.value(at: 0)
            table = try row.value(at: 1)
            attempts = try row.value(at: 2)
        }
    }

    /// Both sides and what drives them.
    private struct Pair {
        let shop: Workshop
        let clock: SimClock
        let chance = SeededRandomness(seed: 11)
        var paper = PaperTables()
        var workers: [ID<Worker>] = []

        var store: JobStore { shop.jobs.store }

        mutating func addWorker() async throws {
            let worker = ID<Worker>(at: clock.now(), using: chance)
            try await store.register(worker, name: "w")
            paper.workers[worker] = 0
            workers.append(worker)
        }

        mutating func enqueue() async throws {
            let isUnique = chance.below(2) == 0
            let kind = isUnique ? StatementsAgreeTests.unique : StatementsAgreeTests.plain
            let tenant = chance.below(2) == 0 ? shop.tenant : shop.other
            let priority = JobPriority(rawValue: chance.below(3)) ?? .normal
            let delay = chance.below(3) == 0 ? Duration.milliseconds(Int64(chance.below(2_000) + 1)) : nil
            let name = "k\(chance.below(4))"
            let id = ID<Job>(at: clock.now(), using: chance)
            let now = clock.now()
            _ = try await shop.storage.write(for: tenant) { transaction in
                try transaction.enqueue(kind, 1, key: name, after: delay, priority: priority, id: id)
            }
            let job = TakenJob(
                tenant: tenant, id: id, queue: QueueName(lane: .default, priority: priority, kind: kind.name),
                input: "1", attempts: 0, parent: nil, key: isUnique ? "\(tenant.id) \(name)" : nil, ties: 0)
            _ = paper.enqueue(job, dueAt: delay.map { now + $0 }, now: now)
        }

        mutating func claim() async throws {
            let worker = workers[chance.below(workers.count)]
            let asks = paper.look().heads.filter { _ in chance.below(2) == 0 }.map { head in
                ClaimAsk(
                    tenant: head.tenant, queue: head.queue,
                    from: chance.below(2) == 0 ? head.first : ID(high: 0, low: 0))
            }
            let take = 1 + chance.below(3)
            let real = try await store.claim(asks, take: take, worker: worker)
            let expected = paper.claim(asks, take: take, worker: worker)
            #expect(Set(real.map(\.id)) == Set(expected.map(\.id)))
        }

        mutating func look() async throws {
            let heads = paper.look().heads
            let skipped = heads.filter { _ in chance.below(3) == 0 }
            let last = heads.isEmpty || chance.below(2) == 0 ? nil : heads[chance.below(heads.count)]
            let real = try await store.look(
                after: last, skipping: skipped.map { ClaimMachine.Key(tenant: $0.tenant, queue: $0.queue) })
            let place = { (head: QueueHead) in (head.tenant.id, head.queue.description) }
            let expected = heads.filter { head in
                !skipped.contains(head) && last.map { place($0) < place(head) } ?? true
            }
            #expect(Set(real.heads) == Set(expected) && real.heads.count == expected.count && !real.isCut)
        }

        mutating func settle() async throws {
            let worker = workers[chance.below(workers.count)]
            let keyOf = { (job: TakenJob) in job.key.map { String($0.split(separator: " ")[1]) } }
            var ends: [JobEnd] = []
            var real: [JobEnd] = []
            // Some of them are another worker's, or nobody's any more.
            for run in paper.runs.values.sorted(by: { $0.job.id < $1.job.id }) where chance.below(2) == 0 {
                let fate: JobEnd.Fate
                switch chance.below(5) {
                case 0: fate = .failed(reason: "x")
                case 1: fate = .cancelled
                case 2: fate = .retry(at: clock.now() + .milliseconds(700), reason: "x", counts: chance.below(2) == 0)
                case 3: fate = .released
                default: fate = .done(result: nil)
                }
                ends.append(JobEnd(job: run.job, fate: fate, isKept: true))
                let job = run.job
                real.append(
                    JobEnd(
                        job: TakenJob(
                            tenant: job.tenant, id: job.id, queue: job.queue, input: job.input, attempts: job.attempts,
                            parent: nil, key: keyOf(job), ties: 0), fate: fate, isKept: true))
            }
            let plain = real.filter(\.isPlain)
            let tied = real.filter { !$0.isPlain }
            let lost =
                try await store.settlePlain(plain, worker: worker, period: period).lost
                + store.settle(tied, worker: worker, period: period).lost
            #expect(Set(lost) == Set(paper.settle(ends, worker: worker)))
        }

        mutating func promote() async throws {
            let (hints, isCut) = try await store.promote(limit: 500)
            let expected = paper.promote(now: clock.now())
            #expect(Set(hints.map(\.queue)) == Set(expected.map(\.queue)) && !isCut)
        }

        mutating func recover() async throws {
            let worker = workers.remove(at: chance.below(workers.count))
            let rules = [
                StatementsAgreeTests.plain.name: StatementsAgreeTests.plain.rule,
                StatementsAgreeTests.unique.name: StatementsAgreeTests.unique.rule,
            ]
            let first = try await store.recover(worker, rules: rules, period: period)
            #expect(first != nil)
            // Whoever comes second finds it done.
            let second = try await store.recover(worker, rules: rules, period: period)
            #expect(second == nil)
            #expect(try await store.beat(worker) == nil)
            _ = paper.recover(worker, attemptsMax: 3)
            try await addWorker()
        }

        private var period: Duration { StatementsAgreeTests.period }
    }

    private func places(_ pair: Pair) async throws -> Set<Place> {
        var query: SQL = """
            SELECT id, 'queue', attempts FROM job_queue UNION ALL SELECT id, 'later', attempts FROM job_later
            UNION ALL SELECT id, 'runs', attempts FROM job_runs UNION ALL SELECT id, 'ended', 0 FROM job_failures
            """
        for table in JobStore.endTables {
            query = query.appending(" UNION ALL SELECT id, 'ended', 0 FROM \(raw: table)")
        }
        let rows = try await pair.shop.storage.reader(bypassingTenant: Self.look).list(
            Place.self, "test.places", query, limit: 10_000)
        #expect(Set(rows).count == rows.count)
        return Set(rows)
    }

    private func places(onPaper paper: PaperTables) -> Set<Place> {
        Set(
            paper.queue.values.map { Place(id: $0.id, table: "queue", attempts: $0.attempts) }
                + paper.later.values.map { Place(id: $0.job.id, table: "later", attempts: $0.job.attempts) }
                + paper.runs.values.map { Place(id: $0.job.id, table: "runs", attempts: $0.job.attempts) }
                + paper.ends.keys.map { Place(id: $0.id, table: "ended", attempts: 0) })
    }

    @Test(arguments: Backend.all)
    func `the statements do what the tables on paper do`(backend: Backend) async throws {
        let clock = SimClock()
        var pair = Pair(
            shop: try await Workshop(
                on: backend, handlers: [Self.plain.handler { _, _ in }, Self.unique.handler { _, _ in }], clock: clock),
            clock: clock)
        try await pair.addWorker()
        try await pair.addWorker()
        for step in 0..<280 {
            clock.advance(by: .milliseconds(Int64(pair.chance.below(400))))
            switch pair.chance.below(14) {
            case 0...4: try await pair.enqueue()
            case 5...7: try await pair.claim()
            case 8, 9: try await pair.settle()
            case 10: try await pair.promote()
            case 11, 12: try await pair.look()
            default: if pair.chance.below(4) == 0 { try await pair.recover() }
            }
            guard step % 8 == 7 else { continue }
            let (real, expected) = (try await places(pair), places(onPaper: pair.paper))
            #expect(real == expected, "after \(step) steps")
            if real != expected { return }
        }
        #expect(pair.paper.ends.count > 10)
    }
}
