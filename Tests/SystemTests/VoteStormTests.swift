import Base
import BaseTestKit
import Foundation
import Synchronization
import Testing

/// Votes of many connections while the server is killed again and again.
@Suite struct VoteStormTests {
    enum Bounds {
        static let rounds = 20
        static let connections = 16
        static let votesPerVoter = 8
        /// Acknowledged votes after which the server is killed.
        static let votesUntilKill = 40...400
    }

    /// What one storm knows: for each voter what was tried, and what was acknowledged.
    final class Ledger: Sendable {
        struct Entries {
            var tried: [Voter: Set<String>] = [:]
            var acknowledged: [Voter: Set<String>] = [:]
            var count = 0
            var unexpected: [String] = []
        }

        let entries = Mutex(Entries())

        var count: Int { entries.withLock { $0.count } }
    }

    @Test(arguments: Engine.all)
    func `no acknowledged vote is lost or doubled by a kill, in 20 rounds`(_ engine: Engine) throws {
        let chance = SeededRandomness(seed: 20)
        let site = try Site(engine)
        try site.server.start()
        for round in 1...Bounds.rounds {
            let goal = Bounds.votesUntilKill.lowerBound + Int(chance.next() % UInt64(Bounds.votesUntilKill.count))
            let ledger = try storm(site.server, killAfter: goal)
            try site.server.start()
            let entries = ledger.entries.withLock { $0 }
            #expect(entries.unexpected.isEmpty, "round \(round): \(entries.unexpected.prefix(3))")
            #expect(entries.count >= goal)
            try compare(entries, with: site.server, round)
            #expect(try Books.problems(in: site.database) == [], "round \(round)")
        }
        #expect(try site.server.terminate() == 0)
        #expect(try Books.problems(in: site.database) == [])
    }

    /// Votes on all connections until `goal` votes were acknowledged; then kills the server in the midst of it.
    private func storm(_ server: Capstan, killAfter goal: Int) throws -> Ledger {
        let ledger = Ledger()
        let isOver = Atomic(false)
        guard let program = server.program else { throw Broken(.failed, "the server is not running") }
        try onThreads(Bounds.connections + 1) { [port = server.port] index in
            if index == Bounds.connections {
                defer { isOver.store(true, ordering: .sequentiallyConsistent) }
                try eventually("\(goal) acknowledged votes", for: .seconds(60), every: .milliseconds(1)) {
                    ledger.count >= goal
                }
                isOver.store(true, ordering: .sequentiallyConsistent)
                program.signal(SIGKILL)
            }
            while !isOver.load(ordering: .sequentiallyConsistent) {
                do {
                    try Self.vote(port, ledger)
                } catch let error as Broken {
                    // A connection may break because of the kill, and only because of it.
                    guard isOver.load(ordering: .sequentiallyConsistent), error.kind != .malformed else { throw error }
                }
            }
        }
        try server.kill()
        return ledger
    }

    private func compare(_ entries: Ledger.Entries, with server: Capstan, _ round: Int) throws {
        let connection = try server.connect()
        for (voter, tried) in entries.tried {
            let standing = try voter.standing(connection)
            let lost = entries.acknowledged[voter, default: []].subtracting(standing)
            #expect(lost.isEmpty, "round \(round): acknowledged and lost")
            #expect(Set(standing).count == standing.count, "round \(round): a vote stands twice")
            #expect(Set(standing).isSubset(of: tried), "round \(round): a vote that nobody cast")
        }
    }

    /// One voter's votes.
    private static func vote(_ port: UInt16, _ ledger: Ledger) throws {
        let connection = try HTTPConnection(port: port)
        let (voter, clips) = try Voter.arrive(connection)
        for clip in clips.prefix(Bounds.votesPerVoter) {
            ledger.entries.withLock { _ = $0.tried[voter, default: []].insert(clip) }
            let answer = try connection.send(voter.cast(clip))
            ledger.entries.withLock { entries in
                if (200..<300).contains(answer.status) {
                    entries.acknowledged[voter, default: []].insert(clip)
                    entries.count += 1
                } else {
                    entries.unexpected.append(answer.description)
                }
            }
        }
    }
}
