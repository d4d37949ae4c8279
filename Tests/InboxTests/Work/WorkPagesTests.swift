import Base
import BaseTestKit
import Foundation
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Inbox

@Suite(.databases) struct WorkPagesTests {
    /// People with names that would break a page, as Accounts keeps them.
    private func settle(_ stage: Stage) async throws {
        let now = stage.clock.now()
        for (number, name) in [(1, "Tom <b>bold"), (2, "Priya \"Q\" Shah")] {
            let person = Stage.person(number)
            try await stage.storage.write(bypassingTenant: TestRight.people) { transaction in
                _ = try await transaction.execute(
                    "test.person",
                    """
                    INSERT INTO people (id, email, name, password, is_operator, created_at)
                    VALUES (\(person), \("p\(number)@example.com"), \(name), 'x', false, \(now))
                    """)
            }
            _ = try await stage.storage.writer(for: stage.tenant).execute(
                "test.membership",
                """
                INSERT INTO memberships (tenant_id, person_id, role, is_owner, joined_at)
                VALUES (\(stage.tenant), \(person), \(number == 1 ? "member" : "administrator"), false, \(now))
                """)
        }
    }

    private func talk(_ stage: Stage, _ channel: Channel) async throws {
        for number in 0..<4 {
            let id = try #require(
                try await stage.deliver(
                    [stage.event(.message, "<b>bold {{hi}}", from: "user\(number)", id: "m\(number)")], to: channel))
            stage.clock.advance(by: .seconds(90))
            _ = try await stage.answer("Hello", to: id, of: channel)
            _ = try await stage.office.conversations.close(id, by: stage.tom, in: stage.tenant)
            if number < 2 {
                _ = try await stage.office.ratings.rate(id, 3 + number, "<b>bold & fast", in: stage.tenant)
            }
            stage.clock.advance(by: .seconds(40_000))
        }
        try await stage.office.counts.fold()
    }

    @Test(arguments: Backend.all)
    func `the dashboard shows eight figures with where they go, and what it shows costs few statements`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let site = try await stage.pages()
            let tom = try await stage.browser(stage.tom, on: site)
            try expectSound(try await tom.get("/inbox/dashboard"))
            try await talk(stage, try await stage.channel())
            stage.clock.advance(by: .seconds(400))
            _ = try await tom.get("/inbox/dashboard?days=7")
            let page = try await tom.get("/inbox/dashboard?days=7")
            try expectSound(page)
            // The figures come from memory; hours, agents and ratings are one statement each.
            #expect(tom.statements == 3)
            #expect(page.text.components(separatedBy: "<div class=\"stat\">").count - 1 == 8)
            #expect(page.text.contains("first answer") || page.text.contains("First answer"))
            #expect(page.text.contains("3.50") && page.text.contains("★★★★☆"))
            #expect(page.text.contains("class=\"bar-people\"") && page.text.contains("class=\"heat-4\""))
            #expect(page.text.contains("/api/inbox/reports/service-levels/file?days=7"))
        }
    }

    @Test(arguments: Backend.all)
    func `replies and rules are made, changed, ordered, paused and removed without a script`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            try await settle(stage)
            _ = try await stage.channel()
            _ = try await stage.office.conversations.makeTag("refund", in: stage.tenant)
            let site = try await stage.pages()
            let priya = try await stage.browser(stage.priya, .admin, on: site)
            let at = "/inbox/replies"
            try expectSound(try await priya.get(at))
            func send(_ fields: [(String, String)], to path: String = "") async throws -> String {
                let answer = try await priya.send(fields, to: at + path, from: at)
                #expect(answer.status == 303, "\(answer.text.prefix(400))")
                return answer["location"] ?? ""
            }
            #expect(try await send([("shortcut", "/hi"), ("body", "Hi <b>bold {contact}")]).hasSuffix("replyMade"))
            #expect(try await send([("shortcut", "hi"), ("body", "x")]).contains("nameTaken"))
            #expect(try await send([("shortcut", "not so"), ("body", "x")]).contains("settingInvalid"))
            let reply = try #require(try await stage.office.canned.found("hi", for: stage.tom, in: stage.tenant).first)
            #expect(
                try await send([("shortcut", "hello"), ("body", "Hello")], to: "/\(reply.id)").hasSuffix("replyChanged")
            )
            for name in ["First", "Second"] {
                let made = try await send(
                    [
                        ("name", name), ("event", "inbound"), ("words", "refund, money back"), ("held", "no"),
                        ("priority", "2"), ("note", "look <b>bold"), ("close", "true"),
                    ], to: "/rules")
                #expect(made.contains("ruleMade"))
            }
            #expect(try await send([("name", "None"), ("event", "inbound")], to: "/rules").contains("chooseAction"))
            var rules = try await stage.office.rules.store.all(in: stage.tenant)
            #expect(rules[0].actions == [.priority(2), .note("look <b>bold"), .close])
            #expect(rules[0].conditions == Rule.Conditions(isAssigned: false, words: ["refund", "money back"]))
            #expect(try await send([], to: "/rules/\(rules[1].id)/raise").contains("ruleRaised"))
            #expect(try await send([("isPaused", "true")], to: "/rules/\(rules[0].id)/pause").contains("rulePaused"))
            rules = try await stage.office.rules.store.all(in: stage.tenant)
            #expect(rules.map(\.name) == ["Second", "First"] && rules[1].isPaused)
            let page = try await priya.get(at + "?q=hello")
            try expectSound(page)
            #expect(page.text.contains("/hello") && page.text.contains("paused") && page.text.contains("nobody has it"))
            #expect(try await send([], to: "/rules/\(rules[0].id)/remove").contains("ruleRemoved"))
            #expect(try await send([], to: "/\(reply.id)/remove").hasSuffix("replyRemoved"))
            // An agent writes texts for themselves only, and no rules.
            let tom = try await stage.browser(stage.tom, on: site)
            let own = try await tom.send([("shortcut", "mine"), ("body", "x"), ("isOwn", "true")], to: at, from: at)
            #expect(own["location"]?.hasSuffix("replyMade") == true)
            let refused = try await tom.send(
                [("name", "X"), ("event", "inbound"), ("close", "true")], to: at + "/rules", from: at)
            #expect(refused["location"]?.contains("notAllowed") == true)
        }
    }

    @Test(arguments: Backend.all)
    func `teams, hours and promises are set up without a script, and read by whoever answers`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            try await settle(stage)
            let channel = try await stage.channel()
            let site = try await stage.pages()
            let priya = try await stage.browser(stage.priya, .owner, on: site)
            let at = "/inbox/team"
            func send(_ fields: [(String, String)], to path: String) async throws -> String {
                let answer = try await priya.send(fields, to: at + path, from: at)
                #expect(answer.status == 303, "\(answer.text.prefix(400))")
                return answer["location"] ?? ""
            }
            let made = try await send([("name", "Support"), ("channel", "\(channel.id)")], to: "/teams")
            #expect(made.contains("teamMade"))
            let team = try #require(try await stage.office.teams.teams(in: stage.tenant).first)
            #expect(team.channels == [channel.id])
            let member = [("person", "\(stage.tom)"), ("cap", "7")]
            #expect(try await send(member, to: "/teams/\(team.id)/members").contains("memberSet"))
            #expect(
                try await send([("person", "\(stage.tom)"), ("cap", "x")], to: "/teams/\(team.id)/members")
                    .contains("chooseNumber"))
            #expect(try await send([("name", "Help")], to: "/teams/\(team.id)").contains("teamChanged"))
            let changed = try #require(try await stage.office.teams.teams(in: stage.tenant).first)
            #expect(changed.name == "Help" && changed.channels.isEmpty && changed.members.map(\.cap) == [7])
            let week = [("monday", "9-12:30, 14-18"), ("tuesday", "9-18"), ("sunday", "")]
            let hours = [
                ("name", "Office"), ("zone", "Europe/Lisbon"), ("holidays", "2026-12-25"), ("isUsual", "true"),
            ]
            #expect(try await send(hours + week, to: "/hours").contains("hoursSet"))
            #expect(try await send(hours + [("monday", "nine")], to: "/hours").contains("chooseSpans"))
            let plan = try #require(try await stage.office.teams.plan(nil, in: stage.tenant))
            #expect(plan.days[0].count == 2 && plan.days[6].isEmpty && plan.holidays == ["2026-12-25"])
            #expect(
                try await send([("name", "Usual"), ("first", "30"), ("resolution", "")], to: "/service-levels")
                    .contains("levelMade"))
            stage.clock.advance(by: .seconds(61))
            let page = try await priya.get(at)
            try expectSound(page)
            // Who is invited is asked anew; all else comes from memory.
            #expect(priya.statements == 1)
            #expect(page.text.contains("Tom &lt;b&gt;bold") && page.text.contains("first answer within 30 min"))
            let tom = try await stage.browser(stage.tom, on: site)
            let seen = try await tom.get(at)
            try expectSound(seen)
            #expect(!seen.text.contains("New team"))
            let refused = try await tom.send([("name", "X")], to: at + "/teams", from: "/inbox/replies")
            #expect(refused["location"]?.contains("notAllowed") == true)
            #expect(try await send([], to: "/teams/\(team.id)/members/\(stage.tom)/remove").contains("memberRemoved"))
            let level = try #require(try await stage.office.promises.levels(in: stage.tenant).first)
            #expect(try await send([], to: "/service-levels/\(level.id)/remove").contains("levelRemoved"))
            let office = try #require(try await stage.office.teams.hours(in: stage.tenant).first)
            #expect(try await send([], to: "/hours/\(office.id)/remove").contains("hoursRemoved"))
            #expect(try await send([], to: "/teams/\(team.id)/remove").contains("teamRemoved"))
        }
    }
}

/// Tests write people as Accounts would.
enum TestRight {
    static let people = SystemCapability(name: "test.people", reason: "People belong to no company.")
}
