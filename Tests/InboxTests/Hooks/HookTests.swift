import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Inbox

@Suite(.databases) struct HookTests {
    private struct Count: RowDecodable {
        let count: Int

        init(row: SQLRow) throws(StorageError) { count = try row.value(at: 0) }
    }

    private func receipts(_ state: String, in tenant: Tenant, _ stage: Stage) async throws -> Int {
        try await stage.storage.reader(for: tenant).aggregate(
            Count.self, "test.receipts",
            "SELECT count(*) FROM inbox_receipts r WHERE r.tenant_id = \(tenant) AND r.state = \(state)"
        ).count
    }

    private func jobs(in tenant: Tenant, _ stage: Stage) async throws -> Int {
        try await stage.storage.reader(for: tenant).aggregate(
            Count.self, "test.jobs", "SELECT count(*) FROM job_queue j WHERE j.tenant_id = \(tenant)"
        ).count
    }

    @Test(arguments: Backend.all)
    func `what is signed is kept with its work in one transaction and answered with 200, once however often it comes`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let site = try await stage.site()
            let body = PlayedVendor.body([
                ("d1", "anna", [stage.event(.message, "Héllo \u{1F6B2}", id: "m1")]),
                ("d2", "ben", [stage.event(.message, "Hi", from: "ben", id: "m2")]),
                ("d3", "anna", [stage.event(.message, "Still there?", id: "m3")]),
            ])
            let headers = [(name: PlayedVendor.header, value: PlayedVendor.signature(body))]
            for _ in 0..<3 {
                let answer = try await site.request(
                    "POST", "/api/inbox/hooks/\(channel.pathKey)", headers: headers, body: body)
                #expect(answer.status == 200, "\(answer.text)")
                // The receipts and what the transaction writes last; a repeat has nothing of the second.
                #expect(try #require(site.records.last).cost[.statements] <= (backend.name == "postgres" ? 2 : 3))
            }
            #expect(try await receipts("waiting", in: stage.tenant, stage) == 3)
            // One piece of work for each conversation.
            #expect(try await jobs(in: stage.tenant, stage) == 2)
        }
    }

    @Test(arguments: Backend.all)
    func `what is not signed, or for nobody, is refused and not kept`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let open = try await stage.channel(account: "page-2", secrets: [])
            let site = try await stage.site()
            let body = PlayedVendor.body("d1", "anna", [stage.event(.message, "Hello", id: "m1")])
            func ask(_ key: String, _ signature: String?) async throws -> PerformedAnswer {
                try await site.request(
                    "POST", "/api/inbox/hooks/\(key)",
                    headers: signature.map { [(name: PlayedVendor.header, value: $0)] } ?? [], body: body)
            }
            let good = PlayedVendor.signature(body)
            for (key, signature, status, code) in [
                (channel.pathKey, nil, 401, "inbox.signatureInvalid"),
                (channel.pathKey, "00", 401, "inbox.signatureInvalid"),
                (channel.pathKey, PlayedVendor.signature(body + [32]), 401, "inbox.signatureInvalid"),
                // A channel without a secret believes nobody.
                (open.pathKey, good, 401, "inbox.signatureInvalid"), ("nobody", good, 404, "inbox.notFound"),
            ] {
                let answer = try await ask(key, signature)
                #expect(answer.status == status && answer.problemCode == code, "\(key) \(answer.text)")
            }
            #expect(try await receipts("waiting", in: stage.tenant, stage) == 0)
            // An address that was asked for in vain costs no statement the next time.
            _ = try await ask("nobody", good)
            #expect(try #require(site.records.last).cost[.statements] == 0)
        }
    }

    @Test(arguments: Backend.all)
    func `a subscription's question is answered with its own words, and only to who knows the token`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let site = try await stage.site()
            let path = "/api/inbox/hooks/\(channel.pathKey)?hub.mode=subscribe&hub.challenge=1158201444"
            let answer = try await site.get(path + "&hub.verify_token=open%20sesame")
            #expect(answer.status == 200 && answer.text == "1158201444")
            #expect(answer["content-type"]?.hasPrefix("text/plain") == true)
            let wrong = try await site.get(path + "&hub.verify_token=sesame")
            #expect(wrong.status == 403 && wrong.problemCode == "inbox.challengeInvalid")
        }
    }

    @Test(arguments: Backend.all)
    func `an application's one address serves its accounts, each believed by its own secret`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let first = try await stage.channel(account: "page-1")
            let second = try await stage.channel(account: "page-2", in: stage.other)
            _ = try await stage.channel(account: "page-3", in: stage.other, secrets: [Secret("another")])
            for account in ["page-1", "page-2", "page-3", "page-4"] {
                let body = PlayedVendor.body(
                    "d-\(account)", "anna", [stage.event(.message, account, id: "m-\(account)")], account: account)
                try await stage.office.hooks.receive(body, PlayedVendor.headers(body), at: first.pathKey)
            }
            // The third has another secret, and the fourth is nobody's: neither is taken for somebody else's.
            #expect(try await receipts("waiting", in: stage.tenant, stage) == 1)
            #expect(try await receipts("waiting", in: stage.other, stage) == 1)
            try await stage.ingest("anna", of: second, in: stage.other)
            #expect(try await stage.conversations(in: stage.other).map(\.preview.text) == ["page-2"])
        }
    }

    @Test(arguments: Backend.all)
    func `an account is connected once, whoever tries`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            _ = try await stage.channel(account: "page-1")
            for tenant in [stage.tenant, stage.other] {
                await #expect(throws: InboxError.self) { try await stage.channel(account: "page-1", in: tenant) }
            }
            #expect(try await stage.office.channels.channels(in: stage.other).isEmpty)
            // Another vendor may call its account the same.
            _ = try await stage.channel(.telegram, account: "page-1", in: stage.other)
            #expect(try await stage.office.channels.channels(in: stage.other).count == 1)
        }
    }
}
