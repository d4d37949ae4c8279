public import Base
public import Coordination
import Foundation
public import Storage
import Synchronization
public import Telemetry

/// The bus on the notifications of PostgreSQL.
///
/// Messages gather while the last ones are sent, at most ``Bounds/flushesPerSecond`` times a second in all: a commit that
/// notifies holds a lock of the whole server. What is larger than a notification travels in several of one transaction.
/// ``publish(_:to:)`` returns when a message is taken, and waits only while too many are; one that was lost afterwards is
/// made known to its readers as a gap, which the numbers of messages show.
///
/// Nothing is sent or heard while ``run()`` does not run.
public final class StorageBus: Bus {
    /// Bounds of the bus.
    public enum Bounds {
        /// Transactions that notify, of this node.
        public static let flushesPerSecond = 20
        /// Bytes and messages that wait to be sent.
        static let waitingBytes = 4_194_304
        static let waitingMessages = 16_384
        /// Publishers that wait until there is room.
        static let waiters = 1_024
        /// Characters of one notification, of which PostgreSQL takes 7,999 bytes.
        static let pieceCharacters = 7_800
        /// Publishers of which a transmission in several pieces may be under way.
        static let transmissions = 256
        /// Longest wait for a subscription to stand.
        static let subscribing = Duration.seconds(10)
        static let tick = Duration.seconds(1)
        static let pause = Duration.milliseconds(1_000 / flushesPerSecond)
    }

    private struct Pending {
        var topic: String
        var deadline: Duration
        var continuation: CheckedContinuation<BusSubscription, any Error>
    }

    private struct State {
        var readers = BusReaders()
        var waiting: [BusParcel] = []
        var waitingBytes = 0
        var hasRoom: [CheckedContinuation<Void, Never>] = []
        var pending: [UInt64: Pending] = [:]
        var lastMark: UInt64 = 0
        var flushes: UInt64 = 0
        var flusher: CheckedContinuation<Void, Never>?
        var isRunning = false
        var isClosed = false
        var downSince: Duration?
        var changedAt: Duration
        var failures = 0
    }

    private let storage: Storage
    private let channel: String
    private let publisher: UInt64
    private let clock: any WallClock
    private let events: EventLog
    private let state: Mutex<State>

    /// Makes a bus; nothing is sent before ``run()``.
    ///
    /// - Parameters:
    ///   - storage: PostgreSQL, which is also reached past any pooler.
    ///   - channel: the name of the channel, which all nodes share. Defaults to `capstan_bus`.
    ///   - clock: paces.
    ///   - randomness: names this node.
    ///   - events: hears of gaps, and of a database that goes away.
    public init(
        _ storage: Storage, channel: String = "capstan_bus", clock: any WallClock, randomness: any Randomness,
        events: EventLog
    ) {
        self.storage = storage
        self.channel = channel
        self.clock = clock
        self.events = events
        publisher = randomness.next()
        state = Mutex(State(changedAt: clock.uptime()))
    }

    /// How the bus does.
    public var status: CoordinationStatus {
        let (down, changed, failures) = state.withLock { ($0.downSince, $0.changedAt, $0.failures) }
        return CoordinationStatus(
            store: .postgres, isReachable: down == nil && storage.driver.statistics().isAvailable,
            since: clock.uptime() - changed, failures: failures)
    }

    // MARK: Publishing

    /// Sends `payload` to everybody who subscribed to `topic`, the own node included.
    ///
    /// - Throws: `coordination.unavailable` while the database is away, or when there is no room and no hope for any.
    public func publish(_ payload: [UInt8], to topic: String) async throws(CoordinationError) {
        try CoordinationBounds.check(name: topic, payload: payload.count)
        while true {
            let refusal = state.withLock { state -> CoordinationError?? in
                if state.isClosed || state.downSince != nil {
                    state.failures += 1
                    state.readers.leaveUnsaid(topic)
                    return .some(
                        CoordinationError(.unavailable, "The database is away; it is asked again every second."))
                }
                guard Self.hasRoom(state) else { return .none }
                let number = state.readers.nextNumber(of: topic)
                enqueue(.init(kind: .said, publisher: publisher, number: number, payload: payload), topic, &state)
                return .some(nil)
            }
            if let refusal {
                if let error = refusal { throw error }
                wakeFlusher()
                return
            }
            try await waitForRoom(topic)
        }
    }

    private static func hasRoom(_ state: State) -> Bool {
        state.waiting.count < Bounds.waitingMessages && state.waitingBytes < Bounds.waitingBytes
    }

