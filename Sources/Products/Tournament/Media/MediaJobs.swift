import Base
import Blobs
import Foundation
import Jobs
import Logging
import Storage
import Synchronization
import Telemetry

/// Does media work beside requests: each task by a job, as many at once in a process as it has processors for.
///
/// A clip's job measures the upload and makes its files in one go. Whoever takes it over from a dead worker goes on behind
/// what is written down: the finding, the first film.
final class MediaJobs: Sendable {
    /// An upload whose bytes have not come in time.
    static let expect = kind("tournament.clip.expect", lane: .default, timeout: .seconds(60))
    /// Finds out whether bytes are a clip and makes the files by which it is played.
    static let make = kind("tournament.clip.make", lane: .bulk, timeout: Bounds.timeout)
    /// Takes away the files of a clip that is gone.
    static let clear = kind("tournament.clip.clear", lane: .default, timeout: .seconds(300))

    enum Bounds {
        /// Longer than every run of every program of a clip can take together.
        static let timeout: Duration = .seconds(3_600)
    }

    /// One attempt more than are made: the last one ends work whose workers died in the middle of it.
    private static func kind(
        _ name: String, lane: JobLane, timeout: Duration, concurrency: JobConcurrency = .lane
    ) -> JobKind<ID<Clip>> {
        JobKind(
            name, lane: lane, attemptsMax: MediaTask.Rules.attemptsMax + 1,
            backoff: .exponential(from: .seconds(10), to: .seconds(640)), timeout: timeout, concurrency: concurrency)
    }

    let steps: MediaSteps
    private let atOnce: Int
    private let logger: Logger
    private let meter: Meter
    private let isPrepared = Mutex(false)

    private var tasks: MediaTaskStore { steps.tasks }

    /// - Parameters:
    ///   - steps: what is done.
    ///   - atOnce: how many clips at once; 0 for none in this process.
    ///   - logger: where failures are told.
    ///   - metrics: where tasks are counted.
    init(steps: MediaSteps, atOnce: Int, logger: Logger, metrics: MetricRegistry) {
        self.steps = steps
        self.atOnce = atOnce
        self.logger = logger
        meter = Meter(metrics)
    }

    /// Half of the machine's processors, one at least.
    static var halfTheCores: Int { max(1, ProcessInfo.processInfo.activeProcessorCount / 2) }

    /// How the kinds are handled; a process that is to make nothing leaves the making to others.
    var handlers: [JobHandler] {
        let light = [Self.expect, Self.clear].map { $0.handler { try await self.perform($0, $1) } }
        guard atOnce > 0 else { return light }
        let make = Self.kind(
            Self.make.name, lane: Self.make.rule.lane, timeout: Bounds.timeout, concurrency: .fixed(atOnce))
        return light + [make.handler { try await self.perform($0, $1) }]
    }

    /// Gives a job to tasks that have none: an earlier version wrote them.
    func adopt() async throws {
        while true {
            let orphans = try await tasks.orphans()
            for task in orphans {
                _ = try await steps.storage.write(for: task.tenant) { transaction in
                    try await tasks.plan(
                        task.kind, for: task.clipID, after: task.kind == .expect ? UploadRules.window : nil,
                        through: transaction, in: task.tenant)
                }
            }
            guard orphans.count == MediaTaskStore.Bounds.adopted else { return }
        }
    }

    // MARK: One job

    /// Takes a clip through all that its job is to do with it, and settles whatever comes of it.
    private func perform(_ clip: ID<Clip>, _ context: JobContext) async throws {
        prepareFolder()
        let reader = steps.storage.reader(for: context.tenant)
        while let task = try await tasks.task(
            of: clip, as: context.id.cast(to: ID<MediaTask>.self), through: reader, in: context.tenant)
        {
            let work = MediaWork(task: task, context: context)
            let start = steps.house.clock.uptime()
            var outcome = Outcome.dropped
            defer { meter.record(task.kind, outcome, steps.house.clock.uptime() - start) }
            do {
                guard context.attempt <= MediaTask.Rules.attemptsMax else {
                    throw MediaTrouble.failed("its worker ended in the middle of it, three times")
                }
                try await steps.take(work)
                outcome = .done
            } catch {
                outcome = Self.outcome(of: error, isLast: context.attempt >= MediaTask.Rules.attemptsMax)
                try await settle(work, error, outcome)
                return
            }
        }
    }

    /// What an earlier process left behind is of no use to anybody.
    private func prepareFolder() {
        let isFirst = isPrepared.withLock { isPrepared in
            defer { isPrepared = true }
            return !isPrepared
        }
        // A folder that cannot be cleared, or made, shows with the first task.
        if isFirst { try? FileManager.default.removeItem(at: steps.tools.folder) }
    }

    private static func outcome(of error: any Error, isLast: Bool) -> Outcome {
        if Task.isCancelled { return .dropped }
        switch error {
        case MediaTrouble.lost: return .dropped
        case let error as JobsError where error.code == .leaseLost: return .dropped
        case MediaTrouble.away, is StorageError: return .away
        case let error as BlobsError where error.code != .corrupt: return .away
        default: return isLast ? .gaveUp : .failed
        }
    }

    /// Says what becomes of the job.
    private func settle(_ work: MediaWork, _ error: any Error, _ outcome: Outcome) async throws {
        let reason = Self.reason(of: error)
        switch outcome {
        case .done: return
        // It is somebody else's, or the worker stops and another one goes on: the worker knows which.
        case .dropped: try Task.checkCancellation()
        case .away:
            tell(work, reason)
            throw JobFailure.throttled(after: MediaTask.Rules.awayFor, reason)
        case .failed:
            tell(work, reason)
            throw JobFailure.retry(after: MediaTask.Rules.pause(after: work.context.attempt), reason)
        case .gaveUp:
            tell(work, reason)
            try await steps.giveUp(work)
            throw JobFailure.permanent(reason)
        }
    }

    private static func reason(of error: any Error) -> String {
        switch error {
        case MediaTrouble.failed(let reason), MediaTrouble.away(let reason): reason
        case let error as any CodedError: error.description
        default: "\(type(of: error))"
        }
    }

    private func tell(_ work: MediaWork, _ reason: String) {
        logger.warning(
            "media work failed",
            metadata: [
                "kind": "\(work.task.kind)", "clip": "\(work.clipID)", "attempt": "\(work.context.attempt)",
                "reason": "\(reason)",
            ])
    }
}
