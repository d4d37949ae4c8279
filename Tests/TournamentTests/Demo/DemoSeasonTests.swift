import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

@Suite(.databases) struct DemoSeasonTests {
    private let tenant = Tenant(ID(high: 7, low: 7))
    private let now = SimClock().now()

    @Test func `the season is what the demo promises`() throws {
        let demo = DemoSeason(.lighthouse, in: tenant, at: now)
        #expect(demo.scenes.count == 75)
        #expect(demo.scenes.filter { $0.slot.state == .locked }.count == 11)
        let open = try #require(demo.scenes.first { $0.slot.state == .voting })
        #expect(open.slot.position == 12 && open.clips.count == 42)
        #expect(open.slot.closesAt - now == .seconds(9 * 3_600))
        #expect(demo.scenes.flatMap(\.clips).count == 180)
        #expect(Set(demo.scenes.flatMap(\.clips).map(\.title)).count == 180)
        let votes = demo.scenes.flatMap(\.votes)
        #expect(abs(votes.count - 61_000) < 300)
        #expect(demo.scenes[8].removal?.votes == 312)
        let supers = votes.filter { $0.kind == .super }.count
        #expect((900...1_300).contains(supers))
    }

    @Test func `no vote breaks a rule`() throws {
        let demo = DemoSeason(.lighthouse, in: tenant, at: now)
        for scene in demo.scenes {
            #expect(Set(scene.votes.map { "\($0.clipID)\($0.voterID)" }).count == scene.votes.count)
            let supers = scene.votes.filter { $0.kind == .super }.map(\.voterID)
            #expect(Set(supers).count == supers.count)
            #expect(scene.votes.allSatisfy { $0.castAt < min(scene.slot.freezesAt, now) })
            #expect(scene.votes.map(\.id) == scene.votes.map(\.id).sorted())
        }
    }

    @Test func `slot seven is decided by the time of the last vote`() throws {
        let demo = DemoSeason(.lighthouse, in: tenant, at: now)
        let scene = demo.scenes[6]
        var scores: [ID<Clip>: Int] = [:]
        for vote in scene.votes where vote.counts { scores[vote.clipID, default: 0] += vote.weight }
        let best = scores.values.sorted(by: >)
        #expect(best[0] == best[1])
    }

    @Test func `two starts at the same time make the same season`() {
        let first = DemoSeason(.lanterns, in: tenant, at: now)
        let second = DemoSeason(.lanterns, in: tenant, at: now)
        #expect(first.scenes.flatMap(\.votes) == second.scenes.flatMap(\.votes))
        #expect(first.scenes.map(\.slot) == second.scenes.map(\.slot))
    }

    @Test(arguments: Backend.all)
    func `tallies, winners and days follow from the votes`(backend: Backend) async throws {
        let storage = try await backend.lease(modules: [TournamentSchema.module])
        let filling = DemoFilling(storage: storage, clock: SimClock(), lane: 0)
        let demo = DemoSeason(.lanterns, in: tenant, at: now)
        try await filling.fill(tenant, with: demo)

        let sums = try await storage.reader(for: tenant).one(
            Sums.self, "test.sums",
            """
            SELECT (SELECT CAST(sum(score) AS bigint) FROM clip_tallies WHERE tenant_id = \(tenant)),
                (SELECT CAST(sum(weight) AS bigint) FROM votes WHERE tenant_id = \(tenant) AND removal_id IS NULL),
                (SELECT CAST(sum(weight_used) AS bigint) FROM vote_days WHERE tenant_id = \(tenant)),
                (SELECT count(*) FROM winners WHERE tenant_id = \(tenant))
            """)
        #expect(sums.tallies == sums.votes && sums.days == sums.votes && sums.winners == 1)
        // Whoever counts the stored ballots again finds the published digest.
        let slot = demo.scenes[0].slot
        let reader = storage.reader(for: tenant)
        let entrants = try await ClipStore(storage: storage).entrants(of: slot.id, through: reader, in: tenant)
        let recount = try await BallotStore(storage: storage).count(
            slot.id, of: demo.season, entrants: entrants, in: tenant)
        let winner = try await WinnerStore(storage: storage).winner(of: slot.id, through: reader, in: tenant)
        #expect(winner?.digest == recount.digestText && winner?.clipID == recount.ranking[0].clipID)
        #expect(try await DemoStore(storage: storage).hasSeason(in: tenant))
    }

    private struct Sums: RowDecodable {
        let tallies: Int
        let votes: Int
        let days: Int
        let winners: Int

        init(row: SQLRow) throws(StorageError) {
            tallies = try row.value(at: 0)
            votes = try row.value(at: 1)
            days = try row.value(at: 2)
            winners = try row.value(at: 3)
        }
    }
}