    private func waitForRoom(_ topic: String) async throws(CoordinationError) {
        let isRefused = state.withLock { state in
            let isRefused = !state.isRunning || state.hasRoom.count >= Bounds.waiters
            if isRefused { state.readers.leaveUnsaid(topic) }
            return isRefused
        }
        if isRefused { throw CoordinationError(.unavailable, "Too many messages wait to be sent.") }
        await withCheckedContinuation { continuation in
            let mustWait = state.withLock { state in
                guard state.isRunning, !Self.hasRoom(state) else { return false }
                state.hasRoom.append(continuation)
                return true
            }
            if !mustWait { continuation.resume() }
        }
    }

    private func enqueue(_ envelope: BusEnvelope, _ topic: String, _ state: inout State) {
        state.waiting.append(BusParcel(topic: topic, envelope: envelope))
        state.waitingBytes += envelope.payload.count + topic.utf8.count
    }

    private func wakeFlusher() {
        let flusher = state.withLock { state in
            defer { state.flusher = nil }
            return state.flusher
        }
        flusher?.resume()
    }

    // MARK: Subscribing

    /// Listens to `topic` from now on.
    ///
    /// A mark is sent and waited for: whatever was published before has arrived by then.
    public func subscribe(to topic: String) async throws(CoordinationError) -> BusSubscription {
        try CoordinationBounds.check(name: topic)
        let mark = try state.withLock { state throws(CoordinationError) in
            guard !state.isClosed else { throw CoordinationError(.unavailable, "The bus was shut down.") }
            try state.readers.reserve(topic)
            state.lastMark += 1
            return state.lastMark
        }
        do {
            return try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { continuation in
                    state.withLock { state in
                        state.pending[mark] = Pending(
                            topic: topic, deadline: clock.uptime() + Bounds.subscribing, continuation: continuation)
                        enqueue(.init(kind: .mark, publisher: publisher, number: mark), topic, &state)
                    }
                    wakeFlusher()
                    if Task.isCancelled { abandon(mark) }
                }
            } onCancel: {
                abandon(mark)
            }
        } catch {
            throw error as? CoordinationError
                ?? CoordinationError(.unavailable, "The subscription was given up.", underlying: error)
        }
    }

    private func abandon(_ mark: UInt64) {
        let pending = state.withLock { state in
            let pending = state.pending.removeValue(forKey: mark)
            if let pending { state.readers.cancelReservation(pending.topic) }
            return pending
        }
        pending?.continuation.resume(
            throwing: CoordinationError(.unavailable, "The database did not confirm a subscription in time."))
    }

    private func begin(_ mark: UInt64) {
        let found = state.withLock { state in
            state.pending.removeValue(forKey: mark).map { ($0, state.readers.stand($0.topic)) }
        }
        guard let (pending, id) = found else { return }
        let topic = pending.topic
        let subscription = BusSubscription(capacity: BusReaders.Bounds.capacity) { [weak self] in
            self?.state.withLock { _ = $0.readers.remove(id, from: topic) }
        }
        state.withLock { $0.readers.enter(id, subscription, to: topic) }
        pending.continuation.resume(returning: subscription)
    }

    // MARK: Running

    /// Sends and listens until the task is cancelled.
    ///
    /// - Throws: `coordination.unavailable` on an engine that carries no notifications, or without a direct address.
    public func run() async throws {
        guard let feed = try storage.driver.listen(to: [channel]) else {
            throw CoordinationError(.unavailable, "This engine carries no notifications between processes.")
        }
        state.withLock { $0.isRunning = true }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.listen(to: feed) }
            group.addTask { await self.flushAll() }
            group.addTask { await self.tick() }
            await group.waitForAll()
        }
        await feed.stop()
        let (waiters, marks, readers) = state.withLock { state in
            state.isRunning = false
            state.isClosed = true
            defer { state.hasRoom = [] }
            return (state.hasRoom, Array(state.pending.keys), state.readers.removeAll())
        }
        for waiter in waiters { waiter.resume() }
        for mark in marks { abandon(mark) }
        for reader in readers { reader.close() }
    }

    /// Gives up subscriptions that nothing confirmed, and asks a database that was away.
    private func tick() async {
        while !Task.isCancelled {
            // Cancellation ends the loop, which is what it asks for.
            try? await clock.sleep(for: Bounds.tick)
            let now = clock.uptime()
            for mark in state.withLock({ $0.pending.filter { $0.value.deadline < now }.map(\.key) }) { abandon(mark) }
            wakeFlusher()
        }
    }

    private func flushAll() async {
        while !Task.isCancelled {
            await waitForWork()
            let (parcels, flush, waiters) = state.withLock { state in
                for topic in state.readers.unsaid {
                    let number = state.readers.nextNumber(of: topic)
                    enqueue(.init(kind: .unsaid, publisher: publisher, number: number), topic, &state)
                }
                if state.downSince != nil, state.waiting.isEmpty {
                    enqueue(.init(kind: .mark, publisher: publisher, number: 0), ".", &state)
                }
                state.flushes += 1
                defer {
                    state.waiting = []
                    state.waitingBytes = 0
                    state.hasRoom = []
                }
                return (state.waiting, state.flushes, state.hasRoom)
            }
            for waiter in waiters { waiter.resume() }
            guard !parcels.isEmpty else { continue }
            await send(parcels, flush)
            // Cancellation ends the loop, which is what it asks for.
            try? await clock.sleep(for: Bounds.pause)
        }
    }

    private func waitForWork() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    // A database that was away is asked at each tick, by what it has to be told.
                    let isDue = state.downSince == nil && (!state.waiting.isEmpty || !state.readers.unsaid.isEmpty)
                    guard !isDue, !Task.isCancelled else { return true }
                    state.flusher = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            wakeFlusher()
        }
    }

    private func send(_ parcels: [BusParcel], _ flush: UInt64) async {
        let pieces = BusTransmission.pieces(
            of: parcels, publisher: publisher, flush: flush, characters: Bounds.pieceCharacters)
        do {
            let rows = SQLRows(Array(zip(pieces.indices, pieces)), { $0.0 }, { $0.1 })
            _ = try await storage.writer(bypassingTenant: CoordinationSchema.capability).run(
                "coordination.notify",
                """
                WITH pieces (place, piece) AS (\(rows: rows))
                SELECT pg_notify(\(channel), piece)::text FROM pieces ORDER BY place
                """, rowsMax: pieces.count)
            sent(parcels)
        } catch {
            failed(parcels, error)
        }
    }

    private func sent(_ parcels: [BusParcel]) {
        let gap = state.withLock { state -> Duration? in
            for parcel in parcels where parcel.envelope.kind == .unsaid { state.readers.tell(parcel.topic) }
            guard let since = state.downSince else { return nil }
            state.downSince = nil
            state.changedAt = clock.uptime()
            return clock.uptime() - since
        }
        if let gap { events.record(.coordinationHealed, ["store": "postgres.bus", "took": .time(gap)]) }
    }

    private func failed(_ parcels: [BusParcel], _ error: any Error) {
        let isNew = state.withLock { state in
            for parcel in parcels {
                let mark = parcel.envelope
                if mark.kind != .mark {
                    state.failures += 1
                    state.readers.leaveUnsaid(parcel.topic)
                } else if state.pending[mark.number] != nil {
                    enqueue(mark, parcel.topic, &state)
                }
            }
            guard state.downSince == nil, !state.isClosed else { return false }
            state.downSince = clock.uptime()
            state.changedAt = clock.uptime()
            return true
        }
        guard isNew, !Task.isCancelled else { return }
        events.record(
            .coordinationDegraded,
            [
                "store": "postgres.bus", "code": .text((error as? StorageError)?.code.rawValue ?? "unknown"),
                "retryIn": .time(Bounds.tick),
            ])
    }

    // MARK: Listening

    private func listen(to feed: any NotificationFeed) async {
        var transmissions = BusTransmission.Assembly(publishersMax: Bounds.transmissions)
        var hasListened = false
        while let event = await feed.nextEvent() {
            switch event {
            case .mayHaveMissed:
                transmissions.forget()
                missed(isReconnection: hasListened)
                hasListened = true
            case .notification(_, let payload):
                guard let parcels = transmissions.add(payload) else { continue }
                for parcel in parcels { hear(parcel) }
            }
        }
    }

    private func hear(_ parcel: BusParcel) {
        let envelope = parcel.envelope
        if envelope.kind == .mark {
            if envelope.publisher == publisher { begin(envelope.number) }
            return
        }
        let (hasGap, readers) = state.withLock { state in
            (state.readers.hear(envelope, of: parcel.topic), state.readers.readers(of: parcel.topic))
        }
        if hasGap { events.record(.busLagged, ["topic": .text(parcel.topic)]) }
        for reader in readers {
            if hasGap { reader.reportMissed() }
            if envelope.kind == .said { reader.deliver(envelope.payload) }
        }
    }

    /// The connection was made anew: everybody is told, and marks that may have been lost are sent again.
    private func missed(isReconnection: Bool) {
        let (readers, topics) = state.withLock { state in
            state.readers.forgetPublishers()
            for (mark, pending) in state.pending {
                enqueue(.init(kind: .mark, publisher: publisher, number: mark), pending.topic, &state)
            }
            return (state.readers.topics.flatMap { state.readers.readers(of: $0) }, state.readers.topics)
        }
        for reader in readers { reader.reportMissed() }
        wakeFlusher()
        guard isReconnection else { return }
        for topic in topics { events.record(.busReconnected, ["topic": .text(topic)]) }
    }
}
