import Base
import CLibPQ
import Dispatch
import Logging
import Storage
import Synchronization

/// The one thread that serves all connections of a driver.
///
/// Tasks hand over what they want through an inbox and are resumed from here. Everything below `MARK: The thread's own`
/// is touched by that thread only.
///
/// SAFETY: the inbox and the figures have their locks; all other mutable state belongs to the thread.
final class Reactor: @unchecked Sendable {
    enum Command {
        case run(PendingStatement)
        case cancel(PendingStatement)
        case acquire(Lease)
        case cancelLease(Lease)
        case release(Lease)
        case connected(PostgresConnection.Role, slot: Int, Result<Raw, StorageError>)
        case cancelDelivered(token: UInt64)
        case shutdown(UnsafeContinuation<Void, Never>)
        case abandon
    }

    /// A connection on its way from the thread that made it.
    ///
    /// SAFETY: handed over, never shared.
    struct Raw: @unchecked Sendable {
        var pointer: OpaquePointer
    }

    enum Bounds {
        /// How often deadlines are looked at while any can pass.
        static let tickMilliseconds: Int32 = 20
        /// How long after a statement's time-out a silent connection is taken for dead.
        static let silence = Duration.seconds(2)
        /// Batches of reads under way on one connection.
        static let readBatches = 2
        /// Reads in one batch.
        static let batchReads = 256
        /// A connection whose first statement has been running for this long gets no others while there is a choice.
        static let slow = Duration.milliseconds(20)
        /// How often a statement is sent again after something that was not its fault.
        static let retries = 3
        /// How long the end waits for connections that are just being made or cancelled.
        static let farewell = DispatchTimeInterval.seconds(2)
    }

    private struct Inbox {
        var commands: [Command] = []
        var isSignalled = false
        var isClosed = false
    }

    let target: ConnectionTarget
    let options: PostgresOptions
    let clock: any WallClock
    let randomness: any Randomness
    let logger: Logger
    let poller = Poller()
    private let inbox = Mutex(Inbox())
    let figures = Mutex(Figures())
    // Of another quality than tasks: both block, and the threads of one quality are few and shared with all tasks.
    private let connecting = DispatchQueue(label: "capstan.postgres.connect", qos: .utility, attributes: .concurrent)
    let cancelling = DispatchQueue(label: "capstan.postgres.cancel", qos: .utility, attributes: .concurrent)
    /// What both queues are doing: see ``runUntilStopped()``.
    let blocking = DispatchGroup()

    // MARK: The thread's own

    var now = Duration.zero
    var connections: [UInt64: PostgresConnection] = [:]
    var readers: [PostgresConnection] = []
    var writers: [PostgresConnection] = []
    var transactions: [Int: PostgresConnection] = [:]
    var slots: [ConnectionSlots]
    var pool: TransactionPool
    var leases: [Int: Lease] = [:]
    var reads: StatementQueue
    var writes: StatementQueue
    var reconnects = 0
    var lastFailure: StorageError?
    var shutdownDeadline: Duration?
    private var lastToken: UInt64 = 0
    private var lastTick = Duration.zero
    private var shutdownCallers: [UnsafeContinuation<Void, Never>] = []
    private var isStopped = false
    private var commands: [Command] = []

    init(
        target: ConnectionTarget, options: PostgresOptions, clock: any WallClock, randomness: any Randomness,
        logger: Logger
    ) {
        self.target = target
        self.options = options
        self.clock = clock
        self.randomness = randomness
        self.logger = logger
        slots = [
            ConnectionSlots(count: options.readConnections), ConnectionSlots(count: options.writeConnections),
            ConnectionSlots(count: options.transactionConnections),
        ]
        pool = TransactionPool(
            connections: options.transactionConnections, acquireTimeout: options.acquireTimeout,
            outageTimeout: options.outageTimeout, waitersMax: options.acquireWaitersMax)
        reads = StatementQueue(capacity: options.queueMax)
        writes = StatementQueue(capacity: options.queueMax)
    }

    /// Starts the thread, which keeps the reactor alive until it is shut down or abandoned.
    func start() { startThread("capstan-pg") { self.runUntilStopped() } }

