import Base
import BaseTestKit
import Crypto
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Discovery

@Suite(.databases) struct WebhookOrderTests {
    private static var settings: DiscoverySettings {
        var settings = DiscoverySettings()
        settings.stripeSecrets = [Secret("whsec_one")]
        settings.stripePrices = ["price_s": .small, "price_m": .medium, "price_l": .large]
        return settings
    }

    private func event(_ number: Int, price: String, kind: String = "updated", created: Int64) -> [UInt8] {
        Array(
            """
            {"id":"evt_\(number)","type":"customer.subscription.\(kind)","created":\(created),"data":{"object":{
            "id":"sub_1","status":"active","billing_cycle_anchor":1767225600,"items":{"data":[{"price":{"id":"\(price)"}}]}}}}
            """.utf8)
    }

    private func deliver(_ body: [UInt8], to stage: Stage) async throws {
        let time = stage.clock.now().seconds
        let code = HMAC<SHA256>.authenticationCode(
            for: Array("\(time).".utf8) + body, using: SymmetricKey(data: Data("whsec_one".utf8)))
        let header = "t=\(time),v1=" + code.map { String(format: "%02x", $0) }.joined()
        try await stage.bureau.webhooks.receive(
            WebhookDesk.Delivery(source: .stripe, body: body) { $0 == "stripe-signature" ? header : nil },
            in: stage.tenant)
    }

    private struct Receipt: RowDecodable {
        let id: ID<WebhookReceipt>
        let outcome: String?

        init(row: SQLRow) throws(StorageError) {
            id = try row.value(at: 0)
            outcome = try row.optional(at: 1)
        }
    }

    private func receipts(of stage: Stage) async throws -> [Receipt] {
        try await stage.storage.reader(for: stage.tenant).list(
            Receipt.self, "test.receipts",
            "SELECT r.id, r.outcome FROM webhook_receipts r WHERE r.tenant_id = \(stage.tenant) ORDER BY r.external_id",
            limit: 100)
    }

    @Test(arguments: Backend.all)
    func `a delivery is applied once whatever the number and order of deliveries`(backend: Backend) async throws {
        for seed: UInt64 in 1...4 {
            try await Stage.with(backend, seed: seed, settings: Self.settings) { stage in
                let start = stage.clock.now().seconds
                let events = [
                    event(1, price: "price_s", kind: "created", created: start - 30),
                    event(2, price: "price_m", created: start - 20), event(3, price: "price_l", created: start - 10),
                    event(4, price: "price_m", created: start - 10),
                    Array(#"{"id":"evt_9","type":"something.new","created":1,"data":{}}"#.utf8),
                ]
                var generator = stage.chance.generator
                let deliveries = (events + events + events).shuffled(using: &generator)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for body in deliveries { group.addTask { try await self.deliver(body, to: stage) } }
                    try await group.waitForAll()
                }
                let kept = try await receipts(of: stage)
                #expect(kept.count == events.count)
                for receipt in (kept + kept).shuffled(using: &generator) {
                    try await stage.bureau.webhooks.apply(receipt.id, for: stage.tenant) { try await stage.commit($0) }
                }
                // Of the two newest of one moment the greater id counts.
                let workspace = try await stage.bureau.credits.workspace(in: stage.tenant)
                #expect(workspace.plan == .medium && workspace.isActive, "seed \(seed)")
                #expect(try await receipts(of: stage).map(\.outcome) == ["plan", "plan", "plan", "plan", "nothing"])
            }
        }
    }

    @Test(arguments: Backend.all)
    func `what is not signed is refused and not kept`(backend: Backend) async throws {
        try await Stage.with(backend, settings: Self.settings) { stage in
            let site = try await stage.site()
            let body = event(1, price: "price_s", created: stage.clock.now().seconds)
            let answer = try await site.request(
                "POST", "/api/discovery/webhooks/stripe", headers: [("stripe-signature", "t=1,v1=00")], body: body)
            #expect(answer.status == 401 && answer.problemCode == "discovery.signatureInvalid")
            let none = try await site.request("POST", "/api/discovery/webhooks/identity", body: body)
            #expect(none.status == 401)
            #expect(try await receipts(of: stage).isEmpty)
        }
    }
}
