public import Base
import CLibPQ
public import Logging
public import Storage
import Synchronization

#if canImport(Glibc)
    import Glibc
#endif

/// Hears what other sessions `NOTIFY`, on a direct connection of its own.
///
/// ```swift
/// let listener = try PostgresListener(url: direct, channels: ["capstan_bus"], clock: clock, randomness: randomness,
///     logger: logger)
/// for await event in listener.events { … }
/// await listener.stop()
/// ```
///
/// Notifications are not stored by the server: whoever is not connected misses them. After each connection, and when
/// the reader is too slow for its buffer, a ``Event/mayHaveMissed`` comes first: then read the state anew.
public final class PostgresListener: NotificationFeed {
    /// What happened.
    public typealias Event = NotificationEvent

    private enum Bounds {
        static let channels = 64
        static let waitMilliseconds: Int32 = 200
        /// A connection that is silent is asked for a sign of life this often.
        static let probe = Duration.seconds(15)
    }

    private struct State {
        var queue: BoundedQueue<Event>
        var hasMissed = false
        var overflows = 0
        var reader: CheckedContinuation<Event?, Never>?
        var isStopped = false
        var stopCallers: [CheckedContinuation<Void, Never>] = []
        var isFinished = false
    }

    private let target: ConnectionTarget
    private let channels: [String]
    private let clock: any WallClock
    private let randomness: any Randomness
    private let logger: Logger
    private let state: Mutex<State>

    /// Starts to listen in the background.
    ///
    /// - Parameters:
    ///   - url: A direct address: a pooler in transaction mode cannot carry notifications.
    ///   - channels: Names of at most 64 channels.
    ///   - bufferMax: Events that wait for the reader. Defaults to 1,024; at least 1.
    ///   - options: Of which the time-out for connecting and the application's name count.
    ///   - clock: Where pauses come from.
    ///   - randomness: Jitters the pauses between attempts to connect.
    ///   - logger: Hears of connections that break.
    /// - Throws: `storage.setup` when the address cannot be read.
    public init(
        url: Secret<String>, channels: [String], bufferMax: Int = 1_024, options: PostgresOptions = PostgresOptions(),
        clock: any WallClock, randomness: any Randomness, logger: Logger
    ) throws(StorageError) {
        precondition(
            (1...Bounds.channels).contains(channels.count),
            "a listener of \(channels.count) channels: 1 to \(Bounds.channels) are possible")
        target = try ConnectionTarget(url: url, options: options)
        self.channels = channels
        self.clock = clock
        self.randomness = randomness
        self.logger = logger
        state = Mutex(State(queue: BoundedQueue(capacity: bufferMax)))
        startThread("capstan-listen") { self.runUntilStopped() }
    }

    /// What happens, in order; for one reader.
    ///
    /// Ends when the listener is stopped or the reader's task is cancelled.
    public var events: some AsyncSequence<Event, Never> & Sendable { Events(listener: self) }

    /// How many events the reader was too slow for since the start.
    public var overflows: Int { state.withLock { $0.overflows } }

    /// Stops listening and waits until the connection is closed.
    public func stop() async {
        let reader = state.withLock { state in
            state.isStopped = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
        await withCheckedContinuation { caller in
            let isFinished = state.withLock { state in
                if !state.isFinished { state.stopCallers.append(caller) }
                return state.isFinished
            }
            if isFinished { caller.resume() }
        }
    }

    private struct Events: AsyncSequence, AsyncIteratorProtocol {
        typealias Failure = Never

        let listener: PostgresListener

        func makeAsyncIterator() -> Events { self }
        func next() async -> Event? { await listener.nextEvent() }
        func next(isolation actor: isolated (any Actor)?) async -> Event? { await listener.nextEvent() }
    }

    // MARK: The reader

    /// Waits for the next event; `nil` when the listener is stopped or the task is cancelled.
    public func nextEvent() async -> Event? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isReady, event) = state.withLock { state -> (Bool, Event?) in
                    if Task.isCancelled || state.isStopped { return (true, nil) }
                    // What follows an overflow is newer than the gap: the gap is told first.
                    if state.hasMissed, state.queue.isEmpty {
                        state.hasMissed = false
                        return (true, .mayHaveMissed)
                    }
                    if let event = state.queue.popFirst() { return (true, event) }
                    precondition(state.reader == nil, "a listener's events have two readers, of one that is possible")
                    state.reader = continuation
                    return (false, nil)
                }
                if isReady { continuation.resume(returning: event) }
            }
        } onCancel: {
            let reader = state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(returning: nil)
        }
    }

    private func tell(_ event: Event) {
        let reader = state.withLock { state -> CheckedContinuation<Event?, Never>? in
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            // Everything after an overflow is dropped until the reader has caught up and been told.
            if state.hasMissed || event == .mayHaveMissed && !state.queue.isEmpty || !state.queue.append(event) {
                state.hasMissed = true
                state.overflows += 1
            }
            return nil
        }
        reader?.resume(returning: event)
    }

    // MARK: The thread

    private var isStopped: Bool { state.withLock { $0.isStopped } }

    private func runUntilStopped() {
        var failures = 0
        while !isStopped {
            switch target.open(startupOptions: nil) {
            case .success(let raw):
                // A server that takes the connection and refuses to listen is paused for like one that is away.
                failures = listen(raw) ? 0 : failures + 1
                PQfinish(raw)
            case .failure(let error):
                failures += 1
                logger.warning("postgres.connectionRefused", metadata: ["reason": "\(error)"])
            }
            guard failures > 0 else { continue }
            let pause = ConnectionSlots.pause(afterFailures: failures, fraction: randomness.fraction())
            let end = clock.uptime() + pause
            while !isStopped, clock.uptime() < end { usleep(20_000) }
        }
        let callers = state.withLock { state in
            state.isFinished = true
            defer { state.stopCallers = [] }
            return state.stopCallers
        }
        for caller in callers { caller.resume() }
    }

    /// Listens until the connection breaks or the listener is stopped; returns whether it ever listened.
    private func listen(_ raw: OpaquePointer) -> Bool {
        for channel in channels {
            guard let name = PQescapeIdentifier(raw, channel, channel.utf8.count) else { return false }
            defer { PQfreemem(name) }
            let result = PQexec(raw, "LISTEN \(String(cString: name))")
            defer { PQclear(result) }
            guard PQresultStatus(result) == PGRES_COMMAND_OK else { return false }
        }
        tell(.mayHaveMissed)
        var lastSign = clock.uptime()
        var socket = pollfd(fd: PQsocket(raw), events: Int16(POLLIN), revents: 0)
        while !isStopped {
            let count = poll(&socket, 1, Bounds.waitMilliseconds)
            if count > 0 {
                guard PQconsumeInput(raw) == 1 else { break }
                lastSign = clock.uptime()
            } else if clock.uptime() - lastSign > Bounds.probe {
                let result = PQexec(raw, "SELECT")
                defer { PQclear(result) }
                guard PQresultStatus(result) == PGRES_TUPLES_OK else { break }
                lastSign = clock.uptime()
            }
            while let note = PQnotifies(raw) {
                tell(
                    .notification(
                        channel: String(cString: note.pointee.relname), payload: String(cString: note.pointee.extra)))
                PQfreemem(note)
            }
        }
        if !isStopped { logger.warning("postgres.connectionLost", metadata: ["reason": "LISTEN"]) }
        return true
    }
}
