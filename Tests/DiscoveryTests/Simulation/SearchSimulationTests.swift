import Base
import BaseTestKit
import Coordination
import Jobs
import Limits
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Discovery

/// A vendor at its worst for an hour of virtual time, with workers that die and steps that come twice and in any order.
@Suite(.databases) struct SearchSimulationTests {
    /// Work as the queue would hand it out: at least once, whenever.
    private struct Work {
        let keyword: Keyword
        var attempt = 1
        var dueAt: Timestamp
    }

    private struct Crash: Error {}

    private func play(_ words: [String], on stage: Stage, _ chance: SeededRandomness) {
        for word in words {
            let pages = (0..<(1 + chance.below(5))).map { index -> DirectoryPage in
                let first = 1 + chance.below(120)
                let creators = chance.below(5) == 0 ? [] : listed(first...(first + chance.below(20)))
                // Some cursors repeat, some pages say that there is more and there is not.
                let next: String? = chance.below(8) == 0 ? "1" : chance.below(6) == 0 ? nil : String(index + 1)
                return DirectoryPage(creators: creators, next: next, credits: 1)
            }
            stage.directory.play(word, pages: pages)
            let faults: [DirectoryFailure] = [
                .unavailable(reason: .failing, retryAfter: nil), .unavailable(reason: .timedOut, retryAfter: nil),
                .unavailable(reason: .overloaded, retryAfter: .seconds(20)), .unreadable("truncated"),
            ]
            stage.directory.fail(word, (0..<chance.below(7)).map { _ in faults[chance.below(faults.count)] })
        }
    }

    /// One hand-out: the outcome as the queue would take it.
    ///
    /// Returns when it comes again; `nil` when it is over.
    private func run(_ work: Work, on stage: Stage, _ chance: SeededRandomness) async throws -> Duration? {
        let input = SearchJobs.Fetch(
            keyword: work.keyword.id, search: work.keyword.searchID, page: work.keyword.pages, round: work.keyword.round
        )
        let dies = chance.below(6) == 0
        do {
            try await stage.bureau.steps.fetch(
                input, for: stage.tenant, isLastAttempt: work.attempt >= Keyword.Bounds.attempts
            ) { body in
                if dies, chance.below(2) == 0 { throw Crash() }
                try await stage.commit(body)
                if dies { throw Crash() }
            }
            return nil
        } catch is Crash {
            return .seconds(30)
        } catch is JobFailure {
            return .seconds(20)
        } catch is DirectoryFailure {
            return .seconds(Int64(2 + chance.below(20)))
        }
    }

    @Test(arguments: Backend.all)
    func `with the vendor at its worst each keyword ends once and credits charged are credits earned`(
        backend: Backend
    ) async throws {
        for seed: UInt64 in 1...(backend.name == "sqlite" ? 12 : 3) {
            try await Stage.with(backend, seed: seed) { stage in
                let chance = SeededRandomness(seed: seed &* 77)
                let words = (0..<6).map { "word \($0)" }
                play(words, on: stage, chance)
                let search = try await stage.start(words, target: 100)
                var waiting: [ID<Keyword>: Work] = [:]
                let end = stage.clock.now() + .seconds(3_700)
                while stage.clock.now() < end {
                    let status = try await stage.status(search)
                    if !status.search.state.isActive { break }
                    let open = status.keywords.filter { !$0.state.isOver }
                    if open.isEmpty { try await stage.settle(search) }
                    for keyword in open where waiting[keyword.id]?.keyword.pages != keyword.pages {
                        waiting[keyword.id] = Work(keyword: keyword, dueAt: stage.clock.now())
                    }
                    let due = waiting.values.filter { $0.dueAt <= stage.clock.now() }
                    if let work = due.sorted(by: { $0.keyword.id < $1.keyword.id }).randomElement(by: chance) {
                        if var again = try await run(work, on: stage, chance).map({ wait in
                            Work(keyword: work.keyword, attempt: work.attempt + 1, dueAt: stage.clock.now() + wait)
                        }) {
                            again.attempt = min(again.attempt, Keyword.Bounds.attempts)
                            waiting[work.keyword.id] = again
                        } else if chance.below(4) > 0 {
                            // Now and then a job that is done is handed out once more.
                            waiting[work.keyword.id] = nil
                        }
                    }
                    try await stage.checkCounts(search)
                    stage.clock.advance(by: .seconds(Int64(1 + chance.below(15))))
                    if stage.clock.now() >= search.deadlineAt { try await stage.bureau.steps.endOverdue() }
                }
                if try await stage.status(search).search.state.isActive { try await stage.settle(search) }
                let status = try await stage.status(search)
                #expect(status.search.state.isOver, "seed \(seed): \(status.search.state)")
                #expect(status.keywords.allSatisfy { $0.state.isOver && $0.reason != nil }, "seed \(seed)")
                let matches = try await stage.matches(search)
                #expect(Set(matches.map(\.creator.externalID)).count == matches.count)
                let charged = matches.count { $0.match.isCharged }
                let usage = try await stage.bureau.credits.creators.usage(of: LimitKey(stage.tenant))
                #expect(usage.used == charged && usage.held == 0, "seed \(seed)")
                #expect(status.search.settled == charged && charged <= 100, "seed \(seed)")
            }
        }
    }

    @Test func `the vendor's rate is never exceeded, however many want to call`() async throws {
        let clock = SimClock()
        let bank = InProcessTokenBank(clock: clock)
        let account = TokenAccount(
            name: "vendor",
            rate: GCRA(limit: VendorDesk.Bounds.calls, per: VendorDesk.Bounds.period, burst: 1))
        var calls: [Duration] = []
        let chance = SeededRandomness(seed: 5)
        for _ in 0..<4_000 {
            if try await bank.take(upTo: 1, from: account).amount == 1 { calls.append(clock.uptime()) }
            clock.advance(by: .milliseconds(Int64(chance.below(40))))
        }
        #expect(calls.count > 300)
        for (index, call) in calls.enumerated() {
            let window = calls[index...].prefix { $0 < call + VendorDesk.Bounds.period }
            #expect(window.count <= VendorDesk.Bounds.calls)
        }
    }
}

extension Array {
    fileprivate func randomElement(by chance: SeededRandomness) -> Element? {
        isEmpty ? nil : self[chance.below(count)]
    }
}
