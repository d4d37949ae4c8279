public import Base
public import Storage
import Synchronization

/// What a running job may know and do.
public struct JobContext: Sendable {
    /// The job.
    public let id: ID<Job>
    /// Whose job it is.
    public let tenant: Tenant
    /// Which attempt this is, from 1.
    public let attempt: Int
    /// Whether the job becomes a dead letter if this attempt fails.
    public let isLastAttempt: Bool
    /// How the children ended, of a kind that waits for them.
    public let children: JobCounts
    /// The database, where the job has effects of its own.
    public let storage: Storage

    let job: TakenJob
    let rule: JobRule
    let run: JobRun
    let jobs: Jobs

    /// Whether the job has been cancelled, on whichever node; its task is cancelled too.
    public var isCancelled: Bool { run.isCancelled }

    /// Tells how far the job is; kept for who asks, at most twice a second.
    public func progress(_ done: Int, of total: Int) async throws {
        guard run.mayTell(at: jobs.clock.uptime(), isEnd: done >= total) else { return }
        try await jobs.store.progress(of: id, tenant: tenant, worker: run.worker, done: done, total: total)
    }

    /// Makes a transaction fail unless the job is still this worker's and nobody has cancelled it: from here to the
    /// commit no other worker can take it.
    ///
    /// For effects on the way, of which a job has several; the last one may be ``complete(result:_:)``.
    ///
    /// - Throws: `jobs.leaseLost`; the transaction must not be committed then.
    public func hold(in transaction: WriteTransaction) async throws {
        guard try await jobs.store.hold(job, worker: run.worker, through: transaction) else {
            throw JobsError(
                .leaseLost, "a job of \(job.queue.kind) wanted to write, but its worker does not have it any more")
        }
    }

    /// Commits the job's own effect and its completion together, fenced by the lease.
    ///
    /// A worker that was taken to be dead meanwhile cannot commit: exactly one run of the job has this effect. After it
    /// returns the job is done, whatever the handler does.
    ///
    /// - Parameters:
    ///   - result: What is kept with the job, at most 16 KiB of JSON.
    ///   - body: The effect; may run more than once, as with `Storage.write`.
    /// - Returns: What the closure returns.
    /// - Throws: `jobs.leaseLost` when the job is not this worker's any more; nothing was committed then.
    @discardableResult
    public func complete<R: Sendable>(
        result: String? = nil, _ body: (WriteTransaction) async throws -> R
    ) async throws -> R {
        let (value, settlement) = try await storage.write(for: tenant) { transaction in
            let settlement = try await jobs.store.end(
                job, worker: run.worker, result: result, isKept: rule.isKept,
                hasSlots: rule.limits.contains(where: \.isConcurrency), period: jobs.options.endPeriod,
                through: transaction)
            return (try await body(transaction), settlement)
        }
        run.markCompleted()
        jobs.wakes.tell(settlement.hints + settlement.freed.map(\.freeHint))
        return value
    }
}

/// A run in this process, as the handler and the worker share it.
final class JobRun: Sendable {
    private struct State {
        var isCancelled = false
        var isCompleted = false
        var toldAt: Duration?
    }

    private static let pause = Duration.milliseconds(500)

    let worker: ID<Worker>
    private let state = Mutex(State())

    init(worker: ID<Worker>) { self.worker = worker }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }
    /// Whether the handler has committed the completion itself.
    var isCompleted: Bool { state.withLock { $0.isCompleted } }

    func markCancelled() { state.withLock { $0.isCancelled = true } }
    func markCompleted() { state.withLock { $0.isCompleted = true } }

    func mayTell(at now: Duration, isEnd: Bool) -> Bool {
        state.withLock { state in
            if !isEnd, let last = state.toldAt, now - last < Self.pause { return false }
            state.toldAt = now
            return true
        }
    }
}

/// One worker's life in one process: the entity that its id names.
enum Worker {}
