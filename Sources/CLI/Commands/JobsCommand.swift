import ArgumentParser
import Base
import Hosting
import Jobs
import Storage

/// Looks after jobs from the command line.
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs", abstract: "Look after jobs: queues, dead letters, lanes.",
        subcommands: [
            Queues.self, List.self, Show.self, Retry.self, Discard.self, Cancel.self, Pause.self, Resume.self,
        ], defaultSubcommand: Queues.self)

    /// Opens the database for a command and closes it again.
    static func withJobs(_ common: CommonOptions, _ body: (Jobs) async throws -> Void) async throws {
        let installation = try common.installation()
        let driver = try await installation.openDriver()
        let ground = try Ground(installation, driver: driver, keys: try InstallationKeys(installation))
        do {
            try await body(ground.jobs)
        } catch {
            await driver.shutdown()
            throw error
        }
        await driver.shutdown()
    }

    /// Names one job.
    struct Choice: ParsableArguments {
        @Argument(help: "The tenant's id.")
        var tenant: String

        @Argument(help: "The job's id.")
        var id: String

        func job() throws -> (id: ID<Job>, tenant: Tenant) {
            guard let tenant = ID<Tenant>(tenant), let id = ID<Job>(id) else {
                throw Failure.usedWrongly(
                    "a tenant and a job are named by ids of 36 characters, as jobs list prints them")
            }
            return (id, Tenant(tenant))
        }
    }

    /// Names one dead letter, all of a kind, or all.
    struct DeadLetters: ParsableArguments {
        @Argument(help: "The tenant's id and the job's id; none with --all.")
        var ids: [String] = []

        @Flag(help: "All dead letters.")
        var all = false

        @Option(help: "With --all: only those of this kind.")
        var kind: String?

        func one() throws -> (id: ID<Job>, tenant: Tenant) {
            guard ids.count == 2, let tenant = ID<Tenant>(ids[0]), let id = ID<Job>(ids[1]) else {
                throw Failure.usedWrongly(
                    "name a tenant and a job by their ids, as jobs list prints them, or give --all")
            }
            return (id, Tenant(tenant))
        }
    }

    static func lane(_ name: String) throws -> JobLane {
        guard let lane = JobLane(name: name) else {
            throw Failure.usedWrongly(
                "no lane is named \(name); there are \(JobLane.allCases.map(\.name).joined(separator: ", "))")
        }
        return lane
    }
}

extension JobsCommand {
    /// How the queues are doing.
    struct Queues: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show how the queues are doing.")

        @OptionGroup var common: CommonOptions

        func run() async throws {
            try await JobsCommand.withJobs(common) { jobs in
                let paused = try await jobs.pausedLanes()
                print("| Kind | Lane | Waiting | Oldest | Running | Scheduled | Dead letters |")
                print("|---|---|---|---|---|---|---|")
                for report in try await jobs.reports() {
                    let oldest = report.oldest.map(\.description) ?? "–"
                    let lane = report.lane.name + (paused.contains(report.lane) ? " (paused)" : "")
                    print(
                        "| \(report.kind) | \(lane) | \(report.waiting) | \(oldest) | \(report.running) "
                            + "| \(report.scheduled) | \(report.failed) |")
                }
            }
        }
    }

    /// Jobs in a state.
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List jobs in a state.")

        @OptionGroup var common: CommonOptions

        @Option(help: "waiting, scheduled, blocked, running, done, failed or cancelled (default failed).")
        var state = "failed"

        @Option(help: "Only jobs of this kind.")
        var kind: String?

        @Option(help: "How many, 1 to 500 (default 50).")
        var limit = 50

        func run() async throws {
            guard let state = JobState(rawValue: state) else {
                throw Failure.usedWrongly(
                    "no state is named \(state); there are \(JobState.allCases.map(\.rawValue).joined(separator: ", "))"
                )
            }
            guard (1...500).contains(limit) else { throw Failure.usedWrongly("the limit must be 1 to 500") }
            try await JobsCommand.withJobs(common) { jobs in
                print("| Tenant | Job | Kind | State | Attempts | At | Reason |")
                print("|---|---|---|---|---|---|---|")
                for job in try await jobs.list(state, kind: kind, limit: limit) {
                    print(
                        "| \(job.tenant.id) | \(job.id) | \(job.kind) | \(job.state.rawValue) | \(job.attempts) "
                            + "| \(job.at?.description ?? "–") | \(job.reason ?? "") |")
                }
            }
        }
    }

    /// One job.
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show a job with its input and result.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var choice: Choice

        func run() async throws {
            let (id, tenant) = try choice.job()
            try await JobsCommand.withJobs(common) { jobs in
                guard let job = try await jobs.status(of: id, for: tenant) else {
                    throw Failure.failed("there is no such job, or it has been forgotten")
                }
                let lines: [(String, String?)] = [
                    ("kind", job.kind), ("lane", job.lane.name), ("state", job.state.rawValue),
                    ("attempts", "\(job.attempts)"), ("enqueued", job.id.madeAt.description),
                    ("at", job.at?.description), ("progress", job.done.map { "\($0) of \(job.total ?? 0)" }),
                    ("reason", job.reason), ("input", job.input), ("result", job.result),
                ]
                for (name, value) in lines { if let value { print("\(name): \(value)") } }
            }
        }
    }

    /// Tries dead letters again.
    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Try dead letters again: one, all of a kind, or all.")

        @OptionGroup var common: CommonOptions

        @OptionGroup var letters: DeadLetters

        func run() async throws {
            if letters.all {
                try await JobsCommand.withJobs(common) { jobs in
                    print("\(try await jobs.retryAll(kind: letters.kind)) jobs wait again")
                }
                return
            }
            let (id, tenant) = try letters.one()
            try await JobsCommand.withJobs(common) { try await $0.retry(id, for: tenant) }
        }
    }

    /// Forgets dead letters.
    struct Discard: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Forget dead letters: one, all of a kind, or all.")

        @OptionGroup var common: CommonOptions

        @OptionGroup var letters: DeadLetters

        func run() async throws {
            if letters.all {
                try await JobsCommand.withJobs(common) { jobs in
                    print("\(try await jobs.discardAll(kind: letters.kind)) jobs are forgotten")
                }
                return
            }
            let (id, tenant) = try letters.one()
            try await JobsCommand.withJobs(common) { try await $0.discard(id, for: tenant) }
        }
    }

    /// Cancels a job.
    struct Cancel: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Cancel a job that has not ended.")

        @OptionGroup var common: CommonOptions
        @OptionGroup var choice: Choice

        func run() async throws {
            let (id, tenant) = try choice.job()
            try await JobsCommand.withJobs(common) { try await $0.cancel(id, for: tenant) }
        }
    }

    /// Pauses a lane.
    struct Pause: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Have nothing begun on a lane.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "interactive, default or bulk.")
        var lane: String

        func run() async throws {
            let lane = try JobsCommand.lane(lane)
            try await JobsCommand.withJobs(common) { try await $0.pause(lane) }
        }
    }

    /// Resumes a lane.
    struct Resume: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Have a paused lane go on.")

        @OptionGroup var common: CommonOptions

        @Argument(help: "interactive, default or bulk.")
        var lane: String

        func run() async throws {
            let lane = try JobsCommand.lane(lane)
            try await JobsCommand.withJobs(common) { try await $0.resume(lane) }
        }
    }
}
