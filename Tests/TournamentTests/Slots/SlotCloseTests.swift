import Accounts
import Base
import BaseTestKit
import Logging
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

@Suite(.databases) struct SlotCloseTests {
    private func advancer(_ stage: Stage) -> SlotJobs {
        SlotJobs(
            steps: stage.steps, slots: stage.timetable.slots, clock: stage.clock, logger: Logger(label: "test"))
    }

    @Test(arguments: Backend.all)
    func `a slot closes into a provisional winner, the next one opens, and an hour later it is final`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            for number in 0..<30 {
                _ = try await stage.desk.cast(
                    .normal, on: scene.clips[number % 2].id, by: stage.voter(number), in: stage.tenant)
            }
            _ = try await stage.desk.cast(.super, on: scene.clips[1].id, by: stage.voter(40), in: stage.tenant)
            let advancer = advancer(stage)
            stage.clock.advance(by: scene.slots[0].freezesAt - stage.clock.now())
            try await advancer.look()
            #expect(try await !advancer.isDue())
            #expect(try await stage.timetable.slot(scene.slots[0].id, in: stage.tenant)?.state == .counting)
            stage.clock.advance(by: .seconds(120))
            try await advancer.look()
            let reader = stage.storage.reader(for: stage.tenant)
            let winners = WinnerStore(storage: stage.storage)
            let winner = try #require(
                try await winners.winner(of: scene.slots[0].id, through: reader, in: stage.tenant))
            #expect(winner.clipID == scene.clips[1].id)
            #expect(winner.score == 18)
            #expect(winner.voters == 16)
            // Nobody has twenty voters, so the best one wins with a mark.
            #expect(winner.belowMinimum)
            #expect(winner.state == .provisional)
            let next = try #require(try await stage.timetable.currentSlot(of: scene.track.id, in: stage.tenant))
            #expect(next.id == scene.slots[1].id)
            #expect(next.state == .voting)
            #expect(next.opensAt == scene.slots[0].closesAt)
            stage.clock.advance(by: .seconds(3_600))
            try await advancer.look()
            let final = try await winners.winner(of: scene.slots[0].id, through: reader, in: stage.tenant)
            #expect(final?.state == .final)
            #expect(try await stage.timetable.slot(scene.slots[0].id, in: stage.tenant)?.state == .locked)
            let film = try await winners.film(of: scene.season.id, in: stage.tenant)
            #expect(film.map(\.clip.id) == [scene.clips[1].id])
        }
    }

    @Test(arguments: Backend.all)
    func `however often the close runs at once there is one winner`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            _ = try await stage.desk.cast(.normal, on: scene.clips[0].id, by: stage.voter(1), in: stage.tenant)
            stage.clock.advance(by: scene.slots[0].closesAt - stage.clock.now())
            let outcomes = Shared<[SlotSteps.Outcome]>([])
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<4 {
                            let outcome = try await stage.steps.advance(scene.slots[0].id, in: stage.tenant)
                            outcomes.withLock { $0.append(outcome) }
                        }
                    }
                }
                try await group.waitForAll()
            }
            let told = try await stage.house.notices.page(of: scene.clips[0].personID, in: stage.tenant).items
            #expect(told.map(\.kind) == ["tournament.clipWon"])
            let all = outcomes.withLock { $0 }
            #expect(all.filter { $0 == .frozen }.count == 1)
            #expect(all.filter { $0 == .decided(scene.clips[0].id) }.count == 1)
            #expect(all.filter { $0 == .nothing }.count == all.count - 2)
        }
    }

    @Test(arguments: Backend.all)
    func `a slot without votes is lengthened three times, then the clip that came first wins`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let advancer = advancer(stage)
            var closesAt = scene.slots[0].closesAt
            for extensions in 1...3 {
                stage.clock.advance(by: closesAt - stage.clock.now())
                try await advancer.look()
                let slot = try #require(try await stage.timetable.slot(scene.slots[0].id, in: stage.tenant))
                #expect(slot.state == .voting)
                #expect(slot.extensions == extensions)
                #expect(slot.closesAt == closesAt + scene.season.rules.slotLength)
                closesAt = slot.closesAt
                // The plan behind it moves by as much.
                let plan = try await stage.timetable.slots(of: scene.track.id, in: stage.tenant)
                #expect(plan[1].opensAt == closesAt)
            }
            stage.clock.advance(by: closesAt - stage.clock.now())
            try await advancer.look()
            let film = try await WinnerStore(storage: stage.storage).film(of: scene.season.id, in: stage.tenant)
            #expect(film.map(\.clip.id) == [scene.clips.map(\.id).min()])
        }
    }

    @Test(arguments: Backend.all)
    func `a slot without clips waits and opens once there is one`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(slots: 3)
            let advancer = advancer(stage)
            _ = try await stage.desk.cast(.normal, on: scene.clips[0].id, by: stage.voter(1), in: stage.tenant)
            _ = try await stage.desk.cast(.normal, on: scene.clips[0].id, by: stage.voter(2), in: stage.tenant)
            stage.clock.advance(by: scene.slots[0].closesAt - stage.clock.now())
            try await advancer.look()
            _ = try await stage.desk.cast(.normal, on: scene.laterClips[0].id, by: stage.voter(1), in: stage.tenant)
            stage.clock.advance(by: scene.slots[1].closesAt - stage.clock.now())
            try await advancer.look()
            let third = scene.slots[2]
            #expect(try await stage.timetable.slot(third.id, in: stage.tenant)?.state == .waiting)
            let late = Clip(
                id: ID(at: stage.clock.now(), using: stage.chance), seasonID: third.seasonID, trackID: third.trackID,
                slotID: third.id, personID: ID(high: 5, low: 5), title: "Late", credit: "Late", genre: .comedy,
                state: .active, activeAt: stage.clock.now(), files: Clip.Files(), milliseconds: 8_000, bytes: 1)
            try await stage.timetable.clips.insert(
                [late], through: stage.storage.writer(for: stage.tenant), in: stage.tenant)
            stage.clock.advance(by: .seconds(299))
            try await advancer.look()
            #expect(try await stage.timetable.slot(third.id, in: stage.tenant)?.state == .waiting)
            stage.clock.advance(by: .seconds(1))
            try await advancer.look()
            let open = try #require(try await stage.timetable.slot(third.id, in: stage.tenant))
            #expect(open.state == .voting)
            #expect(open.opensAt == stage.clock.now())
        }
    }

    @Test(arguments: Backend.all)
    func `the clock moves through the close with ten thousand voters: one winner, no late vote, exact sums`(
        backend: Backend
    )
        async throws
    {
        try await Stage.with(backend, seed: 5) { stage in
            let scene = try await stage.openSeason(clips: 6)
            let slot = scene.slots[0]
            let accepted = Shared([ID<Clip>: Int]())
            let late = Shared(0)
            let answered = Shared(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<10_000 {
                    group.addTask {
                        let clip = scene.clips[number * 7 % 6].id
                        let outcome = try await stage.desk.cast(
                            number % 50 == 0 ? .super : .normal, on: clip, by: stage.voter(number), in: stage.tenant)
                        // The clock jumps behind the freeze while thousands wait for their answer.
                        let place = answered.withLock { count in
                            count += 1
                            return count
                        }
                        if place == 3_000 {
                            stage.clock.advance(by: slot.freezesAt - stage.clock.now())
                            _ = try await stage.steps.advance(slot.id, in: stage.tenant)
                        }
                        switch outcome {
                        case .cast(let vote): accepted.withLock { $0[clip, default: 0] += vote.weight }
                        case .refused(let refusal):
                            #expect(refusal == .votingFrozen)
                            late.withLock { $0 += 1 }
                        }
                    }
                }
                try await group.waitForAll()
            }
            stage.clock.advance(by: slot.closesAt - stage.clock.now())
            for _ in 0..<3 { _ = try await stage.steps.advance(slot.id, in: stage.tenant) }
            try await stage.checkSums()
            let reader = stage.storage.reader(for: stage.tenant)
            let winner = try #require(
                try await WinnerStore(storage: stage.storage).winner(of: slot.id, through: reader, in: stage.tenant))
            let expected = accepted.withLock { $0 }
            for standing in winner.standings { #expect(standing.score == expected[standing.clipID] ?? 0) }
            #expect(winner.score == expected.values.max())
            #expect(winner.ballots + late.withLock { $0 } == 10_000)
            #expect(late.withLock { $0 } > 0)
            #expect(winner.ballots > 0)
        }
    }
}
