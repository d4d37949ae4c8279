import Accounts
import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

@Suite(.databases) struct RemovalTests {
    static let moderator = RemovalSteps.Moderator(actor: .person(ID(high: 4, low: 5)), name: "a moderator")

    /// Opens a case about the votes that some voters have in the first slot.
    private func open(_ numbers: some Sequence<Int>, _ stage: Stage, _ slot: ID<Slot>) async throws -> FraudCase {
        let ids = numbers.map { stage.voter($0).id }
        var votes: [ID<Vote>] = []
        let cases = FraudStore(storage: stage.storage)
        for start in stride(from: 0, to: ids.count, by: 1_000) {
            votes += try await cases.standing(
                of: Array(ids[start..<min(ids.count, start + 1_000)]), in: slot, tenant: stage.tenant)
        }
        let now = stage.clock.now()
        let fraud = FraudCase(
            id: ID(at: now, using: stage.chance), slotID: slot, reasons: ["same device key replayed"],
            voters: ids.count, votes: votes.count, state: .open, fingerprint: nil, openedAt: now, decidedAt: nil,
            decidedBy: nil)
        let found = votes
        try await stage.storage.write(for: stage.tenant) { transaction in
            _ = try await cases.upsert(fraud, through: transaction, in: stage.tenant)
            try await cases.add(found, to: fraud.id, slot: slot, through: transaction, in: stage.tenant)
        }
        return fraud
    }

    private func winner(_ slot: ID<Slot>, _ stage: Stage) async throws -> Winner? {
        try await WinnerStore(storage: stage.storage).winner(
            of: slot, through: stage.storage.reader(for: stage.tenant), in: stage.tenant)
    }

    private func removals(_ slot: ID<Slot>, _ stage: Stage) async throws -> [Removal] {
        try await WinnerStore(storage: stage.storage).removals(
            of: slot, through: stage.storage.reader(for: stage.tenant), in: stage.tenant)
    }

    private func recount(_ scene: Stage.Scene, _ stage: Stage) async throws -> Recount {
        let entrants = try await stage.timetable.clips.entrants(
            of: scene.slots[0].id, through: stage.storage.reader(for: stage.tenant), in: stage.tenant)
        return try await BallotStore(storage: stage.storage).count(
            scene.slots[0].id, of: scene.season, entrants: entrants, in: stage.tenant)
    }

    private func cast(_ number: Int, _ clip: ID<Clip>, _ stage: Stage, _ kind: Vote.Kind = .normal) async throws
        -> VoteOutcome
    {
        try await stage.desk.cast(kind, on: clip, by: stage.voter(number), in: stage.tenant)
    }

