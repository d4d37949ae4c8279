import Base
import Dispatch
import Storage
import Synchronization

/// Carries out what a ``LeaseMachine`` decides: starts work on connections, turns away who waited too long.
///
/// Nobody who waits holds a thread. One timer stands for all waits: that of who waits longest.
final class ConnectionPool: Sendable {
    /// Work that wants a connection.
    enum Work: Sendable {
        /// A statement by itself; the connection is given back when it has run.
        case statement(PendingStatement)
        /// Someone who keeps the connection until ``ConnectionPool/release(_:)``.
        case lease(PendingLease)

        var operation: Operation {
            switch self {
            case .statement(let pending): pending.operation
            case .lease(let pending): pending.operation
            }
        }

        func refuse(_ error: StorageError) {
            switch self {
            case .statement(let pending): pending.finish(.failure(error))
            case .lease(let pending): pending.refuse(error)
            }
        }
    }

    private struct State {
        var machine: LeaseMachine<Work>
        var isTimerSet = false
        var whenIdle: CheckedContinuation<Void, Never>?
    }

    /// What the pool is for, as errors name it: "the writer", "a reader".
    let purpose: String
    let connections: [SQLiteConnection]
    private let patience: Duration
    private let groupMax: Int
    private let clock: SystemClock
    private let state: Mutex<State>

    init(purpose: String, connections: [SQLiteConnection], settings: SQLiteSettings, groupMax: Int) {
        self.purpose = purpose
        self.connections = connections
        self.groupMax = groupMax
        patience = settings.leaseTimeout
        clock = SystemClock()
        state = Mutex(
            State(
                machine: LeaseMachine(
                    slots: connections.count, waitingMax: settings.waitingMax, patience: settings.leaseTimeout)))
    }

    /// Starts work as soon as a connection is free and it is its turn.
    func submit(_ work: Work) {
        let operation = work.operation
        let decision = state.withLock {
            $0.machine.request(operation.id, work, name: operation.name, operation.urgency, now: clock.uptime())
        }
        switch decision {
        case .granted(let slot, let work): start(work, on: slot)
        case .refused(let work, let refusal): work.refuse(error(for: refusal))
        case .waits(let deadline):
            setTimer(for: deadline)
            // A task that was cancelled before its work stood in the queue found nothing to take back.
            if operation.isCancelled { cancel(operation) }
        }
    }

    /// Ends work: at once when it waits, at the next step of its statement when it runs.
    func cancel(_ operation: Operation) {
        operation.cancel()
        state.withLock { $0.machine.cancel(operation.id) }?.refuse(SQLiteErrors.cancelled)
    }

    /// Gives a connection to whose turn it is.
    func release(_ slot: Int) {
        let (next, idle) = state.withLock { state -> (Work?, CheckedContinuation<Void, Never>?) in
            let next = state.machine.release(slot, now: clock.uptime())
            guard state.machine.heldCount == 0, let idle = state.whenIdle else { return (next, nil) }
            state.whenIdle = nil
            return (next, idle)
        }
        idle?.resume()
        if let next { start(next, on: slot) }
    }

    /// Names the statement that runs on a held connection.
    func note(_ name: String, on slot: Int) { state.withLock { $0.machine.note(name, on: slot) } }

    private func start(_ work: Work, on slot: Int) {
        let connection = connections[slot]
        switch work {
        case .lease(let pending): connection.perform { pending.start(slot) }
        case .statement(let first):
            connection.perform { [self] in
                let group = [first] + followers(of: first)
                connection.runGroup(group)
                release(slot)
            }
        }
    }

    /// Statements at the front of the queue that are served along with the one that just got the connection.
    private func followers(of first: PendingStatement) -> [PendingStatement] {
        guard groupMax > 1 else { return [] }
        let works = state.withLock {
            $0.machine.takeFromFront(max: groupMax - 1, downTo: first.operation.urgency) {
                if case .statement = $0 { true } else { false }
            }
        }
        return works.compactMap { if case .statement(let pending) = $0 { pending } else { nil } }
    }

