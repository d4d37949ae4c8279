import Base
public import Coordination
import NIOCore
import Synchronization
import Telemetry

/// The bus on the pub/sub of Redis, over one connection of its own.
///
/// Each message carries its publisher and a number: who gets the seventh after the fifth is told that it missed some,
/// whatever lost them. A connection that broke is made again and its topics are subscribed anew, and every reader is told.
/// A message that could not be sent is made known as a gap once the server is back. In a cluster messages go to all nodes,
/// whichever is spoken to: topics are few, and every node of ours listens to most of them, so that spreading them by slot
/// (`SPUBLISH`) would only cost connections.
public final class RedisBus: Bus {
    private enum Bounds {
        /// Channels in one command.
        static let channels = 500
        /// A connection that is silent is asked for a sign of life this often.
        static let probe = TimeAmount.seconds(2)
    }

    private struct State {
        var readers = BusReaders()
        var link: RedisLink?
        var isClosed = false
    }

    private let client: RedisClient
    private let publisher: UInt64
    private let prefix: String
    private let state = Mutex(State())

    /// Begins to connect in the background.
    public init(_ client: RedisClient) {
        self.client = client
        publisher = client.randomness.next()
        prefix = "\(client.options.prefix):bus:"
        let link = client.makeLink(
            onChange: { [weak self] in self?.changed($0) }, onPush: { [weak self] in self?.pushed($0) })
        state.withLock { $0.link = link }
        link.start()
        link.loop.scheduleRepeatedTask(initialDelay: Bounds.probe, delay: Bounds.probe) { [weak self, weak link] task in
            guard let self, let link, !self.state.withLock({ $0.isClosed }) else { return task.cancel() }
            // Silence beyond the deadline has the link connect anew; nothing else is asked of the answer.
            link.send([RedisCommand("PING")]) { _ in }
        }
    }

    deinit { shutdown() }

    /// Closes the connection; subscriptions end.
    public func shutdown() {
        let (link, readers) = state.withLock { state in
            state.isClosed = true
            return (state.link, state.readers.removeAll())
        }
        link?.close()
        for reader in readers { reader.close() }
    }

    /// How commands and messages do together: an idle client does not notice that its server is away, but the bus does.
    func status(beside commands: CoordinationStatus) -> CoordinationStatus {
        guard let link = state.withLock({ $0.link }) else { return commands }
        let downSince = link.downSince
        return CoordinationStatus(
            store: .redis, isReachable: commands.isReachable && downSince == nil,
            since: commands.isReachable
                ? downSince.map { client.clock.uptime() - $0 } ?? commands.since : commands.since,
            failures: commands.failures + link.failedCalls)
    }

    // MARK: Publishing

