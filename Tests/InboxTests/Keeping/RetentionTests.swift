import Accounts
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

@Suite(.databases) struct RetentionTests {
    private static let day = InboxSchema.day
    /// What belongs to a conversation and goes with it.
    private static let tables: [SQL] = [
        "inbox_conversations", "inbox_tagged", "inbox_mentions", "inbox_cursors", "inbox_drafts", "inbox_ratings",
    ]

    /// Does steps until nothing is left, as the queue does.
    private func keep(_ stage: Stage, steps: Int = 8) async throws {
        for _ in 0..<steps { try await stage.office.retention.step(in: stage.tenant) }
    }

    private func set(_ rules: RetentionRules, _ stage: Stage) async throws {
        try await stage.office.retention.set(rules, by: stage.tom, in: stage.tenant)
    }

    /// A closed conversation with everything that can belong to one.
    private func talk(_ user: String, _ channel: Inbox.Channel, _ stage: Stage) async throws -> ID<Conversation> {
        let (office, tenant) = (stage.office, stage.tenant)
        let id = try await stage.fullConversation(with: user, named: user, at: channel)
        _ = try await stage.agent(stage.priya)
        _ = try await office.conversations.close(id, by: stage.tom, in: tenant)
        _ = try await office.ratings.rate(id, 5, nil, in: tenant)
        return id
    }

