public import Base
public import ServiceLifecycle
import Synchronization
import Telemetry

/// Sends many small concurrent writes of one kind as few statements, and gives each caller its own outcome after the
/// commit.
///
/// Whatever is submitted while earlier flushes are in flight goes out with the next one; no timer lingers, so a lone
/// write is as fast as without. Groups are of one tenant, and tenants take turns.
///
/// ```swift
/// let votes = WriteCombiner<Vote, VoteOutcome>(
///     name: "vote.cast", settings: CombinerSettings(for: storage.dialect), key: { $0.voter }
/// ) { tenant, votes in
///     try await store.insert(votes.sorted { $0.clip < $1.clip }, for: tenant)
/// }
/// let outcome = try await votes.submit(vote, for: tenant)
/// ```
///
/// The flush gets inputs in the order of submission, each key at most once, and returns one result per input in the
/// same order. It should update rows in a sorted order, so that two flushes cannot wait for each other. When it throws
/// because of a row (a violated constraint, an impossible value), the group is split until the bad row stands alone;
/// when it throws because the database is away, full or overloaded, the whole group fails with that error.
///
/// This is the one place that starts flush tasks; each ends with its flush. As a service it stops taking inputs at
/// shutdown and returns when all that was accepted has its outcome.
public final class WriteCombiner<Input: Sendable, Outcome: Sendable>: Service {
    /// Writes a group and returns one result per input, in order.
    public typealias Flush = @Sendable (Tenant, [Input]) async throws -> [Result<Outcome, StorageError>]

    private struct Delivery: Sendable {
        var result: Result<Outcome, StorageError>
        var statements = 0
    }

    private struct State {
        var machine: CombinerMachine<Input>
        var callers: [UInt64: CheckedContinuation<Delivery, Never>] = [:]
        var lastTicket: UInt64 = 0
        var whenIdle: [CheckedContinuation<Void, Never>] = []

        mutating func takeIdleWaiters() -> [CheckedContinuation<Void, Never>] {
            guard machine.isIdle, !whenIdle.isEmpty else { return [] }
            defer { whenIdle = [] }
            return whenIdle
        }
    }

    private let name: StaticString
    private let key: @Sendable (Input) -> CombinerKey?
    private let flush: Flush
    private let state: Mutex<State>

    /// Makes a combiner.
    ///
    /// - Parameters:
    ///   - name: What is written, as in `vote.cast`; stands in errors.
    ///   - settings: Bounds of groups and queues.
    ///   - key: At most one input of each key is in a group, and inputs of one key are flushed one after the other;
    ///     `nil` for inputs that cannot disturb each other.
    ///   - flush: Writes a group in one transaction.
    public init<Key: Hashable & Sendable>(
        name: StaticString, settings: CombinerSettings, key: @escaping @Sendable (Input) -> Key?,
        flush: @escaping Flush
    ) {
        settings.check(name)
        self.name = name
        self.key = { key($0).map { CombinerKey($0) } }
        self.flush = flush
        state = Mutex(State(machine: CombinerMachine(settings: settings)))
    }

    /// Writes `input` together with others and returns its own outcome once it is durable.
    ///
    /// - Throws: The error of its own row; `storage.exhausted` when too many inputs wait; `storage.closed` after the
    ///   shutdown; `storage.cancelled` when the task is cancelled: an input that waits is then taken back, one that has
    ///   been sent stands.
    public func submit(_ input: Input, for tenant: Tenant) async throws(StorageError) -> Outcome {
        guard Storage.writing == nil else {
            throw StorageError(
                .invalidStatement,
                "an input of \(name) was submitted inside the closure of a write transaction, for which its flush "
                    + "might wait")
        }
        let key = key(input)
        let ticket = state.withLock { state in
            state.lastTicket += 1
            return state.lastTicket
        }
        let delivery = await withTaskCancellationHandler {
            await withCheckedContinuation { caller in
                add(ticket, input, key: key, tenant: tenant, caller: caller)
                // The handler found nothing to take back when it ran before the input was there.
                if Task.isCancelled { cancel(ticket) }
            }
        } onCancel: {
            cancel(ticket)
        }
        Cost.current?.add(delivery.statements, to: .sharedStatements)
        return try delivery.result.get()
    }

    /// What the console shows of this combiner.
    public var statistics: CombinerStatistics {
        state.withLock { state in
            CombinerStatistics(
                name: name.description, inputs: state.machine.counts.inputs, groups: state.machine.counts.groups,
                splits: state.machine.counts.splits, groupSizeMax: state.machine.counts.groupSizeMax,
                waiting: state.machine.waitingCount, inFlight: state.machine.inFlight)
        }
    }

    // MARK: The end

    /// Waits for the shutdown, then flushes what was accepted.
    public func run() async throws {
        do {
            try await gracefulShutdown()
        } catch is CancellationError {
            // Cancelled instead of shut down: what was accepted is flushed all the same.
        }
        await drain()
    }

