import Base
import BaseTestKit
import Foundation
import Hosting
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Tournament

@Suite(.databases) struct TournamentAPITests {
    private func json(_ answer: PerformedAnswer) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
    }

    private func clips(_ answer: PerformedAnswer) throws -> [[String: Any]] {
        try #require(try json(answer)["clips"] as? [[String: Any]])
    }

    @Test(arguments: Backend.all)
    func `a stranger watches, votes, is told what is left, and takes the vote back`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 12)
            let site = try await stage.site()
            let first = try await site.get("/api/tournament/feed")
            #expect(first.status == 200)
            let cookie = try #require(first.cookies)
            let shown = try clips(first)
            #expect(shown.count == 10)
            let clip = try #require(shown[0]["id"] as? String)
            let voted = try await site.post(
                "/api/tournament/votes", json: #"{"clipId":"\#(clip)","kind":"super"}"#, headers: [cookie])
            #expect(voted.status == 201)
            let allowance = try #require(try json(voted)["allowance"] as? [String: Any])
            #expect(allowance["left"] as? Int == 197)
            #expect(allowance["superLeft"] as? Int == 0)
            let again = try await site.post(
                "/api/tournament/votes", json: #"{"clipId":"\#(clip)","kind":"normal"}"#, headers: [cookie])
            #expect(again.status == 409)
            #expect(again.problemCode == "tournament.alreadyVoted")
            let mine = try await site.get("/api/tournament/votes/mine", headers: [cookie])
            #expect((try json(mine)["votes"] as? [Any])?.count == 1)
            let back = try await site.request("DELETE", "/api/tournament/votes/\(clip)", headers: [cookie])
            #expect(back.status == 200)
            #expect(try json(back)["isReturned"] as? Bool == true)
            let gone = try await site.request("DELETE", "/api/tournament/votes/\(clip)", headers: [cookie])
            #expect(gone.problemCode == "tournament.noVote")
            let left = try await site.get("/api/tournament/allowance", headers: [cookie])
            #expect(try json(left)["left"] as? Int == 200)
            #expect(try await stage.totals(of: scene.slots[0]) == (0, 0))
        }
    }

    @Test(arguments: Backend.all)
    func `statements: one for a feed, one shared by a group of votes, none for boards, seasons, slots and flags`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 12)
            let site = try await stage.site()
            func cost(
                _ method: String, _ path: String, body: String = "", _ headers: [(name: String, value: String)] = []
            )
                async throws -> Cost
            {
                let content = body.isEmpty ? [] : [(name: "content-type", value: "application/json")]
                _ = try await site.request(
                    method, "/api/tournament" + path, headers: headers + content, body: Array(body.utf8))
                return try #require(site.records.last).cost
            }
            let cookie = try #require(try await site.get("/api/tournament/feed").cookies)
            #expect(try await cost("GET", "/feed", [cookie])[.statements] == 1)
            let vote = #"{"clipId":"\#(scene.clips[0].id)","kind":"normal"}"#
            let cast = try await cost("POST", "/votes", body: vote, [cookie])
            #expect(cast[.statements] == 0)
            // SQLite has no writing sub-selects: allowance, vote, tally, and once the new voter.
            #expect(cast[.sharedStatements] == (stage.storage.dialect == .postgres ? 1 : 4))
            let back = try await cost("DELETE", "/votes/\(scene.clips[0].id)", [cookie])
            #expect(back[.statements] == 0)
            #expect(back[.sharedStatements] == (stage.storage.dialect == .postgres ? 1 : 3))
            for path in [
                "/boards/slot", "/boards/slot?order=rising", "/seasons/current", "/tracks/\(scene.track.id)/slots",
                "/slots/\(scene.slots[0].id)", "/genres", "/film", "/clips/\(scene.clips[0].id)",
            ] {
                #expect(try await cost("GET", path)[.statements] == 0, "\(path)")
            }
            #expect(try await cost("GET", "/clips?genre=drama")[.statements] == 1)
            #expect(try await cost("GET", "/boards/clips")[.statements] <= 1)
        }
    }

    @Test(arguments: Backend.all)
    func `the director closes a slot; the ballots have the digest that the result states`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            for number in 0..<40 {
                _ = try await stage.desk.cast(
                    number == 7 ? .mega : .normal, on: scene.clips[number % 3].id, by: stage.voter(number),
                    in: stage.tenant)
            }
            _ = try await stage.desk.withdraw(from: scene.clips[0].id, by: stage.voter(0), in: stage.tenant)
            stage.clock.advance(by: .seconds(60))
            let site = try await stage.site()
            let slot = scene.slots[0].id
            let path = "/api/tournament/slots/\(slot)"
            let member = try await stage.session(ID(high: 4, low: 4), role: .member, on: site)
            #expect(try await site.post(path + "/close", json: "{}", headers: [member]).status == 403)
            #expect(try await site.get(path + "/results").status == 404)
            let director = try await stage.session(ID(high: 4, low: 5), role: .administrator, on: site)
            let closed = try await site.post(path + "/close", json: "{}", headers: [director])
            #expect(closed.status == 200)
            #expect(try json(closed)["state"] as? String == "provisional")
            let results = try json(try await site.get(path + "/results"))
            #expect(results["clipId"] as? String == scene.clips[1].id.description)
            #expect(results["withdrawn"] as? Int == 1)
            let export = try await site.get(path + "/ballots")
            let lines = export.text.split(separator: "\r\n", omittingEmptySubsequences: true)
            #expect(lines.count == 42)
            let digest = try #require(results["digest"] as? String)
            #expect(lines.last == "# rows=40 sha256=\(digest)")
            var recount = Recount(clips: scene.clips.map { Standing(clipID: $0.id, activeAt: $0.activeAt) })
            for line in lines.dropFirst().dropLast() { recount.add(try #require(BallotStream.ballot(line: line))) }
            #expect(recount.digestText == digest)
            #expect(recount.ranking.first?.clipID == scene.clips[1].id)
            #expect(!export.text.contains(stage.voter(1).id.description))
            let film = try json(try await site.get("/api/tournament/film"))
            #expect((film["scenes"] as? [Any])?.count == 1)
            let next = try json(try await site.get("/api/tournament/seasons/current"))["slot"] as? [String: Any]
            #expect(next?["position"] as? Int == 2)
            #expect(next?["state"] as? String == "voting")
        }
    }

    @Test(arguments: Backend.all)
    func `a view counts once, however often its token is sent, and not for somebody else`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 3)
            let site = try await stage.site()
            let feed = try await site.get("/api/tournament/feed")
            let cookie = try #require(feed.cookies)
            let tokens = try clips(feed).compactMap { $0["viewToken"] as? String }
            #expect(tokens.count == 3)
            let body = #"{"tokens":["\#(tokens.joined(separator: "\",\""))"]}"#
            func counted(_ headers: [(name: String, value: String)]) async throws -> Int? {
                try json(try await site.post("/api/tournament/views", json: body, headers: headers))["counted"] as? Int
            }
            #expect(try await counted([cookie]) == 0)
            stage.clock.advance(by: .seconds(3))
            let stranger = try #require(try await site.get("/api/tournament/feed").cookies)
            #expect(try await counted([stranger]) == 0)
            #expect(try await counted([cookie]) == 3)
            #expect(try await counted([cookie]) == 0)
            await stage.house.feed.save()
            let tallies = try await stage.timetable.clips.tallies(of: scene.slots[0].id, in: stage.tenant)
            #expect(tallies.map(\.views) == [1, 1, 1])
            #expect(tallies.map(\.impressions) == [2, 2, 2])
        }
    }

    @Test(arguments: Backend.all)
    func `pages of a board fit together while it moves, and a version that is gone says so`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 9)
            let site = try await stage.site()
            for number in 0..<9 {
                for voter in 0...number {
                    _ = try await stage.desk.cast(
                        .normal, on: scene.clips[number].id, by: stage.voter(voter), in: stage.tenant)
                }
            }
            func page(_ query: String) async throws -> [String: Any] {
                try json(try await site.get("/api/tournament/boards/slot?limit=4" + query))
            }
            func ids(_ page: [String: Any]) -> [String] {
                (page["rows"] as? [[String: Any]] ?? []).compactMap { $0["id"] as? String }
            }
            let first = try await page("")
            #expect(ids(first) == scene.clips.reversed().prefix(4).map { "\($0.id)" })
            // The last clip overtakes all others between two pages.
            for voter in 20..<40 {
                _ = try await stage.desk.cast(
                    .normal, on: scene.clips[0].id, by: stage.voter(voter), in: stage.tenant)
            }
            // Older than may be served while the next version is built, so that the reader waits for it.
            stage.clock.advance(by: .seconds(40))
            let moved = try await page("")
            #expect(ids(moved).first == "\(scene.clips[0].id)")
            let cursor = try #require(first["next"] as? String)
            let second = try await page("&after=\(cursor)")
            let third = try await page("&after=\(try #require(second["next"] as? String))")
            #expect(ids(first) + ids(second) + ids(third) == scene.clips.reversed().map { "\($0.id)" })
            #expect(third["next"] == nil)
            let around = try await page("&around=\(scene.clips[0].id)")
            #expect(ids(around).first == "\(scene.clips[0].id)")
            for bad in ["zz", "1.2.3"] {
                let refused = try await site.get("/api/tournament/boards/slot?after=\(bad)")
                #expect(refused.status == 400 || refused.status == 422)
            }
            stage.clock.advance(by: .seconds(700))
            _ = try await page("")
            stage.clock.advance(by: .seconds(700))
            _ = try await page("")
            let late = try await site.get("/api/tournament/boards/slot?limit=4&after=\(cursor)")
            #expect(late.status == 410)
            #expect(late.problemCode == "tournament.boardMoved")
        }
    }

    @Test(arguments: Backend.all)
    func `flags change who may vote at once, and a second season has to wait`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let site = try await stage.site()
            let director = try await stage.session(ID(high: 4, low: 5), role: .administrator, on: site)
            let switched = try await site.request(
                "PUT", "/api/tournament/flags/requireAuthVoting",
                headers: [director, ("content-type", "application/json")], body: Array(#"{"isEnabled":true}"#.utf8))
            #expect(switched.status == 200)
            let cookie = try #require(try await site.get("/api/tournament/feed").cookies)
            let vote = #"{"clipId":"\#(scene.clips[0].id)","kind":"normal"}"#
            let refused = try await site.post("/api/tournament/votes", json: vote, headers: [cookie])
            #expect(refused.status == 401)
            #expect(refused.problemCode == "tournament.signInRequired")
            let person = try await stage.session(ID(high: 6, low: 6), role: .member, on: site)
            #expect(try await site.post("/api/tournament/votes", json: vote, headers: [person]).status == 201)
            let second = try await site.post(
                "/api/tournament/seasons", json: #"{"title":"Another","slots":3}"#, headers: [director])
            #expect(second.problemCode == "tournament.seasonExists")
            let wrong = try await site.post(
                "/api/tournament/seasons", json: #"{"title":"Another","timeZone":"Atlantis/Main"}"#,
                headers: [director])
            #expect(wrong.problemCode == "tournament.invalidSeason")
        }
    }

    @Test(arguments: Backend.all)
    func `another tenant's clip does not exist, and bad input is told by field`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let other = Tenant(ID(high: 0x3333, low: 0x4444))
            let site = try await TestSite(TournamentProduct.api(stage.house, flags: stage.flags), clock: stage.clock) {
                $0.tenants = SingleTenant(other)
            }
            #expect(try await site.get("/api/tournament/clips/\(scene.clips[0].id)").status == 404)
            #expect(try await site.get("/api/tournament/seasons/current").status == 404)
            let feed = try await site.get("/api/tournament/feed")
            #expect(feed.status == 200)
            #expect(try clips(feed).isEmpty)
            let cookie = try #require(feed.cookies)
            let vote = #"{"clipId":"\#(scene.clips[0].id)","kind":"normal"}"#
            let refused = try await site.post("/api/tournament/votes", json: vote, headers: [cookie])
            #expect(refused.problemCode == "tournament.slotClosed" || refused.problemCode == "tournament.clipNotFound")
            for body in ["{}", #"{"clipId":"x","kind":"normal"}"#, #"{"clipId":5,"kind":[]}"#, "[", "\u{0}"] {
                let answer = try await site.post("/api/tournament/votes", json: body, headers: [cookie])
                #expect((400..<500).contains(answer.status), "\(body)")
            }
            #expect(try await stage.totals(of: scene.slots[0]) == (0, 0))
        }
    }
}
