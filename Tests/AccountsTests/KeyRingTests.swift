import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web

@testable import Accounts

@Suite(.databases) struct KeyRingTests {
    private let person = ID<Person>(high: 1, low: 2)

    @Test(arguments: Backend.all) func `a key opens its tenant's data within its scopes`(backend: Backend) async throws
    {
        let installation = try await Installation(backend)
        let (key, text) = try await installation.keys.create(
            name: "CI", scopes: ["votes.read", "votes.export"], for: installation.open, by: person)
        let grant = try #require(try await installation.keys.grant(for: text))
        #expect(grant.tenant == installation.open)
        #expect(grant.scopes == ["votes.read", "votes.export"])
        #expect(grant.name == key.id.description)
        #expect(key.prefix.count == 16)
        text.reveal { #expect($0.hasPrefix(key.prefix) && $0.count == 60) }
    }

    @Test(arguments: Backend.all) func `a text that is no key is refused, the malformed without a statement`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (_, text) = try await installation.keys.create(
            name: "CI", scopes: ["a.b"], for: installation.open, by: person)
        let good = text.reveal { $0 }
        let forged = String(good.dropLast()) + (good.hasSuffix("A") ? "B" : "A")
        #expect(try await installation.keys.grant(for: Secret(forged)) == nil)
        for bad in [
            "", "cap_", String(good.dropLast()), good + "A", good.replacing("cap_", with: "CAP_"), "Bearer " + good,
        ] {
            let measured = try await Cost.measure { try await installation.keys.grant(for: Secret(bad)) }
            #expect(measured.result == nil, "\(bad)")
            #expect(measured.cost[.statements] == 0, "\(bad)")
        }
    }

    @Test(arguments: Backend.all) func `a known key costs no statement, a withdrawn one opens nothing at once`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let (key, text) = try await installation.keys.create(
            name: "CI", scopes: ["a.b"], for: installation.open, by: person)
        _ = try await installation.keys.grant(for: text)
        let measured = try await Cost.measure { try await installation.keys.grant(for: text) }
        #expect(measured.result != nil)
        #expect(measured.cost[.statements] == 0)
        #expect(try await installation.keys.revoke(key.id, of: installation.invited, by: person) == false)
        #expect(try await installation.keys.grant(for: text) != nil)
        #expect(try await installation.keys.revoke(key.id, of: installation.open, by: person))
        #expect(try await installation.keys.grant(for: text) == nil)
        #expect(try await installation.keys.revoke(key.id, of: installation.open, by: person) == false)
        let actions = try await installation.trail.page(of: installation.open).items.map(\.action)
        #expect(actions == ["key.revoked", "key.created"])
    }

    @Test(arguments: Backend.all) func `a key ends with its lifetime, also while it is cached`(backend: Backend)
        async throws
    {
        let installation = try await Installation(backend)
        let (_, text) = try await installation.keys.create(
            name: "CI", scopes: ["a.b"], for: installation.open, by: person, lifetime: .seconds(10))
        #expect(try await installation.keys.grant(for: text) != nil)
        installation.clock.advance(by: .seconds(10))
        #expect(try await installation.keys.grant(for: text) == nil)
    }

    @Test(arguments: Backend.all) func `the last use is stored in coarse steps`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        let (_, text) = try await installation.keys.create(
            name: "CI", scopes: ["a.b"], for: installation.open, by: person)
        func lastUse() async throws -> Timestamp? {
            try await installation.keys.page(of: installation.open).items.first?.lastUsedAt
        }
        #expect(try await lastUse() == nil)
        let first = installation.clock.now()
        _ = try await installation.keys.grant(for: text)
        try await installation.keys.flushUses()
        #expect(try await lastUse() == first)
        installation.clock.advance(by: .seconds(599))
        _ = try await installation.keys.grant(for: text)
        let idle = try await Cost.measure { try await installation.keys.flushUses() }
        #expect(idle.cost[.statements] == 0)
        installation.clock.advance(by: .seconds(1))
        _ = try await installation.keys.grant(for: text)
        try await installation.keys.flushUses()
        #expect(try await lastUse() == first + .seconds(600))
    }

    @Test(arguments: Backend.all) func `a tenant has a bounded number of keys and sees only its own`(backend: Backend)
        async throws
    {
        let installation = try await Installation(backend)
        for _ in 0..<KeyRing.Bounds.keysPerTenant {
            _ = try await installation.keys.create(name: "k", scopes: ["a.b"], for: installation.open, by: person)
        }
        await #expect {
            try await installation.keys.create(name: "k", scopes: ["a.b"], for: installation.open, by: person)
        } throws: {
            ($0 as? AccountsError)?.code == .tooManyKeys
        }
        #expect(try await installation.keys.page(of: installation.open, limit: 500).items.count == 200)
        #expect(try await installation.keys.page(of: installation.invited, limit: 500).items.isEmpty)
    }

    @Test(arguments: Backend.all) func `audit entries page backwards and export forwards, in chunks, of one tenant`(
        backend: Backend
    ) async throws {
        let installation = try await Installation(backend)
        let start = installation.clock.now()
        for index in 0..<1_200 {
            installation.clock.advance(by: .milliseconds(1))
            try await installation.trail.append(
                "note.written", by: index.isMultiple(of: 2) ? .person(person) : .system, on: ("note", "\(index)"),
                ["text": "ünïcode \"\(index)\""], for: installation.open)
        }
        try await installation.trail.append("note.written", by: .system, on: ("note", "x"), for: installation.invited)
        var cursor: Cursor?
        var seen: [String] = []
        repeat {
            let page = try await installation.trail.page(of: installation.open, after: cursor, limit: 500)
            seen += page.items.map(\.subjectID)
            cursor = page.next
        } while cursor != nil
        #expect(seen == (0..<1_200).reversed().map(String.init))
        var chunks: [Int] = []
        var exported: [AuditEntry] = []
        let count = try await installation.trail.export(
            of: installation.open, in: start..<installation.clock.now() + .seconds(1)
        ) { entries in
            chunks.append(entries.count)
            exported += entries
        }
        #expect(count == 1_200)
        #expect(chunks.allSatisfy { $0 <= 500 } && chunks.count >= 3)
        #expect(exported.map(\.subjectID) == (0..<1_200).map(String.init))
        #expect(exported[0].actor == .person(person) && exported[1].actor == .system)
        #expect(exported[7].detail == ["text": "ünïcode \"7\""])
        #expect(
            try await installation.trail.export(
                of: installation.open, in: start..<start + .milliseconds(11)
            ) { _ in } == 10)
    }

    @Test(arguments: Backend.all) func `details that are too long are left out, the entry is not`(backend: Backend)
        async throws
    {
        let installation = try await Installation(backend)
        try await installation.trail.append(
            "note.written", by: .system, on: ("note", "1"), ["text": String(repeating: "x", count: 5_000)],
            for: installation.open)
        let entry = try #require(try await installation.trail.page(of: installation.open).items.first)
        #expect(entry.detail.keys.contains("note"))
    }
}
