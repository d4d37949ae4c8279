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
    enum Bounds {
        /// Subscriptions at once.
        static let subscriptions = 10_000
        /// Messages that wait for one reader.
        static let capacity = 1_024
        /// Publishers of which the last number is remembered, for each topic.
        static let heard = 4_096
        /// Topics whose gaps are made known.
        static let unsaid = 1_024
        /// Channels in one command.
        static let channels = 500
        /// A connection that is silent is asked for a sign of life this often.
        static let probe = TimeAmount.seconds(2)
    }

    private struct Reader: Sendable {
        weak var subscription: BusSubscription?
    }

    private struct State {
        var topics: [String: [UInt64: Reader]] = [:]
        /// Subscriptions that are not confirmed yet, by topic.
        var pending: [String: Int] = [:]
        var lastID: UInt64 = 0
        var count = 0
        var numbers = BoundedMap<String, UInt64>(capacity: Bounds.subscriptions)
        var heard = BoundedMap<Origin, UInt64>(capacity: Bounds.heard)
        var unsaid: Set<String> = []
        var link: RedisLink?
        var isClosed = false
    }

    private struct Origin: Hashable {
        var topic: String
        var publisher: UInt64
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
        let (link, readers) = state.withLock { state -> (RedisLink?, [Reader]) in
            state.isClosed = true
            defer { state.topics = [:] }
            return (state.link, state.topics.values.flatMap(\.values))
        }
        link?.close()
        for reader in readers { reader.subscription?.close() }
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
                let message = self.message(.said, to: topic, payload, &state)
                return link.send([message]) { continuation.resume(returning: $0) }
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) }
        }
        switch answer {
        case .success(let reply) where reply.number != nil: return
        case .success(let reply):
            leaveUnsaid(topic)
            throw CoordinationError(
                .unavailable, "Redis did not take a message.", context: ["reply": reply.text ?? ""])
        case .failure(let error):
            leaveUnsaid(topic)
            throw CoordinationError(error)
        }
    }

    private func message(
        _ kind: BusMessage.Kind, to topic: String, _ payload: [UInt8], _ state: inout State
    ) -> RedisCommand {
        let number = (state.numbers[topic] ?? 0) + 1
        state.numbers[topic] = number
        let message = BusMessage(kind: kind, publisher: publisher, number: number, payload: payload[...])
        return RedisCommand("PUBLISH", [.text(prefix + topic), .bytes(message.encoded)])
    }

    private func leaveUnsaid(_ topic: String) {
        state.withLock { state in
            guard state.unsaid.count < Bounds.unsaid else { return }
            state.unsaid.insert(topic)
        }
    }

    // MARK: Subscribing

    /// Listens to `topic` from now on.
    public func subscribe(to topic: String) async throws(CoordinationError) -> BusSubscription {
        try CoordinationBounds.check(name: topic)
        let channel = prefix + topic
        let answer = await withUnsafeContinuation {
            (continuation: UnsafeContinuation<Result<BusSubscription, CoordinationError>, Never>) in
            let refusal = state.withLock { state -> CoordinationError? in
                guard state.count < Bounds.subscriptions else {
                    return CoordinationError(
                        .tooManySubscriptions,
                        "The bus has \(Bounds.subscriptions) subscriptions, as many as it may. Close some.")
                }
                guard let link = state.link, !state.isClosed else {
                    return CoordinationError(.unavailable, "The bus was shut down.")
                }
                // What was published before arrives before the answer, which therefore begins the subscription.
                let commands = [RedisCommand("SUBSCRIBE", [.text(channel)]), RedisCommand("PING")]
                let refusal = link.send(commands, unanswered: 1) { [weak self] in
                    continuation.resume(returning: self?.begin(topic, $0) ?? .failure(.over))
                }
                guard refusal == nil else { return refusal.map { CoordinationError($0) } }
                state.count += 1
                state.pending[topic, default: 0] += 1
                return nil
            }
            if let refusal { continuation.resume(returning: .failure(refusal)) }
        }
        return try answer.get()
    }

    /// On the event loop, in order with the messages.
    private func begin(_ topic: String, _ answer: RedisCall.Answer) -> Result<BusSubscription, CoordinationError> {
        let (id, error) = state.withLock { state -> (UInt64, CoordinationError?) in
            state.pending[topic] = state.pending[topic].flatMap { $0 > 1 ? $0 - 1 : nil }
            state.lastID += 1
            switch answer {
            case .success(.error(let error)):
                state.count -= 1
                return (0, CoordinationError(RedisError(error, of: "SUBSCRIBE")))
            case .failure(let error):
                state.count -= 1
                return (0, CoordinationError(error))
            case .success: return (state.lastID, nil)
            }
        }
        if let error { return .failure(error) }
        let subscription = BusSubscription(capacity: Bounds.capacity) { [weak self] in self?.remove(id, from: topic) }
        state.withLock { $0.topics[topic, default: [:]][id] = Reader(subscription: subscription) }
        return .success(subscription)
    }

    private func remove(_ id: UInt64, from topic: String) {
        state.withLock { state in
            guard state.topics[topic]?.removeValue(forKey: id) != nil else { return }
            state.count -= 1
            guard state.topics[topic]?.isEmpty == true else { return }
            state.topics[topic] = nil
            guard state.pending[topic] == nil else { return }
            state.link?.send(
                [RedisCommand("UNSUBSCRIBE", [.text(prefix + topic)]), RedisCommand("PING")], unanswered: 1
            ) { _ in }
        }
    }

    // MARK: On the event loop

    private func pushed(_ elements: [RESPValue]) {
        guard elements.count == 3, elements[0].text == "message", let channel = elements[1].text,
            channel.hasPrefix(prefix), let bytes = elements[2].bytes
        else { return }
        let topic = String(channel.dropFirst(prefix.count))
        guard let message = BusMessage(bytes) else { return tell(topic, nil, hasGap: true) }
        let hasGap = state.withLock { state -> Bool in
            let origin = Origin(topic: topic, publisher: message.publisher)
            defer { state.heard[origin] = message.number }
            guard message.kind == .said else { return true }
            return state.heard[origin].map { message.number != $0 + 1 } ?? false
        }
        tell(topic, message.kind == .said ? Array(message.payload) : nil, hasGap: hasGap)
    }

    private func tell(_ topic: String, _ payload: [UInt8]?, hasGap: Bool) {
        let readers = state.withLock { $0.topics[topic].map { Array($0.values) } ?? [] }
        if hasGap { client.events.record(.busLagged, ["topic": .text(topic)]) }
        for reader in readers {
            if hasGap { reader.subscription?.reportMissed() }
            if let payload { reader.subscription?.deliver(payload) }
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
            state.heard = BoundedMap(capacity: Bounds.heard)
            guard let link = state.link else { return }
            let topics = Array(state.topics.keys)
            for start in stride(from: 0, to: topics.count, by: Bounds.channels) {
                let some = Array(topics[start..<min(start + Bounds.channels, topics.count)])
                let channels = some.map { RedisCommand.Argument.text(prefix + $0) }
                link.send([RedisCommand("SUBSCRIBE", channels), RedisCommand("PING")], unanswered: 1) { [weak self] in
                    if case .success = $0 { self?.resubscribed(some, after: gap) }
                }
            }
            for topic in state.unsaid {
                let notice = message(.unsaid, to: topic, [], &state)
                link.send([notice]) { [weak self] answer in
                    guard case .success(let reply) = answer, reply.number != nil else { return }
                    self?.state.withLock { _ = $0.unsaid.remove(topic) }
                }
            }
        }
        if let gap { client.events.record(.coordinationHealed, ["store": "redis.bus", "took": .time(gap)]) }
    }

    private func resubscribed(_ topics: [String], after gap: Duration?) {
        for topic in topics {
            let readers = state.withLock { $0.topics[topic].map { Array($0.values) } ?? [] }
            for reader in readers { reader.subscription?.reportMissed() }
            client.events.record(.busReconnected, ["topic": .text(topic), "took": .time(gap ?? .zero)])
        }
    }
}

