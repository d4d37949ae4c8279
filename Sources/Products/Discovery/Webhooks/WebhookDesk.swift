import Base
import Jobs
import NIOCore
import Storage
import Telemetry
import Web

/// Takes deliveries of outside services: verified over the bytes that came, kept once, answered at once, carried out by a
/// job.
struct WebhookDesk: Sendable {
    let storage: Storage
    let settings: DiscoverySettings
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog

    private var store: WebhookStore { WebhookStore(storage: storage) }

    /// A delivery as it came.
    struct Delivery: Sendable {
        let source: WebhookReceipt.Source
        let body: [UInt8]
        /// Gives a header by its name in lower case.
        let header: @Sendable (String) -> String?
    }

    /// The bytes of a body as they came, bounded by its route.
    static func bytes(of body: RequestBody) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await chunk in body { bytes += Array(chunk.readableBytesView) }
        return bytes
    }

    /// Keeps a delivery; one that was kept before is acknowledged again.
    ///
    /// - Throws: `discovery.signatureInvalid`, `discovery.webhookInvalid`.
    func receive(_ delivery: Delivery, in tenant: Tenant) async throws {
        let now = clock.now()
        do throws(WebhookSignature.Fault) {
            try verify(delivery, at: now)
        } catch {
            events.record(
                .webhookRefused, ["source": .text(delivery.source.rawValue), "reason": .text(error.rawValue)])
            throw DiscoveryError(.signatureInvalid, "The delivery is not signed as it must be: \(error.rawValue).")
        }
        guard let body = LooseJSON(delivery.body), let externalID = externalID(of: delivery, body) else {
            events.record(.webhookRefused, ["source": .text(delivery.source.rawValue), "reason": "unreadable"])
            throw DiscoveryError(.webhookInvalid, "The delivery is no JSON, or has no id.")
        }
        let receipt = WebhookReceipt(
            id: ID(at: now, using: randomness), source: delivery.source, externalID: externalID,
            kind: String((body["type"]?.text ?? "").prefix(WebhookReceipt.Bounds.kindBytes)), receivedAt: now,
            payload: delivery.body)
        let isNew = try await storage.write(for: tenant) { transaction in
            guard try await store.keep(receipt, through: transaction, in: tenant) else { return false }
            try transaction.enqueue(
                WebhookJobs.apply, WebhookJobs.Apply(receipt: receipt.id), key: receipt.id.description)
            return true
        }
        events.record(
            .webhookReceived, ["source": .text(delivery.source.rawValue), "isRepeat": .flag(!isNew)])
    }

    private func verify(_ delivery: Delivery, at now: Timestamp) throws(WebhookSignature.Fault) {
        switch delivery.source {
        case .stripe:
            try WebhookSignature.checkStripe(
                delivery.header("stripe-signature"), over: delivery.body, secrets: settings.stripeSecrets, at: now)
        case .identity:
            func header(_ name: String) -> String? {
                delivery.header("svix-\(name)") ?? delivery.header("webhook-\(name)")
            }
            try WebhookSignature.checkSvix(
                id: header("id"), timestamp: header("timestamp"), header("signature"), over: delivery.body,
                secrets: settings.identitySecrets, at: now)
        }
    }

    /// The sender's id: Stripe's stands in the body, Svix's in a header, as several events may be about one object.
    private func externalID(of delivery: Delivery, _ body: LooseJSON) -> String? {
        let id: String? =
            switch delivery.source {
            case .stripe: body["id"]?.text
            case .identity: delivery.header("svix-id") ?? delivery.header("webhook-id")
            }
        return id.flatMap { (1...WebhookReceipt.Bounds.idBytes).contains($0.utf8.count) ? $0 : nil }
    }

    /// Carries a delivery out, once: what it tells counts by its own time, so that any order of arrival ends the same.
    func apply(_ id: ID<WebhookReceipt>, for tenant: Tenant, commit: SearchSteps.Commit) async throws {
        guard let receipt = try await store.pending(id, through: storage.reader(for: tenant), in: tenant) else {
            return
        }
        let now = clock.now()
        let effect = effect(of: receipt)
        try await commit { transaction in
            guard
                try await store.apply(id, outcome: effect.word, at: now, through: transaction, in: tenant)
            else { return }
            switch effect {
            case .plan(let workspace, let toldAt):
                _ = try await WorkspaceStore(storage: storage).set(
                    workspace, toldAt: toldAt, by: receipt.externalID, through: transaction, in: tenant)
                transaction.afterCommit(.invalidate(tag: CreditDesk.Tag.workspace))
            case .person(let person, let toldAt):
                try await store.note(
                    person, from: receipt.source, toldAt: toldAt, by: receipt.externalID, through: transaction,
                    in: tenant)
            case .nothing: break
            }
        }
        events.record(
            .webhookApplied, ["source": .text(receipt.source.rawValue), "outcome": .text(effect.word)])
    }

    private func effect(of receipt: WebhookReceipt) -> WebhookEffect {
        guard let body = LooseJSON(receipt.payload) else { return .nothing }
        switch receipt.source {
        case .stripe: return WebhookReading.stripe(body, prices: settings.stripePrices, zone: "UTC")
        case .identity: return WebhookReading.identity(body, receivedAt: receipt.receivedAt)
        }
    }
}
