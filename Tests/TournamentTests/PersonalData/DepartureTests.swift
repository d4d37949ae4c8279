import Accounts
import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

@Suite(.databases) struct DepartureTests {
    /// A stage on which one person has done everything that can be done; the first slot is decided, and won by a clip of
    /// that person.
    private func fill(_ stage: Stage) async throws -> (scene: Stage.Scene, leaver: Leaver) {
        var rules = SeasonRules()
        rules.votersMinimum = 0
        let scene = try await stage.openSeason(slots: 3, clips: 4, rules: rules)
        let leaver = Leaver(person: scene.clips[0].personID, pseudonym: ID(high: 0xDEAD, low: 1))
        let me = Voter(person: leaver.person, in: stage.tenant)
        for number in 0..<30 {
            _ = try await stage.desk.cast(
                number == 4 ? .mega : .normal, on: scene.clips[number % 2].id, by: stage.voter(number),
                in: stage.tenant)
        }
        _ = try await stage.desk.cast(.super, on: scene.clips[1].id, by: me, in: stage.tenant)
        // The person has a second clip in the slot, which will not win.
        try await stage.storage.writer(for: stage.tenant).execute(
            "test.own",
            """
            UPDATE clips SET person_id = \(leaver.person)
            WHERE tenant_id = \(stage.tenant) AND id IN (\(scene.clips[2].id), \(scene.laterClips[0].id))
            """)
        for number in 0..<12 {
            let comment = try await stage.post(
                "mine \(number)", on: scene.clips[number % 4], by: leaver.person,
                state: number == 5 ? .pending : .approved)
            guard number != 5 else { continue }
            _ = try await stage.post(
                "answer", on: scene.clips[number % 4], by: stage.person(number), replyingTo: comment.id)
            _ = try await stage.house.comments.setLike(true, of: comment.id, by: stage.person(3), in: stage.tenant)
        }
        for number in 0..<6 {
            let other = try await stage.post("theirs", on: scene.clips[0], by: stage.person(number))
            _ = try await stage.house.comments.setLike(true, of: other.id, by: leaver.person, in: stage.tenant)
            _ = try await stage.report(other.id, by: leaver.person)
            try await stage.storage.write(for: stage.tenant) { transaction in
                let follows = stage.house.people.follows
                try await follows.set(
                    true, leaver.person, follows: stage.person(number), at: stage.clock.now(), through: transaction,
                    in: stage.tenant)
                try await follows.set(
                    true, stage.person(number), follows: leaver.person, at: stage.clock.now(), through: transaction,
                    in: stage.tenant)
            }
        }
        _ = try await stage.house.reports.report(
            ReportTarget(kind: .person, id: leaver.person.cast(to: ID<ReportTarget>.self)), reason: "Rude.",
            by: stage.person(1), in: stage.tenant)
        let slot = scene.slots[2].id
        let stands = try await stage.storage.write(for: stage.tenant) { transaction in
            try await stage.house.reminders.store.insert(
                slot, for: leaver.person, at: stage.clock.now(), through: transaction, in: stage.tenant)
        }
        #expect(stands)
        stage.clock.advance(by: .seconds(3_600))
        #expect(try await stage.steps.close(scene.slots[0].id, in: stage.tenant) == .decided(scene.clips[0].id))
        return (scene, leaver)
    }

    /// Everything that could name the person.
    private func traces(of person: ID<Person>, on stage: Stage) async throws -> [String] {
        let tenant = stage.tenant
        let places: [(String, SQL)] = [
            ("clips", "SELECT id FROM clips WHERE tenant_id = \(tenant) AND person_id = \(person)"),
            ("comments", "SELECT id FROM comments WHERE tenant_id = \(tenant) AND person_id = \(person)"),
            ("likes", "SELECT comment_id FROM comment_likes WHERE tenant_id = \(tenant) AND person_id = \(person)"),
            (
                "follows",
                """
                SELECT person_id FROM follows WHERE tenant_id = \(tenant)
                    AND (person_id = \(person) OR follower_id = \(person))
                """
            ),
            (
                "reports",
                """
                SELECT target_id FROM reports WHERE tenant_id = \(tenant)
                    AND (person_id = \(person) OR target_id = \(person))
                """
            ),
            ("cases", "SELECT target_id FROM report_cases WHERE tenant_id = \(tenant) AND target_id = \(person)"),
            (
                "reminders",
                "SELECT slot_id FROM slot_reminders WHERE tenant_id = \(tenant) AND person_id = \(person)"
            ),
            ("voters", "SELECT id FROM voters WHERE tenant_id = \(tenant) AND person_id = \(person)"),
            ("tallies", "SELECT person_id FROM person_tallies WHERE tenant_id = \(tenant) AND person_id = \(person)"),
        ]
        var found: [String] = []
        for (name, query) in places where try await stage.count(query) > 0 { found.append(name) }
        return found
    }

