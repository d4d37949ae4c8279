import Base
import BaseTestKit

/// What happens in a simulated slot, drawn from a seed.
struct Schedule {
    enum Event: Hashable {
        /// One voter after the other, each on one of two nodes.
        case one(VotingModel.Step, node: Int)
        /// Two at the same moment, each on a node of its own.
        case both(VotingModel.Step, VotingModel.Step)
        /// The same request as before, because its answer was lost.
        case again(node: Int)
        case remove(Set<Int>)
        /// Time passes, in microseconds.
        case wait(Int64)
        case advance(node: Int)
    }

    static let voters = 4
    static let clips = 4

    let rules: VotingModel.Rules
    let events: [Event]

    init(seed: UInt64, length: Int = 24) {
        let chance = SeededRandomness(seed: seed &* 0x9E37_79B9 &+ 7)
        var rules = VotingModel.Rules()
        rules.cap = [4, 12, 13, 200][chance.below(4)]
        rules.votersMinimum = chance.below(4)
        rules.extensionsMax = chance.below(3)
        self.rules = rules
        var request = 0
        func step() -> VotingModel.Step {
            let voter = chance.below(Self.voters)
            let clip = chance.below(Self.clips)
            if chance.below(4) == 0 { return .withdraw(voter: voter, clip: clip) }
            request += 1
            let kind = VotingModel.Kind.allCases[[0, 0, 0, 1, 1, 2][chance.below(6)]]
            return .cast(voter: voter, clip: clip, kind, request: chance.below(3) == 0 ? request : nil)
        }
        /// The end comes in the second half of every other schedule.
        let hurries = chance.below(2) == 0
        events = (0..<length).map { index in
            let isLate = hurries && index > length / 2
            switch chance.below(isLate ? 14 : 11) {
            case 0...4: return .one(step(), node: chance.below(2))
            case 5, 6:
                // Often the same voter, so that the two meet.
                let first = step()
                guard chance.below(3) > 0 else { return .both(first, step()) }
                return .both(first, Self.rival(of: first, chance))
            case 7: return .again(node: chance.below(2))
            case 8: return .remove(Set((0..<2).map { _ in chance.below(Self.voters) }))
            case 9: return .wait([0, 1, 3_600_000_000, 43_200_000_000, 86_400_000_000][chance.below(5)])
            case 10: return .advance(node: chance.below(2))
            case 11: return .wait(rules.length - rules.freeze)
            case 12: return .wait([rules.freeze - 1, rules.freeze, rules.review][chance.below(3)])
            default: return .advance(node: chance.below(2))
            }
        }
    }

    /// Something that wants the same place, the same allowance or the same special vote.
    private static func rival(of step: VotingModel.Step, _ chance: SeededRandomness) -> VotingModel.Step {
        switch step {
        case .cast(let voter, let clip, let kind, _):
            switch chance.below(3) {
            case 0: .cast(voter: voter, clip: clip, kind, request: nil)
            case 1: .cast(voter: voter, clip: chance.below(clips), kind, request: nil)
            default: .withdraw(voter: voter, clip: clip)
            }
        case .withdraw(let voter, let clip):
            chance.below(2) == 0
                ? .withdraw(voter: voter, clip: clip) : .cast(voter: voter, clip: clip, .normal, request: nil)
        }
    }
}

/// What a schedule is played against, beside the model.
protocol Playfield: Sendable {
    /// Votes or withdraws.
    func perform(_ step: VotingModel.Step, node: Int) async throws -> VotingModel.Answer
    func remove(_ voters: Set<Int>) async throws -> Int
    func wait(_ microseconds: Int64) async throws
    func advance(node: Int) async throws -> Bool
    /// What differs from the model now; empty when all is as it should be.
    func differences(from model: VotingModel) async throws -> [String]
}

extension Schedule {
    /// Plays against the model; returns what was not as it should be.
    ///
    /// Two at the same moment must give what one order or the other gives.
    func play(_ field: some Playfield, model start: VotingModel) async throws -> [String] {
        var model = start
        var last: VotingModel.Step?
        for (index, event) in events.enumerated() {
            switch event {
            case .one(let step, let node):
                last = step
                let expected = model.perform(step)
                let found = try await field.perform(step, node: node)
                if found != expected { return ["\(index) \(step): \(found), not \(expected)"] }
            case .again(let node):
                guard case .cast(_, _, _, .some)? = last, let step = last else { continue }
                let expected = model.perform(step)
                let found = try await field.perform(step, node: node)
                if found != expected { return ["\(index) again \(step): \(found), not \(expected)"] }
            case .both(let first, let second):
                last = nil
                async let one = field.perform(first, node: 0)
                async let other = field.perform(second, node: 1)
                let found = try await [one, other]
                var (forward, backward) = (model, model)
                let orders = [[forward.perform(first), forward.perform(second)]]
                let reversed = [backward.perform(second), backward.perform(first)]
                // Which of the two orders it was shows in the answers, or makes no difference to them.
                let candidates =
                    (found == orders[0] ? [forward] : []) + (found == [reversed[1], reversed[0]] ? [backward] : [])
                guard let chosen = candidates.first else {
                    return ["\(index) both \(event): \(found), neither \(orders[0]) nor \(reversed) backward"]
                }
                model = chosen
                if candidates.count == 2, candidates[0] != candidates[1],
                    try await !field.differences(from: chosen).isEmpty
                {
                    model = candidates[1]
                }
            case .remove(let voters):
                let expected = model.remove(voters)
                let found = try await field.remove(voters)
                if found != expected { return ["\(index) removal of \(voters): \(found) votes, not \(expected)"] }
            case .wait(let time):
                model.now += time
                try await field.wait(time)
            case .advance(let node):
                let expected = model.advance()
                let found = try await field.advance(node: node)
                if found != expected { return ["\(index) step of the clock: \(found), not \(expected)"] }
            }
            if index % 5 == 4 {
                let found = try await field.differences(from: model)
                if !found.isEmpty { return found.map { "after \(index) \(event): \($0)" } }
            }
        }
        return try await field.differences(from: model)
    }
}