    /// Refuses new inputs and returns when all that were accepted have their outcome.
    public func drain() async {
        await withCheckedContinuation { waiter in
            let isIdle = state.withLock { state in
                state.machine.close()
                if state.machine.isIdle { return true }
                state.whenIdle.append(waiter)
                return false
            }
            if isIdle { waiter.resume() }
        }
    }

    // MARK: Executor

    private func add(
        _ ticket: UInt64, _ input: Input, key: CombinerKey?, tenant: Tenant,
        caller: CheckedContinuation<Delivery, Never>
    ) {
        let refusal = state.withLock { state in
            let refusal = state.machine.submit(ticket, input, key: key, for: tenant)
            if refusal == nil { state.callers[ticket] = caller }
            return refusal
        }
        if let refusal {
            caller.resume(returning: Delivery(result: .failure(error(for: refusal))))
        } else {
            startFlushes()
        }
    }

    private func cancel(_ ticket: UInt64) {
        let (caller, idle) = state.withLock { state in
            // In flight or not: the caller leaves at once.
            _ = state.machine.cancel(ticket)
            return (state.callers.removeValue(forKey: ticket), state.takeIdleWaiters())
        }
        caller?.resume(
            returning: Delivery(
                result: .failure(StorageError(.cancelled, "the task that submitted to \(name) was cancelled"))))
        for waiter in idle { waiter.resume() }
        // A key may have become free.
        startFlushes()
    }

    private func startFlushes() {
        while let group = state.withLock({ $0.machine.next() }) {
            // Detached: a flush carries many callers' work and must not end, or be charged, with one of them.
            Task.detached { await self.run(group) }
        }
    }

    private func run(_ group: CombinerMachine<Input>.Group) async {
        let (outcome, cost) = await Cost.measure { () -> Result<[Result<Outcome, StorageError>], StorageError> in
            do {
                let results = try await flush(group.tenant, group.inputs)
                precondition(
                    results.count == group.inputs.count,
                    "the flush of \(name) got \(group.inputs.count) inputs and gave \(results.count) results")
                return .success(results)
            } catch {
                return .failure(storageError(error))
            }
        }
        switch outcome {
        case .success(let results): finish(group, results, statements: cost[.statements])
        case .failure(let error) where group.inputs.count > 1 && error.isOfOneRow:
            state.withLock { $0.machine.finish(group.id, .split) }
        case .failure(let error):
            finish(group, group.inputs.map { _ in .failure(error) }, statements: cost[.statements])
        }
        startFlushes()
    }

    private func finish(
        _ group: CombinerMachine<Input>.Group, _ results: [Result<Outcome, StorageError>], statements: Int
    ) {
        let (callers, idle) = state.withLock { state in
            state.machine.finish(group.id, .done)
            return (group.tickets.map { state.callers.removeValue(forKey: $0) }, state.takeIdleWaiters())
        }
        for (caller, result) in zip(callers, results) {
            caller?.resume(returning: Delivery(result: result, statements: statements))
        }
        for waiter in idle { waiter.resume() }
    }

    // MARK: Errors

    private func storageError(_ error: any Error) -> StorageError {
        if let error = error as? StorageError { return error }
        if error is CancellationError { return StorageError(.cancelled, "the flush of \(name) was cancelled") }
        return StorageError(.invalidStatement, "the flush of \(name) failed", underlying: error)
    }

    private func error(for refusal: CombinerMachine<Input>.Refusal) -> StorageError {
        switch refusal {
        case .closed: StorageError(.closed, "\(name) takes no more inputs: the process is stopping")
        case .full: StorageError(.exhausted, "too many inputs of \(name) wait: try again in a moment")
        case .tenantFull:
            StorageError(.exhausted, "too many inputs of \(name) wait for this tenant: try again in a moment")
        }
    }
}

extension StorageError {
    /// Whether one row may be the cause, so that the others should be tried without it.
    fileprivate var isOfOneRow: Bool {
        switch code {
        case .uniqueViolation, .foreignKeyViolation, .checkViolation, .tooLarge, .notOne, .invalidValue, .rowMismatch,
            .invalidStatement, .serializationFailure, .deadlock:
            true
        case .statementTimeout, .lockTimeout, .cancelled, .unavailable, .outcomeUnknown, .exhausted, .diskFull,
            .invalidCursor, .tenantMissing, .readOnly, .transactionEnded, .migration, .setup, .closed:
            false
        }
    }
}

/// What a combiner has done since the start.
public struct CombinerStatistics: Sendable, Codable {
    /// What it writes.
    public var name: String
    /// Inputs that were sent.
    public var inputs: Int
    /// Flushes.
    public var groups: Int
    /// Groups that failed and were tried in halves.
    public var splits: Int
    /// Inputs in the largest group.
    public var groupSizeMax: Int
    /// Inputs that wait now.
    public var waiting: Int
    /// Flushes that run now.
    public var inFlight: Int
}