    @Test(arguments: Backend.all)
    func `removed votes lower tallies, are told in public, and their voters cannot vote there again`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let slot = scene.slots[0].id
            for number in 0..<30 {
                _ = try await cast(number, scene.clips[0].id, stage, number % 10 == 0 ? .super : .normal)
            }
            for number in 30..<50 { _ = try await cast(number, scene.clips[1].id, stage) }
            let desk = stage.house.fairness.desk
            let fraud = try await open(0..<15, stage, slot)
            let dossier = try #require(try await desk.dossier(fraud.id, in: stage.tenant))
            let effect = try #require(dossier.effect)
            #expect(effect.votes == 15)
            #expect(effect.weight == 19)
            #expect(effect.winnerBefore == scene.clips[0].id)
            #expect(effect.winnerAfter == scene.clips[1].id)
            // A vote that was taken back meanwhile is not removed.
            _ = try await stage.desk.withdraw(from: scene.clips[0].id, by: stage.voter(3), in: stage.tenant)
            let done = try await desk.remove(
                fraud.id, reason: "same device key replayed", by: Self.moderator, in: stage.tenant)
            #expect(done.isComplete && done.changesResult)
            #expect(try await stage.totals(of: scene.slots[0]) == (35, 37))
            try await stage.checkSums()
            let line = try #require(try await removals(slot, stage).first)
            #expect(line.votes == 14 && line.weight == 18 && line.changedResult)
            #expect(line.reason == "same device key replayed" && line.removedBy == "a moderator")
            #expect(try await cast(1, scene.clips[0].id, stage) == .refused(.alreadyVoted(.normal)))
            #expect(try await cast(3, scene.clips[0].id, stage) != .refused(.alreadyVoted(.normal)))
            #expect(
                try await stage.desk.withdraw(from: scene.clips[0].id, by: stage.voter(1), in: stage.tenant)
                    == .refused(.noVote))
            // The super of the slot is spent, too, and so is the day's weight.
            #expect(try await cast(0, scene.clips[2].id, stage, .super) == .refused(.superSpent))
            let record = try await stage.desk.record(
                of: stage.voter(0), in: slot, rules: scene.season.rules, tenant: stage.tenant)
            #expect(record.allowance.used == 3)
            // Where there is one vote per slot, a removed one was it.
            let moved = try await stage.desk.cast(
                .normal, on: scene.clips[4].id, by: stage.voter(1), in: stage.tenant, moves: true)
            #expect(moved == .refused(.alreadyVoted(.normal)))
            try await stage.checkSums()
            // Nobody decides twice, and the trail knows who did.
            await #expect(throws: TournamentError.self) {
                try await desk.remove(fraud.id, reason: "again", by: Self.moderator, in: stage.tenant)
            }
            await #expect(throws: TournamentError.self) {
                try await desk.dismiss(fraud.id, reason: "again", by: Self.moderator, in: stage.tenant)
            }
            let trail = AuditTrail(storage: stage.storage, clock: stage.clock, randomness: stage.chance)
            let entries = try await trail.page(of: stage.tenant).items
            #expect(entries.map(\.action) == ["votes.removed"])
            #expect(entries.first?.actor == .person(ID(high: 4, low: 5)))
        }
    }

    @Test(arguments: Backend.all)
    func `a removal under review replaces the winner; after it the line is shown and nothing changes`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let slot = scene.slots[0].id
            for number in 0..<30 { _ = try await cast(number, scene.clips[0].id, stage) }
            for number in 30..<55 { _ = try await cast(number, scene.clips[1].id, stage) }
            stage.clock.advance(by: .seconds(60))
            _ = try await stage.steps.close(slot, in: stage.tenant)
            let first = try #require(try await winner(slot, stage))
            #expect(first.clipID == scene.clips[0].id)
            let desk = stage.house.fairness.desk
            let fraud = try await open(0..<8, stage, slot)
            _ = try await desk.remove(fraud.id, reason: "a farm", by: Self.moderator, in: stage.tenant)
            let second = try #require(try await winner(slot, stage))
            #expect(second.clipID == scene.clips[1].id)
            #expect(second.removed == 8 && second.state == .provisional && second.decidedAt == first.decidedAt)
            #expect(second.digest != first.digest)
            #expect(second.digest == (try await recount(scene, stage)).digestText)
            let film = try await stage.house.results.film(of: scene.season.id, in: stage.tenant)
            #expect(film.map(\.clip.id) == [scene.clips[1].id])
            stage.clock.advance(by: .seconds(3_600))
            #expect(try await stage.steps.advance(slot, in: stage.tenant) == .final)
            let late = try await open(30..<50, stage, slot)
            let done = try await desk.remove(late.id, reason: "found late", by: Self.moderator, in: stage.tenant)
            #expect(done.isComplete && !done.changesResult)
            let third = try #require(try await winner(slot, stage))
            var final = second
            final.state = .final
            #expect(third == final)
            #expect(third.digest == (try await recount(scene, stage)).digestText)
            let lines = try await removals(slot, stage)
            #expect(lines.map(\.votes) == [8, 20])
            #expect(lines.map(\.changedResult) == [true, false])
            #expect(try await stage.steps.recount(slot, in: stage.tenant) == third)
            try await stage.checkSums()
        }
    }

    /// Mutation that this was seen to catch: without the comparison of `removal_batches` in `SlotSteps.countOnce` the
    /// stored result is not what the ballots say.
    @Test(arguments: Backend.all)
    func `votes that are removed between a count and its decision are not counted`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 3)
            let slot = scene.slots[0].id
            for number in 0..<30 { _ = try await cast(number, scene.clips[0].id, stage) }
            for number in 30..<55 { _ = try await cast(number, scene.clips[1].id, stage) }
            let removal = stage.house.fairness.desk.removal
            let due = Shared<[FraudCase]>([
                try await open(0..<4, stage, slot), try await open(4..<12, stage, slot),
            ])
            var steps = stage.steps
            steps.hasCounted = {
                guard let fraud = due.withLock({ $0.popLast() }),
                    case .begun(let id, _) = try await removal.begin(
                        fraud.id, reason: "a farm", by: Self.moderator, in: stage.tenant)
                else { return }
                _ = try await removal.batch(id, of: slot, case: fraud.id, in: stage.tenant)
            }
            stage.clock.advance(by: .seconds(60))
            // The second case is taken out while the slot is counted, the first while it is counted anew.
            let later = due.withLock { cases in cases.removeFirst() }
            _ = try await steps.close(slot, in: stage.tenant)
            let first = try #require(try await winner(slot, stage))
            #expect(first.clipID == scene.clips[1].id)
            #expect(first.digest == (try await recount(scene, stage)).digestText)
            #expect(first.removed == 8)
            due.withLock { $0 = [later] }
            let second = try #require(try await steps.recount(slot, in: stage.tenant))
            #expect(second.removed == 12)
            #expect(second.digest == (try await recount(scene, stage)).digestText)
            try await stage.checkSums()
        }
    }

    @Test(arguments: 1...3, Backend.all)
    func `removals that race with votes on two nodes and with the close leave exact sums and one fitting winner`(
        seed: Int, backend: Backend
    ) async throws {
        try await Stage.with(backend, seed: UInt64(seed)) { stage in
            let scene = try await stage.openSeason(clips: 4)
            let slot = scene.slots[0].id
            let nodes = [stage.house, stage.otherNode()]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1_300 {
                    group.addTask {
                        _ = try await nodes[number % 2].votes.cast(
                            .normal, on: scene.clips[number % 3].id, by: stage.voter(number), in: stage.tenant)
                    }
                }
                try await group.waitForAll()
            }
            let fraud = try await open(0..<1_250, stage, slot)
            let other = try await open(1_000..<1_300, stage, slot)
            stage.clock.advance(by: .seconds(60))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1_300..<1_900 {
                    group.addTask {
                        _ = try await nodes[number % 2].votes.cast(
                            .normal, on: scene.clips[number % 4].id, by: stage.voter(number), in: stage.tenant)
                    }
                }
                for number in 0..<200 {
                    group.addTask {
                        _ = try await nodes[number % 2].votes.withdraw(
                            from: scene.clips[number % 3].id, by: stage.voter(number), in: stage.tenant)
                    }
                }
                group.addTask {
                    _ = try await nodes[0].fairness.desk.remove(
                        fraud.id, reason: "one", by: Self.moderator, in: stage.tenant)
                }
                group.addTask {
                    _ = try await nodes[1].fairness.desk.remove(
                        other.id, reason: "two", by: Self.moderator, in: stage.tenant)
                }
                group.addTask { _ = try await nodes[1].steps.close(slot, in: stage.tenant) }
                try await group.waitForAll()
            }
            for node in nodes { await node.fairness.grouping.finishRemovals() }
            while try await stage.steps.advance(slot, in: stage.tenant) != .nothing {}
            while let longer = try await stage.timetable.slot(slot, in: stage.tenant), longer.state == .voting {
                // Closed at a moment at which no vote counted: it was lengthened.
                stage.clock.advance(by: longer.closesAt - stage.clock.now())
                while try await stage.steps.advance(slot, in: stage.tenant) != .nothing {}
            }
            try await stage.checkSums()
            let found = try #require(try await winner(slot, stage))
            let recount = try await recount(scene, stage)
            #expect(found.digest == recount.digestText)
            #expect(found.standings == recount.ranking)
            #expect(found.clipID == recount.ranking[0].clipID)
            let lines = try await removals(slot, stage)
            #expect(lines.reduce(0) { $0 + $1.votes } == found.removed)
            // No vote of either case counts, whoever took it out.
            #expect(found.removed + found.withdrawn >= 1_300)
        }
    }

    @Test(arguments: Backend.all)
    func `a removal that a dying process has begun is finished by another node before the result is final`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason(clips: 3)
            let slot = scene.slots[0].id
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 0..<1_100 {
                    group.addTask { _ = try await self.cast(number, scene.clips[0].id, stage) }
                }
                for number in 1_100..<1_130 {
                    group.addTask { _ = try await self.cast(number, scene.clips[1].id, stage) }
                }
                try await group.waitForAll()
            }
            let fraud = try await open(0..<1_100, stage, slot)
            stage.clock.advance(by: .seconds(60))
            _ = try await stage.steps.close(slot, in: stage.tenant)
            let removal = stage.house.fairness.desk.removal
            guard
                case .begun(let id, _) = try await removal.begin(
                    fraud.id, reason: "a farm", by: Self.moderator, in: stage.tenant)
            else {
                Issue.record("the removal did not begin")
                return
            }
            #expect(try await removal.batch(id, of: slot, case: fraud.id, in: stage.tenant))
            try await stage.checkSums()
            // The process is gone. The hour of review passes, and the result waits.
            stage.clock.advance(by: .seconds(3_601))
            #expect(try await stage.steps.advance(slot, in: stage.tenant) == .nothing)
            #expect(try await winner(slot, stage)?.state == .provisional)
            let other = stage.otherNode()
            await other.fairness.grouping.finishRemovals()
            try await stage.checkSums()
            let found = try #require(try await winner(slot, stage))
            #expect(found.clipID == scene.clips[1].id)
            #expect(found.removed == 1_100)
            #expect(try await removals(slot, stage).map(\.votes) == [1_100])
            #expect(try await stage.steps.advance(slot, in: stage.tenant) == .final)
            await other.fairness.grouping.finishRemovals()
            #expect(try await winner(slot, stage)?.digest == found.digest)
        }
    }

    @Test(arguments: Backend.all)
    func `the same evidence gives one case however often and on however many nodes it is grouped`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let slot = scene.slots[0].id
            let risks = RiskStore(storage: stage.storage)
            func farm(_ numbers: Range<Int>) async throws {
                var events: [RiskEvent] = []
                for number in numbers {
                    stage.clock.advance(by: .seconds(3))
                    guard case .cast(let vote) = try await cast(number, scene.clips[0].id, stage) else { continue }
                    events.append(
                        RiskEvent(
                            id: ID(at: stage.clock.now(), using: stage.chance), voterID: stage.voter(number).id,
                            slotID: slot, clipID: vote.clipID, voteID: vote.id, points: 60,
                            reasons: [.replayedToken, .manyNewcomers], address: 5, agent: 6,
                            noticedAt: stage.clock.now()))
                }
                try await risks.insert(events, in: stage.tenant)
            }
            try await farm(0..<40)
            let services = [stage.house.fairness.grouping, stage.otherNode().fairness.grouping]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for round in 0..<6 {
                    group.addTask { _ = try await services[round % 2].group(slot, in: stage.tenant) }
                }
                try await group.waitForAll()
            }
            let cases = FraudStore(storage: stage.storage)
            let found = try await cases.page(.open, after: nil, limit: 20, in: stage.tenant).items
            // Replayed tokens are one pattern, the burst of one address and the one browser are others.
            #expect(Set(found.compactMap(\.fingerprint)).count == found.count)
            let replay = try #require(found.first { $0.fingerprint?.hasPrefix("replay:") == true })
            #expect(replay.votes == 40 && replay.voters == 40)
            #expect(try await cases.votes(of: replay.id, in: stage.tenant).count == 40)
            // It goes on: the open case grows.
            try await farm(40..<50)
            _ = try await services[0].group(slot, in: stage.tenant)
            #expect(try await cases.votes(of: replay.id, in: stage.tenant).count == 50)
            _ = try await stage.house.fairness.desk.remove(
                replay.id, reason: "a farm", by: Self.moderator, in: stage.tenant)
            // After the decision only what comes since is a case, and a handful is none.
            try await farm(50..<53)
            _ = try await services[1].group(slot, in: stage.tenant)
            func replays() async throws -> [FraudCase] {
                try await cases.known(slot, in: stage.tenant).filter { $0.fingerprint?.hasPrefix("replay:") == true }
            }
            #expect(try await replays().count == 1)
            try await farm(53..<60)
            for service in services { _ = try await service.group(slot, in: stage.tenant) }
            let again = try await replays()
            #expect(again.map(\.state) == [.removed, .open])
            #expect(try await cases.votes(of: again[1].id, in: stage.tenant).count == 10)
            try await stage.checkSums()
        }
    }
}
