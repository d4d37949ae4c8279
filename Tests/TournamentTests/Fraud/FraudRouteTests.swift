import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Tournament

@Suite(.databases) struct FraudRouteTests {
    private func site(_ stage: Stage) async throws -> TestSite {
        let pages = try Pages([.web, TournamentPages.bundle], chrome: SiteChrome(name: "Test"), clock: stage.clock)
        return try await TestSite(
            TournamentProduct.api(stage.house, flags: stage.flags) + PageRoutes(house: stage.house).routes
                + FairnessRoutes(house: stage.house).pages + [pages.assets.route], clock: stage.clock, pages: pages
        ) { $0.tenants = SingleTenant(stage.tenant) }
    }

    private func text(_ pattern: String, in answer: PerformedAnswer) throws -> String {
        String(try #require(answer.text.firstMatch(of: try Regex(pattern))?[1].substring))
    }

    @Test(arguments: Backend.all)
    func `a moderator opens a case, sees the effect, removes the votes and counts again; others may not`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let slot = scene.slots[0].id
            for number in 0..<40 {
                _ = try await stage.desk.cast(
                    .normal, on: scene.clips[number < 22 ? 0 : 1].id, by: stage.voter(number), in: stage.tenant)
            }
            stage.clock.advance(by: .seconds(60))
            _ = try await stage.steps.close(slot, in: stage.tenant)
            let site = try await site(stage)
            let moderator = try await stage.session(ID(high: 4, low: 5), role: .moderator, on: site)
            let member = try await stage.session(ID(high: 4, low: 6), role: .member, on: site)
            let voters = (0..<10).map { "\"\(stage.voter($0).id)\"" }.joined(separator: ",")
            let body = #"{"slotId":"\#(slot)","voterIds":[\#(voters)],"reason":"one machine"}"#
            let api = "/api/tournament/fraud-cases"
            #expect(try await site.post(api, json: body, headers: [member]).status == 403)
            #expect(try await site.post(api, json: body).status == 401)
            let opened = try await site.post(api, json: body, headers: [moderator])
            #expect(opened.status == 201, "\(opened.text)")
            #expect(site.records.last?.cost[.statements] == 4)
            let id = try text(#""id":"([^"]+)""#, in: opened)
            let list = try await site.get(api, headers: [moderator])
            #expect(list.text.contains(id) && list.text.contains("one machine"))
            #expect(site.records.last?.cost[.statements] == 1)
            let seen = try await site.get("\(api)/\(id)", headers: [moderator])
            #expect(seen.text.contains(#""changesWinner":true"#), "\(seen.text)")
            #expect(try #require(site.records.last).cost[.statements] <= 9)
            let page = try await site.get("/tournament/desk/fraud/\(id)", headers: [moderator])
            #expect(page.status == 200)
            #expect(page.text.contains("First place would go from “Clip 0” to “Clip 1”."))
            #expect(page.text.contains("counted anew") && page.text.contains("22") && !page.text.contains("Optional("))
            #expect(try await site.get("/tournament/desk/fraud/\(id)", headers: [member]).status == 403)
            let desk = try await site.get("/tournament/desk", headers: [moderator])
            #expect(desk.text.contains("Slot 1: 10 votes of 10 voters"))
            #expect(site.records.last?.cost[.statements] == 1)
            let short = try await site.post("\(api)/\(id)/removal", json: #"{"reason":"x"}"#, headers: [moderator])
            #expect(short.status == 400)
            let removed = try await site.post(
                "\(api)/\(id)/removal", json: #"{"reason":"one machine"}"#, headers: [moderator])
            #expect(removed.status == 200, "\(removed.text)")
            #expect(removed.text.contains(#""isComplete":true"#))
            #expect(try #require(site.records.last).cost[.statements] <= 40)
            let again = try await site.post(
                "\(api)/\(id)/removal", json: #"{"reason":"one machine"}"#, headers: [moderator])
            #expect(again.status == 409)
            #expect(again.problemCode == "tournament.caseDecided")
            let results = try await site.get("/api/tournament/slots/\(slot)/results")
            #expect(results.text.contains("\"clipId\":\"\(scene.clips[1].id)\""))
            #expect(results.text.contains(#""reason":"one machine""#) && results.text.contains(#""votes":10"#))
            let recount = try await site.post("/api/tournament/slots/\(slot)/recount", json: "{}", headers: [moderator])
            #expect(recount.status == 200)
            #expect(try #require(site.records.last).cost[.statements] <= 20)
            #expect(
                try await site.post("/api/tournament/slots/\(slot)/recount", json: "{}", headers: [member]).status
                    == 403)
            try await stage.checkSums()
        }
    }

    @Test func `the desk works by forms: dismiss, ban, and back to the case`() async throws {
        try await Stage.with(.sqlite) { stage in
            let scene = try await stage.openSeason()
            let slot = scene.slots[0].id
            for number in 0..<6 {
                _ = try await stage.desk.cast(
                    .normal, on: scene.clips[0].id, by: stage.voter(number), in: stage.tenant)
            }
            let site = try await site(stage)
            let moderator = try await stage.session(ID(high: 4, low: 5), role: .moderator, on: site)
            let fraud = try #require(
                try await stage.house.fairness.desk.open(
                    about: [stage.voter(1).id, stage.voter(2).id], in: slot, reason: "a look",
                    by: RemovalTests.moderator, tenant: stage.tenant))
            let page = try await site.get("/tournament/desk/fraud/\(fraud.id)", headers: [moderator])
            let token = try text("name=\"formToken\" value=\"([^\"]+)\"", in: page)
            func send(_ path: String, _ fields: String) async throws -> PerformedAnswer {
                try await site.request(
                    "POST", path, headers: [moderator, ("content-type", "application/x-www-form-urlencoded")],
                    body: Array("formToken=\(token)&\(fields)".utf8))
            }
            let banned = try await send(
                "/tournament/desk/voters/\(stage.voter(1).id)/ban", "isBanned=true&case=\(fraud.id)")
            #expect(banned["location"] == "/tournament/desk/fraud/\(fraud.id)?said=voterBanned")
            #expect(stage.house.fairness.bans.isBanned(stage.voter(1).id, in: stage.tenant))
            let unknown = try await send(
                "/tournament/desk/voters/\(ID<Clip>(high: 1, low: 1))/ban", "isBanned=true&case=\(fraud.id)")
            #expect(unknown.status == 404)
            let dismissed = try await send(
                "/tournament/desk/fraud/\(fraud.id)/dismissal", "reason=Looks+honest")
            #expect(dismissed["location"] == "/tournament/desk/fraud/\(fraud.id)?said=votesStand")
            let late = try await send("/tournament/desk/fraud/\(fraud.id)/removal", "reason=Too+late")
            #expect(late["location"] == "/tournament/desk/fraud/\(fraud.id)?said=tournament.caseDecided")
            let forged = try await site.request(
                "POST", "/tournament/desk/fraud/\(fraud.id)/removal",
                headers: [moderator, ("content-type", "application/x-www-form-urlencoded")],
                body: Array("formToken=forged&reason=Because".utf8))
            #expect(forged.status == 403)
            #expect(try await stage.totals(of: scene.slots[0]) == (6, 6))
            let again = try await site.get("/tournament/desk/fraud/\(fraud.id)?said=votesStand", headers: [moderator])
            #expect(again.text.contains("The votes stand.") && again.text.contains("Admit again"))
            #expect(!again.text.contains("Remove the votes"))
        }
    }
}
