import Base
import InboxVendors
import Jobs
import NIOCore
import Storage
import Telemetry
import Web

/// Takes deliveries of vendors: verified over the bytes that came, kept once, answered at once, worked off by jobs.
struct HookDesk: Sendable {
    let storage: Storage
    let channels: ChannelDesk
    let topics: InboxTopics
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog

    private var store: ReceiptStore { ReceiptStore(storage: storage) }

    /// The bytes of a body as they came, bounded by its route.
    static func bytes(of body: RequestBody) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in body { bytes += Array(chunk.readableBytesView) }
        return bytes
    }

    /// A channel by the address that a vendor asks.
    ///
    /// - Throws: `inbox.notFound` for an address that nobody has.
    private func open(_ pathKey: String) async throws -> (routed: RoutedChannel, open: OpenChannel) {
        guard let routed = try await channels.route(pathKey) else { throw InboxError.missing("address") }
        return (routed, try await channels.channel(routed.channel, in: routed.tenant))
    }

    /// Answers a vendor that asks whether the address is ours.
    ///
    /// - Throws: `inbox.notFound`, `inbox.challengeInvalid`.
    func confirm(_ pathKey: String, _ query: [String: String]) async throws -> String {
        let (_, open) = try await open(pathKey)
        do throws(DeliveryFault) {
            if let answer = try open.adapter.challenge(query, with: open.secrets) { return answer }
        } catch {
            events.record(.hookRefused, ["kind": .text(open.channel.kind.rawValue), "reason": .text(error.rawValue)])
        }
        throw InboxError(.challengeInvalid, "The question does not carry the token that the channel was given.")
    }

    /// Keeps what came; what was kept before is acknowledged again.
    ///
    /// - Parameters:
    ///   - body: the bytes as they came.
    ///   - headers: the request's headers.
    ///   - pathKey: the end of the address.
    /// - Throws: `inbox.notFound`, `inbox.signatureInvalid`, `inbox.hookInvalid`; errors of storage, at which the vendor is
    ///   to deliver again.
    func receive(_ body: [UInt8], _ headers: DeliveryHeaders, at pathKey: String) async throws {
        let (routed, open) = try await open(pathKey)
        let kind = EventValue.text(routed.kind.rawValue)
        do throws(DeliveryFault) {
            try open.adapter.verify(body, headers, with: open.secrets)
        } catch {
            events.record(.hookRefused, ["kind": kind, "reason": .text(error.rawValue)])
            guard error != .tooLarge else {
                throw InboxError(.hookInvalid, "The delivery is larger than \(Delivery.Bounds.body).")
            }
            throw InboxError(.signatureInvalid, "The delivery is not signed as it must be: \(error.rawValue).")
        }
        let deliveries = open.adapter.deliveries(in: body)
        var isRepeat = true
        for (owner, parts) in try await parts(of: deliveries, routed, open, body, headers) {
            let kept = try await keep(parts, for: owner)
            isRepeat = isRepeat && kept.isEmpty
        }
        events.record(.hookReceived, ["kind": kind, "isRepeat": .flag(isRepeat)])
    }

    /// Which channel each delivery is for: an application's one address hears of all accounts that use it.
    ///
    /// Another channel's deliveries are believed by that channel's own secrets.
    private func parts(
        of deliveries: [Delivery], _ routed: RoutedChannel, _ open: OpenChannel, _ body: [UInt8],
        _ headers: DeliveryHeaders
    ) async throws -> [(RoutedChannel, [Delivery])] {
        let own = open.channel.externalAccount
        var parts = [(routed, deliveries.filter { $0.account == nil || $0.account == own })]
        for account in Set(deliveries.compactMap(\.account)).subtracting([own]).sorted() {
            guard let owner = try await channels.route(routed.kind, account: account),
                await isBelieved(body, headers, by: owner)
            else {
                events.record(.hookRefused, ["kind": .text(routed.kind.rawValue), "reason": "unknownAccount"])
                continue
            }
            parts.append((owner, deliveries.filter { $0.account == account }))
        }
        return parts.filter { !$0.1.isEmpty }
    }

    private func isBelieved(_ body: [UInt8], _ headers: DeliveryHeaders, by owner: RoutedChannel) async -> Bool {
        do {
            let open = try await channels.channel(owner.channel, in: owner.tenant)
            try open.adapter.verify(body, headers, with: open.secrets)
            return true
        } catch {
            return false
        }
    }

    /// Keeps something that has come another way than a vendor's hook, such as a visitor's message.
    func keep(_ delivery: Delivery, at channel: ID<Channel>, in tenant: Tenant) async throws {
        _ = try await keep([delivery], for: RoutedChannel(tenant: tenant, channel: channel, kind: .widget))
    }

    private func keep(_ deliveries: [Delivery], for owner: RoutedChannel) async throws -> Set<String> {
        let receipts = receipts(of: deliveries, for: owner.channel)
        defer { topics.noteTraffic(at: owner.channel, in: owner.tenant) }
        return try await storage.write(for: owner.tenant) { transaction in
            let keys = try await store.keep(receipts, through: transaction, in: owner.tenant)
            for key in keys.sorted() {
                try InboxJobs.ingest(ConversationKey(channel: owner.channel, key: key), in: transaction)
            }
            return keys
        }
    }

    /// Receipts whose ids are in the order of the deliveries, also within a millisecond.
    private func receipts(of deliveries: [Delivery], for channel: ID<Channel>) -> [Receipt] {
        let now = clock.now()
        let ids = deliveries.map { _ in ID<Receipt>(at: now, using: randomness) }.sorted()
        return zip(ids, deliveries).map { id, delivery in
            Receipt(
                id: id, channelID: channel, deliveryKey: delivery.key, conversationKey: delivery.conversationKey,
                raw: delivery.raw, receivedAt: now)
        }
    }

    /// What was given up of a channel, the newest first.
    func deadLetters(
        of channel: ID<Channel>, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws -> Page<DeadLetter> {
        try await store.dead(of: channel, after: cursor, limit: limit, in: tenant)
    }

    /// When something came last.
    func lastArrival(of channel: ID<Channel>, in tenant: Tenant) async throws -> Timestamp? {
        try await store.lastArrival(of: channel, in: tenant)
    }

    /// Has a delivery that was given up be tried again.
    ///
    /// - Throws: `inbox.notFound`.
    func retry(_ id: ID<Receipt>, in tenant: Tenant) async throws {
        let key = try await storage.write(for: tenant) { transaction in
            guard let key = try await store.revive(id, through: transaction, in: tenant) else {
                throw InboxError.missing("dead letter")
            }
            try InboxJobs.ingest(key, in: transaction)
            return key
        }
        topics.noteTraffic(at: key.channel, in: tenant)
    }
}
