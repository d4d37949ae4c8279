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

@Suite(.databases) struct SocialAPITests {
    private func json(_ answer: PerformedAnswer) throws -> [String: Any] {
        try #require(JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
    }

    @Test(arguments: Backend.all)
    func `statements: one for comments and one for stats, two to post, none for counts of comments`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 12)
            let site = try await stage.site()
            let me = try await stage.session(stage.person(1), role: .member, on: site)
            let moderator = try await stage.session(stage.person(9), role: .moderator, on: site)
            func cost(
                _ method: String, _ path: String, json body: String = "",
                as session: (name: String, value: String)? = nil
            ) async throws -> Int {
                let content = body.isEmpty ? [] : [(name: "content-type", value: "application/json")]
                let answer = try await site.request(
                    method, "/api/tournament" + path, headers: content + (session.map { [$0] } ?? []),
                    body: Array(body.utf8))
                #expect((200...299).contains(answer.status), "\(method) \(path): \(answer.text)")
                return try #require(site.records.last).cost[.statements]
            }
            let clip = scene.clips[0].id
            let top = try await stage.post("top", on: scene.clips[0], by: stage.person(2))
            let own = try await stage.post("own", on: scene.clips[0], by: stage.person(1))
            #expect(try await cost("GET", "/clips/\(clip)/comments") == 1)
            #expect(try await cost("GET", "/clips/\(clip)/comments", as: me) == 1)
            #expect(try await cost("GET", "/clips/\(clip)/comments/\(top.id)/replies", as: me) == 1)
            #expect(try await cost("GET", "/comments/mine", as: me) == 1)
            #expect(try await cost("POST", "/comments", json: #"{"clipId":"\#(clip)","text":"Hm."}"#, as: me) == 2)
            #expect(
                try await cost(
                    "POST", "/comments", json: #"{"clipId":"\#(clip)","parentId":"\#(top.id)","text":"Hm."}"#, as: me)
                    == 2)
            #expect(try await cost("PUT", "/comments/\(top.id)/like", as: me) == 2)
            #expect(try await cost("DELETE", "/comments/\(top.id)/like", as: me) == 2)
            #expect(
                try await cost(
                    "POST", "/reports", json: #"{"kind":"comment","targetId":"\#(top.id)","reason":"Rude."}"#, as: me)
                    == 2)
            #expect(try await cost("GET", "/reports", as: moderator) == 1)
            #expect(
                try await cost(
                    "POST", "/comments/\(top.id)/review", json: #"{"decision":"reject","reason":"Rude."}"#,
                    as: moderator) <= 6)
            #expect(try await cost("DELETE", "/comments/\(own.id)", as: me) <= 8)
            let maker = scene.clips[3].personID
            #expect(try await cost("GET", "/people/\(maker)/stats") == 1)
            #expect(try await cost("GET", "/people/\(maker)/stats", as: me) == 1)
            #expect(try await cost("PUT", "/people/\(maker)/follow", as: me) == 2)
            #expect(try await cost("PUT", "/people/\(maker)/follow", as: me) == 1)
            #expect(try await cost("DELETE", "/people/\(maker)/follow", as: me) == 2)
            #expect(try await cost("GET", "/feed") == 1)
            #expect(try await cost("GET", "/clips/\(clip)") == 0)
        }
    }

    @Test(arguments: Backend.all)
    func `who comments, likes, follows and reports is told what was refused and why`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 2)
            let site = try await stage.site()
            let me = try await stage.session(stage.person(1), role: .member, on: site)
            let clip = scene.clips[0].id
            let nothing = ID<Comment>(high: 1, low: 1)
            func post(_ text: String, on clip: ID<Clip> = clip) async throws -> PerformedAnswer {
                let body = try JSONSerialization.data(withJSONObject: ["clipId": clip.description, "text": text])
                return try await site.post(
                    "/api/tournament/comments", json: String(decoding: body, as: UTF8.self), headers: [me])
            }
            let long = try await post(String(repeating: "x", count: 501))
            #expect(long.status == 422 && long.problemCode == "tournament.commentInvalid")
            #expect(try json(long)["characters"] as? Int == 501)
            #expect(try await post("  ").problemCode == "tournament.commentInvalid")
            #expect(try await post("a\u{0}b").status == 400)
            let lost = try await post("x", on: ID(high: 1, low: 1))
            #expect(lost.status == 404 && lost.problemCode == "tournament.notFound")
            let stranger = try await site.post(
                "/api/tournament/comments", json: #"{"clipId":"\#(clip)","text":"x"}"#)
            #expect(stranger.status == 401)
            let good = try await post("Well done.")
            #expect(good.status == 201)
            #expect(try json(good)["isOwn"] as? Bool == true)
            for method in ["PUT", "DELETE"] {
                let like = try await site.request(
                    method, "/api/tournament/comments/\(nothing)/like", headers: [me])
                #expect(like.problemCode == "tournament.notFound")
            }
            let myself = try await site.request(
                "PUT", "/api/tournament/people/\(stage.person(1))/follow", headers: [me])
            #expect(myself.status == 422 && myself.problemCode == "tournament.followInvalid")
            let nobody = try await site.get("/api/tournament/people/\(ID<Person>(high: 3, low: 3))/stats")
            #expect(nobody.status == 404 && nobody.problemCode == "tournament.notFound")
            let report = try await site.post(
                "/api/tournament/reports", json: #"{"kind":"comment","targetId":"\#(nothing)","reason":"x"}"#,
                headers: [me])
            #expect(report.problemCode == "tournament.notFound")
            #expect(try await site.get("/api/tournament/reports", headers: [me]).status == 403)
            // Fifteen a minute, and one more when the time has come; refused ones consume nothing.
            var refused = 0
            for number in 0..<15 where try await post("again \(number)").status == 429 { refused += 1 }
            #expect(refused > 0)
            stage.clock.advance(by: .seconds(60))
            #expect(try await post("later").status == 201)
        }
    }

    @Test(arguments: Backend.all)
    func `where comments are looked at first, others see them after the approval`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 1)
            try await stage.flags.set(
                Playhouse.Flags.reviewComments.key, to: FlagState(isEnabled: true), for: stage.tenant)
            let site = try await stage.site()
            let me = try await stage.session(stage.person(1), role: .member, on: site)
            let moderator = try await stage.session(stage.person(9), role: .moderator, on: site)
            let path = "/api/tournament/clips/\(scene.clips[0].id)/comments"
            let body = #"{"clipId":"\#(scene.clips[0].id)","text":"Well."}"#
            let posted = try await site.post("/api/tournament/comments", json: body, headers: [me])
            #expect(try json(posted)["state"] as? String == "pending")
            let id = try #require(try json(posted)["id"] as? String)
            #expect((try json(try await site.get(path))["threads"] as? [Any])?.isEmpty == true)
            #expect((try json(try await site.get(path, headers: [me]))["threads"] as? [Any])?.count == 1)
            let decided = try await site.post(
                "/api/tournament/comments/\(id)/review", json: #"{"decision":"approve"}"#, headers: [moderator])
            #expect(try json(decided)["state"] as? String == "approved")
            #expect(try json(try await site.get(path))["total"] as? Int == 1)
            // A moderator's own needs no other moderator.
            let theirs = try await site.post("/api/tournament/comments", json: body, headers: [moderator])
            #expect(try json(theirs)["state"] as? String == "approved")
        }
    }

    @Test(arguments: Backend.all)
    func `two tenants share no comment, like, follow, report or number`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 1)
            let comment = try await stage.post("here", on: scene.clips[0], by: stage.person(1))
            let elsewhere = Tenant(ID(high: 8, low: 8))
            let house = stage.house
            #expect(
                try await house.comments.store.page(
                    of: scene.clips[0].id, for: stage.person(1), after: nil, limit: 20, in: elsewhere
                ).comments.isEmpty)
            #expect(
                try await house.comments.store.own(of: stage.person(1), after: nil, limit: 20, in: elsewhere)
                    .items.isEmpty)
            await #expect(throws: TournamentError.self) {
                _ = try await house.comments.setLike(true, of: comment.id, by: stage.person(2), in: elsewhere)
            }
            await #expect(throws: TournamentError.self) {
                _ = try await house.comments.review(
                    comment.id, .reject, reason: nil, by: stage.person(2), in: elsewhere)
            }
            await #expect(throws: TournamentError.self) {
                _ = try await house.reports.report(
                    ReportTarget(kind: .comment, id: comment.id.cast(to: ID<ReportTarget>.self)), reason: "x",
                    by: stage.person(2), in: elsewhere)
            }
            await #expect(throws: TournamentError.self) {
                try await house.comments.delete(comment.id, of: stage.person(1), in: elsewhere)
            }
            try await house.people.setFollow(
                true, of: scene.clips[0].personID, by: stage.person(2), in: stage.tenant)
            let stats = try await house.people.stats(
                of: scene.clips[0].personID, seenBy: stage.person(2), in: elsewhere)
            #expect(stats.tally == PersonTally() && !stats.isFollowed)
            let leaver = Tournament.Voter(person: stage.person(1), in: elsewhere)
            #expect(leaver.id != Tournament.Voter(person: stage.person(1), in: stage.tenant).id)
            #expect(try await stage.socialFaults() == [])
        }
    }
}
