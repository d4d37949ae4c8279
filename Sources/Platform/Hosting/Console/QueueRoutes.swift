import Base
import Jobs
import Web

/// Queues and dead letters for operators, as JSON.
struct QueueRoutes {
    let jobs: Jobs

    struct QueueLine: Output {
        var kind: String
        var lane: String
        var waiting: Int
        var oldestAt: String?
        var scheduled: Int
        var running: Int
        var failed: Int

        init(_ report: QueueReport) {
            kind = report.kind
            lane = report.lane.name
            waiting = report.waiting
            oldestAt = report.oldest?.description
            scheduled = report.scheduled
            running = report.running
            failed = report.failed
        }

        static let shape = Shape.object([
            .body("kind", .text), .body("lane", .text), .body("waiting", .integer), .body("oldestAt", optional: .text),
            .body("scheduled", .integer), .body("running", .integer), .body("failed", .integer),
        ])
    }

    /// Which job: its tenant and its id.
    struct JobChoice: Input {
        var tenant: String
        var id: String

        static let fields: [Field] = [
            .path("tenant", .text(36...36), "Whose job it is."), .path("id", .text(36...36), "The job."),
        ]
    }

    static let notFound = Failure("jobs.notFound", 404, "There is no such dead letter.")
    static let limit = RouteLimit.per(.person, "console", 120)
    /// Reports leap over queues page by page, then count three tables.
    static let reportBudget: StatementBudget = 11

    var routes: [Route] {
        [
            Route(
                .get, "/api/console/queues", "console.listQueues", "Lists how the queues are doing.", policy: .operator,
                limit: Self.limit, budget: Self.reportBudget
            ) { [jobs] (_: Request<NoInput>) in try await jobs.reports().map(QueueLine.init) },
            Route(
                .post, "/api/console/jobs/{tenant}/{id}/retry", "console.retryJob", "Has a dead letter tried again.",
                policy: .operator, limit: Self.limit, budget: 4, status: 204, failures: [Self.notFound]
            ) { [jobs] (request: Request<JobChoice>) in
                let (id, tenant) = try request.input.job()
                try await jobs.retry(id, for: tenant)
                return NoContent()
            },
            Route(
                .delete, "/api/console/jobs/{tenant}/{id}", "console.discardJob", "Forgets a dead letter.",
                policy: .operator, limit: Self.limit, budget: 10, status: 204, failures: [Self.notFound]
            ) { [jobs] (request: Request<JobChoice>) in
                let (id, tenant) = try request.input.job()
                try await jobs.discard(id, for: tenant)
                return NoContent()
            },
        ]
    }
}

extension QueueRoutes.JobChoice {
    func job() throws -> (id: ID<Job>, tenant: Tenant) {
        guard let id = ID<Job>(id), let tenant = ID<Tenant>(tenant) else {
            throw JobsError(.notFound, "the job is not there")
        }
        return (id, Tenant(tenant))
    }
}