    @Test(arguments: Backend.all)
    func `what was closed long ago goes with all that belongs to it; what is younger, open or another's stays`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let theirs = try await stage.channel(account: "theirs", in: stage.other)
            try await stage.closed(3, at: stage.clock.now(), of: theirs, in: stage.other)
            let old = try await talk("anna", channel, stage)
            let file = try await stage.upload("bytes", to: channel)
            let open = try #require(
                try await stage.deliver([stage.event(.message, "Hi", from: "leo", id: "leo1")], to: channel))
            stage.clock.advance(by: Self.day * 2)
            let young = try await talk("mia", channel, stage)
            try await stage.office.counts.fold()
            let before = try await stage.office.counts.dashboard(days: 90, in: stage.tenant)
            // Exactly thirty days after the first was closed, it is not older than that.
            stage.clock.advance(by: Self.day * 28)
            try await set(RetentionRules(conversationDays: 30), stage)
            try await keep(stage)
            #expect(try await stage.rows("inbox_conversations") == 3)
            stage.clock.advance(by: .seconds(60))
            try await keep(stage)
            #expect(Set(try await stage.conversations().map(\.id)) == [open, young])
            for table in Self.tables.dropFirst() { #expect(try await stage.rows(table) == 1, "\(table)") }
            #expect(try await stage.rows("inbox_retired") == 0)
            #expect(try await stage.thread(old).isEmpty)
            #expect(try await stage.thread(young).count >= 3)
            let tom = try await stage.agent(stage.tom)
            let found = try await stage.search("brass", for: tom, limit: 9, in: stage.tenant).messages
            #expect(found.items.map(\.message.body) == ["A brass bell, mia"])
            // The figures stay, and so do files that only age.
            stage.clock.advance(by: .seconds(400))
            let after = try await stage.office.counts.dashboard(days: 90, in: stage.tenant)
            #expect(after.all == before.all && after.range == before.range)
            #expect(try await stage.hasBytes(file.id))
            let record = try await stage.office.retention.record(in: stage.tenant)
            #expect(record.conversations == 1 && record.files == 0 && record.lastAt != nil)
            #expect(try await stage.rows("inbox_conversations", in: stage.other) == 3)
            #expect(try await stage.rows("inbox_messages", in: stage.other) == 3)
            try await stage.checkTruth()
            // Who writes again begins anew.
            try await stage.deliver([stage.event(.message, "Again", from: "anna", id: "anna9")], to: channel)
            let new = try #require(try await stage.conversation(of: "anna", at: channel))
            #expect(new.id != old && new.customerTotal == 1)
        }
    }

    @Test(arguments: Backend.all)
    func `a step is bounded, nothing is half there between two of them, and a stopped job goes on`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let theirs = try await stage.channel(account: "theirs", in: stage.other)
            try await stage.closed(250, at: stage.clock.now(), of: channel)
            try await stage.closed(250, at: stage.clock.now(), of: theirs, in: stage.other)
            stage.clock.advance(by: Self.day * 31)
            try await set(RetentionRules(conversationDays: 30), stage)
            try await stage.office.retention.step(in: stage.tenant)
            // Some are gone for everybody, though their messages are still to go.
            let first = Erasure.Bounds.rows.lowerBound
            #expect(try await stage.rows("inbox_conversations") == 250 - first)
            #expect(try await stage.rows("inbox_retired") == first)
            #expect(try await stage.rows("inbox_messages") == 250)
            // The rule is taken back: what has begun is ended, nothing more begins.
            try await set(RetentionRules(), stage)
            try await keep(stage)
            #expect(try await stage.rows("inbox_conversations") == 250 - first)
            #expect(try await stage.rows("inbox_messages") == 250 - first)
            #expect(try await stage.rows("inbox_retired") == 0)
            try await set(RetentionRules(conversationDays: 30), stage)
            // Two workers at once do no harm.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 { group.addTask { try await self.keep(stage, steps: 8) } }
                try await group.waitForAll()
            }
            #expect(try await stage.rows("inbox_conversations") == 0)
            #expect(try await stage.rows("inbox_messages") == 0)
            #expect(try await stage.office.retention.record(in: stage.tenant).conversations == 250)
            #expect(try await stage.rows("inbox_conversations", in: stage.other) == 250)
        }
    }

    @Test(arguments: Backend.all)
    func `a conversation that was opened again meanwhile stays whole`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try await talk("anna", channel, stage)
            stage.clock.advance(by: Self.day * 31)
            try await set(RetentionRules(conversationDays: 30), stage)
            _ = try await stage.office.conversations.open(id, by: stage.tom, in: stage.tenant)
            try await keep(stage)
            #expect(try await stage.conversations().map(\.id) == [id])
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `contents of old files go, their messages say so, and younger ones are served`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            let old = try await stage.answerWithFile(id, of: channel)
            let picture = try await stage.upload("face", to: channel, origin: .picture)
            stage.clock.advance(by: Self.day * 20)
            try await stage.deliver([stage.event(.message, "And?", id: "m2")], to: channel)
            let young = try await stage.answerWithFile(id, of: channel)
            stage.clock.advance(by: Self.day * 11)
            try await set(RetentionRules(fileDays: 30), stage)
            try await keep(stage)
            #expect(try await stage.hasBytes(old.id) == false)
            #expect(try await stage.hasBytes(young.id))
            #expect(try await stage.hasBytes(picture.id))
            #expect(try await stage.rows("inbox_files") == 2)
            let files = try await stage.thread(id).flatMap(\.files)
            #expect(files.map(\.failure) == [MessageFile.expiry, nil])
            #expect(files.map(\.id) == [nil, young.id] && files.map(\.name) == ["bell.txt", "bell.txt"])
            #expect(files.allSatisfy { !$0.isWaiting })
            let site = try await stage.pages()
            let tom = try await stage.browser(stage.tom, on: site)
            let page = try await tom.get(Addresses.conversation(id))
            #expect(page.text.contains("no longer kept"))
            #expect(try await tom.get(Addresses.file(old.id)).status == 404)
            #expect(try await tom.get(Addresses.file(young.id)).text == "a brass bell")
            #expect(try await stage.office.retention.record(in: stage.tenant).files == 1)
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `numbers out of range are refused by name, and only an owner says what is kept`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let site = try await stage.pages()
            let agent = try await stage.browser(stage.tom, on: site)
            let admin = try await stage.browser(stage.tom, .admin, on: site)
            let owner = try await stage.browser(stage.priya, .owner, on: site)
            func put(_ json: String, as browser: Browser) async throws -> PerformedAnswer {
                try await site.request(
                    "PUT", "/api/inbox/retention",
                    headers: [("content-type", "application/json"), browser.session], body: Array(json.utf8))
            }
            #expect(try await agent.get("/api/inbox/retention").problemCode == "inbox.notAllowed")
            #expect(try await put(#"{"fileDays":60}"#, as: admin).problemCode == "inbox.notAllowed")
            for days in [0, 1, 29, 3_651, 100_000] {
                let answer = try await put(#"{"conversationDays":\#(days)}"#, as: owner)
                #expect(answer.status == 422 && answer.text.contains("conversationDays"), "\(days): \(answer.text)")
            }
            #expect(try await put(#"{"fileDays":29}"#, as: owner).text.contains("fileDays"))
            #expect(try await put(#"{"fileDays":-1}"#, as: owner).status == 400)
            for days in [30, 3_650] {
                let answer = try await put(#"{"conversationDays":\#(days)}"#, as: owner)
                #expect(owner.statements == 2)
                #expect(answer.status == 200 && answer.text.contains("\"conversationDays\":\(days)"), "\(answer.text)")
            }
            let shown = try await admin.get("/api/inbox/retention")
            #expect(admin.statements == 0)
            #expect(shown.text.contains("\"receiptDays\":30") && shown.text.contains("\"exportDays\":7"))
            // The same by form.
            let at = "/inbox/team"
            func send(_ fields: [(String, String)], as browser: Browser) async throws -> String {
                try await browser.send(fields, to: at + "/retention", from: at)["location"] ?? ""
            }
            let form = [("conversationDays", "90"), ("fileDays", "")]
            #expect(try await send(form, as: owner).contains("retentionSet"))
            #expect(owner.statements == 2)
            #expect(try await send([("conversationDays", "x")], as: owner).contains("chooseNumber"))
            #expect(try await send([("conversationDays", "7")], as: owner).contains("settingInvalid"))
            #expect(try await send(form, as: admin).contains("notAllowed"))
            let page = try await owner.get(at)
            try expectSound(page)
            #expect(page.text.contains("value=\"90\"") && page.text.contains("Keep to this"))
            let seen = try await admin.get(at)
            try expectSound(seen)
            #expect(seen.text.contains("after 90 days") && !seen.text.contains("Keep to this"))
            let rules = try await stage.office.retention.record(in: stage.tenant).rules
            #expect(rules == RetentionRules(conversationDays: 90, fileDays: nil))
            #expect(try await stage.office.retention.record(in: stage.other).rules == RetentionRules())
            let told = try await AuditTrail(
                storage: stage.storage, clock: stage.clock, randomness: stage.chance
            ).page(of: stage.tenant).items
            let days = Set(told.filter { $0.action == "retention.changed" }.map { $0.detail["conversationDays"] ?? "" })
            #expect(days == ["30", "3650", "90"])
        }
    }
}