    /// Hands a command over; `false` when the reactor is shut down.
    func submit(_ command: Command) -> Bool {
        let (isTaken, mustWake) = inbox.withLock { inbox in
            if inbox.isClosed { return (false, false) }
            inbox.commands.append(command)
            defer { inbox.isSignalled = true }
            return (true, !inbox.isSignalled)
        }
        if mustWake { poller.wake() }
        return isTaken
    }

    private func runUntilStopped() {
        while !isStopped { turn() }
        for connection in Array(connections.values) { lose(connection, because: nil) }
        // Whoever shut us down may end the process next, and libpq must not be in the middle of its cryptography then.
        // A server that does not answer is not waited for: whoever waits for one is asleep, and ends with the process.
        _ = blocking.wait(timeout: .now() + Bounds.farewell)
        for caller in shutdownCallers { caller.resume() }
    }

    /// One round: what has arrived, what is asked for, what is due, what can be sent.
    private func turn() {
        let ready = poller.wait(milliseconds: hasDeadlines ? Bounds.tickMilliseconds : -1)
        now = clock.uptime()
        for index in 0..<ready {
            if let token = poller.token(at: index), let connection = connections[token] { receive(connection) }
        }
        inbox.withLock { inbox in
            swap(&inbox.commands, &commands)
            inbox.isSignalled = false
        }
        for command in commands { perform(command) }
        commands.removeAll(keepingCapacity: true)
        if (now - lastTick).milliseconds >= Int64(Bounds.tickMilliseconds) {
            lastTick = now
            tick()
        }
        dispatchReads()
        dispatchWrites()
        var isAnyBroken = false
        for connection in connections.values {
            flush(connection)
            isAnyBroken = isAnyBroken || connection.isBroken
        }
        if isAnyBroken {
            for connection in Array(connections.values) where connection.isBroken { lose(connection, because: nil) }
        }
        publish()
    }

    private func flush(_ connection: PostgresConnection) {
        guard connection.flush() else { return }
        poller.change(connection.descriptor, token: connection.token, wantsWrite: connection.waitsForWriting)
    }

    private var hasDeadlines: Bool {
        readers.isEmpty || !reads.isEmpty || !writes.isEmpty || pool.waitingCount > 0 || shutdownDeadline != nil
            || connections.values.contains { !$0.flight.isEmpty || !$0.backlog.isEmpty }
    }

    private func perform(_ command: Command) {
        switch command {
        case .run(let item): take(item)
        case .cancel(let item): cancel(item)
        case .acquire(let lease): acquire(lease)
        case .cancelLease(let lease): cancelLease(lease)
        case .release(let lease): release(lease)
        case .connected(let role, let slot, let result): connected(role, slot: slot, result)
        case .cancelDelivered(let token): cancelDelivered(token)
        case .shutdown(let caller):
            shutdownCallers.append(caller)
            shutdownDeadline = shutdownDeadline ?? now + options.shutdownTimeout
            tick()
        case .abandon:
            shutdownDeadline = now
            tick()
        }
    }

    private func take(_ item: PendingStatement) {
        item.submittedAt = now
        item.isTaken = true
        if item.isCancelled { return item.finish(.failure(.taskCancelled)) }
        switch item.route {
        case .lease(let lease): run(item, on: lease)
        case _ where shutdownDeadline != nil: item.finish(.failure(.closed))
        case .read: if !reads.append(item) { item.finish(.failure(overflow("reads"))) }
        case .write: if !writes.append(item) { item.finish(.failure(overflow("writes"))) }
        }
    }

    private func overflow(_ kind: String) -> StorageError {
        StorageError(.exhausted, "\(options.queueMax) \(kind) wait already for their turn on \(kind)' connections")
    }

    // MARK: Deadlines

    private func tick() {
        for connection in Array(connections.values) { watch(connection) }
        // One connection is always kept or tried, so that health is known without traffic.
        if readers.isEmpty { openConnection(.reader) }
        expire(&reads, isServerUp: !readers.isEmpty)
        expire(&writes, isServerUp: !writers.isEmpty)
        perform(pool.expire(now: now, isServerUp: !transactions.isEmpty))
        if pool.waitingCount > 0 { openConnection(.transaction) }
        if let shutdownDeadline, now >= shutdownDeadline || isIdle { stop() }
    }

