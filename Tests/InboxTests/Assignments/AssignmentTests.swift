import Base
import BaseTestKit
import InboxVendors
import Realtime
import RealtimeTestKit
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct AssignmentTests {
    private func team(_ stage: Stage, _ caps: [Int], named name: String = "Support") async throws -> Team {
        let members = caps.enumerated().map { Team.Member(person: Stage.person($0.offset + 1), cap: $0.element) }
        return try await stage.office.teams.make(TeamDesk.TeamDraft(name: name, members: members), in: stage.tenant)
    }

    private func arrive(_ number: Int, at channel: Channel, _ stage: Stage) async throws -> ID<Conversation> {
        try #require(
            try await stage.deliver(
                [stage.event(.message, "Hi", from: "user\(number)", id: "m\(number)")], to: channel))
    }

    @Test(arguments: Backend.all)
    func `conversations go round those who are present and under their cap, and back to who knows the customer`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let team = try await team(stage, [2, 2, 9])
            let channel = try await stage.channel()
            let desk = stage.office.assignments
            let (ann, bea, cat) = (Stage.person(1), Stage.person(2), Stage.person(3))
            var given: [AssignmentDesk.Outcome] = []
            for number in 0..<5 {
                let id = try await arrive(number, at: channel, stage)
                given.append(try await desk.handOut(id, among: [ann, bea], attempt: 0, in: stage.tenant))
            }
            // The third one of each would be over their cap; who is away is given nothing.
            #expect(given == [.given(ann), .given(bea), .given(ann), .given(bea), .waits])
            let waiting = try #require(try await stage.conversation(of: "user4", at: channel))
            #expect(waiting.teamID == team.id && waiting.assigneeID == nil)
            #expect(try await stage.notices(of: cat) == ["inbox.handedOver"])
            #expect(
                try await stage.notices(of: ann).sorted() == ["inbox.assigned", "inbox.assigned", "inbox.handedOver"])
            let later = try await desk.handOut(waiting.id, among: [ann, cat], attempt: 1, in: stage.tenant)
            #expect(later == .given(cat))
            #expect(try await desk.handOut(waiting.id, among: [ann], attempt: 2, in: stage.tenant) == .settled)
            // A customer who comes back within three days finds the same agent, though others are next.
            let first = try #require(try await stage.conversation(of: "user1", at: channel))
            _ = try await stage.office.conversations.close(first.id, by: bea, in: stage.tenant)
            let telegram = try await stage.channel(.telegram, account: "bot")
            let again = try await arrive(1, at: telegram, stage)
            let points = try await stage.conversations().filter { $0.id == again || $0.id == first.id }
            _ = try await stage.office.contacts.merge(
                points[1].contactID, into: points[0].contactID, by: stage.tom, in: stage.tenant)
            #expect(try await desk.handOut(again, among: [ann, bea, cat], attempt: 0, in: stage.tenant) == .given(bea))
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `the bot's handing over finds somebody by itself, and looks again while nobody is there`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            _ = try await team(stage, [5])
            let channel = try await stage.channel(isBotFirst: true)
            let id = try #require(
                try await stage.deliver([stage.event(.message, "A human please", id: "m1")], to: channel))
            #expect(
                try await stage.office.assignments.handOut(id, among: [stage.tom], attempt: 0, in: stage.tenant)
                    == .settled)
            stage.clock.advance(by: .seconds(2))
            try await stage.office.bot.turn(id, in: stage.tenant)
            #expect(try await stage.head(id).bot == .waiting)
            try await stage.office.counts.fold()
            #expect(try await stage.waitingJobs("inbox.assign") == 1)
            // Nobody looks at the lists: it is tried again.
            try await stage.office.assignments.handOut(HandOut(conversation: id, attempt: 0), in: stage.tenant)
            #expect(try await stage.head(id).assigneeID == nil)
            #expect(try await stage.notices(of: stage.tom) == ["inbox.handedOver"])
            #expect(
                try await stage.office.assignments.handOut(id, among: [stage.tom], attempt: 1, in: stage.tenant)
                    == .given(stage.tom))
            let head = try await stage.head(id)
            #expect(head.bot == .human && head.assigneeID == stage.tom)
        }
    }

    @Test(arguments: Backend.all)
    func `whoever has the desk open is present, and what waits finds them by its job`(backend: Backend) async throws {
        try await Stage.with(backend, isLive: true) { stage in
            try stage.realtime.declare(stage.office.topics.kinds)
            _ = try await team(stage, [5, 5])
            let channel = try await stage.channel()
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await stage.realtime.run() }
                defer { group.cancelAll() }
                #expect(try await stage.office.assignments.present(in: stage.tenant).isEmpty)
                let visitor = TopicVisitor(
                    tenant: stage.tenant, person: stage.priya, role: "member",
                    seat: stage.priya.cast(to: ID<TopicSeat>.self))
                let priya = try await Listener(at: stage.realtime, as: visitor)
                let joined = try await priya.join("inbox/agent/\(stage.priya)")
                #expect(joined.error == nil, "\(joined)")
                let id = try await arrive(1, at: channel, stage)
                try await stage.working {
                    try await stage.eventually("somebody has it") {
                        try await stage.head(id).assigneeID == stage.priya
                    }
                }
                try await priya.vanish()
                try await stage.eventually("she is gone") {
                    try await stage.office.assignments.present(in: stage.tenant).isEmpty
                }
            }
        }
    }

    @Test(arguments: Backend.all, [UInt64(5), 6])
    func `nobody is ever given more than their cap, and turns differ by one at most`(
        backend: Backend, seed: UInt64
    ) async throws {
        try await Stage.with(backend, seed: seed) { stage in
            let chance = SeededRandomness(seed: seed)
            let caps = [3, 4, 50, 50, 50]
            _ = try await team(stage, caps)
            let channel = try await stage.channel()
            let desk = stage.office.assignments
            var ids: [ID<Conversation>] = []
            for number in 0..<40 { ids.append(try await arrive(number, at: channel, stage)) }
            while !ids.isEmpty {
                let some = Array(ids.prefix(1 + chance.below(6)))
                ids.removeFirst(some.count)
                // Several at once, each asked for twice.
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for id in some + some {
                        group.addTask {
                            _ = try await desk.handOut(
                                id, among: (1...5).map(Stage.person), attempt: 0, in: stage.tenant)
                        }
                    }
                    try await group.waitForAll()
                }
            }
            let heads = try await stage.conversations()
            let counts = (1...5).map { number in heads.count { $0.assigneeID == Stage.person(number) } }
            #expect(counts.reduce(0, +) == 40)
            #expect(counts[0] == 3 && counts[1] == 4, "\(counts)")
            let rest = counts[2...]
            #expect((rest.max() ?? 0) - (rest.min() ?? 0) <= 1, "\(counts)")
            try await stage.checkTruth()
        }
    }
}

extension Stage {
    private struct Number: RowDecodable {
        let value: Int

        init(row: SQLRow) throws(StorageError) { value = try row.value(at: 0) }
    }

    /// How many jobs of a kind wait.
    func waitingJobs(_ kind: String) async throws -> Int {
        try await storage.reader(for: tenant).aggregate(
            Number.self, "test.jobs",
            "SELECT count(*) FROM job_queue j WHERE j.tenant_id = \(tenant) AND j.queue LIKE \("%\(kind)%")"
        ).value
    }
}
