public import Base
public import ServiceLifecycle
import Storage
import Synchronization
import Telemetry

/// Works: takes jobs, runs their handlers, ends them, fires schedules, and takes over from workers that died.
///
/// One for each process that works. All of what it decides is decided by pure machines (``ClaimMachine``,
/// ``LeaseMachine``, ``ScheduleMachine``, ``AdaptiveMachine``, ``RunBoard``); this is the part that waits and acts.
public final class JobWorker: Service {
    enum Bounds {
        /// Jobs that are ended in one statement.
        static let settle = 500
        /// Statements that end jobs under way at once.
        static let settlers = 2
        /// Ended jobs that wait to be written; beyond, nothing more is taken.
        static let unsettled = 4_096
        static let pauseMin = Duration.milliseconds(100)
        static let pauseMax = Duration.seconds(5)
        static let promote = 500
        static let cancelled = 10_000
        /// How often it is looked for claims whose answer was lost without an error.
        static let reconcilePause = Duration.seconds(60)
        /// How long after a blocked job came it is looked at whether anything holds it back.
        static let blockedPause = Duration.milliseconds(200)
    }

    struct State {
        var worker: ID<Worker>
        var board: RunBoard
        var runners: [JobLane: Int] = [:]
        var active: [JobKey: ActiveRun] = [:]
        var ends: [JobEnd] = []
        var settling: Set<JobKey> = []
        /// Jobs that were cancelled before they began here.
        var cancelled: Set<JobKey> = []
        var settlers: [CheckedContinuation<Void, Never>] = []
        var isStopping = false
        /// Whether queues were left for want of room: who ends a job then calls the claimer.
        var wantsRoom = false
        /// Whether the claimer has nothing to do, so that signs of life ask whether that is still so.
        var isResting = false
        /// The last answer of a sign of life to a claimer that rests, and when it came.
        var rest: (answer: Beat.Rest, at: Duration)?
        var statistics: [String: JobStatistics] = [:]
    }

    let jobs: Jobs
    let name: String
    let home: Tenant
    let tenants: @Sendable (_ after: Tenant?, _ limit: Int) async throws -> [Tenant]
    let handlers: [String: JobHandler]
    let state: Mutex<State>
    let instance: UInt64

    /// Makes a worker of everything that is declared.
    ///
    /// - Parameters:
    ///   - jobs: What is declared.
    ///   - name: The process, in logs and for operators.
    ///   - home: Whose jobs schedules of the installation enqueue.
    ///   - tenants: All tenants behind one, in the order of their ids: for schedules of each tenant.
    public init(
        _ jobs: Jobs, name: String, home: Tenant,
        tenants: @escaping @Sendable (_ after: Tenant?, _ limit: Int) async throws -> [Tenant]
    ) {
        self.jobs = jobs
        self.name = name
        self.home = home
        self.tenants = tenants
        handlers = jobs.handlers
        instance = jobs.randomness.next()
        state = Mutex(
            State(
                worker: ID(at: jobs.clock.now(), using: jobs.randomness),
                board: RunBoard(concurrency: jobs.options.concurrency, handlers: Array(handlers.values))))
    }

    var clock: any WallClock { jobs.clock }
    var store: JobStore { jobs.store }
    var worker: ID<Worker> { state.withLock { $0.worker } }
    var isStopping: Bool { state.withLock { $0.isStopping } }

    /// What has been worked on since the start, by kind.
    public var statistics: [String: JobStatistics] { state.withLock { $0.statistics } }

    /// Works until it is told to stop; then takes nothing more and waits for what runs as long as the options say.
    public func run() async throws {
        await withTaskCancellationOrGracefulShutdownHandler {
            await work()
        } onCancelOrGracefulShutdown: {
            self.stop()
        }
    }

    /// Has it take nothing more; ``run()`` returns when what runs has ended, or its time is over.
    public func stop() {
        state.withLock { $0.isStopping = true }
        jobs.wakes.ring()
    }

    private func work() async {
        guard await register() else { return }
        jobs.wakes.onCancel { [weak self] key in self?.cancelHere(key) }
        await withDiscardingTaskGroup { group in
            for _ in 0..<Bounds.settlers { group.addTask { await self.settleUntilCancelled() } }
            group.addTask { await self.beatUntilCancelled() }
            group.addTask { await self.watchUntilCancelled() }
            group.addTask { await self.fireUntilCancelled() }
            group.addTask { await self.keepHouseUntilCancelled() }
            group.addTask { await JobHerald(self.jobs, as: self.instance).tellUntilCancelled() }
            group.addTask { await self.listenUntilCancelled() }
            await claimUntilStopped(&group)
            await drain()
            group.cancelAll()
        }
        await patiently("job.unregister") { try await self.store.unregister(self.worker) }
    }

    /// Makes itself known; `false` when it was told to stop before the database answered.
    private func register() async -> Bool {
        var attempt = 0
        while !isStopping {
            do {
                try await store.register(worker, name: name)
                return true
            } catch {
                await pauseAfterFailure(error, "job.register", attempt: attempt)
                attempt += 1
            }
        }
        return false
    }

    // MARK: Failing

    /// Tries something a few times, for the end of a worker; what is not done is done by who takes over.
    func patiently(_ what: String, _ body: () async throws -> Void) async {
        for attempt in 0..<3 {
            do { return try await body() } catch { await pauseAfterFailure(error, what, attempt: attempt) }
        }
    }

    /// Tells of a failure and waits, longer each time.
    func pauseAfterFailure(_ error: any Error, _ what: String, attempt: Int) async {
        if Task.isCancelled { return }
        let code = (error as? StorageError)?.code.rawValue ?? (error as? any CodedError)?.description ?? "unknown"
        jobs.events.record(.jobLoopFailed, ["what": .text(what), "code": .text(code)])
        let doubled = Bounds.pauseMin * (1 << min(attempt, 10))
        let pause = min(doubled, Bounds.pauseMax).inSeconds * (0.5 + 0.5 * jobs.randomness.fraction())
        // Cancelled: whoever waits here ends next.
        try? await clock.sleep(for: .microseconds(Int64(pause * 1_000_000)))
    }

    // MARK: Waiting

    /// Waits for word of anything, at most until a moment of the own uptime.
    func wait(until deadline: Duration) async {
        let pause = deadline - clock.uptime()
        guard pause > .zero else { return await Task.yield() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.jobs.wakes.wait() }
            group.addTask {
                // Cancelled when word has come first.
                try? await self.clock.sleep(for: pause)
            }
            await group.next()
            group.cancelAll()
        }
    }
}

/// What has become of the jobs of a kind in this process.
public struct JobStatistics: Sendable, Hashable, Codable {
    /// Done.
    public var done = 0
    /// Given up.
    public var failed = 0
    /// To be tried again after a failure.
    public var retried = 0
    /// To be tried again when the other side has time, which is no failure and no attempt.
    public var postponed = 0
    /// Cancelled.
    public var cancelled = 0
    /// Microseconds that handlers took in all.
    public var microseconds: Int64 = 0
    /// Statements that handlers sent in all.
    public var statements = 0
}

/// A job that a handler has.
struct ActiveRun: Sendable {
    let run: JobRun
    let watch: RunWatch
    let job: TakenJob
    let deadline: Duration
    let epoch: ID<Worker>
}
