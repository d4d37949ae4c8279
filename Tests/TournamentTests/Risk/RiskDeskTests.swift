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

@Suite(.databases) struct RiskDeskTests {
    static let browser: [(name: String, value: String)] = [
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"),
        ("accept-language", "en"),
    ]

    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(text)) }

    /// A new device's cookie: whoever asks for the feed gets one.
    private func device(_ site: TestSite, peer: IPAddress) async throws -> (name: String, value: String) {
        let answer = try await site.request("GET", "/api/tournament/feed", headers: Self.browser, peer: peer)
        return try #require(answer.cookies)
    }

    private func vote(
        _ clip: ID<Clip>, _ site: TestSite, _ headers: [(name: String, value: String)], peer: IPAddress
    ) async throws -> PerformedAnswer {
        try await site.request(
            "POST", "/api/tournament/votes", headers: headers + [("content-type", "application/json")],
            body: Array(#"{"clipId":"\#(clip)","kind":"normal"}"#.utf8), peer: peer)
    }

    private struct EventRow: RowDecodable {
        let points: Int
        let address: Int64
        let hasVote: Bool

        init(row: SQLRow) throws(StorageError) {
            points = try row.value(at: 0)
            address = try row.value(at: 1)
            hasVote = try row.value(at: 2)
        }
    }

    private func events(_ stage: Stage) async throws -> [EventRow] {
        await stage.house.fairness.risk.keeper.save()
        return try await stage.storage.reader(for: stage.tenant).list(
            EventRow.self, "test.riskEvents",
            """
            SELECT e.points, e.address, e.vote_id IS NOT NULL FROM risk_events e
            WHERE e.tenant_id = \(stage.tenant) ORDER BY e.id
            """, limit: 1_000)
    }

    @Test(arguments: Backend.all)
    func `a café of forty honest devices behind one address all vote`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let site = try await stage.site()
            let peer = try address("203.0.113.7")
            for number in 0..<40 {
                let cookie = try await device(site, peer: peer)
                let answer = try await vote(
                    scene.clips[number % 5].id, site, Self.browser + [cookie], peer: peer)
                #expect(answer.status == 201, "device \(number): \(answer.text)")
            }
            #expect(try await stage.totals(of: scene.slots[0]) == (40, 40))
            let events = try await events(stage)
            // Evidence of one address group, of which those behind the twentieth have a feature and no more.
            #expect(events.count == 40)
            #expect(Set(events.map(\.address)).count == 1)
            #expect(events.filter { $0.points == 20 }.count == 20)
            #expect(events.allSatisfy { $0.points <= 20 && $0.hasVote })
        }
    }

    @Test(arguments: Backend.all)
    func `what looks automated is refused before storage, and a vote costs no statement more`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let site = try await stage.site()
            let peer = try address("2001:db8:1:2::5")
            let cookie = try await device(site, peer: peer)
            let headless: [(name: String, value: String)] = [
                ("user-agent", "Mozilla/5.0 HeadlessChrome/141.0"), cookie,
            ]
            let marked = try await vote(scene.clips[0].id, site, headless, peer: peer)
            #expect(marked.status == 201)
            let cost = try #require(site.records.last).cost
            #expect(cost[.statements] == 0)
            #expect(cost[.sharedStatements] == (stage.storage.dialect == .postgres ? 1 : 4))
            // Tokens of somebody else, again and again: the fourth request is one too many.
            let stranger = try await device(site, peer: try address("198.51.100.1"))
            let feed = try await site.request("GET", "/api/tournament/feed", headers: [stranger])
            let token = try #require(feed.text.firstMatch(of: /"viewToken":"([^"]+)"/)).1
            stage.clock.advance(by: .seconds(3))
            for _ in 0..<4 {
                _ = try await site.post(
                    "/api/tournament/views", json: #"{"tokens":["\#(token)"]}"#, headers: [cookie])
            }
            let before = try #require(site.records.last).cost[.statements]
            #expect(before <= 2)
            let refused = try await vote(scene.clips[1].id, site, headless, peer: peer)
            #expect(refused.status == 403)
            #expect(refused.problemCode == "tournament.riskBlocked")
            #expect(try #require(site.records.last).cost[.sharedStatements] == 0)
            let events = try await events(stage)
            #expect(events.map(\.points).contains(60))
            #expect(events.contains { $0.points >= 90 && !$0.hasVote })
            let voter = try await stage.storage.reader(for: stage.tenant).list(
                RiskRow.self, "test.risk", "SELECT v.risk FROM voters v WHERE v.tenant_id = \(stage.tenant)", limit: 9)
            #expect(voter.map(\.risk) == [100])
            try await stage.checkSums()
        }
    }

    private struct RiskRow: RowDecodable {
        let risk: Int

        init(row: SQLRow) throws(StorageError) { risk = try row.value(at: 0) }
    }

    @Test func `more evidence than fits waits for nobody and is counted as lost`() async throws {
        try await Stage.with(.sqlite) { stage in
            let keeper = stage.house.fairness.risk.keeper
            for number in 0..<(RiskKeeper.Bounds.waiting + 5) {
                keeper.note(
                    RiskEvent(
                        id: ID(high: 1, low: UInt64(number)), voterID: ID(high: 2, low: 2), points: 10,
                        reasons: [.noLanguage], address: 1, agent: 1, noticedAt: stage.clock.now()), in: stage.tenant)
            }
            #expect(keeper.waiting == RiskKeeper.Bounds.waiting)
            await keeper.save()
            #expect(keeper.waiting == 0)
            let dropped = stage.house.fairness.events.metrics.counter(
                "capstan_tournament_risk_events_dropped_total", "Fed by the event riskEvents.dropped.")
            #expect(dropped.value() == 5)
        }
    }

    @Test(arguments: Backend.all)
    func `a ban takes effect on every node within five seconds, without a statement, and can be lifted`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let site = try await stage.site()
            let director = try await stage.session(ID(high: 4, low: 5), role: .moderator, on: site)
            let peer = try address("203.0.113.9")
            let cookie = try await device(site, peer: peer)
            #expect(try await vote(scene.clips[0].id, site, Self.browser + [cookie], peer: peer).status == 201)
            let voter = try #require(
                try await stage.storage.reader(for: stage.tenant).first(
                    VoterRow.self, "test.voter", "SELECT v.id FROM voters v WHERE v.tenant_id = \(stage.tenant)"))
            let other = stage.otherNode()
            func ban(_ isBanned: Bool) async throws -> Int {
                try await site.request(
                    "PUT", "/api/tournament/voters/\(voter.id)/ban",
                    headers: [director, ("content-type", "application/json")],
                    body: Array(#"{"isBanned":\#(isBanned),"reason":"a test"}"#.utf8)
                ).status
            }
            #expect(try await ban(true) == 204)
            let refused = try await vote(scene.clips[1].id, site, Self.browser + [cookie], peer: peer)
            #expect(refused.problemCode == "tournament.banned")
            let cost = try #require(site.records.last).cost
            #expect(cost[.statements] == 0 && cost[.sharedStatements] == 0)
            // The other node looks every two seconds; until then the vote's own statement knows.
            #expect(!other.fairness.bans.isBanned(voter.id, in: stage.tenant))
            try await other.fairness.bans.refresh()
            #expect(other.fairness.bans.isBanned(voter.id, in: stage.tenant))
            #expect(BanKeeper.Bounds.lookEvery <= .seconds(5))
            stage.clock.advance(by: .seconds(1))
            #expect(try await ban(false) == 204)
            try await other.fairness.bans.refresh()
            #expect(!other.fairness.bans.isBanned(voter.id, in: stage.tenant))
            #expect(try await vote(scene.clips[1].id, site, Self.browser + [cookie], peer: peer).status == 201)
            #expect(!other.fairness.bans.isBanned(voter.id, in: Tenant(ID(high: 8, low: 8))))
        }
    }

    private struct VoterRow: RowDecodable {
        let id: ID<Tournament.Voter>

        init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
    }
}
