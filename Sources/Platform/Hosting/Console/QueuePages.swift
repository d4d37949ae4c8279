import Base
import Jobs
import Storage
import Web

/// Queues and dead letters for operators, as pages that work without script.
struct QueuePages {
    let jobs: Jobs

    private enum Bounds {
        static let page = 50
        static let together = 500
    }

    struct Lane: Sendable {
        let name: String
        let badge: String
        let badgeKind: String
        let next: String
        let action: String
    }

    struct Queues: Sendable {
        let sections = ConsolePages.Section.list(current: "Queues")
        let stats: [ConsolePages.Figure]
        let lanes: [Lane]
        let table: ConsoleTable
        let hasFailures: Bool
        let schedules: ConsoleTable
    }

    struct Letter: Sendable {
        let id: String
        let tenant: String
        let kind: String
        let failedAt: String
        let attempts: String
        let reason: String
        let input: String
    }

    struct Letters: Sendable {
        let sections = ConsolePages.Section.list(current: "Queues")
        let letters: [Letter]
        let isEmpty: Bool
        let next: String?
        let together = Bounds.together
    }

    struct LaneSwitch: Input {
        var lane: String
        var isPaused: Bool

        static let fields: [Field] = [
            .body("lane", .text(1...20), "The lane."), .body("isPaused", .boolean, "Whether nothing is begun on it."),
        ]
    }

    struct LetterChoice: Input {
        var tenant: String
        var id: String
        var action: String

        static let fields: [Field] = [
            .body("tenant", .text(36...36), "Whose job it is."), .body("id", .text(36...36), "The job."),
            .body("action", .text(1...10), "retry or discard."),
        ]
    }

    struct PageChoice: Input {
        var after: String?

        static let fields: [Field] = [.query("after", optional: .text(1...500), "Where the page begins.")]
    }

    private func page(_ title: String, _ template: String, _ model: any Sendable) -> HTMLPage {
        HTMLPage(
            "\(title) · Console", template: "console/" + template, model: model, stylesheets: ["console/console.css"])
    }

    var routes: [Route] {
        let limit = QueueRoutes.limit
        return [
            Route(
                .get, "/console/queues", "console.showQueues", "Shows how the queues are doing.", policy: .operator,
                limit: limit, budget: 12
            ) { [self] (_: Request<NoInput>) in page("Queues", "queues", try await queues()) },
            Route(
                .get, "/console/queues/failures", "console.showFailures", "Shows dead letters, the newest first.",
                policy: .operator, limit: limit, budget: 1
            ) { [self] (request: Request<PageChoice>) in
                page("Dead letters", "failures", try await letters(after: request.input.after))
            },
            Route(
                .post, "/console/queues/lanes", "console.switchLane", "Pauses or resumes a lane by form.",
                policy: .operator, limit: limit, budget: 1, accepts: .form, status: 303
            ) { [jobs] (request: Request<LaneSwitch>) in
                if let lane = JobLane(name: request.input.lane) {
                    try await request.input.isPaused ? jobs.pause(lane) : jobs.resume(lane)
                }
                return Redirect(to: "/console/queues")
            },
            Route(
                .post, "/console/queues/failures", "console.changeFailure",
                "Has a dead letter tried again or forgotten, by form.", policy: .operator, limit: limit, budget: 10,
                accepts: .form, status: 303, failures: [QueueRoutes.notFound]
            ) { [jobs] (request: Request<LetterChoice>) in
                let choice = QueueRoutes.JobChoice(tenant: request.input.tenant, id: request.input.id)
                let (id, tenant) = try choice.job()
                if request.input.action == "retry" {
                    try await jobs.retry(id, for: tenant)
                } else {
                    try await jobs.discard(id, for: tenant)
                }
                return Redirect(to: "/console/queues/failures")
            },
            Route(
                .post, "/console/queues/failures/all", "console.retryFailures",
                "Has the oldest dead letters tried again, by form.", policy: .operator, limit: limit, budget: 6,
                accepts: .form, status: 303
            ) { [jobs] (_: Request<NoInput>) in
                try await jobs.retryAll(limit: Bounds.together)
                return Redirect(to: "/console/queues/failures")
            },
        ]
    }

    private func queues() async throws -> Queues {
        let reports = try await jobs.reports()
        let paused = try await jobs.pausedLanes()
        let now = jobs.now
        func sum(_ value: (QueueReport) -> Int) -> String { Figures.number(reports.reduce(0) { $0 + value($1) }) }
        let oldest = reports.compactMap(\.oldest).min()
        return Queues(
            stats: [
                .init(label: "Waiting", value: sum(\.waiting)),
                .init(
                    label: "Oldest waits", value: oldest.map { Figures.milliseconds(Self.age($0, now)) } ?? "–"),
                .init(label: "Running", value: sum(\.running)),
                .init(label: "Scheduled", value: sum(\.scheduled)),
                .init(label: "Dead letters", value: sum(\.failed)),
            ],
            lanes: JobLane.allCases.map { lane in
                let isPaused = paused.contains(lane)
                return Lane(
                    name: lane.name, badge: isPaused ? "paused" : "works", badgeKind: isPaused ? "bad" : "good",
                    next: isPaused ? "false" : "true", action: isPaused ? "Resume" : "Pause")
            },
            table: .queues(reports, now: now), hasFailures: reports.contains { $0.failed > 0 },
            schedules: .schedules(jobs.schedules))
    }

    static func age(_ time: Timestamp, _ now: Timestamp) -> Double {
        max(0, Double((now - time).milliseconds))
    }

    private func letters(after cursor: String?) async throws -> Letters {
        let page = try await jobs.failures(after: cursor.flatMap { Cursor($0) }, limit: Bounds.page)
        return Letters(
            letters: page.items.map { job in
                Letter(
                    id: job.id.description, tenant: job.tenant.id.description, kind: job.kind,
                    failedAt: job.at?.description ?? "–", attempts: Figures.number(job.attempts),
                    reason: job.reason ?? "", input: String((job.input ?? "").prefix(400)))
            },
            isEmpty: page.items.isEmpty, next: page.next?.description)
    }
}

extension ConsoleTable {
    static func queues(_ reports: [QueueReport], now: Timestamp) -> ConsoleTable {
        ConsoleTable(
            "Queues by kind", empty: "No job waits, runs or has failed.",
            columns: [
                Column("Kind", isNumber: false), Column("Lane", isNumber: false), Column("Waiting"),
                Column("Oldest waits"), Column("Running"), Column("Scheduled"), Column("Dead letters"),
            ],
            rows: reports.map { report in
                [
                    .code(report.kind), Cell(text: report.lane.name), .count(report.waiting),
                    report.oldest.map { .milliseconds(QueuePages.age($0, now)) } ?? .number("–", -1),
                    .count(report.running), .count(report.scheduled), .count(report.failed, isOver: report.failed > 0),
                ]
            })
    }

    static func schedules(_ schedules: [JobSchedule]) -> ConsoleTable {
        ConsoleTable(
            "Schedules", empty: "No product declares a schedule.",
            columns: [
                Column("Schedule", isNumber: false), Column("Enqueues", isNumber: false),
                Column("When", isNumber: false), Column("For", isNumber: false),
            ],
            rows: schedules.map { schedule in
                [
                    .code(schedule.name), .code(schedule.rule.name), Cell(text: schedule.timetable),
                    Cell(text: schedule.audience == .eachTenant ? "each tenant" : "the installation"),
                ]
            })
    }
}
