import Base
import BaseTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Tournament

@Suite(.databases) struct VoteDeskTests {
    private func refusal(_ outcome: VoteOutcome) -> VoteRefusal? {
        if case .refused(let refusal) = outcome { refusal } else { nil }
    }

    private func vote(_ outcome: VoteOutcome) throws -> CastVote {
        switch outcome {
        case .cast(let vote): return vote
        case .refused(let refusal):
            Issue.record("refused: \(refusal)")
            throw refusal.error(at: .epoch)
        }
    }

    @Test(arguments: Backend.all)
    func `a vote is counted, spends its weight and can be taken back with everything restored`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let voter = stage.voter(1)
            let first = try vote(await stage.desk.cast(.super, on: scene.clips[0].id, by: voter, in: stage.tenant))
            #expect(first.weight == 3)
            #expect(first.allowance.left == 197)
            #expect(try await stage.totals(of: scene.slots[0]) == (1, 3))
            try await stage.checkSums()
            let back = try await stage.desk.withdraw(from: scene.clips[0].id, by: voter, in: stage.tenant)
            guard case .withdrawn(let withdrawn) = back else {
                Issue.record("\(back)")
                return
            }
            #expect(withdrawn.isReturned)
            #expect(try await stage.totals(of: scene.slots[0]) == (0, 0))
            let again = try vote(await stage.desk.cast(.super, on: scene.clips[1].id, by: voter, in: stage.tenant))
            #expect(again.allowance.left == 197)
            try await stage.checkSums()
        }
    }

    @Test(arguments: Backend.all)
    func `every refusal has its reason and changes nothing`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let (clips, desk, tenant) = (scene.clips, stage.desk, stage.tenant)
            let voter = stage.voter(1)
            func cast(_ kind: Vote.Kind, _ clip: ID<Clip>, _ voter: Voter) async throws -> VoteRefusal? {
                refusal(try await desk.cast(kind, on: clip, by: voter, in: tenant))
            }
            #expect(try await cast(.super, clips[0].id, voter) == nil)
            #expect(try await cast(.normal, clips[0].id, voter) == .alreadyVoted(.super))
            #expect(try await cast(.super, clips[1].id, voter) == .superSpent)
            #expect(try await cast(.mega, clips[1].id, voter) == nil)
            #expect(try await cast(.mega, clips[2].id, voter) == .megaSpent)
            #expect(try await cast(.normal, ID(high: 1, low: 1), voter) == .clipNotFound)
            #expect(try await cast(.normal, scene.laterClips[0].id, voter) == .slotClosed)
            let maker = Voter(person: clips[0].personID, in: tenant)
            #expect(try await cast(.normal, clips[0].id, maker) == .ownClip)
            #expect(try await cast(.normal, clips[1].id, maker) == nil)
            #expect(
                try await desk.withdraw(from: clips[3].id, by: voter, in: tenant) == .refused(.noVote))
            stage.clock.advance(by: scene.slots[0].freezesAt - stage.clock.now())
            #expect(try await cast(.normal, clips[2].id, voter) == .votingFrozen)
            #expect(
                try await desk.withdraw(from: clips[0].id, by: voter, in: tenant) == .refused(.votingFrozen))
            #expect(try await stage.totals(of: scene.slots[0]) == (3, 14))
            try await stage.checkSums()
        }
    }

    @Test(arguments: Backend.all)
    func `nobody passes the daily cap, and midnight in the tenant's zone renews it`(backend: Backend) async throws {
        var rules = SeasonRules()
        rules.dailyWeight = 12
        rules.timeZone = "America/New_York"
        rules.slotHours = 48
        try await Stage.with(backend) { [rules] stage in
            let scene = try await stage.openSeason(clips: 8, rules: rules)
            let voter = stage.voter(1)
            _ = try vote(await stage.desk.cast(.mega, on: scene.clips[0].id, by: voter, in: stage.tenant))
            let refused = refusal(try await stage.desk.cast(.super, on: scene.clips[1].id, by: voter, in: stage.tenant))
            guard case .dailyLimit(let allowance)? = refused else {
                Issue.record("\(String(reflecting: refused))")
                return
            }
            #expect(allowance.left == 2)
            // 2026-01-01T00:00Z is 19:00 of the day before in New York: five hours to midnight.
            #expect(allowance.renewsAt - stage.clock.now() == .seconds(5 * 3_600))
            _ = try vote(await stage.desk.cast(.normal, on: scene.clips[1].id, by: voter, in: stage.tenant))
            stage.clock.advance(by: .seconds(5 * 3_600))
            let next = try vote(await stage.desk.cast(.super, on: scene.clips[2].id, by: voter, in: stage.tenant))
            #expect(next.allowance.used == 3)
            // A vote of yesterday gives nothing back of today.
            let back = try await stage.desk.withdraw(from: scene.clips[0].id, by: voter, in: stage.tenant)
            guard case .withdrawn(let withdrawn) = back else {
                Issue.record("\(back)")
                return
            }
            #expect(!withdrawn.isReturned)
            let record = try await stage.desk.record(
                of: voter, in: scene.slots[0].id, rules: rules, tenant: stage.tenant)
            #expect(record.allowance.used == 3)
            #expect(record.given == [scene.clips[1].id: .normal, scene.clips[2].id: .super])
            #expect(record.left(of: .mega) == 1)
            #expect(record.left(of: .super) == 0)
        }
    }

    @Test(arguments: Backend.all)
    func `the same request again gets the first answer, another one is told that it comes late`(backend: Backend)
        async throws
    {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let (clip, voter) = (scene.clips[0].id, stage.voter(1))
            let first = try vote(await stage.desk.cast(.normal, on: clip, by: voter, in: stage.tenant, request: 42))
            let again = try vote(await stage.desk.cast(.normal, on: clip, by: voter, in: stage.tenant, request: 42))
            #expect(again == first)
            let other = try await stage.desk.cast(.normal, on: clip, by: voter, in: stage.tenant, request: 43)
            #expect(refusal(other) == .alreadyVoted(.normal))
            try await stage.checkSums()
        }
    }

    @Test(arguments: Backend.all)
    func `where there is one vote per slot it moves whole or not at all`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let voter = stage.voter(1)
            func move(_ kind: Vote.Kind, _ clip: ID<Clip>) async throws -> VoteOutcome {
                try await stage.desk.cast(kind, on: clip, by: voter, in: stage.tenant, moves: true)
            }
            _ = try vote(await move(.super, scene.clips[0].id))
            let moved = try vote(await move(.super, scene.clips[1].id))
            #expect(moved.allowance.used == 3)
            #expect(refusal(try await move(.normal, ID(high: 1, low: 1))) == .clipNotFound)
            #expect(refusal(try await move(.normal, scene.clips[1].id)) == .alreadyVoted(.super))
            let record = try await stage.desk.record(
                of: voter, in: scene.slots[0].id, rules: scene.season.rules, tenant: stage.tenant)
            #expect(record.given == [scene.clips[1].id: .super])
            try await stage.checkSums()
        }
    }

    @Test(arguments: Backend.all)
    func `a blocked voter is refused by the row`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let scene = try await stage.openSeason()
            let voter = stage.voter(1)
            _ = try vote(await stage.desk.cast(.normal, on: scene.clips[0].id, by: voter, in: stage.tenant))
            try await stage.storage.writer(for: stage.tenant).execute(
                "test.block",
                """
                UPDATE voters SET blocked_at = \(stage.clock.now())
                WHERE tenant_id = \(stage.tenant) AND id = \(voter.id)
                """)
            let outcome = try await stage.desk.cast(.normal, on: scene.clips[1].id, by: voter, in: stage.tenant)
            #expect(refusal(outcome) == .banned)
        }
    }

    @Test(arguments: 1...4, Backend.all)
    func `whatever many voters do at once, sums, caps and single votes hold`(seed: Int, backend: Backend) async throws {
        try await Stage.with(backend, seed: UInt64(seed)) { stage in
            var rules = SeasonRules()
            rules.dailyWeight = 20
            let scene = try await stage.openSeason(clips: 8, rules: rules)
            let slot = scene.slots[0]
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<24 {
                    // Several workers share a voter: the same votes arrive in parallel.
                    let chance = SeededRandomness(seed: UInt64(seed * 1_000 + worker))
                    group.addTask {
                        let voter = stage.voter(worker / 3)
                        for _ in 0..<25 {
                            let clip = scene.clips[chance.below(8)].id
                            if chance.below(4) == 0 {
                                _ = try await stage.desk.withdraw(from: clip, by: voter, in: stage.tenant)
                            } else {
                                _ = try await stage.desk.cast(
                                    Vote.Kind.allCases[chance.below(3)], on: clip, by: voter, in: stage.tenant)
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await stage.checkSums()
            for worker in 0..<8 {
                let record = try await stage.desk.record(
                    of: stage.voter(worker), in: slot.id, rules: rules, tenant: stage.tenant)
                #expect(record.allowance.used <= 20)
                #expect(record.given.values.filter { $0 == .super }.count <= 1)
                #expect(record.given.values.filter { $0 == .mega }.count <= 1)
                let weight = record.given.values.reduce(0) { $0 + rules.weight(of: $1) }
                #expect(weight == record.allowance.used)
            }
        }
    }

    @Test(arguments: 1...2, Backend.all)
    func `two nodes that take votes of the same voters at once keep sums, caps and single votes`(
        seed: Int, backend: Backend
    ) async throws {
        try await Stage.with(backend, seed: UInt64(seed)) { stage in
            var rules = SeasonRules()
            rules.dailyWeight = 20
            let scene = try await stage.openSeason(clips: 8, rules: rules)
            let desks = [stage.desk, stage.otherNode().votes]
            let accepted = Shared(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for worker in 0..<24 {
                    let chance = SeededRandomness(seed: UInt64(seed * 1_000 + worker))
                    group.addTask {
                        // Both nodes serve the same six voters.
                        let voter = stage.voter(worker / 4)
                        for _ in 0..<20 {
                            let desk = desks[chance.below(2)]
                            let clip = scene.clips[chance.below(8)].id
                            if chance.below(5) == 0 {
                                if case .withdrawn(let vote) = try await desk.withdraw(
                                    from: clip, by: voter, in: stage.tenant)
                                {
                                    accepted.withLock { $0 -= vote.weight }
                                }
                            } else if case .cast(let vote) = try await desk.cast(
                                Vote.Kind.allCases[chance.below(3)], on: clip, by: voter, in: stage.tenant)
                            {
                                accepted.withLock { $0 += vote.weight }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await stage.checkSums()
            #expect(try await stage.totals(of: scene.slots[0]).score == accepted.withLock { $0 })
            for number in 0..<6 {
                let record = try await stage.desk.record(
                    of: stage.voter(number), in: scene.slots[0].id, rules: rules, tenant: stage.tenant)
                #expect(record.allowance.used <= 20)
            }
        }
    }
}
