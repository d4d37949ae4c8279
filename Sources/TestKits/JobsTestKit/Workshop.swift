public import Base
import BaseTestKit
import Coordination
public import Jobs
public import Storage
public import StorageTestKit
import Synchronization
import Telemetry

/// Jobs on a fresh database, with as many workers as a test wants.
public struct Workshop: Sendable {
    private enum Bounds {
        static let patience = Duration.seconds(30)
        static let pause = Duration.milliseconds(2)
    }

    /// The database.
    public let storage: Storage
    /// What is declared.
    public let jobs: Jobs
    /// Whose jobs they are, where a test needs only one.
    public let tenant = Tenant(ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0001))
    /// Another one.
    public let other = Tenant(ID(high: 0x0190_0000_0000_7000, low: 0x8000_0000_0000_0002))
    private let bus: InProcessBus
    private let handlers: [JobHandler]
    private let schedules: [JobSchedule]
    private let options: JobOptions
    private let clock: any WallClock

    /// Opens a workshop on a fresh database of an engine.
    ///
    /// Workers give signs of life fifty times in a second, so that one that died is found at once.
    public init(
        on backend: Backend, handlers: [JobHandler], schedules: [JobSchedule] = [],
        modules: [SchemaModule] = [], clock: any WallClock = SystemClock(),
        options change: (inout JobOptions) -> Void = { _ in }
    ) async throws {
        var options = JobOptions()
        options.beat = .milliseconds(50)
        options.lookMax = .milliseconds(100)
        options.drain = .seconds(10)
        change(&options)
        storage = try await backend.lease(modules: [JobsSchema.module] + modules, clock: clock)
        bus = InProcessBus()
        self.handlers = handlers
        self.schedules = schedules
        self.options = options
        self.clock = clock
        jobs = Jobs(
            storage: storage, clock: clock, randomness: SystemRandomness(), bus: bus,
            bank: InProcessTokenBank(clock: clock), events: .silent(clock: clock), options: options)
        try jobs.declare(handlers: handlers, schedules: schedules)
    }

    /// A worker of this process.
    public func worker(_ name: String = "one") -> JobWorker { worker(name, of: jobs) }

    /// A worker as another process has it: with word of its own, over the bus.
    public func otherWorker(_ name: String) throws -> JobWorker {
        let others = Jobs(
            storage: storage, clock: clock, randomness: SystemRandomness(), bus: bus,
            bank: InProcessTokenBank(clock: clock), events: .silent(clock: clock), options: options)
        try others.declare(handlers: handlers, schedules: schedules)
        return worker(name, of: others)
    }

    private func worker(_ name: String, of jobs: Jobs) -> JobWorker {
        JobWorker(jobs, name: name, home: tenant) { [tenant, other] after, limit in
            Array([tenant, other].filter { after == nil || $0.id > (after?.id ?? $0.id) }.prefix(limit))
        }
    }

    /// Has a worker work while `body` runs; then stops it and waits until what runs has ended.
    public func working<Result: Sendable>(
        _ worker: JobWorker? = nil, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        let worker = worker ?? self.worker()
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            do {
                let result = try await body()
                worker.stop()
                try await group.waitForAll()
                return result
            } catch {
                group.cancelAll()
                throw error
            }
        }
    }

    /// Has a worker work while `body` runs, then ends it as a crash would: nothing more is written.
    public func workingUntilCrash<Result: Sendable>(
        _ worker: JobWorker, _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            let result = try await body()
            group.cancelAll()
            return result
        }
    }

    /// Waits until something is so; thirty seconds are forever.
    public func eventually(_ what: String, _ condition: @Sendable () async throws -> Bool) async throws {
        let machine = SystemClock()
        let deadline = machine.uptime() + Bounds.patience
        while try await !condition() {
            guard machine.uptime() < deadline else { throw WorkshopFailure("in vain: \(what)") }
            try await machine.sleep(for: Bounds.pause)
        }
    }

    /// Waits until a job is in a state.
    public func eventually(_ id: ID<Job>, is state: JobState, for named: Tenant? = nil) async throws {
        try await eventually("a job is \(state.rawValue)") {
            try await jobs.status(of: id, for: named ?? tenant)?.state == state
        }
    }

    /// Enqueues one job in a transaction of its own.
    @discardableResult
    public func enqueue<Input>(
        _ kind: JobKind<Input>, _ input: Input, key: String? = nil, after: Duration? = nil,
        priority: JobPriority = .normal, limitKey: String? = nil, for named: Tenant? = nil
    ) async throws -> ID<Job> {
        try await jobs.enqueue(
            kind, input, key: key, after: after, priority: priority, limitKey: limitKey, for: named ?? tenant)
    }
}

/// What a contract says and an engine does not do.
public struct WorkshopFailure: Error, CustomStringConvertible {
    /// What was expected.
    public let description: String

    /// Says what was expected.
    public init(_ description: String) { self.description = description }
}

/// Fails unless something is so.
public func require(_ isSo: Bool, _ what: @autoclosure () -> String) throws {
    if !isSo { throw WorkshopFailure(what()) }
}

/// What handlers have done, in order.
public final class Diary: Sendable {
    private struct State {
        var entries: [String] = []
        var present = 0
        var presentMax = 0
    }

    private let state = Mutex(State())

    /// Starts empty.
    public init() {}

    /// All entries so far.
    public var entries: [String] { state.withLock { $0.entries } }
    /// How many there are.
    public var count: Int { state.withLock { $0.entries.count } }
    /// How many were inside at once, at most.
    public var presentMax: Int { state.withLock { $0.presentMax } }

    /// Adds an entry.
    public func write(_ entry: String) { state.withLock { $0.entries.append(entry) } }

    /// Comes in.
    public func enter() {
        state.withLock { state in
            state.present += 1
            state.presentMax = max(state.presentMax, state.present)
        }
    }

    /// Goes out.
    public func leave() { state.withLock { $0.present -= 1 } }
}

/// A door that handlers wait at until it is opened.
public final class Door: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var arrived = 0
    }

    private let state = Mutex(State())

    /// Starts shut.
    public init() {}

    /// How many have come to it.
    public var arrived: Int { state.withLock { $0.arrived } }

    /// Waits until it is open or the task is cancelled.
    public func pass() async throws {
        state.withLock { $0.arrived += 1 }
        while !state.withLock({ $0.isOpen }) {
            try Task.checkCancellation()
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        if state.isOpen || Task.isCancelled { return true }
                        state.waiting.append(continuation)
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                // Who was not meant waits again.
                letThrough()
            }
        }
        try Task.checkCancellation()
    }

    /// Opens it for good.
    public func open() {
        state.withLock { $0.isOpen = true }
        letThrough()
    }

    private func letThrough() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
