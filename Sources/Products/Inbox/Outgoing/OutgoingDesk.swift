import Base
import Caching
import Jobs
import NIOCore
import Outbound
import Storage
import Telemetry

/// Tells endpoints of companies what happens: signed, in the order in which it happened as far as nothing fails, each at
/// least once with the same id.
final class OutgoingDesk: Sendable {
    /// What cached values carry.
    enum Tag {
        static let endpoints = "inbox.endpoints"
    }

    enum Bounds {
        static let answer = ByteCount.kibibytes(64)
        static let deadline: Duration = .seconds(15)
    }

    let store: OutgoingStore
    private let storage: Storage
    private let outbound: OutboundClient?
    private let clock: any WallClock
    private let randomness: any Randomness
    private let events: EventLog
    private let kept: Cache<String, [OutgoingEndpoint]>

    init(
        storage: Storage, caches: CacheRegistry, outbound: OutboundClient?, box: SecretBox, clock: any WallClock,
        randomness: any Randomness, events: EventLog
    ) {
        self.storage = storage
        self.outbound = outbound
        self.clock = clock
        self.randomness = randomness
        self.events = events
        store = OutgoingStore(storage: storage, box: box, randomness: randomness)
        kept = Cache(
            "inbox.endpoints",
            CacheOptions(ttl: .seconds(600), capacity: 20_000, tags: { _ in [Tag.endpoints] }), in: caches)
    }

    /// All endpoints of a company, as they are now.
    func endpoints(in tenant: Tenant) async throws -> [OutgoingEndpoint] { try await store.all(in: tenant) }

    // MARK: Setting up

    /// An endpoint with its secret, which is shown this once.
    struct Made: Sendable {
        let endpoint: OutgoingEndpoint
        let secret: String
    }

    /// Enters an endpoint.
    ///
    /// - Throws: `inbox.endpointInvalid` for an address that is none, is not over https, or may not be called;
    ///   `inbox.limitReached`.
    func add(_ address: String, events: [OutgoingHook.Kind], in tenant: Tenant) async throws -> Made {
        let address = address.trimmed
        guard (1...OutgoingEndpoint.Bounds.addressBytes).contains(address.utf8.count),
            let target = OutboundAddress(address), isAllowed(target)
        else {
            throw InboxError(.endpointInvalid, "An endpoint is a public address over https, as in https://host/path.")
        }
        let told = events.filter { $0 != .test }
        guard !told.isEmpty, Set(told).count == told.count else {
            throw InboxError(.endpointInvalid, "An endpoint is told at least one kind of event, each named once.")
        }
        let now = clock.now()
        let endpoint = OutgoingEndpoint(
            id: ID(at: now, using: randomness), address: target.description, events: told, state: .active, failures: 0,
            createdAt: now)
        let secret = OutgoingSignature.secret(using: randomness)
        try await storage.write(for: tenant) { transaction in
            let isWritten = try await store.insert(
                endpoint, OutgoingStore.Secrets(current: secret), through: transaction, in: tenant)
            guard isWritten else {
                let most = OutgoingEndpoint.Bounds.endpoints
                throw InboxError(
                    .limitReached, "A company has at most \(most) endpoints.", context: ["limit": "\(most)"])
            }
            transaction.afterCommit(.invalidate(tag: Tag.endpoints))
        }
        return Made(endpoint: endpoint, secret: secret)
    }

    /// Over https; over http only to what an operator allows beside public addresses, such as a test's own machine.
    private func isAllowed(_ address: OutboundAddress) -> Bool {
        if let ip = address.ip, outbound?.rule.allows(ip, of: address) == false { return false }
        return address.scheme == .https || address.ip.map { outbound?.rule.allows($0, of: address) == true } == true
    }

    /// Puts a new secret in the place of an endpoint's; the former one signs for a day beside it.
    ///
    /// - Throws: `inbox.notFound`.
    func rotate(_ id: ID<OutgoingEndpoint>, in tenant: Tenant) async throws -> String {
        let secret = OutgoingSignature.secret(using: randomness)
        let until = clock.now() + OutgoingEndpoint.Bounds.overlap
        try await storage.write(for: tenant) { transaction in
            guard let former = try await store.secrets(of: id, through: transaction, in: tenant) else {
                throw InboxError.missing("endpoint")
            }
            let secrets = OutgoingStore.Secrets(current: secret, former: former.current, formerUntil: until)
            _ = try await store.set(secrets, of: id, through: transaction, in: tenant)
        }
        return secret
    }