    // MARK: Waiting

    private func setTimer(for deadline: Duration) {
        let isNew = state.withLock { state in
            defer { state.isTimerSet = true }
            return !state.isTimerSet
        }
        guard isNew else { return }
        let microseconds = max(0, (deadline - clock.uptime()).microseconds) + 500
        DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(Int(microseconds))) { [weak self] in
            self?.timerFired()
        }
    }

    private func timerFired() {
        let (expired, next) = state.withLock { state in
            state.isTimerSet = false
            return (state.machine.expire(now: clock.uptime()), state.machine.nextDeadline())
        }
        let error = error(for: .expired)
        for work in expired { work.refuse(error) }
        if let next { setTimer(for: next) }
    }

    private func error(for refusal: LeaseMachine<Work>.Refusal) -> StorageError {
        if refusal == .closed { return SQLiteErrors.closed }
        let (holder, waiting) = state.withLock { ($0.machine.longestHeld, $0.machine.waitingCount) }
        var text =
            refusal == .expired
            ? "\(purpose) did not become free within \(patience.milliseconds) ms"
            : "\(waiting) callers wait for \(purpose) already"
        var context = ["waiting": String(waiting)]
        if let holder {
            let held = (clock.uptime() - holder.since).milliseconds
            text += "; held longest for \(held) ms, now by \(holder.name)"
            context["holder"] = holder.name
            context["heldMilliseconds"] = String(held)
        }
        return StorageError(.exhausted, text, context: context)
    }

    // MARK: Ending

    /// Refuses all new work and waits until nobody holds a connection, but not longer than `patience`.
    func close(patience: Duration) async {
        let refused = state.withLock { $0.machine.close() }
        for work in refused { work.refuse(SQLiteErrors.closed) }
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                guard state.machine.heldCount > 0 else { return true }
                state.whenIdle = continuation
                return false
            }
            if isIdle { return continuation.resume() }
            DispatchQueue.global().asyncAfter(deadline: .now() + .microseconds(Int(patience.microseconds))) { [self] in
                state.withLock { state in
                    defer { state.whenIdle = nil }
                    return state.whenIdle
                }?.resume()
            }
        }
    }

    /// Adds this pool's figures.
    func addStatistics(to statistics: inout DriverStatistics) {
        let now = clock.uptime()
        state.withLock { state in
            if !state.machine.isClosed { statistics.connectionsOpen += connections.count }
            statistics.connectionsHeld += state.machine.heldCount
            statistics.waiting += state.machine.waitingCount
            statistics.inFlight += state.machine.heldCount
            if let holder = state.machine.longestHeld, now - holder.since > statistics.longestHeld {
                statistics.longestHeld = now - holder.since
                statistics.longestHolder = holder.name
            }
        }
    }
}

/// One wait for the database, which any thread may cancel.
final class Operation: Sendable {
    private static let lastID = Atomic<UInt64>(0)

    let id: UInt64
    /// The statement's name.
    let name: String
    /// How soon it is needed: as soon as what the task does that makes this.
    let urgency = Urgency.current
    private let cancelled = Atomic<Bool>(false)

    init(name: String) {
        self.name = name
        id = Self.lastID.wrappingAdd(1, ordering: .relaxed).newValue
    }

    var isCancelled: Bool { cancelled.load(ordering: .acquiring) }

    func cancel() { cancelled.store(true, ordering: .releasing) }
}

/// A statement that is its own transaction, and who waits for its outcome.
struct PendingStatement: Sendable {
    let request: StatementRequest
    let access: Access
    let operation: Operation
    let continuation: CheckedContinuation<Result<StatementResult, StorageError>, Never>

    func finish(_ result: Result<StatementResult, StorageError>) { continuation.resume(returning: result) }
}

/// Someone who wants a connection for a while.
struct PendingLease: Sendable {
    let operation: Operation
    /// Called on the connection's queue.
    let start: @Sendable (_ slot: Int) -> Void
    let refuse: @Sendable (StorageError) -> Void
}