    /// Drops a connection that has been silent for too long, and sends cancellations that are due.
    private func watch(_ connection: PostgresConnection) {
        guard !connection.flight.isEmpty else { return }
        let deadline = connection.lastProgress + options.statementTimeout + Bounds.silence
        if now >= deadline {
            lose(connection, because: StorageError(.unavailable, "the database has stopped answering"))
        } else {
            cancelAbandoned(on: connection)
        }
    }

    private func expire(_ queue: inout StatementQueue, isServerUp: Bool) {
        let timeout = isServerUp ? options.acquireTimeout : options.outageTimeout
        while let item = queue.first, now - item.submittedAt >= timeout {
            _ = queue.popFirst()
            item.finish(
                .failure(
                    isServerUp
                        ? StorageError(
                            .exhausted,
                            "a statement waited \(timeout.milliseconds) ms for its turn behind \(queue.count) others")
                        : outage))
        }
    }

    var outage: StorageError {
        lastFailure ?? StorageError(.unavailable, "the database cannot be reached")
    }

    private var isIdle: Bool {
        reads.isEmpty && writes.isEmpty && leases.isEmpty
            && connections.values.allSatisfy { $0.flight.isEmpty && $0.backlog.isEmpty }
    }

    private func stop() {
        let rest = inbox.withLock { inbox in
            inbox.isClosed = true
            defer { inbox.commands = [] }
            return inbox.commands
        }
        isStopped = true
        for command in rest {
            switch command {
            case .run(let item): item.finish(.failure(.closed))
            case .acquire(let lease): lease.finish(.failure(.closed))
            case .shutdown(let caller): shutdownCallers.append(caller)
            case .connected(_, _, .success(let raw)): PQfinish(raw.pointer)
            default: break
            }
        }
        while let item = reads.popFirst() { item.finish(.failure(.closed)) }
        while let item = writes.popFirst() { item.finish(.failure(.closed)) }
        for lease in leases.values { lease.finish(.failure(.closed)) }
    }

    // MARK: Connecting

    /// Has a connection opened by a thread of its own, if the server's state allows one.
    func openConnection(_ role: PostgresConnection.Role) {
        guard shutdownDeadline == nil, let slot = slots[role.rawValue].open(now: now) else { return }
        let settings = SessionSettings(options, isReadOnly: role == .reader)
        connecting.async(group: blocking) { [target] in
            let opened = target.open(startupOptions: settings.keepsSession ? settings.startupOptions : nil)
            let raw = opened.flatMap { raw -> Result<Raw, StorageError> in
                guard PQsetnonblocking(raw, 1) == 0, PQenterPipelineMode(raw) == 1 else {
                    PQfinish(raw)
                    return .failure(StorageError(.unavailable, "the connection refuses pipeline mode"))
                }
                return .success(Raw(pointer: raw))
            }
            if !self.submit(.connected(role, slot: slot, raw)), case .success(let raw) = raw {
                PQfinish(raw.pointer)
            }
        }
    }

    private func connected(_ role: PostgresConnection.Role, slot: Int, _ result: Result<Raw, StorageError>) {
        switch result {
        case .failure(let error):
            slots[role.rawValue].refused(slot, now: now, fraction: randomness.fraction())
            lastFailure = error
            logger.warning("postgres.connectionRefused", metadata: ["reason": "\(error)"])
        case .success(let raw):
            slots[role.rawValue].opened(slot)
            lastFailure = nil
            lastToken += 1
            let connection = PostgresConnection(
                raw: raw.pointer, role: role, slot: slot, token: lastToken,
                settings: SessionSettings(options, isReadOnly: role == .reader),
                preparedMax: options.preparedStatementsMax, now: now)
            connections[connection.token] = connection
            poller.add(connection.descriptor, token: connection.token)
            switch role {
            case .reader: readers.append(connection)
            case .writer: writers.append(connection)
            case .transaction:
                transactions[slot] = connection
                perform(pool.available(slot, now: now))
            }
        }
    }
}

/// What `statistics()` tells, kept by the thread and read by others.
struct Figures {
    var statistics = DriverStatistics()
    var heldSince: Duration?
}

extension StorageError {
    static let taskCancelled = StorageError(.cancelled, "the task was cancelled, and its statement with it")
    static let closed = StorageError(.closed, "storage has been shut down")
}