extension CoordinationError {
    fileprivate static var over: CoordinationError { CoordinationError(.unavailable, "The bus was shut down.") }
}

/// What travels: what kind of message, from whom, the how-manieth of its topic, and the message.
struct BusMessage {
    enum Kind: UInt8 {
        case said = 0
        /// An earlier one could not be sent.
        case unsaid = 1
    }

    private static let headerBytes = 17

    let kind: Kind
    let publisher: UInt64
    let number: UInt64
    let payload: ArraySlice<UInt8>

    init(kind: Kind, publisher: UInt64, number: UInt64, payload: ArraySlice<UInt8>) {
        self.kind = kind
        self.publisher = publisher
        self.number = number
        self.payload = payload
    }

    init?(_ bytes: [UInt8]) {
        guard bytes.count >= Self.headerBytes, let kind = Kind(rawValue: bytes[0]) else { return nil }
        self.kind = kind
        publisher = bytes[1..<9].reduce(0) { $0 << 8 | UInt64($1) }
        number = bytes[9..<17].reduce(0) { $0 << 8 | UInt64($1) }
        payload = bytes[Self.headerBytes...]
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Self.headerBytes + payload.count)
        bytes.append(kind.rawValue)
        withUnsafeBytes(of: publisher.bigEndian) { bytes.append(contentsOf: $0) }
        withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: payload)
        return bytes
    }
}
