import Base
import BaseTestKit
import Foundation
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

@Suite(.databases) struct PersonJobsTests {
    private var rules: SeasonRules {
        var rules = SeasonRules()
        rules.slotHours = 336
        rules.timeZone = "Europe/Lisbon"
        return rules
    }

    /// What the days of votes say about a person, day by day.
    private func recount(_ person: ID<Person>, on stage: Stage, before end: CalendarDay) async throws -> PersonTally {
        let voter = Voter(person: person, in: stage.tenant)
        var tally = PersonTally()
        for row in try await stage.storage.reader(for: stage.tenant).list(
            DayRow.self, "check.days",
            """
            SELECT d.day, d.votes, d.weight_used FROM vote_days d WHERE d.tenant_id = \(stage.tenant)
                AND d.voter_id = \(voter.id) AND d.day < \(end) ORDER BY d.day
            """, limit: 100)
        {
            tally.add(row.day)
        }
        return tally
    }

    private func stored(_ person: ID<Person>, on stage: Stage) async throws -> PersonTally {
        try await stage.storage.reader(for: stage.tenant).first(
            TallyRow.self, "check.tally",
            """
            SELECT \(sql: PersonTally.columns) FROM person_tallies t
            WHERE t.tenant_id = \(stage.tenant) AND t.person_id = \(person)
            """)?.tally ?? PersonTally()
    }

    private func vote(_ person: ID<Person>, _ clip: Clip, on stage: Stage) async throws {
        _ = try await stage.desk.cast(
            .normal, on: clip.id, by: Voter(person: person, in: stage.tenant), in: stage.tenant)
    }

    @Test(arguments: Backend.all)
    func `a day is added after its midnight and the grace, where the stage lives`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(slots: 1, clips: 12, rules: rules)
            let person = stage.person(1)
            // 2026-01-01T00:00Z is midnight in Lisbon, too.
            stage.clock.advance(by: .seconds(20 * 3_600))
            try await vote(person, scene.clips[0], on: stage)
            let fold = stage.house.folding
            try await fold.look()
            #expect(try await stored(person, on: stage).votesCast == 0)
            stage.clock.advance(by: .seconds(4 * 3_600 + 599))
            try await fold.look()
            #expect(try await stored(person, on: stage).votesCast == 0)
            let before = try await stage.house.people.stats(of: person, seenBy: nil, in: stage.tenant)
            #expect(before.tally.votesCast == 1 && before.tally.streakDays == 1)
            stage.clock.advance(by: .seconds(2))
            for _ in 0..<3 { try await fold.look() }
            let tally = try await stored(person, on: stage)
            #expect(tally.votesCast == 1 && tally.weightCast == 1 && tally.streakDays == 1)
            #expect(try await stage.house.people.stats(of: person, seenBy: nil, in: stage.tenant).tally == tally)
            // A day off: the streak is over once the next day is.
            stage.clock.advance(by: .seconds(86_400))
            try await fold.look()
            #expect(try await stored(person, on: stage).streakDays == 0)
            #expect(try await stored(person, on: stage).streakBest == 1)
            #expect(try await stage.socialFaults() == [])
        }
    }

    /// Days of votes, nodes that fold at once, nodes that stand still for days: nothing is added twice or left out.
    @Test(arguments: Backend.all, [UInt64(1), 2, 3, 4])
    func `whatever folds when, the numbers are those of a recount`(backend: Backend, seed: UInt64) async throws {
        try await Stage.with(backend, seed: seed) { stage in
            let scene = try await stage.openSeason(slots: 1, clips: 40, rules: rules)
            let chance = SeededRandomness(seed: seed &* 77)
            let folds = [stage.house.folding, stage.otherNode().folding, stage.otherNode(lane: 5).folding]
            let people = (0..<6).map(stage.person)
            for _ in 0..<60 {
                stage.clock.advance(by: .seconds(600 * (1 + chance.below(30))))
                guard stage.clock.now() < scene.slots[0].freezesAt else { break }
                for person in people where chance.below(3) == 0 {
                    try await vote(person, scene.clips[chance.below(40)], on: stage)
                }
                _ = try await stage.desk.cast(
                    .normal, on: scene.clips[chance.below(40)].id, by: stage.voter(chance.below(50)), in: stage.tenant)
                if chance.below(3) == 0 {
                    let person = people[chance.below(6)]
                    _ = try await stage.desk.withdraw(
                        from: scene.clips[chance.below(40)].id, by: Voter(person: person, in: stage.tenant),
                        in: stage.tenant)
                }
                if chance.below(4) == 0 {
                    try await withThrowingTaskGroup { group in
                        for fold in folds { group.addTask { try await fold.look() } }
                        try await group.waitForAll()
                    }
                }
                try await compare(people, on: stage, seed: seed)
            }
            stage.clock.advance(by: .seconds(3 * 86_400))
            for fold in folds { try await fold.look() }
            let today = try await stage.house.people.today(in: stage.tenant)
            for person in people {
                let expected = try await recount(person, on: stage, before: today).seen(on: today)
                let found = try await stored(person, on: stage)
                #expect(found == expected, "seed \(seed)")
            }
            #expect(try await stage.socialFaults() == [], "seed \(seed)")
        }
    }

    /// What is shown is all days, whether they were folded or not.
    private func compare(_ people: [ID<Person>], on stage: Stage, seed: UInt64) async throws {
        let today = try await stage.house.people.today(in: stage.tenant)
        for person in people {
            let shown = try await stage.house.people.stats(of: person, seenBy: nil, in: stage.tenant)
            let expected = try await recount(person, on: stage, before: today.next).seen(on: today)
            #expect(shown.tally == expected, "seed \(seed)")
        }
    }

    @Test(arguments: Backend.all)
    func `it is due after midnight, and to ask whether it is costs one statement`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(slots: 1, clips: 3, rules: rules)
            let fold = stage.house.folding
            // A season that was never folded.
            #expect(try await fold.store.isAnyDue(at: stage.clock.now()))
            try await vote(stage.person(1), scene.clips[0], on: stage)
            stage.clock.advance(by: .seconds(7_200))
            try await fold.look()
            stage.storage.setRecorder(stage.statements)
            #expect(try await !fold.store.isAnyDue(at: stage.clock.now()))
            #expect(stage.statements.names == ["personFold.any"])
            stage.storage.setRecorder(nil)
            stage.clock.advance(by: .seconds(86_400))
            #expect(try await fold.store.isAnyDue(at: stage.clock.now()))
            try await fold.look()
            #expect(try await stored(stage.person(1), on: stage).votesCast == 1)
        }
    }
}

private struct DayRow: RowDecodable {
    let day: DayOfVotes

    init(row: SQLRow) throws(StorageError) {
        day = DayOfVotes(day: try row.value(at: 0), votes: try row.value(at: 1), weight: try row.value(at: 2))
    }
}

private struct TallyRow: RowDecodable {
    let tally: PersonTally

    init(row: SQLRow) throws(StorageError) { tally = try PersonTally(row: row) }
}