    private func digest(_ slot: Slot, of season: Season, on stage: Stage) async throws -> String {
        try await BallotStore(storage: stage.storage).count(
            slot.id, of: season, entrants: [], in: stage.tenant
        ).digestText
    }

    @Test(arguments: Backend.all)
    func `a person leaves without a trace, and the closed slot is what it was`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let (scene, leaver) = try await fill(stage)
            let slot = scene.slots[0]
            let data = stage.house.personalData
            let winner = try #require(
                try await WinnerStore(storage: stage.storage).winner(
                    of: slot.id, through: stage.storage.reader(for: stage.tenant), in: stage.tenant))
            #expect(try await digest(slot, of: scene.season, on: stage) == winner.digest)
            // The result is provisional: clips of this slot wait, everything else goes.
            var progress = try await data.erase(leaver, stage.tenant)
            var steps = 1
            while progress == .more, steps < 200 {
                #expect(try await stage.socialFaults() == [])
                progress = try await data.erase(leaver, stage.tenant)
                steps += 1
            }
            guard case .later(let wait, _) = progress else {
                Issue.record("the clips of a provisional slot did not wait: \(progress)")
                return
            }
            #expect(wait <= .seconds(60) && steps > 5)
            #expect(try await traces(of: leaver.person, on: stage) == ["clips"])
            stage.clock.advance(by: scene.season.rules.review)
            #expect(try await stage.steps.advance(slot.id, in: stage.tenant) == .final)
            while try await data.erase(leaver, stage.tenant) == .more {}
            #expect(try await data.erase(leaver, stage.tenant) == .done)
            #expect(try await traces(of: leaver.person, on: stage) == [])
            #expect(try await stage.socialFaults() == [])
            // Ballots, digest and result are bit for bit what they were.
            #expect(try await digest(slot, of: scene.season, on: stage) == winner.digest)
            var final = winner
            final.state = .final
            #expect(
                try await WinnerStore(storage: stage.storage).winner(
                    of: slot.id, through: stage.storage.reader(for: stage.tenant), in: stage.tenant) == final)
            try await stage.checkSums()
            let film = try await stage.house.results.film(of: scene.season.id, in: stage.tenant)
            #expect(film.map(\.clip.credit) == ["erased creator"] && film[0].clip.title == "Clip 0")
            #expect(film[0].clip.personID == leaver.pseudonym)
            let gone = try #require(try await stage.timetable.clips.clip(scene.clips[2].id, in: stage.tenant))
            #expect(gone.state == .removed && gone.title == "Removed clip" && gone.files == Clip.Files())
            // Others keep what is theirs.
            #expect(try await stage.count("SELECT id FROM comments WHERE tenant_id = \(stage.tenant)") == 6)
        }
    }

    @Test(arguments: Backend.all)
    func `two processes that remove the same person at once remove them once`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let (scene, leaver) = try await fill(stage)
            stage.clock.advance(by: scene.season.rules.review)
            #expect(try await stage.steps.advance(scene.slots[0].id, in: stage.tenant) == .final)
            let nodes = [
                stage.house.personalData, stage.otherNode().personalData, stage.otherNode(lane: 6).personalData,
            ]
            try await withThrowingTaskGroup { group in
                for data in nodes {
                    group.addTask { while try await data.erase(leaver, stage.tenant) != .done {} }
                }
                try await group.waitForAll()
            }
            #expect(try await traces(of: leaver.person, on: stage) == [])
            #expect(try await stage.socialFaults() == [])
        }
    }

    @Test(arguments: Backend.all)
    func `an export has every record of the person and none of others`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let (_, leaver) = try await fill(stage)
            let kinds = Shared<[String: Int]>([:])
            try await stage.house.personalData.export(leaver.person, stage.tenant) { kind, _ in
                kinds.withLock { $0[kind, default: 0] += 1 }
            }
            #expect(
                kinds.withLock { $0 } == [
                    "tally": 1, "reminder": 1, "clip": 3, "comment": 12, "vote": 1, "like": 6, "follow": 6, "report": 6,
                ])
            let elsewhere = Tenant(ID(high: 8, low: 8))
            try await stage.house.personalData.export(leaver.person, elsewhere) { kind, _ in
                Issue.record("another tenant has a \(kind) of the person")
            }
        }
    }
}
