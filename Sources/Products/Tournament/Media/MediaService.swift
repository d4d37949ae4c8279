import Base
import Blobs
import Foundation
import Logging
import Programs
import ServiceLifecycle
import Storage
import Synchronization
import Telemetry

/// Does media work beside requests: takes tasks that are due, a few at once, and keeps them alive while they run.
///
/// Several processes may run it on one database; a task is one worker's at a time, and that of a worker that died is
/// taken over when its lease ends. Asleep it costs one statement every five seconds; what is uploaded to this process is
/// begun at once.
final class MediaService: Service {
    enum Bounds {
        /// Time between two looks when nobody rings.
        static let lookEvery: Duration = .seconds(5)
        /// Tasks that one look reads, to choose from fairly.
        static let tasksPerLook = 50
    }

    private struct State {
        var running: [ID<Clip>: (tenant: Tenant, leash: MediaLeash)] = [:]
        var isStopping = false
    }

    let steps: MediaSteps
    private let atOnce: Int
    private let randomness: any Randomness
    private let logger: Logger
    private let meter: Meter
    private let state = Mutex(State())
    private let bell = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    private var clock: any WallClock { steps.house.clock }
    private var tasks: MediaTaskStore { steps.tasks }

    /// - Parameters:
    ///   - steps: what is done.
    ///   - atOnce: how many tasks at once; 0 for none in this process.
    ///   - randomness: what leases are marked by.
    ///   - logger: where failures are told.
    ///   - metrics: where tasks are counted.
    init(steps: MediaSteps, atOnce: Int, randomness: any Randomness, logger: Logger, metrics: MetricRegistry) {
        self.steps = steps
        self.atOnce = atOnce
        self.randomness = randomness
        self.logger = logger
        meter = Meter(metrics)
    }

    /// Half of the machine's processors, one at least.
    static var halfTheCores: Int { max(1, ProcessInfo.processInfo.activeProcessorCount / 2) }

    /// Says that there may be work.
    func ring() { bell.continuation.yield() }

    /// Gives up what this process does on a clip.
    func giveUp(_ clip: ID<Clip>) { state.withLock { $0.running[clip]?.leash }?.cut(.lost) }

    // MARK: The loop