    /// Sends `payload` to everybody who subscribed to `topic`, the own node included.
    ///
    /// - Throws: `coordination.unavailable` when the server did not confirm it; readers are then told of a gap as soon as
    ///   it is back.
    public func publish(_ payload: [UInt8], to topic: String) async throws(CoordinationError) {
        try CoordinationBounds.check(name: topic, payload: payload.count)
        let answer = await withUnsafeContinuation { (continuation: UnsafeContinuation<RedisCall.Answer, Never>) in
            // Numbers are given in the order in which messages are sent.
            let refusal = state.withLock { state -> RedisError? in
                guard let link = state.link, !state.isClosed else {
                    return RedisError(.closed, "The bus was shut down.")
                }
                let message = message(.said, to: topic, payload, &state.readers)
                return link.send([message]) { continuation.resume(returning: $0) }
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) }
        }
        if case .success(let reply) = answer, reply.number != nil { return }
        state.withLock { $0.readers.leaveUnsaid(topic) }
        switch answer {
        case .success(let reply):
            throw CoordinationError(
                .unavailable, "Redis did not take a message.", context: ["reply": reply.text ?? ""])
        case .failure(let error): throw CoordinationError(error)
        }
    }

    private func message(
        _ kind: BusEnvelope.Kind, to topic: String, _ payload: [UInt8], _ readers: inout BusReaders
    ) -> RedisCommand {
        let envelope = BusEnvelope(
            kind: kind, publisher: publisher, number: readers.nextNumber(of: topic), payload: payload)
        return RedisCommand("PUBLISH", [.text(prefix + topic), .bytes(envelope.encoded)])
    }

    // MARK: Subscribing

    /// Listens to `topic` from now on.
    public func subscribe(to topic: String) async throws(CoordinationError) -> BusSubscription {
        try CoordinationBounds.check(name: topic)
        let channel = prefix + topic
        let answer = await withUnsafeContinuation {
            (continuation: UnsafeContinuation<Result<BusSubscription, CoordinationError>, Never>) in
            let refusal = state.withLock { state -> CoordinationError? in
                guard let link = state.link, !state.isClosed else { return .over }
                do throws(CoordinationError) { try state.readers.reserve(topic) } catch { return error }
                // What was published before arrives before the answer, which therefore begins the subscription.
                let commands = [RedisCommand("SUBSCRIBE", [.text(channel)]), RedisCommand("PING")]
                let refusal = link.send(commands, unanswered: 1) { [weak self] in
                    continuation.resume(returning: self?.begin(topic, $0) ?? .failure(.over))
                }
                if refusal != nil { state.readers.cancelReservation(topic) }
                return refusal.map { CoordinationError($0) }
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) }
        }
        return try answer.get()
    }

    /// On the event loop, in order with the messages.
    private func begin(_ topic: String, _ answer: RedisCall.Answer) -> Result<BusSubscription, CoordinationError> {
        let failure: RedisError? =
            switch answer {
            case .success(.error(let error)): RedisError(error, of: "SUBSCRIBE")
            case .failure(let error): error
            case .success: nil
            }
        if let failure {
            state.withLock { $0.readers.cancelReservation(topic) }
            return .failure(CoordinationError(failure))
        }
        let id = state.withLock { $0.readers.stand(topic) }
        let subscription = BusSubscription(capacity: BusReaders.Bounds.capacity) { [weak self] in
            self?.remove(id, from: topic)
        }
        state.withLock { $0.readers.enter(id, subscription, to: topic) }
        return .success(subscription)
    }

    private func remove(_ id: UInt64, from topic: String) {
        state.withLock { state in
            guard state.readers.remove(id, from: topic) else { return }
            let commands = [RedisCommand("UNSUBSCRIBE", [.text(prefix + topic)]), RedisCommand("PING")]
            state.link?.send(commands, unanswered: 1) { _ in }
        }
    }

    // MARK: On the event loop

    private func pushed(_ elements: [RESPValue]) {
        guard elements.count == 3, elements[0].text == "message", let channel = elements[1].text,
            channel.hasPrefix(prefix), let bytes = elements[2].bytes
        else { return }
        let topic = String(channel.dropFirst(prefix.count))
        let envelope = BusEnvelope(bytes)
        // Whoever speaks otherwise says something that is unknown here.
        let (hasGap, readers) = state.withLock { state in
            (envelope.map { state.readers.hear($0, of: topic) } ?? true, state.readers.readers(of: topic))
        }
        if hasGap { client.events.record(.busLagged, ["topic": .text(topic)]) }
        for reader in readers {
            if hasGap { reader.reportMissed() }
            if let envelope, envelope.kind == .said { reader.deliver(envelope.payload) }
        }
    }

    private func changed(_ change: RedisLink.Change) {
        switch change {
        case .up(let gap, _): resubscribe(after: gap)
        case .down(let error, let pause):
            client.events.record(
                .coordinationDegraded,
                ["store": "redis.bus", "code": .text(error.code.rawValue), "retryIn": .time(pause)])
        }
    }

    /// Subscribes all topics anew, and makes known what could not be said.
    private func resubscribe(after gap: Duration?) {
        state.withLock { state in
            state.readers.forgetPublishers()
            guard let link = state.link else { return }
            let topics = state.readers.topics
            for start in stride(from: 0, to: topics.count, by: Bounds.channels) {
                let some = Array(topics[start..<min(start + Bounds.channels, topics.count)])
                let channels = some.map { RedisCommand.Argument.text(prefix + $0) }
                link.send([RedisCommand("SUBSCRIBE", channels), RedisCommand("PING")], unanswered: 1) { [weak self] in
                    if case .success = $0 { self?.resubscribed(some, after: gap) }
                }
            }
            for topic in state.readers.unsaid {
                let notice = message(.unsaid, to: topic, [], &state.readers)
                link.send([notice]) { [weak self] answer in
                    guard case .success(let reply) = answer, reply.number != nil else { return }
                    self?.state.withLock { $0.readers.tell(topic) }
                }
            }
        }
        if let gap { client.events.record(.coordinationHealed, ["store": "redis.bus", "took": .time(gap)]) }
    }

    private func resubscribed(_ topics: [String], after gap: Duration?) {
        for topic in topics {
            for reader in state.withLock({ $0.readers.readers(of: topic) }) { reader.reportMissed() }
            client.events.record(.busReconnected, ["topic": .text(topic), "took": .time(gap ?? .zero)])
        }
    }
}

extension CoordinationError {
    fileprivate static var over: CoordinationError { CoordinationError(.unavailable, "The bus was shut down.") }
}
