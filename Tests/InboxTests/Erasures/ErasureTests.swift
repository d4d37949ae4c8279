import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Inbox

@Suite(.databases) struct ErasureTests {
    private struct CountRow: RowDecodable {
        let count: Int

        init(row: SQLRow) throws(StorageError) { count = try row.value(at: 0) }
    }

    private func rows(_ table: SQL, _ stage: Stage) async throws -> Int {
        try await stage.storage.reader(for: stage.tenant).first(
            CountRow.self, "test.count",
            "SELECT count(*) FROM \(sql: table) t WHERE t.tenant_id = \(stage.tenant)")?.count ?? -1
    }

    private func run(_ erasure: Erasure, _ stage: Stage) async throws -> Erasure {
        for _ in 0..<500 {
            try await stage.office.erasures.step(erasure.id, in: stage.tenant)
            let found = try #require(
                try await stage.office.erasures.store.erasure(
                    erasure.id, through: stage.storage.reader(for: stage.tenant), in: stage.tenant))
            if found.state == .done { return found }
        }
        throw InVain(description: "five hundred steps were not enough")
    }

    @Test(arguments: Backend.all)
    func `a contact goes with all that was said, and everybody else stays`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let (office, tenant) = (stage.office, stage.tenant)
            for (user, name) in [("anna", "Anna Berg"), ("leo", "Leo Stone")] {
                _ = try await stage.fullConversation(with: user, named: name, at: channel)
            }
            _ = try await stage.agent(stage.priya)
            let anna = try #require(try await stage.conversation(of: "anna", at: channel)).contactID
            let tables: [SQL] = [
                "inbox_contacts", "inbox_contact_points", "inbox_conversations", "inbox_tagged", "inbox_mentions",
                "inbox_cursors", "inbox_drafts", "inbox_former_texts",
            ]
            for table in tables { #expect(try await rows(table, stage) == 2, "\(table)") }
            let done = try await run(try await office.erasures.erase([anna], by: stage.tom, in: tenant), stage)
            #expect(done.erased == 1)
            for table in tables { #expect(try await rows(table, stage) == 1, "\(table)") }
            let tom = try await stage.agent(stage.tom)
            let found = try await stage.search("brass", for: tom, limit: 9, in: tenant).messages.items
            #expect(found.map(\.message.body) == ["A brass bell, Leo Stone"])
            #expect(
                try await office.contacts.store.page(ContactWords("berg"), after: nil, limit: 9, in: tenant).items
                    .isEmpty)
            // Who writes again is somebody new.
            try await stage.deliver([stage.event(.message, "Hi again", from: "anna", id: "anna2")], to: channel)
            let new = try #require(try await stage.conversation(of: "anna", at: channel))
            #expect(new.contactID != anna && new.customerTotal == 1)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `all that words find go, in steps, but nobody who came after they were asked for`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            for number in 0..<230 {
                try await stage.deliver(
                    [stage.event(.message, "Hi", from: "u\(number)", id: "m\(number)", name: "Test \(number)")],
                    to: channel)
            }
            try await stage.deliver([stage.event(.message, "Hi", from: "ada", id: "a1", name: "Ada")], to: channel)
            let erasure = try await stage.office.erasures.erase(found: "test", by: stage.tom, in: stage.tenant)
            stage.clock.advance(by: .seconds(1))
            try await stage.deliver(
                [stage.event(.message, "Hi", from: "late", id: "l1", name: "Test late")], to: channel)
            let done = try await run(erasure, stage)
            #expect(done.erased == 230)
            let left = try await stage.office.contacts.store.page(
                ContactWords(""), after: nil, limit: 50, in: stage.tenant
            ).items.map(\.contact.name)
            #expect(left == ["Ada", "Test late"])
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `everybody who was merged into a contact goes with it, however many they are`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            for user in ["anna", "leo"] {
                try await stage.deliver([stage.event(.message, "Hi", from: user, id: user, name: user)], to: channel)
            }
            let anna = try #require(try await stage.conversation(of: "anna", at: channel)).contactID
            stage.clock.advance(by: .seconds(1))
            // More than one step takes, each of them with somebody who was merged into them before.
            let count = Erasure.Bounds.rows.upperBound
            let now = stage.clock.now()
            let merged = (0..<count).map { _ in
                (into: ID<Contact>(at: now, using: stage.chance), from: ID<Contact>(at: now, using: stage.chance))
            }
            let rows = merged.map { (id: $0.into, into: anna) } + merged.map { (id: $0.from, into: $0.into) }
            try await stage.storage.writer(for: stage.tenant).execute(
                "test.merged",
                """
                WITH input (id, into_id) AS (\(rows: SQLRows(rows, { $0.id }, { $0.into })))
                INSERT INTO inbox_contacts (tenant_id, id, name, search_name, merged_into, created_at)
                SELECT \(stage.tenant), i.id, 'N', 'n', i.into_id, \(now) FROM input i
                """)
            let done = try await run(
                try await stage.office.erasures.erase([anna], by: stage.tom, in: stage.tenant), stage)
            #expect(done.erased == 2 * count + 1)
            #expect(try await self.rows("inbox_contacts", stage) == 1)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `agents delete nobody; the routes say what is asked for and how far it is`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel)
            let contact = try #require(try await stage.conversations().first).contactID
            let site = try await stage.pages()
            let agent = try await stage.browser(stage.tom, on: site)
            let refused = try await site.request(
                "DELETE", "/api/inbox/contacts/\(contact)", headers: [agent.session], body: [])
            #expect(refused.problemCode == "inbox.notAllowed")
            #expect(try await !agent.get(Addresses.contacts).text.contains("Delete contacts"))
            let admin = try await stage.browser(stage.priya, .admin, on: site)
            let list = try await admin.get(Addresses.contacts)
            try expectSound(list)
            #expect(list.text.contains("Delete contacts"))
            let none = try await admin.send([], to: Addresses.contacts + "/erase", from: Addresses.contacts)
            #expect(none["location"]?.contains("said=chooseContacts") == true)
            let asked = try await admin.send(
                [("contact", contact.description)], to: Addresses.contacts + "/erase", from: Addresses.contacts)
            #expect(asked["location"]?.contains("said=contactErased") == true)
            let started = try await site.request(
                "POST", "/api/inbox/contacts/erasures",
                headers: [admin.session, ("content-type", "application/json")],
                body: Array(#"{"contacts":["\#(contact)"]}"#.utf8))
            #expect(started.status == 202 && started.text.contains("\"state\":\"running\""))
            let vague = try await site.request(
                "POST", "/api/inbox/contacts/erasures",
                headers: [admin.session, ("content-type", "application/json")], body: Array("{}".utf8))
            #expect(vague.problemCode == "inbox.contactInvalid")
        }
    }
}