    /// Works until the server stops; what is half done then is given back.
    func run() async throws {
        guard atOnce > 0 else { return }
        prepareFolder()
        for program in [steps.tools.ffmpeg, steps.tools.ffprobe] where !program.isThere {
            logger.warning(
                "uploads cannot be made ready here: a program is missing", metadata: ["name": "\(program.name)"])
        }
        await withGracefulShutdownHandler {
            await withDiscardingTaskGroup { group in
                group.addTask { await self.tick() }
                await serve()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.stop()
        }
    }

    /// Takes tasks until the bell is gone, and waits for those that run.
    private func serve() async {
        await withDiscardingTaskGroup { group in
            var rings = bell.stream.makeAsyncIterator()
            repeat {
                for lease in await look() { group.addTask { await self.perform(lease) } }
            } while await rings.next(isolation: nil) != nil
        }
    }

    /// Ends what runs, so that it is given back, and takes no more.
    private func stop() {
        let leashes = state.withLock { state in
            state.isStopping = true
            return state.running.values.map(\.leash)
        }
        for leash in leashes { leash.cut(.stopping) }
        bell.continuation.finish()
    }

    private func tick() async {
        while !Task.isCancelled {
            // Cancellation ends the loop, which is what it asks for.
            try? await clock.sleep(for: Bounds.lookEvery)
            ring()
        }
    }

    /// What an earlier process left behind is of no use to anybody.
    private func prepareFolder() {
        // A folder that cannot be cleared, or made, shows with the first task.
        try? FileManager.default.removeItem(at: steps.tools.folder)
    }

    /// Takes as many due tasks as there is room for, those of tenants first that have the least running here.
    func look() async -> [MediaLease] {
        let room = state.withLock { $0.isStopping ? 0 : atOnce - $0.running.count }
        guard room > 0 else { return [] }
        do {
            let now = clock.now()
            let due = try await tasks.due(at: now, limit: Bounds.tasksPerLook)
            var leases: [MediaLease] = []
            for task in order(due) {
                guard leases.count < room else { break }
                let owner = Int64(bitPattern: randomness.next())
                guard let lease = try await tasks.take(task, as: owner, until: now + MediaTask.Rules.lease) else {
                    continue
                }
                state.withLock { $0.running[task.clipID] = (task.tenant, MediaLeash()) }
                leases.append(lease)
            }
            return leases
        } catch {
            logger.warning("media work that is due could not be read", metadata: ["error": "\(error)"])
            return []
        }
    }

    private func order(_ due: [MediaTask]) -> [MediaTask] {
        var load: [Tenant: Int] = [:]
        let running = state.withLock { state in
            for entry in state.running.values { load[entry.tenant, default: 0] += 1 }
            return Set(state.running.keys)
        }
        // The n-th task of a tenant waits behind the n-th of all others.
        let ranked = due.filter { !running.contains($0.clipID) }.map { task in
            defer { load[task.tenant, default: 0] += 1 }
            return (task: task, rank: load[task.tenant, default: 0])
        }
        return ranked.enumerated().sorted { ($0.element.rank, $0.offset) < ($1.element.rank, $1.offset) }
            .map(\.element.task)
    }

    // MARK: One task

    /// Does a task that was taken, keeps its lease alive meanwhile, and settles whatever comes of it.
    func perform(_ lease: MediaLease) async {
        let leash = state.withLock { $0.running[lease.task.clipID]?.leash } ?? MediaLeash()
        let start = clock.uptime()
        var outcome = Outcome.done
        defer {
            meter.record(lease.task.kind, outcome, clock.uptime() - start)
            state.withLock { $0.running[lease.task.clipID] = nil }
            ring()
        }
        do {
            guard lease.task.attempts <= MediaTask.Rules.attemptsMax else {
                outcome = .gaveUp
                return try await steps.giveUp(lease, because: "its worker ended in the middle of it, three times")
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await self.steps.take(lease, on: leash) }
                // Only cancellation or the loss of the lease ends the renewal.
                group.addTask { try await self.renew(lease, leash) }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch {
            outcome = await settle(lease, error)
        }
    }

    private func renew(_ lease: MediaLease, _ leash: MediaLeash) async throws {
        while true {
            try await clock.sleep(for: MediaTask.Rules.renewEvery)
            do {
                let until = clock.now() + MediaTask.Rules.lease
                guard
                    try await tasks.keep(
                        lease, until: until, through: steps.storage.writer(for: lease.task.tenant))
                else {
                    leash.cut(.lost)
                    throw MediaTrouble.lost
                }
            } catch let error as StorageError {
                // A database that is away for a moment costs no work; one that stays away costs the lease.
                logger.debug("a lease of media work could not be renewed", metadata: ["error": "\(error)"])
            }
        }
    }

    private func settle(_ lease: MediaLease, _ error: any Error) async -> Outcome {
        do {
            switch error {
            case MediaTrouble.lost: return .dropped
            case MediaTrouble.stopped:
                try await tasks.giveBack(lease, dueAt: clock.now())
                return .dropped
            // The process ends at once; the lease ends by itself.
            case is CancellationError: return .dropped
            case MediaTrouble.away(let reason): return try await wait(lease, reason)
            case let error as StorageError: return try await wait(lease, error.description)
            case let error as BlobsError where error.code != .corrupt: return try await wait(lease, error.description)
            default: return try await fail(lease, Self.reason(of: error))
            }
        } catch {
            // The lease ends by itself, and the task is taken again.
            tell(lease.task, "it could not be settled: \(error)")
            return .failed
        }
    }

    private func wait(_ lease: MediaLease, _ reason: String) async throws -> Outcome {
        tell(lease.task, reason)
        try await tasks.giveBack(lease, dueAt: clock.now() + MediaTask.Rules.awayFor)
        return .away
    }

    private func fail(_ lease: MediaLease, _ reason: String) async throws -> Outcome {
        tell(lease.task, reason)
        if lease.task.isLastAttempt {
            try await steps.giveUp(lease, because: reason)
            return .gaveUp
        }
        let now = clock.now()
        try await tasks.fail(
            lease, reason, retryAt: now + MediaTask.Rules.pause(after: lease.task.attempts), at: now,
            through: steps.storage.writer(for: lease.task.tenant))
        return .failed
    }

    private static func reason(of error: any Error) -> String {
        switch error {
        case MediaTrouble.failed(let reason): String(reason.prefix(2_000))
        case let error as any CodedError: error.description
        default: "\(type(of: error))"
        }
    }

    private func tell(_ task: MediaTask, _ reason: String) {
        logger.warning(
            "media work failed",
            metadata: [
                "kind": "\(task.kind)", "clip": "\(task.clipID)", "attempt": "\(task.attempts)", "reason": "\(reason)",
            ])
    }
}