    /// Lets an endpoint go on, or rest, or removes it.
    ///
    /// - Throws: `inbox.notFound`.
    func set(_ id: ID<OutgoingEndpoint>, _ state: OutgoingEndpoint.State?, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            let isDone =
                if let state {
                    try await store.set(
                        state, state == .paused ? "byHand" : nil, of: id, through: transaction, in: tenant)
                } else {
                    try await store.delete(id, through: transaction, in: tenant)
                }
            guard isDone else { throw InboxError.missing("endpoint") }
            transaction.afterCommit(.invalidate(tag: Tag.endpoints))
        }
    }

    /// Tells an endpoint something by hand, to try it.
    func test(_ id: ID<OutgoingEndpoint>, in tenant: Tenant) async throws {
        guard try await store.all(in: tenant).contains(where: { $0.id == id }) else {
            throw InboxError.missing("endpoint")
        }
        let now = clock.now()
        let body = try StoredJSON.text(Body(type: .test, timestamp: now, data: Body.Data()))
        let hook = OutgoingHook(
            id: ID(at: now, using: randomness), endpointID: id, kind: .test, body: body, state: .waiting, attempts: 0,
            createdAt: now)
        try await storage.write(for: tenant) { transaction in
            try await store.insert([hook], through: transaction, in: tenant)
            try InboxJobs.outgoing(hook.id, in: transaction)
        }
    }

    /// Has something be told again that could not be told.
    ///
    /// - Throws: `inbox.notFound`.
    func retry(_ id: ID<OutgoingHook>, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            guard try await store.revive(id, through: transaction, in: tenant) else {
                throw InboxError.missing("delivery")
            }
            try InboxJobs.outgoing(id, in: transaction)
        }
    }

    // MARK: Happening

    private struct Body: Codable {
        struct Data: Codable {
            var conversationId: ID<Conversation>?
            var channelId: ID<Channel>?
            var personId: ID<Person>?
            var count: Int64?
        }

        let type: OutgoingHook.Kind
        let timestamp: Timestamp
        let data: Data
    }

    /// Has endpoints be told what has happened, in the transaction that counts it: each once.
    func enqueue(_ tallies: [Tally], in transaction: WriteTransaction, of tenant: Tenant) async throws {
        let endpoints = try await kept.value(for: "all", in: tenant) { [store] in
            try await shared { try await store.all(in: tenant) }
        }.filter { $0.state == .active }
        guard !endpoints.isEmpty else { return }
        var hooks: [OutgoingHook] = []
        for tally in tallies {
            guard let kind = OutgoingHook.Kind(tally.kind) else { continue }
            let body = try StoredJSON.text(
                Body(
                    type: kind, timestamp: tally.at,
                    data: Body.Data(
                        conversationId: tally.conversation, channelId: tally.channel, personId: tally.person,
                        count: tally.amount)))
            for endpoint in endpoints where endpoint.events.contains(kind) {
                hooks.append(
                    OutgoingHook(
                        id: ID(at: clock.now(), using: randomness), endpointID: endpoint.id, kind: kind, body: body,
                        state: .waiting, attempts: 0, createdAt: clock.now()))
            }
        }
        try await store.insert(hooks, through: transaction, in: tenant)
        for hook in hooks { try InboxJobs.outgoing(hook.id, in: transaction) }
    }

    /// That an endpoint has not taken something, which is told again later.
    private struct NotTaken: Error, CustomStringConvertible {
        let description: String
    }

    /// Tells an endpoint something.
    ///
    /// - Throws: what has it be told again; nothing more in the last attempt.
    func deliver(_ id: ID<OutgoingHook>, in tenant: Tenant, isLastAttempt: Bool) async throws {
        let reader = storage.reader(for: tenant)
        guard let hook = try await store.hook(id, through: reader, in: tenant), hook.state == .waiting else { return }
        let endpoint = try await store.all(in: tenant).first { $0.id == hook.endpointID }
        guard let endpoint, endpoint.state == .active || hook.kind == .test,
            let secrets = try await store.secrets(of: hook.endpointID, through: reader, in: tenant)
        else { return try await end(hook, .failed, nil, "endpointRests", in: tenant) }
        let (status, fault) = await call(endpoint, hook, secrets.all(at: clock.now()))
        let isGood = status.map { (200..<300).contains($0) } ?? false
        let isGone = status == 410
        let now = clock.now()
        let isOver = isGood || isGone || isLastAttempt
        let after = try await storage.write(for: tenant) { transaction -> OutgoingEndpoint? in
            try await store.settle(
                id, as: isGood ? .delivered : isOver ? .failed : .waiting, status, isGood ? nil : fault, at: now,
                through: transaction, in: tenant)
            let after = try await store.note(
                status, isGood: isGood, isGone: isGone, of: endpoint.id, at: now, through: transaction, in: tenant)
            if after?.state != endpoint.state { transaction.afterCommit(.invalidate(tag: Tag.endpoints)) }
            return after
        }
        if after?.state == .paused, endpoint.state == .active {
            events.record(.endpointPaused, ["reason": .text(after?.reason ?? "")])
        }
        guard !isOver else { return }
        throw NotTaken(description: "the endpoint has not taken it: \(fault)")
    }

    private func end(
        _ hook: OutgoingHook, _ state: OutgoingHook.State, _ status: Int?, _ reason: String, in tenant: Tenant
    ) async throws {
        let now = clock.now()
        try await storage.write(for: tenant) { transaction in
            try await store.settle(hook.id, as: state, status, reason, at: now, through: transaction, in: tenant)
        }
    }

    private func call(
        _ endpoint: OutgoingEndpoint, _ hook: OutgoingHook, _ secrets: [Secret<String>]
    ) async -> (status: Int?, fault: String) {
        guard let outbound, let address = OutboundAddress(endpoint.address) else { return (nil, "noWay") }
        let seconds = clock.now().microseconds / 1_000_000
        let headers: OutboundHeaders = [
            "content-type": "application/json", "user-agent": "Capstan-Inbox", "webhook-id": hook.id.description,
            "webhook-timestamp": String(seconds),
            "webhook-signature": OutgoingSignature.header(
                id: hook.id.description, seconds: seconds, body: hook.body, secrets: secrets),
        ]
        do throws(OutboundError) {
            let response = try await outbound.send(
                OutboundRequest(
                    .post, address, headers: headers, content: .text(hook.body), deadline: Bounds.deadline,
                    responseMax: Bounds.answer))
            return (response.status, "status\(response.status)")
        } catch {
            return (nil, error.code.rawValue)
        }
    }
}
