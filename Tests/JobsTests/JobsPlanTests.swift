import Base
import JobsTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Jobs

@Suite(.databases) struct JobsPlanTests {
    private static let kind = JobKind<Int>("test.number", attemptsMax: 2, backoff: .steady(.milliseconds(1)))
    private static let unique = JobKind<Int>(
        "test.unique", unique: .whilePendingOrRunning, limits: [.concurrency("gate", max: 5)])
    private static let parent = JobKind<Int>("test.parent", waitsForChildren: true)

    /// A backlog of a kind that nobody here handles, as much as a bad day leaves.
    private func backlog(of shop: Workshop) -> [(StaticString, SQL)] {
        [
            (
                "test.queue",
                """
                INSERT INTO job_queue (tenant_id, queue, id, input, attempts, ties)
                SELECT \(shop.tenant), '11' || g % 2 || '|test.backlog|' || g % 20, gen_random_uuid(), '{}', 0, 0
                FROM generate_series(1, 200000) g
                """
            ),
            (
                "test.later",
                """
                INSERT INTO job_later (tenant_id, id, queue, input, attempts, ties, due_at, is_parent)
                SELECT \(shop.tenant), gen_random_uuid(), '110|test.backlog|', '{}', 0, 0,
                    CASE WHEN g % 10 > 0 THEN \(Timestamp.never) - g * interval '1 second' END, true
                FROM generate_series(1, 50000) g
                """
            ),
            (
                "test.runs",
                """
                INSERT INTO job_runs (tenant_id, id, queue, worker_id, input, attempts, ties, taken_at)
                SELECT \(shop.tenant), gen_random_uuid(), '111|test.backlog|', gen_random_uuid(), '{}', 0, 0, \(Timestamp.epoch)
                FROM generate_series(1, 50000) g
                """
            ),
            (
                "test.failures",
                """
                INSERT INTO job_failures (tenant_id, id, queue, input, attempts, ties, reason, failed_at)
                SELECT \(shop.tenant), gen_random_uuid(), '111|test.backlog|', '{}', 0, 0, 'x', now()
                FROM generate_series(1, 50000) g
                """
            ),
            (
                "test.keys",
                """
                INSERT INTO job_keys (tenant_id, kind, key, job_id, held_until)
                SELECT \(shop.tenant), 'test.backlog', g::text, gen_random_uuid(), \(Timestamp.never)
                FROM generate_series(1, 50000) g
                """
            ),
            (
                "test.links",
                """
                INSERT INTO job_links (tenant_id, job_id, waiter_id)
                SELECT \(shop.tenant), gen_random_uuid(), id FROM job_later
                """
            ),
            (
                "test.parents",
                """
                INSERT INTO job_parents (tenant_id, id, total, done, failed, cancelled)
                SELECT \(shop.tenant), id, 9, 1, 1, 1 FROM job_later
                """
            ),
        ]
    }

    private func fill(_ shop: Workshop) async throws {
        let others = backlog(of: shop)
        try await shop.storage.write(for: shop.tenant) { transaction in
            for (name, text) in others { try await transaction.execute(name, text) }
            // The one that is to be filled next is empty.
            let full = JobStore.endIndex(at: shop.jobs.now, period: shop.jobs.options.endPeriod)
            for table in [JobStore.endTables[full], JobStore.endTables[(full + 3) % 4]] {
                try await transaction.execute(
                    "test.ends",
                    """
                    INSERT INTO \(raw: table) (tenant_id, id, queue, state, attempts, ended_at)
                    SELECT \(shop.tenant), gen_random_uuid(), '111|test.backlog|', 'done', 1, now()
                    FROM generate_series(1, 30000) g
                    """)
            }
        }
        try await PlanInspector.analyse(shop.storage.driver)
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement of work looks at a backlog`(backend: Backend) async throws {
        let shop = try await Workshop(
            on: backend,
            handlers: [
                Self.kind.handler { number, context in
                    if number == 1 { throw JobFailure.retry(after: .milliseconds(1)) }
                    if number == 2 { try await context.progress(1, of: 2) }
                }, Self.unique.handler { _, _ in }, Self.parent.handler { _, _ in },
            ])
        try await fill(shop)
        let recorded = RecordedStatements()
        shop.storage.setRecorder(recorded)
        let failing = try await shop.working {
            let parent = try await shop.storage.write(for: shop.tenant) { transaction in
                let parent = try transaction.enqueue(Self.parent, 0)
                let children = try transaction.enqueue(Self.kind, each: 2..<40, parent: parent)
                try transaction.enqueue(Self.unique, 1, key: "k", limitKey: "l", following: [children[0]])
                try transaction.enqueue(Self.kind, 3, after: .milliseconds(20))
                return parent
            }
            let failing = try await shop.enqueue(Self.kind, 1)
            try await shop.eventually(parent, is: .done)
            try await shop.eventually(failing, is: .failed)
            return failing
        }
        try await shop.jobs.retry(failing, for: shop.tenant)
        try await shop.jobs.cancel(failing, for: shop.tenant)
        _ = try await shop.jobs.failures(after: nil, limit: 50)
        _ = try await shop.jobs.cancelChildren(of: failing, for: shop.tenant)
        let ghost = ID<Worker>(high: 1, low: 1)
        try await shop.jobs.store.register(ghost, name: "ghost")
        _ = try await shop.jobs.store.recover(ghost, rules: [:], period: .seconds(60))
        _ = try await shop.jobs.store.held(by: ghost, limit: 100)
        shop.storage.setRecorder(nil)
        // Two of the four tables of ended jobs are empty, and read as a whole.
        let full = JobStore.endIndex(at: shop.jobs.now, period: shop.jobs.options.endPeriod)
        let empty = [1, 2].map { JobStore.endTables[(full + $0) % 4].description }
        let inspector = PlanInspector(
            driver: shop.storage.driver,
            largeTables: Set(JobsSchema.module.tables.filter { $0.tenancy == .tenant }.map(\.name))
                .subtracting(empty))
        let findings = try await inspector.findings(in: recorded)
        #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
        #expect(recorded.distinct.count >= 30)
    }
}
