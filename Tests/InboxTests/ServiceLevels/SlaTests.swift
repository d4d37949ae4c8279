import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite(.databases) struct SlaTests {
    private func promise(_ stage: Stage) async throws {
        let day = [WeekPlan.Span(from: 0, until: 720), WeekPlan.Span(from: 780, until: 1_440)]
        _ = try await stage.office.teams.set(
            nil, named: "Always but noon", WeekPlan(zone: "Europe/Lisbon", days: Array(repeating: day, count: 7)),
            isUsual: true, in: stage.tenant)
        _ = try await stage.office.promises.make(
            SlaDesk.LevelDraft(name: "Usual", first: 10, next: 20, resolution: 120), in: stage.tenant)
    }

    private func settle(_ stage: Stage) async throws {
        try await stage.office.counts.fold()
        try await stage.office.promises.lookAtDue()
        try await stage.office.counts.fold()
    }

    @Test(arguments: Backend.all)
    func `a promise is warned of, broken and escalated in the company's hours, and kept by an answer that stays`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            try await promise(stage)
            let team = TeamDesk.TeamDraft(name: "Support", members: [Team.Member(person: stage.priya, cap: 5)])
            _ = try await stage.office.teams.make(team, in: stage.tenant)
            let channel = try await stage.channel()
            let id = try #require(try await stage.deliver([stage.event(.message, "Hi", id: "m1")], to: channel))
            try await settle(stage)
            let due = try #require(try await stage.story(id)?.first?.dueAt)
            #expect(due == stage.clock.now() + .seconds(600))
            stage.clock.advance(by: .seconds(481))
            try await settle(stage)
            #expect(try await stage.notices(of: stage.priya) == ["inbox.slaWarned"])
            // An answer that its author may still take back keeps no promise, and none is called broken meanwhile.
            let message = try await stage.answer("Hello", to: id, of: channel, undo: 30)
            stage.clock.advance(by: .seconds(200))
            try await settle(stage)
            #expect(try await stage.story(id)?.first?.state == .running)
            try await stage.office.replies.withdraw(message.id, by: stage.tom, in: stage.tenant)
            stage.clock.advance(by: .seconds(601))
            try await settle(stage)
            #expect(try await stage.story(id)?.first?.state == .breached)
            #expect(try await stage.head(id).priority == 3)
            #expect(try await stage.notices(of: stage.priya).last == "inbox.slaBreached")
            _ = try await stage.answer("Sorry", to: id, of: channel, undo: 0)
            try await stage.office.sending.send(id, in: stage.tenant)
            try await stage.deliver([stage.event(.message, "Thanks", id: "m2")], to: channel)
            _ = try await stage.answer("Bye", to: id, of: channel, undo: 0)
            try await stage.office.sending.send(id, in: stage.tenant)
            _ = try await stage.office.conversations.close(id, by: stage.tom, in: stage.tenant)
            stage.clock.advance(by: .seconds(700))
            try await settle(stage)
            let story = try #require(try await stage.story(id))
            #expect(story.next?.state == .met && story.resolution?.state == .met)
            let board = try await stage.office.counts.dashboard(days: 30, in: stage.tenant)
            #expect(board.all.slaMet == 2 && board.all.slaBreached == 1)
            // Nothing is looked at any more.
            #expect(try await !stage.office.promises.store.hasDue(at: stage.clock.now() + .seconds(86_400)))
        }
    }

    @Test(arguments: Backend.all, [UInt64(1), 2, 3])
    func `whatever agents, customers and jobs do between each other, clocks and counts are what the threads say`(
        backend: Backend, seed: UInt64
    ) async throws {
        try await Stage.with(backend, seed: seed) { stage in
            try await promise(stage)
            let channel = try await stage.channel()
            let chance = SeededRandomness(seed: seed)
            for step in 0..<60 {
                stage.clock.advance(by: .seconds(Int64([1, 20, 200, 900][chance.below(4)])))
                let user = "user\(chance.below(3))"
                try await act(step, user, channel, stage, chance)
                if chance.below(3) == 0 { try await stage.office.counts.fold() }
                if chance.below(3) == 0 {
                    // Two workers at once come to the same as one.
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for _ in 0..<2 { group.addTask { try await stage.office.promises.lookAtDue() } }
                        try await group.waitForAll()
                    }
                }
            }
            for head in try await stage.conversations() {
                try await stage.office.sending.send(head.id, in: stage.tenant)
            }
            stage.clock.advance(by: .seconds(700))
            try await settle(stage)
            stage.clock.advance(by: .seconds(1_200))
            try await settle(stage)
            try await check(stage, channel)
            try await stage.checkTruth()
        }
    }

    private func act(
        _ step: Int, _ user: String, _ channel: Channel, _ stage: Stage, _ chance: SeededRandomness
    ) async throws {
        guard let head = try await stage.conversation(of: user, at: channel) else {
            try await stage.deliver([stage.event(.message, "Hi", from: user, id: "m\(step)")], to: channel)
            return
        }
        let desk = stage.office.conversations
        switch chance.below(8) {
        case 0...2: try await stage.deliver([stage.event(.message, "Hi", from: user, id: "m\(step)")], to: channel)
        case 3 where head.state != .closed:
            let message = try await stage.answer("Hello", to: head.id, of: channel, undo: 5)
            if chance.below(3) == 0 {
                try await stage.office.replies.withdraw(message.id, by: stage.tom, in: stage.tenant)
            } else if chance.below(2) == 0 {
                stage.clock.advance(by: .seconds(6))
                try await stage.office.sending.send(head.id, in: stage.tenant)
            }
        case 4 where head.state == .open:
            _ = try await desk.snooze(
                head.id, until: stage.clock.now() + .seconds(300), by: stage.tom, in: stage.tenant)
        case 5:
            try await desk.wake(head.id, in: stage.tenant)
        case 6 where head.state != .closed: _ = try await desk.close(head.id, by: stage.tom, in: stage.tenant)
        case 7 where head.state == .closed: _ = try await desk.open(head.id, by: stage.tom, in: stage.tenant)
        default:
            _ = try await desk.assign(
                head.id, to: stage.priya, from: head.assigneeID, by: stage.tom, in: stage.tenant)
        }
    }

    /// Reads every thread anew from its first line, in one go.
    private func check(_ stage: Stage, _ channel: Channel) async throws {
        let level = try #require(try await stage.office.promises.levels(in: stage.tenant).first)
        let machine = SlaMachine(
            level: level, plan: try await stage.office.teams.plan(nil, in: stage.tenant), isBotFirst: false)
        var (met, breached) = (Int64(0), Int64(0))
        for head in try await stage.conversations() {
            var story = SlaStory()
            var outcomes: [SlaMachine.Outcome] = []
            let lines = try await stage.office.promises.store.lines(
                of: head.id, after: 0, limit: 500, through: stage.storage.reader(for: stage.tenant), in: stage.tenant)
            for line in lines {
                story.seen = line.sequence
                if let event = line.event { outcomes += machine.apply(event, at: line.createdAt, to: &story) }
            }
            outcomes += machine.look(at: stage.clock.now(), &story)
            let kept = try #require(try await stage.story(head.id))
            for kind in SlaClock.Kind.allCases {
                #expect(kept[kind]?.state == story[kind]?.state, "\(head.contactName): \(kind)")
                #expect(kept[kind]?.dueAt == story[kind]?.dueAt, "\(head.contactName): \(kind)")
            }
            #expect(kept.seen == head.lastSequence)
            met += Int64(outcomes.count { $0.what == .met })
            breached += Int64(outcomes.count { $0.what == .breached } - outcomes.count { $0.what == .restored })
        }
        let all = try await stage.office.counts.dashboard(days: 30, in: stage.tenant).all
        #expect(all.slaMet == met && all.slaBreached == breached)
        #expect(met > 0 && breached > 0)
    }
}

extension Stage {
    func story(_ id: ID<Conversation>) async throws -> SlaStory? {
        try await office.promises.store.story(of: id, in: tenant)
    }

    /// What somebody was told, the oldest first, by kind.
    func notices(of person: ID<Person>) async throws -> [String] {
        try await storage.reader(for: tenant).list(
            KindRow.self, "test.notices",
            """
            SELECT n.kind FROM notifications n WHERE n.tenant_id = \(tenant) AND n.person_id = \(person) ORDER BY n.id
            """, limit: 100
        ).map(\.kind)
    }
}

private struct KindRow: RowDecodable {
    let kind: String

    init(row: SQLRow) throws(StorageError) { kind = try row.value(at: 0) }
}
