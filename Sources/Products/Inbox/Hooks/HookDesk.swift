import Base
import Jobs
import Storage
import Telemetry

/// Takes deliveries of vendors: verified over the bytes that came, kept once, answered at once, worked off by jobs.
struct HookDesk: Sendable {
    let storage: Storage
    let channels: ChannelDesk
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog

    private var store: ReceiptStore { ReceiptStore(storage: storage) }

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
        guard let answer = try await open(pathKey).open.adapter.challenge(query) else {
            throw InboxError(.challengeInvalid, "The question does not carry the token that the channel was given.")
        }
        return answer
    }

    /// Keeps what came; what was kept before is acknowledged again.
    ///
    /// - Parameters:
    ///   - request: the bytes and headers as they came.
    ///   - pathKey: the end of the address.
    /// - Throws: `inbox.notFound`, `inbox.signatureInvalid`, `inbox.hookInvalid`; errors of storage, at which the vendor is
    ///   to deliver again.
    func receive(_ request: HookRequest, at pathKey: String) async throws {
        let (routed, open) = try await open(pathKey)
        do throws(HookFault) {
            try open.adapter.verify(request)
        } catch {
            events.record(.hookRefused, ["kind": .text(routed.kind.rawValue), "reason": .text(error.rawValue)])
            throw InboxError(.signatureInvalid, "The delivery is not signed as it must be: \(error.rawValue).")
        }
        guard let deliveries = open.adapter.deliveries(in: request.body), Self.areWithinBounds(deliveries) else {
            events.record(.hookRefused, ["kind": .text(routed.kind.rawValue), "reason": "unreadable"])
            throw InboxError(.hookInvalid, "The delivery cannot be read, or is larger than may be.")
        }
        guard !deliveries.isEmpty else { return }
        let receipts = receipts(of: deliveries, for: routed.channel)
        let kept = try await storage.write(for: routed.tenant) { transaction in
            let keys = try await store.keep(receipts, through: transaction, in: routed.tenant)
            for key in keys.sorted() {
                try InboxJobs.ingest(ConversationKey(channel: routed.channel, key: key), in: transaction)
            }
            return keys
        }
        events.record(
            .hookReceived, ["kind": .text(routed.kind.rawValue), "isRepeat": .flag(kept.isEmpty)])
    }

    private static func areWithinBounds(_ deliveries: [Delivery]) -> Bool {
        deliveries.count <= Receipt.Bounds.perRequest
            && deliveries.allSatisfy {
                $0.raw.count <= Receipt.Bounds.rawBytes
                    && (1...Receipt.Bounds.deliveryKeyBytes).contains($0.key.utf8.count)
                    && (1...Receipt.Bounds.conversationKeyBytes).contains($0.conversationKey.utf8.count)
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
        try await storage.write(for: tenant) { transaction in
            guard let key = try await store.revive(id, through: transaction, in: tenant) else {
                throw InboxError.missing("dead letter")
            }
            try InboxJobs.ingest(key, in: transaction)
        }
    }
}
