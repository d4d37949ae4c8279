import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

/// Invariants 1 to 6 and 12 under seeded schedules: whatever voters, moderators, nodes and the clock do in whatever
/// order, the product answers and keeps exactly what a reference of two hundred lines does.
///
/// A failure names its seed; `Schedule(seed:)` gives it back. Mutations that these were seen to catch: a cap that
/// admits one more (`VoteStore.conditions`), a removal that leaves the score alone (`RemovalSteps.batch`), a tie that goes
/// to the later vote (`TieRule.precedes`), a withdrawal that gives weight of yesterday back (`VoteStore.withdrawSQLite`).
@Suite(.databases) struct ScheduleTests {
    /// 9,600 schedules against the pure rules, in two zones.
    @Test(arguments: 0..<8) func `the pure rules do what the reference does`(part: Int) async throws {
        let clock = SimClock()
        for number in 0..<1_200 {
            let seed = UInt64(part * 1_200 + number)
            let schedule = Schedule(seed: seed, length: 24)
            var rules = schedule.rules
            // Tokyo's day begins nine hours before London's, the whole year.
            rules.zoneOffset = number % 2 == 0 ? 0 : 9 * 3_600_000_000
            let field = PaperField(rules, clock: clock, chance: SeededRandomness(seed: seed))
            let found = try await schedule.play(field, model: field.model)
            guard found.isEmpty else {
                Issue.record("seed \(seed): \(found.joined(separator: "; "))")
                return
            }
            clock.advance(by: .seconds(977))
        }
    }

    @Test(arguments: 0..<4) func `two nodes on SQLite do what the reference does`(part: Int) async throws {
        try await play(.sqlite, seeds: (part * 150)..<(part * 150 + 150))
    }

    @Test(arguments: 0..<3) func `two nodes on PostgreSQL do what the reference does`(part: Int) async throws {
        guard Backend.all.contains(where: { $0.name == "postgres" }) else { return }
        try await play(.postgres, seeds: (10_000 + part * 100)..<(10_000 + part * 100 + 100))
    }

    private func play(_ backend: Backend, seeds: Range<Int>) async throws {
        try await Stage.with(backend, seed: UInt64(seeds.lowerBound)) { stage in
            let nodes = [stage.house, stage.otherNode()]
            for seed in seeds {
                let schedule = Schedule(seed: UInt64(seed))
                let field = try await StoredField(stage, nodes: nodes, rules: schedule.rules, number: seed)
                let found = try await schedule.play(field, model: field.model)
                guard found.isEmpty else {
                    Issue.record("seed \(seed): \(found.joined(separator: "; "))")
                    return
                }
                // Another hour of the day for the next one.
                await field.wait(997_000_000)
            }
        }
    }

    @Test func `a schedule is the same for the same seed, and every kind of event occurs`() {
        var kinds: [String: Int] = [:]
        for seed in 0..<200 {
            let (first, second) = (Schedule(seed: UInt64(seed)), Schedule(seed: UInt64(seed)))
            #expect(first.events == second.events, "seed \(seed)")
            for event in first.events { kinds[String("\(event)".prefix { $0 != "(" }), default: 0] += 1 }
        }
        for kind in ["one", "both", "again", "remove", "wait", "advance"] {
            #expect(kinds[kind, default: 0] > 50, "\(kind)")
        }
    }
}
