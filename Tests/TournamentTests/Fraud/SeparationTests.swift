import Base
import BaseTestKit
import Hosting
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Tournament

/// Invariant 12, and what a blind season keeps to itself.
@Suite(.databases) struct SeparationTests {
    @Test(arguments: Backend.all)
    func `two tenants share no vote, voter, case, ban, board or flag`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let nodes = [stage.house, stage.otherNode()]
            let rules = VotingModel.Rules()
            let fields = try await [1, 2].asyncMap {
                try await StoredField(stage, nodes: nodes, rules: rules, number: $0)
            }
            let (first, second) = (fields[0], fields[1])
            // The same device is another voter in each.
            let device = ID<Device>(high: 77, low: 1)
            let voters = [first, second].map { Tournament.Voter(device: device, in: $0.tenant) }
            #expect(voters[0].id != voters[1].id && voters[0].deviceHash != voters[1].deviceHash)
            for number in 1..<6 {
                _ = try await first.perform(.cast(voter: number, clip: 1, .normal, request: nil), node: 0)
            }
            #expect(try await second.differences(from: second.model).isEmpty)
            // A clip of the other tenant does not exist, whoever asks.
            let crossed = try await stage.desk.cast(
                .normal, on: first.clips[1], by: voters[1], in: second.tenant)
            #expect(crossed == .refused(.clipNotFound))
            let taken = try await stage.desk.withdraw(from: first.clips[1], by: voters[0], in: second.tenant)
            #expect(taken == .refused(.noVote))
            let desk = stage.house.fairness.desk
            let fraud = try #require(
                try await desk.open(
                    about: [voters[0].id], in: first.slot, reason: "a look", by: RemovalTests.moderator,
                    tenant: first.tenant))
            #expect(try await desk.dossier(fraud.id, in: second.tenant) == nil)
            await #expect(throws: TournamentError.self) {
                try await desk.remove(fraud.id, reason: "crossed", by: RemovalTests.moderator, in: second.tenant)
            }
            #expect(try await desk.cases.page(.open, after: nil, limit: 10, in: second.tenant).items.isEmpty)
            try await desk.ban(
                voters[0].id, isBanned: true, reason: "a test", by: RemovalTests.moderator, in: first.tenant)
            await #expect(throws: TournamentError.self) {
                try await desk.ban(
                    voters[0].id, isBanned: true, reason: "a test", by: RemovalTests.moderator, in: second.tenant)
            }
            for node in nodes {
                try await node.fairness.bans.refresh()
                #expect(node.fairness.bans.isBanned(voters[0].id, in: first.tenant))
                #expect(!node.fairness.bans.isBanned(voters[0].id, in: second.tenant))
                #expect(!node.fairness.bans.isBanned(voters[1].id, in: second.tenant))
            }
            #expect(
                try await second.perform(.cast(voter: 1, clip: 2, .normal, request: nil), node: 1)
                    == .cast(weight: 1, used: 1))
            let board = try await stage.house.boards.keeper.shelf(
                BoardKey(kind: .slot, scope: "\(first.slot)"), in: second.tenant)
            #expect(board.byScore.count == 0)
            let all = try await stage.house.boards.keeper.shelf(
                BoardKey(kind: .clips, scope: ""), in: second.tenant)
            #expect(Set(all.byScore.entries.map { $0.id.cast(to: ID<Clip>.self) }) == Set(second.clips))
            try await stage.flags.set("multiVote", to: FlagState(isEnabled: false), for: first.tenant)
            #expect(!stage.house.isOn(Playhouse.Flags.multiVote, in: first.tenant))
            #expect(stage.house.isOn(Playhouse.Flags.multiVote, in: second.tenant))
        }
    }

    @Test(arguments: Backend.all)
    func `a blind season tells no position or total of an open slot anywhere, and all of them at the close`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            var rules = SeasonRules()
            rules.isBlind = true
            let scene = try await stage.openSeason(clips: 3, rules: rules)
            let slot = scene.slots[0].id
            for number in 0..<37 {
                _ = try await stage.desk.cast(
                    .normal, on: scene.clips[number % 3].id, by: stage.voter(number), in: stage.tenant)
            }
            stage.clock.advance(by: .seconds(60))
            let pages = try Pages([.web, TournamentPages.bundle], chrome: SiteChrome(name: "Test"), clock: stage.clock)
            let site = try await TestSite(
                TournamentProduct.api(stage.house, flags: stage.flags) + PageRoutes(house: stage.house).routes
                    + [pages.assets.route], clock: stage.clock, pages: pages
            ) { $0.tenants = SingleTenant(stage.tenant) }
            for path in [
                "slot", "slot?order=rising", "slot?scope=\(slot)", "slot?around=\(scene.clips[0].id)",
                "track", "season", "clips", "creators",
            ] {
                let answer = try await site.get("/api/tournament/boards/\(path)")
                #expect(answer.status == 200, "\(path)")
                #expect(answer.text.contains(#""rows":[]"#), "\(path): \(answer.text)")
                #expect(!answer.text.contains("\"13\"") && !answer.text.contains(":13"), "\(path)")
            }
            // A cursor that was made elsewhere opens no door either.
            let cursor = BoardCursor(version: 1, place: 0)
            #expect(try await site.get("/api/tournament/boards/slot?after=\(cursor)").text.contains(#""rows":[]"#))
            let feed = try await site.get("/api/tournament/feed")
            for word in [#""score":"#, #""votes":"#, #""rank":"#] { #expect(!feed.text.contains(word), "\(word)") }
            for path in ["clips/\(scene.clips[0].id)", "timetable", "boards/slot", "slots/\(slot)"] {
                let page = try await site.get("/tournament/\(path)")
                #expect(page.status == 200, "\(path)")
                #expect(!page.text.contains(">13<") && !page.text.contains("37 votes"), "\(path)")
            }
            #expect(try await site.get("/api/tournament/slots/\(slot)/results").status == 404)
            #expect(try await site.get("/api/tournament/slots/\(slot)/ballots").status == 404)
            _ = try await stage.steps.close(slot, in: stage.tenant)
            let results = try await site.get("/api/tournament/slots/\(slot)/results")
            #expect(results.text.contains(#""score":13"#))
            let board = try await site.get("/api/tournament/boards/slot?scope=\(slot)")
            #expect(board.text.contains("\(scene.clips[0].id)"))
        }
    }
}

extension Array {
    fileprivate func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
