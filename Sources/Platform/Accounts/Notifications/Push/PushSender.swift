public import Base
import Crypto
import Limits
import NIOCore
public import Outbound
public import Storage
public import Telemetry

/// Takes notices to people's devices, on any number of nodes.
///
/// What waits is in the database, so that a notice that was committed is sent although the process is killed. A node
/// takes a batch for longer than its attempts can last; only after a crash does another one take the same, and then a
/// device may be told twice, which the notice's id lets its worker see.
public struct PushSender: Sendable {
    enum Bounds {
        /// Attempts at once.
        static let attempts = 8
        /// How long an attempt may last: with all of a batch well within its lease.
        static let deadline = Duration.seconds(10)
        static let answer = ByteCount.kibibytes(64)
    }

    /// What a delivery comes to, as the metric tells it.
    enum Outcome: String, CaseIterable, Sendable {
        case delivered, gone, refused, retried, abandoned, expired
    }

    private let outbox: PushOutbox
    private let identity: PushIdentity
    private let outbound: OutboundClient
    private let clock: any WallClock
    private let randomness: any Randomness
    private let events: EventLog

    /// Makes the sender.
    ///
    /// - Parameters:
    ///   - storage: Where deliveries wait.
    ///   - identity: Who we are to push services.
    ///   - outbound: The way out.
    ///   - clock: What due times are measured by.
    ///   - randomness: Draws keys, salts and pauses.
    ///   - events: Where outcomes are told.
    public init(
        storage: Storage, identity: PushIdentity, outbound: OutboundClient, clock: any WallClock,
        randomness: any Randomness, events: EventLog
    ) {
        outbox = PushOutbox(storage: storage)
        self.identity = identity
        self.outbound = outbound
        self.clock = clock
        self.randomness = randomness
        self.events = events
    }

    /// Whether anything is due.
    func isAnyDue() async throws -> Bool { try await outbox.isAnyDue(at: clock.now()) }

    /// Sends what is due, one batch of it; returns how many deliveries were taken.
    func sendBatch() async throws -> Int {
        let deliveries = try await outbox.take(at: clock.now())
        guard !deliveries.isEmpty else { return 0 }
        let targets = try await outbox.targets(of: deliveries)
        var result = PushOutbox.Result()
        try await withThrowingTaskGroup(of: (PushDelivery, PushDelivery.Verdict?).self) { group in
            var rest = deliveries[...]
            func start() {
                guard let delivery = rest.popFirst() else { return }
                let subscription = targets[delivery.key]
                group.addTask { (delivery, try await self.attempt(delivery, subscription)) }
            }
            for _ in 0..<Bounds.attempts { start() }
            while let (delivery, verdict) = try await group.next() {
                note(verdict, of: delivery, in: &result)
                start()
            }
        }
        try await outbox.settle(result)
        return deliveries.count
    }

    private func note(_ verdict: PushDelivery.Verdict?, of delivery: PushDelivery, in result: inout PushOutbox.Result) {
        let outcome: Outcome
        switch verdict {
        case nil:
            outcome = .expired
            result.over.append(delivery)
        case .delivered:
            outcome = .delivered
            result.over.append(delivery)
        case .refused:
            outcome = .refused
            result.over.append(delivery)
        case .gone:
            outcome = .gone
            result.gone.append(delivery.key)
        case .retry(let least):
            let due = delivery.pause(least: least, using: randomness).map { clock.now() + $0 }
            if let due, due < delivery.expiresAt {
                outcome = .retried
                result.later.append((delivery, due))
            } else {
                outcome = .abandoned
                result.over.append(delivery)
            }
        }
        events.record(
            .pushSettled, label: outcome.rawValue,
            ["outcome": .text(outcome.rawValue), "kind": .text(delivery.kind), "attempt": .number(delivery.attempt)])
    }

    /// One attempt; `nil` when it is too late for one.
    private func attempt(
        _ delivery: PushDelivery, _ subscription: PushSubscription?
    ) async throws -> PushDelivery.Verdict? {
        guard let subscription else { return .gone }
        let now = clock.now()
        guard now < delivery.expiresAt else { return nil }
        let request: OutboundRequest
        do {
            request = try self.request(delivery, to: subscription, at: now)
        } catch {
            // Keys that were no keys after all, or content that no rule here lets through: it never gets better.
            return .refused
        }
        do throws(OutboundError) {
            let response = try await outbound.send(request)
            return PushDelivery.verdict(
                status: response.status,
                retryAfter: response.headers["retry-after"].flatMap { RetryAfter.duration($0, now: now) })
        } catch {
            if error.code == .cancelled { throw CancellationError() }
            return PushDelivery.verdict(error)
        }
    }

    private func request(
        _ delivery: PushDelivery, to subscription: PushSubscription, at now: Timestamp
    ) throws -> OutboundRequest {
        let body = try PushMessage.seal(
            delivery.content(), to: subscription.publicKey, secret: subscription.secret,
            from: P256.KeyAgreement.PrivateKey(), salt: randomness.bytes(16))
        return OutboundRequest(
            .post, subscription.endpoint,
            headers: [
                "Authorization": try identity.authorization(for: subscription.endpoint, at: now),
                "TTL": "\(max(0, (delivery.expiresAt - now).components.seconds))", "Urgency": delivery.urgency,
                "Content-Encoding": "aes128gcm", "Content-Type": "application/octet-stream",
            ], content: .bytes(ByteBuffer(bytes: body)), deadline: Bounds.deadline, responseMax: Bounds.answer)
    }
}
