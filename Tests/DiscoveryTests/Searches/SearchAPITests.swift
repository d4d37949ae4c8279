import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Discovery

@Suite(.databases) struct SearchAPITests {
    private let body = #"{"keywords":["running"],"platforms":["tiktok"],"target":100}"#

    @Test(arguments: Backend.all)
    func `a search is started, watched, paged and cancelled over HTTP`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...60), listed(61...90)])
            let site = try await stage.site()
            let editor = try await stage.session(stage.person(1), on: site)
            let viewer = try await stage.session(stage.person(2), .viewer, on: site)
            let refused = try await site.post("/api/discovery/searches", json: body, headers: [viewer])
            #expect(refused.status == 403 && refused.problemCode == "discovery.notAllowed")
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            let started = try await site.post("/api/discovery/searches", json: body, headers: [editor])
            stage.storage.setRecorder(nil)
            #expect(started.status == 201)
            if backend.name == "postgres" {
                let own = recorded.names.filter { !$0.hasPrefix("workspace.") && !$0.hasPrefix("vendorDay.") }
                #expect(own.count == 4, "search, credits, keywords and one for the jobs: \(own)")
            }
            let again = try await site.post("/api/discovery/searches", json: body, headers: [editor])
            #expect(again.status == 409 && again.problemCode == "discovery.searchActive")
            let id = try #require(started.text.firstMatch(of: /"id":"([0-9a-f-]{36})"/)).1
            #expect(again.text.contains("\"searchId\":\"\(id)\""))
            let search = try #require(ID<Search>(String(id)))
            try await stage.fetch(try await stage.bureau.searches.status(of: search, in: stage.tenant).keywords[0])
            let status = try await site.get("/api/discovery/searches/\(id)", headers: [viewer])
            #expect(status.text.contains("\"creatorsFound\":60"))
            let page = try await site.get("/api/discovery/searches/\(id)/matches?limit=50", headers: [viewer])
            #expect(page.status == 200 && page.text.contains("\"total\":60"))
            let cursor = try #require(page.text.firstMatch(of: /"next":"([^"]+)"/)).1
            let rest = try await site.get(
                "/api/discovery/searches/\(id)/matches?limit=50&after=\(cursor)", headers: [viewer])
            #expect(rest.text.components(separatedBy: "\"sequence\"").count - 1 == 10)
            let foreign = try await site.get(
                "/api/discovery/searches/\(id)/matches?sort=name&after=\(cursor)", headers: [viewer])
            #expect(foreign.status == 400 && foreign.problemCode == "discovery.cursorInvalid")
            let ended = try await site.post(
                "/api/discovery/searches/\(id)/cancellation", json: "{}", headers: [editor])
            #expect(ended.status == 200 && ended.text.contains("\"state\":\"cancelled\""))
            let twice = try await site.post(
                "/api/discovery/searches/\(id)/cancellation", json: "{}", headers: [editor])
            #expect(twice.status == 409 && twice.problemCode == "discovery.searchEnded")
        }
    }

    @Test(arguments: Backend.all)
    func `an idempotency key gives the first answer for a day`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...5)])
            let site = try await stage.site()
            let headers = [try await stage.session(stage.person(1), on: site), ("idempotency-key", "k1")]
            let first = try await site.post("/api/discovery/searches", json: body, headers: headers)
            let id = try #require(first.text.firstMatch(of: /"id":"([0-9a-f-]{36})"/)).1
            let second = try await site.post("/api/discovery/searches", json: body, headers: headers)
            #expect(second.status == 201 && second.text.contains(id) && second.text.contains("\"isRepeat\":true"))
            let other = try await site.post(
                "/api/discovery/searches", json: body.replacing("running", with: "else"), headers: headers)
            #expect(other.status == 422 && other.problemCode == "discovery.requestReused")
            _ = try await stage.finish(
                try await stage.bureau.searches.status(of: try #require(ID<Search>(String(id))), in: stage.tenant)
                    .search)
            stage.clock.advance(by: .seconds(86_401))
            let later = try await site.post("/api/discovery/searches", json: body, headers: headers)
            #expect(later.status == 201 && !later.text.contains(id))
        }
    }

    @Test(arguments: Backend.all)
    func `filters keep the unknown apart, pages of a finished search cost nothing`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play(
                "running",
                [listed(1...10, followers: 500) + listed(11...20, followers: nil) + listed(21...30, followers: 90_000)])
            let search = try await stage.start(["running"])
            _ = try await stage.finish(search)
            func count(_ filter: MatchFilter) async throws -> Int {
                try await stage.bureau.results.page(
                    MatchDesk.Ask(search: search.id, filter: filter), in: stage.tenant
                ).page.items.count
            }
            #expect(try await count(MatchFilter(followersMin: 0)) == 20)
            #expect(try await count(MatchFilter(followersMin: 1_000)) == 10)
            #expect(try await count(MatchFilter(followersMin: 1_000, includesUnknown: true)) == 20)
            #expect(try await count(MatchFilter(email: .known)) == 0)
            let sorted = try await stage.bureau.results.page(
                MatchDesk.Ask(search: search.id, sort: .followers), in: stage.tenant)
            let followers = sorted.page.items.map(\.creator.facts.followers)
            #expect(followers.prefix(10).allSatisfy { $0 == 90_000 } && followers.suffix(10).allSatisfy { $0 == nil })
            let recorded = RecordedStatements()
            stage.storage.setRecorder(recorded)
            let first = try await stage.bureau.results.page(MatchDesk.Ask(search: search.id), in: stage.tenant)
            stage.storage.setRecorder(nil)
            #expect(recorded.names.isEmpty && first.page.items.count == 30)
        }
    }

    @Test(arguments: Backend.all)
    func `profiles are read in batches and late ones reach the cached pages`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            stage.directory.play("running", [listed(1...15)])
            for number in 1...14 {
                var profile = listed(number...number, followers: 7_000)[0]
                profile.bio = "A profile"
                stage.directory.play(
                    profile: .found(
                        profile,
                        posts: [CreatorPost(externalID: "p", caption: "c", views: 100, likes: 8, comments: 2)],
                        credits: 1),
                    of: "x\(number)")
            }
            let search = try await stage.start(["running"], enrich: 200)
            let status = try await stage.finish(search)
            #expect(status.search.state == .completed && status.enriched == 14)
            let matches = try await stage.matches(search)
            #expect(matches.filter { $0.creator.facts.engagement == 100_000 }.count == 14)
            #expect(matches.filter { $0.creator.enrichment == .gone }.map(\.creator.externalID) == ["x15"])
            let page = try await stage.bureau.results.page(MatchDesk.Ask(search: search.id), in: stage.tenant)
            #expect(page.page.items[0].creator.facts.followers == 7_000)
            try await stage.checkCounts(search)
            // What was read within a week is not asked for again.
            let calls = stage.directory.subjects.count
            let second = try await stage.start(["running"], by: 2, enrich: 200)
            let again = try await stage.finish(second)
            #expect(again.enriched == 14 && stage.directory.subjects.count == calls)
        }
    }
}
