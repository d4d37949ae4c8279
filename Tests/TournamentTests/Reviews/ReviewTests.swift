import Accounts
import Base
import BaseTestKit
import Foundation
import Hosting
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Tournament

@Suite(.databases) struct ReviewTests {
    private func review(
        _ id: ID<Clip>, _ json: String, by someone: Atelier.Someone, _ atelier: Atelier
    ) async throws -> PerformedAnswer {
        try await atelier.site.post(
            "/api/tournament/clips/\(id)/review", json: json, headers: [someone.session])
    }

    private func feed(_ atelier: Atelier) async throws -> String {
        try await atelier.site.get("/api/tournament/feed").text
    }

    @Test(arguments: Backend.all)
    func `an approved clip is in feed, board and lists at once, and can be voted for`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            let scene = try await atelier.stage.openSeason(clips: 3)
            let maker = try await atelier.someone("Maker")
            let moderator = try await atelier.someone("Mod", role: .moderator)
            let id = try await atelier.pending(by: maker)
            // Caches are warm, and none of them knows the clip.
            #expect(try await !feed(atelier).contains("\(id)"))
            #expect(try await !atelier.site.get("/api/tournament/boards/slot").text.contains("\(id)"))
            #expect(try await atelier.site.get("/api/tournament/clips/\(id)").status == 404)
            #expect(
                try await atelier.stage.desk.cast(.normal, on: id, by: atelier.stage.voter(1), in: atelier.tenant)
                    .isRefused)
            let answer = try await review(id, #"{"verdict":"approve"}"#, by: moderator, atelier)
            #expect(answer.status == 200 && answer.text.contains(#""state":"active""#), "\(answer.text)")
            #expect(try await feed(atelier).contains("\(id)"))
            #expect(try await atelier.site.get("/api/tournament/clips/\(id)").status == 200)
            #expect(try await atelier.site.get("/api/tournament/clips?genre=drama").text.contains("\(id)"))
            // Past the time in which an old board may be shown while the new one is built.
            atelier.stage.clock.advance(by: .seconds(40))
            #expect(try await atelier.site.get("/api/tournament/boards/slot").text.contains("\(id)"))
            let vote = try await atelier.stage.desk.cast(
                .super, on: id, by: atelier.stage.voter(1), in: atelier.tenant)
            #expect(!vote.isRefused)
            #expect(try await atelier.clip(id).slotID == scene.slots[0].id)
            let trail = try await AuditTrail(
                storage: atelier.stage.storage, clock: atelier.stage.clock, randomness: atelier.stage.chance
            ).page(of: atelier.tenant)
            #expect(trail.items.map(\.action) == ["clip.approved"])
            #expect(trail.items[0].actor == .person(moderator.id) && trail.items[0].subjectID == "\(id)")
            let told = try await atelier.stage.house.notices.page(of: maker.id, in: atelier.tenant).items
            #expect(told.map(\.kind) == ["tournament.clipReviewed"] && told[0].link == "/tournament/clips/\(id)")
            // The own clip cannot be voted for.
            let own = try await atelier.site.post(
                "/api/tournament/votes", json: #"{"clipId":"\#(id)","kind":"normal"}"#, headers: [maker.session])
            #expect(own.status == 403 && own.problemCode == "tournament.ownClip")
            try await atelier.stage.checkSums()
        }
    }

    @Test(arguments: Backend.all)
    func `another node's memory learns of the clip when its time is over, and votes for it at once`(backend: Backend)
        async throws
    {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason(clips: 3)
            let maker = try await atelier.someone("Maker")
            let moderator = try await atelier.someone("Mod", role: .moderator)
            let id = try await atelier.pending(by: maker)
            let other = atelier.stage.otherNode()
            let voter = atelier.stage.voter(5)
            _ = try await other.feed.page(for: voter, in: atelier.tenant)
            #expect(try await review(id, #"{"verdict":"approve"}"#, by: moderator, atelier).status == 200)
            #expect(try await !other.votes.cast(.normal, on: id, by: voter, in: atelier.tenant).isRefused)
            atelier.stage.clock.advance(by: .seconds(120))
            _ = try await other.feed.page(for: voter, in: atelier.tenant)
            let page = try await other.feed.page(for: atelier.stage.voter(6), in: atelier.tenant)
            #expect(page.items.contains { $0.clip.id == id })
        }
    }

    @Test(arguments: Backend.all)
    func `a late clip starts at the median and comes to the median's rate`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            let scene = try await atelier.stage.openSeason(clips: 20)
            let maker = try await atelier.someone("Maker")
            let moderator = try await atelier.someone("Mod", role: .moderator)
            let id = try await atelier.pending(by: maker)
            func show(_ rounds: Range<Int>) async throws {
                for round in rounds {
                    _ = try await atelier.stage.house.feed.page(for: atelier.stage.voter(round), in: atelier.tenant)
                }
                await atelier.stage.house.feed.save()
            }
            try await show(0..<200)
            #expect(try await review(id, #"{"verdict":"approve"}"#, by: moderator, atelier).status == 200)
            let start = try await atelier.clips.exposures(of: scene.slots[0].id, in: atelier.tenant)
            let base = try #require(start.first { $0.clipID == id }).base
            #expect((90...110).contains(base), "\(base)")
            atelier.stage.clock.advance(by: .seconds(700))
            try await show(1_000..<1_400)
            let end = try await atelier.clips.exposures(of: scene.slots[0].id, in: atelier.tenant)
            func shown(_ entry: ExposureSampler.Entry) -> Int {
                entry.impressions - (start.first { $0.clipID == entry.clipID }?.impressions ?? 0)
            }
            let late = try #require(end.first { $0.clipID == id })
            let others = end.filter { $0.clipID != id }.map(shown).sorted()
            let median = others[others.count / 2]
            #expect(Double(shown(late)) > 0.8 * Double(median) && Double(shown(late)) < 1.25 * Double(median))
        }
    }

    @Test(arguments: Backend.all)
    func `of two moderators one decides, and members not at all`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let one = try await atelier.someone("One", role: .moderator)
            let two = try await atelier.someone("Two", role: .moderator)
            let id = try await atelier.pending(by: maker)
            #expect(try await review(id, #"{"verdict":"approve"}"#, by: maker, atelier).status == 403)
            async let first = review(id, #"{"verdict":"approve"}"#, by: one, atelier)
            async let second = review(id, #"{"verdict":"reject","reason":"Blurred."}"#, by: two, atelier)
            let statuses = [try await first.status, try await second.status].sorted()
            #expect(statuses == [200, 409])
            let state = try await atelier.clip(id).state
            #expect(state == .active || state == .rejected)
            let entry = try await atelier.entry(id)
            #expect(entry.verdict == (state == .active ? .approved : .rejected))
            let audits = try await atelier.number(
                "test.audits", "SELECT count(*) FROM audit_entries WHERE tenant_id = \(atelier.tenant)")
            #expect(audits == 1)
            // Whose ban the session does not know decides nothing either.
            try await atelier.ban(one)
            let late = try await review(id, #"{"verdict":"approve"}"#, by: one, atelier)
            #expect(late.status == 403 && late.problemCode == "tournament.banned")
        }
    }

    @Test(arguments: Backend.all)
    func `a rejection needs a reason, which the maker reads, and takes the files away`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let maker = try await atelier.someone("Maker")
            let moderator = try await atelier.someone("Mod", role: .moderator)
            let id = try await atelier.pending(by: maker)
            let bare = try await review(id, #"{"verdict":"reject"}"#, by: moderator, atelier)
            #expect(bare.status == 422 && bare.problemCode == "tournament.clipInvalid")
            #expect(
                try await review(id, #"{"verdict":"reject","reason":"Too <b>dark</b>."}"#, by: moderator, atelier)
                    .status == 200)
            let mine = try await atelier.site.get("/tournament/upload/mine", headers: [maker.session])
            #expect(mine.text.contains("Too &lt;b&gt;dark&lt;/b&gt;.") && !mine.text.contains("<b>dark"))
            try await atelier.work()
            #expect(try await atelier.objects().isEmpty)
            #expect(try await atelier.entry(id).place == nil)
            #expect(try await atelier.clip(id).files == Clip.Files())
        }
    }

    @Test(arguments: Backend.all)
    func `a clip whose slot has closed competes in the next one in which its maker has room`(backend: Backend)
        async throws
    {
        try await Atelier.with(backend) { atelier in
            let scene = try await atelier.stage.openSeason(slots: 4)
            let maker = try await atelier.someone("Maker")
            let moderator = try await atelier.someone("Mod", role: .moderator)
            let id = try await atelier.pending(by: maker)
            // All places of the maker in the second slot are taken.
            for _ in 0..<3 { _ = try await atelier.open(maker, more: #","slotId":"\#(scene.slots[1].id)""#) }
            _ = try await atelier.stage.desk.cast(
                .normal, on: scene.clips[0].id, by: atelier.stage.voter(1), in: atelier.tenant)
            atelier.stage.clock.advance(by: .seconds(60))
            _ = try await atelier.stage.steps.close(scene.slots[0].id, in: atelier.tenant)
            #expect(try await review(id, #"{"verdict":"approve"}"#, by: moderator, atelier).status == 200)
            let clip = try await atelier.clip(id)
            #expect(clip.slotID == scene.slots[2].id && clip.state == .active)
            let entry = try await atelier.entry(id)
            #expect(entry.slotID == scene.slots[2].id && entry.place == 1)
        }
    }

    @Test(arguments: Backend.all)
    func `a slot that waits for a clip begins as soon as one is approved`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            let scene = try await atelier.stage.openSeason(clips: 1)
            let maker = try await atelier.someone("Maker")
            let moderator = try await atelier.someone("Mod", role: .moderator)
            try await atelier.stage.storage.writer(for: atelier.tenant).execute(
                "test.wait",
                """
                UPDATE slots SET state = 'waiting', due_at = \(scene.slots[0].closesAt)
                WHERE tenant_id = \(atelier.tenant) AND id = \(scene.slots[0].id)
                """)
            let id = try await atelier.pending(by: maker)
            #expect(try await review(id, #"{"verdict":"approve"}"#, by: moderator, atelier).status == 200)
            try await atelier.stage.house.advancer.look()
            let slot = try await atelier.stage.timetable.slots.slot(
                scene.slots[0].id, through: atelier.stage.storage.reader(for: atelier.tenant), in: atelier.tenant)
            #expect(slot?.state == .voting)
        }
    }

    @Test(arguments: Backend.all)
    func `makers of whom three were approved and none removed skip the queue where the stage lets them`(
        backend: Backend
    ) async throws {
        try await Atelier.with(backend) { atelier in
            let scene = try await atelier.stage.openSeason(slots: 3)
            let maker = try await atelier.someone("Maker")
            let moderator = try await atelier.someone("Mod", role: .moderator)
            try await atelier.stage.flags.set(
                "trustedCreators", to: FlagState(isEnabled: true), for: atelier.tenant)
            var approved: [ID<Clip>] = []
            for _ in 0..<3 {
                let id = try await atelier.pending(by: maker)
                #expect(try await review(id, #"{"verdict":"approve"}"#, by: moderator, atelier).status == 200)
                approved.append(id)
            }
            let next = #","slotId":"\#(scene.slots[1].id)""#
            let trusted = try await atelier.upload(try await TestFilm.short(), by: maker, more: next)
            try await atelier.work()
            #expect(try await atelier.clip(trusted).state == .active)
            #expect(try await atelier.entry(trusted).verdict == .trusted)
            // One removal ends the trust.
            let removed = try await atelier.site.request(
                "DELETE", "/api/tournament/clips/\(approved[0])?reason=Stolen", headers: [moderator.session])
            #expect(removed.status == 204)
            _ = try await atelier.pending(by: maker, more: next)
        }
    }

    @Test(arguments: Backend.all)
    func `a clip that is taken away gets no more votes, and the count goes on without it`(backend: Backend)
        async throws
    {
        try await Atelier.with(backend) { atelier in
            let scene = try await atelier.stage.openSeason(clips: 2)
            let maker = try await atelier.someone("Maker")
            let moderator = try await atelier.someone("Mod", role: .moderator)
            let id = try await atelier.pending(by: maker)
            #expect(try await review(id, #"{"verdict":"approve"}"#, by: moderator, atelier).status == 200)
            for number in 0..<30 {
                let vote = try await atelier.stage.desk.cast(
                    .normal, on: number < 25 ? id : scene.clips[0].id, by: atelier.stage.voter(number),
                    in: atelier.tenant)
                #expect(!vote.isRefused)
            }
            let stranger = try await atelier.someone("Stranger")
            let path = "/api/tournament/clips/\(id)"
            #expect(try await atelier.site.request("DELETE", path, headers: [stranger.session]).status == 404)
            #expect(
                try await atelier.site.request("DELETE", path + "?reason=Stolen", headers: [moderator.session]).status
                    == 204)
            #expect(
                try await atelier.stage.desk.cast(
                    .normal, on: id, by: atelier.stage.voter(99), in: atelier.tenant
                ).isRefused)
            #expect(try await !feed(atelier).contains("\(id)"))
            try await atelier.work()
            #expect(try await atelier.objects().isEmpty)
            atelier.stage.clock.advance(by: .seconds(60))
            let outcome = try await atelier.stage.steps.close(scene.slots[0].id, in: atelier.tenant)
            #expect(outcome == .decided(scene.clips[0].id))
            // A winner stays, whoever asks.
            let settled = try await atelier.site.request(
                "DELETE", "/api/tournament/clips/\(scene.clips[0].id)", headers: [moderator.session])
            #expect(settled.status == 409 && settled.problemCode == "tournament.clipSettled")
            try await atelier.stage.checkSums()
        }
    }

    @Test(arguments: Backend.all)
    func `while votes are counted no clip of the slot goes`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            let scene = try await atelier.stage.openSeason(clips: 2)
            let moderator = try await atelier.someone("Mod", role: .moderator)
            try await atelier.stage.storage.writer(for: atelier.tenant).execute(
                "test.count",
                """
                UPDATE slots SET state = 'counting' WHERE tenant_id = \(atelier.tenant)
                    AND id = \(scene.slots[0].id)
                """)
            let path = "/api/tournament/clips/\(scene.clips[0].id)"
            let refused = try await atelier.site.request("DELETE", path, headers: [moderator.session])
            #expect(refused.status == 409 && refused.problemCode == "tournament.clipSettled")
            #expect(try await atelier.clip(scene.clips[0].id).state == .active)
        }
    }

    @Test(arguments: Backend.all)
    func `the queue is worked through by form, without script`(backend: Backend) async throws {
        try await Atelier.with(backend) { atelier in
            _ = try await atelier.stage.openSeason()
            let (one, two) = (try await atelier.someone("One"), try await atelier.someone("Two"))
            let moderator = try await atelier.someone("Mod", role: .moderator)
            let first = try await atelier.pending(by: one)
            let second = try await atelier.pending(by: two)
            let page = try await atelier.site.get("/tournament/desk/clips", headers: [moderator.session])
            #expect(page.text.contains("2 clips to look at."))
            let own = try await atelier.site.get("/tournament/upload/mine", headers: [one.session])
            let upload = try await atelier.site.get("/tournament/upload", headers: [one.session])
            for html in [page.text, own.text, upload.text] {
                #expect(!html.contains("{{") && !html.contains("Optional(") && !html.contains("style=\""))
                #expect(html.components(separatedBy: "<h1").count == 2 && html.contains("class=\"skip\""))
                #expect(
                    html.components(separatedBy: "<script").dropFirst().allSatisfy { $0.contains("src=\"/assets/") })
                // Every field has its label, every picture its words or none.
                let fields = html.matches(of: /<(?:input|select)[^>]* id="([^"]+)"/).map { String($0.1) }
                #expect(fields.allSatisfy { html.contains("for=\"\($0)\"") })
                #expect(html.matches(of: /<img [^>]*>/).allSatisfy { $0.0.contains("alt=") })
            }
            #expect(page.text.components(separatedBy: "<video").count == 3)
            let token = String(try #require(page.text.firstMatch(of: /name="formToken" value="([^"]+)"/)).1)
            func decide(_ id: ID<Clip>, _ form: String) async throws -> String? {
                let answer = try await atelier.site.request(
                    "POST", "/tournament/desk/clips/\(id)",
                    headers: [moderator.session, ("content-type", "application/x-www-form-urlencoded")],
                    body: Array("formToken=\(token)&\(form)".utf8))
                return answer["location"]
            }
            #expect(try await decide(first, "verdict=approve") == "/tournament/desk/clips?said=approved")
            #expect(
                try await decide(first, "verdict=approve") == "/tournament/desk/clips?said=tournament.clipReviewed")
            #expect(
                try await decide(second, "verdict=reject") == "/tournament/desk/clips?said=tournament.clipInvalid")
            #expect(
                try await decide(second, "verdict=reject&reason=Blurred.") == "/tournament/desk/clips?said=rejected")
            let done = try await atelier.site.get(
                "/tournament/desk/clips?said=approved", headers: [moderator.session])
            #expect(done.text.contains("All clips are looked at") && done.text.contains("The clip is in the running."))
        }
    }
}

extension VoteOutcome {
    fileprivate var isRefused: Bool { if case .refused = self { true } else { false } }
}
