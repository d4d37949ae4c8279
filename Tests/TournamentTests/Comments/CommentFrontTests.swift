import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Telemetry
import Testing
import Web
import WebTestKit

@testable import Tournament

@Suite(.databases) struct CommentFrontTests {
    @Test(arguments: Backend.all)
    func `a look for new comments costs no statement, and says at once when what is shown has changed`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 2)
            let (clip, desk) = (scene.clips[0], stage.house.comments)
            let site = try await stage.fullSite()
            let path = "/api/tournament/clips/\(clip.id)/comments/pulse"
            var last = ""
            func look() async throws -> (total: Int, version: String) {
                let answer = try await site.get(path)
                #expect(answer.status == 200, "\(answer.text)")
                #expect(site.records.last?.cost[.statements] == 0)
                let value = try #require(JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [String: Any])
                return (try #require(value["total"] as? Int), try #require(value["version"] as? String))
            }
            func expectNew(_ what: String, total: Int) async throws {
                let (found, version) = try await look()
                #expect(found == total, "\(what)")
                #expect(version != last, "\(what) changed nothing")
                last = version
                #expect(try await look() == (found, version), "\(what) goes on changing")
                // Another node finds the same.
                let other = try await stage.otherNode().comments.fronts.front(of: clip.id, in: stage.tenant)
                #expect(other.version == version, "\(what)")
            }
            try await expectNew("nothing", total: 0)
            let first = try await stage.post("first", on: clip, by: stage.person(1))
            try await expectNew("a comment", total: 1)
            _ = try await stage.post("reply", on: clip, by: stage.person(2), replyingTo: first.id)
            try await expectNew("a reply", total: 2)
            _ = try await desk.setLike(true, of: first.id, by: stage.person(3), in: stage.tenant)
            try await expectNew("a like", total: 2)
            let waiting = try await stage.post("waits", on: clip, by: stage.person(4), state: .pending)
            #expect(try await look().version == last, "what nobody else sees has changed what everybody sees")
            _ = try await desk.review(waiting.id, .approve, reason: nil, by: stage.person(9), in: stage.tenant)
            try await expectNew("an approval", total: 3)
            for number in 20..<25 { _ = try await stage.report(waiting.id, by: stage.person(number)) }
            try await expectNew("a comment that is hidden", total: 2)
            try await desk.delete(first.id, of: stage.person(1), in: stage.tenant)
            let (left, _) = try await look()
            #expect(left == 0)
            // What happens below another clip is none of this one's.
            let (_, quiet) = try await look()
            _ = try await stage.post("elsewhere", on: scene.clips[1], by: stage.person(1))
            #expect(try await look().version == quiet)
            #expect(
                try await site.get("/api/tournament/clips/\(ID<Clip>(high: 1, low: 1))/comments/pulse").status == 404)
        }
    }

    @Test(arguments: Backend.all)
    func `a person's removal drops the comments of many clips at once`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 70)
            let fronts = stage.house.comments.fronts
            for clip in scene.clips {
                _ = try await stage.post("mine", on: clip, by: stage.person(1))
                #expect(try await fronts.front(of: clip.id, in: stage.tenant).page.total == 1)
            }
            let own = try await stage.house.comments.store.ids(
                of: stage.person(1), limit: 100, through: stage.storage.reader(for: stage.tenant), in: stage.tenant)
            #expect(own.count == 70)
            while try await stage.house.comments.removeStep(own, in: stage.tenant) {}
            for clip in scene.clips {
                #expect(try await fronts.front(of: clip.id, in: stage.tenant).page.comments.isEmpty)
            }
        }
    }

    @Test(arguments: Backend.all)
    func `strangers read the newest comments from memory, with their page and alone`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 2)
            let clip = scene.clips[0]
            let site = try await stage.fullSite()
            for number in 0..<21 {
                _ = try await stage.post("number \(number)", on: clip, by: stage.person(number))
                stage.clock.advance(by: .seconds(1))
            }
            _ = try await site.get(Addresses.comments(clip.id))
            let alone = try await site.get(Addresses.comments(clip.id))
            #expect(site.records.last?.cost[.statements] == 0)
            #expect(alone.text.contains("number 20") && !alone.text.contains("number 0<"))
            #expect(alone.text.contains("21 comments") && alone.text.contains("data-comments "))
            let version = try #require(alone.text.firstMatch(of: /data-version="([^"]+)"/)).1
            let page = try await site.get(Addresses.clip(clip.id))
            #expect(page.text.contains("data-version=\"\(version)\""))
            // Older ones are not kept fresh.
            let next = try #require(alone.text.firstMatch(of: /rel="next" href="([^"#]+)#comments"/)).1
            let older = try await site.get(String(next).replacing("&amp;", with: "&"))
            #expect(older.text.contains("number 0<") && !older.text.contains("data-comments "))
        }
    }
}
