public import Base
public import Coordination
public import Storage
import Synchronization
public import Telemetry

/// Durable work: what products declare, enqueue and ask about, and what operators look after.
///
/// ```swift
/// try await storage.write(for: tenant) { transaction in
///     try transaction.enqueue(Self.fetch, FetchInput(keyword: id))
/// }
/// ```
///
/// A job exists when its transaction commits. It is handled at least once; its effect can be made to happen once by
/// ``JobContext/complete(result:_:)``. `Documentation/Reference/jobs.md` has the semantics and all bounds.
public final class Jobs: Sendable {
    /// How far queues are counted for people.
    public static let countMax = 10_000

    /// What the process declares.
    struct Declared: Sendable {
        var handlers: [String: JobHandler] = [:]
        var schedules: [JobSchedule] = []
    }

    let storage: Storage
    let store: JobStore
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog
    let bus: any Bus
    let bank: any TokenBank
    let options: JobOptions
    let wakes: JobWakes
    private let declared = Mutex(Declared())

    /// Makes the jobs of an installation; nothing runs until a ``JobWorker`` does.
    ///
    /// - Parameters:
    ///   - storage: Where jobs are.
    ///   - clock: Due times, deadlines and pauses.
    ///   - randomness: Spreads retries.
    ///   - bus: How nodes tell each other of new jobs and cancellations; what it loses costs time, not jobs.
    ///   - bank: Where rates are shared.
    ///   - events: Hears what happens.
    ///   - options: Bounds and times.
    public init(
        storage: Storage, clock: any WallClock, randomness: any Randomness, bus: any Bus, bank: any TokenBank,
        events: EventLog, options: JobOptions = JobOptions()
    ) {
        options.check()
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        self.bus = bus
        self.bank = bank
        self.events = events
        self.options = options
        store = JobStore(storage: storage, clock: clock)
        wakes = JobWakes()
        storage.addObserver(wakes)
    }

    /// The time, as jobs see it.
    public var now: Timestamp { clock.now() }

    // MARK: Declarations

    /// Takes what a product declares; called before a worker runs.
    ///
    /// - Throws: `jobs.invalidDeclaration` for two kinds or schedules of a name, or limits of one name that differ.
    public func declare(handlers: [JobHandler], schedules: [JobSchedule] = []) throws(JobsError) {
        let problem: String? = declared.withLock { declared in
            for handler in handlers where declared.handlers.updateValue(handler, forKey: handler.rule.name) != nil {
                return "there are two kinds of job named \(handler.rule.name): rename one"
            }
            for schedule in schedules {
                guard !declared.schedules.contains(where: { $0.name == schedule.name }) else {
                    return "there are two schedules named \(schedule.name): rename one"
                }
                guard declared.handlers[schedule.rule.name] != nil else {
                    return "the schedule \(schedule.name) enqueues \(schedule.rule.name), which nothing handles"
                }
                declared.schedules.append(schedule)
            }
            var limits: [String: JobLimit] = [:]
            for limit in declared.handlers.values.flatMap(\.rule.limits) {
                if let other = limits.updateValue(limit, forKey: limit.name), other != limit {
                    return "there are two different limits named \(limit.name): rename one"
                }
            }
            return nil
        }
        if let problem { throw JobsError(.invalidDeclaration, problem) }
    }

    /// The kinds that this process handles, by name.
    public var rules: [JobRule] {
        declared.withLock { $0.handlers.values.map(\.rule) }.sorted { $0.name < $1.name }
    }

    /// The schedules, by name.
    public var schedules: [JobSchedule] { declared.withLock { $0.schedules }.sorted { $0.name < $1.name } }

    var handlers: [String: JobHandler] { declared.withLock { $0.handlers } }

    // MARK: Jobs

    /// Enqueues a job in a transaction of its own.
    ///
    /// Where there is a transaction, enqueue in it.
    @discardableResult
    public func enqueue<Input>(
        _ kind: JobKind<Input>, _ input: Input, key: String? = nil, after: Duration? = nil,
        priority: JobPriority = .normal, limitKey: String? = nil, for tenant: Tenant
    ) async throws -> ID<Job> {
        try await storage.write(for: tenant) { transaction in
            try transaction.enqueue(kind, input, key: key, after: after, priority: priority, limitKey: limitKey)
        }
    }

    /// What is known of a job; `nil` for one that never was or has been forgotten.
    public func status(of id: ID<Job>, for tenant: Tenant) async throws -> JobStatus? {
        try await store.status(of: id, tenant: tenant)
    }
}

/// Times and bounds of jobs in a process.
public struct JobOptions: Sendable {
    /// Handlers that run at once, by lane; a lane with 0 is not worked on here.
    ///
    /// Defaults to 16 interactive, 32 default, 8 bulk; up to 10,000 each.
    public var concurrency: [JobLane: Int] = [.interactive: 16, .default: 32, .bulk: 8]
    /// Time between two signs of life of a worker.
    ///
    /// Defaults to 2 seconds; 10 milliseconds to 1 minute. A worker without one for three of them is taken to be dead.
    public var beat: Duration = .seconds(2)
    /// The longest time between two looks for jobs of which no word has come.
    ///
    /// Defaults to 4 seconds; 10 milliseconds to 1 minute.
    public var lookMax: Duration = .seconds(4)
    /// How long handlers may go on when the worker is told to stop.
    ///
    /// Defaults to 20 seconds; 0 to 1 hour. What is not done by then is cancelled and goes on elsewhere.
    public var drain: Duration = .seconds(20)
    /// How long ended jobs are remembered, at least.
    ///
    /// Defaults to 3 days; 3 seconds to 1 year.
    public var retention: Duration = .seconds(3 * 86_400)

    /// The defaults.
    public init() {}

    /// Ends rotate through four tables: one fills, two rest, one is emptied.
    var endPeriod: Duration { retention / 2 }

    func check() {
        precondition(
            concurrency.values.allSatisfy { (0...10_000).contains($0) }, "a lane runs 0 to 10,000 jobs at once")
        precondition((.milliseconds(10) ... .seconds(60)).contains(beat), "a beat of \(beat): 10 ms to 1 minute")
        precondition(
            (.milliseconds(10) ... .seconds(60)).contains(lookMax), "a look every \(lookMax): 10 ms to 1 minute")
        precondition((.zero ... .seconds(3_600)).contains(drain), "a drain of \(drain): 0 to 1 hour")
        precondition(
            (.seconds(3) ... .seconds(366 * 86_400)).contains(retention), "a retention of \(retention): 3 s to 1 year")
    }
}
