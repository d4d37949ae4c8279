import Base
import BaseTestKit
import InboxVendors
import Storage
import StorageBackends
import StorageTestKit
import Testing

@testable import Inbox

@Suite struct RuleMachineTests {
    private let now = Timestamp(microseconds: 1_767_225_600_000_000)

    private func head() -> Conversation {
        Conversation(
            id: ID(high: 1, low: 1), contactID: ID(high: 2, low: 2), pointID: ID(high: 3, low: 3),
            channelID: ID(high: 4, low: 4), contactName: "Anna", state: .open, bot: .active, lastMessageAt: now,
            preview: Conversation.Preview(text: "My ORDER is broken!"), openedAt: now, createdAt: now)
    }

    private func rule(_ number: Int, _ conditions: Rule.Conditions = Rule.Conditions(), _ actions: [Rule.Action])
        -> Rule
    {
        Rule(
            id: ID(high: 9, low: UInt64(number)), name: "R", event: .inbound, conditions: conditions, actions: actions,
            place: number, isPaused: false, fired: 0)
    }

    @Test func `all of a rule's conditions must hold, over what earlier rules have done`() {
        let machine = RuleMachine(now: now)
        let person = ID<Person>(high: 7, low: 7)
        let rules = [
            rule(1, Rule.Conditions(words: ["order"]), [.priority(3)]),
            rule(2, Rule.Conditions(words: ["ord", "broke"]), [.close]),
            rule(3, Rule.Conditions(priorities: [3]), [.assign(person), .note("urgent")]),
            rule(4, Rule.Conditions(isAssigned: false), [.close]),
        ]
        let outcome = machine.fire(rules, on: head(), RuleChain(), recent: 0)
        #expect(outcome.fired == [rules[0].id, rules[2].id])
        #expect(outcome.head.priority == 3 && outcome.head.assigneeID == person && outcome.head.state == .open)
        #expect(outcome.head.bot == .human && outcome.head.botEpoch == 1)
        #expect(outcome.effects == [.line(.event, "assigned"), .line(.note, "urgent")])
    }

    @Test func `every chain ends: by depth, by the rules that have fired, by the minute`() {
        let machine = RuleMachine(now: now)
        let rules = [rule(1, Rule.Conditions(), [.note("a")]), rule(2, Rule.Conditions(), [.note("b")])]
        #expect(machine.fire(rules, on: head(), RuleChain(depth: 3), recent: 0).fired.isEmpty)
        let once = machine.fire(rules, on: head(), RuleChain(depth: 1, fired: [rules[0].id]), recent: 0)
        #expect(once.fired == [rules[1].id])
        let often = machine.fire(rules, on: head(), RuleChain(), recent: 9)
        #expect(often.fired == [rules[0].id] && often.paused == [rules[1].id])
    }
}

@Suite(.databases) struct RuleTests {
    private struct Waiting: RowDecodable {
        let input: String

        init(row: SQLRow) throws(StorageError) { input = try row.value(at: 0) }
    }

    /// Counts what has happened and carries out the rules that it has called for, until nothing is left; returns how often.
    private func settle(_ stage: Stage) async throws -> Int {
        var rounds = 0
        var done: Set<String> = []
        for _ in 0..<50 {
            try await stage.office.counts.fold()
            let waiting = try await stage.storage.reader(for: stage.tenant).list(
                Waiting.self, "test.waiting",
                """
                SELECT j.input FROM job_queue j WHERE j.tenant_id = \(stage.tenant) AND j.queue LIKE '%inbox.rule.run%'
                """, limit: 1_000
            ).map(\.input).filter { !done.contains($0) }
            if waiting.isEmpty { return rounds }
            for input in waiting {
                rounds += 1
                done.insert(input)
                let event: RuleEvent = try StoredJSON.read(input)
                // A job that is handed out twice has its effect once.
                for _ in 0..<2 { try await stage.office.rules.carryOut(event, in: stage.tenant) }
            }
        }
        Issue.record("the rules do not end")
        return rounds
    }

    @Test(arguments: Backend.all)
    func `a rule hears of what has happened, acts once, and what it causes is heard by others`(
        backend: Backend
    ) async throws {
        try await Stage.with(backend) { stage in
            let desk = stage.office.rules
            let tag = try await stage.office.conversations.makeTag("spam", in: stage.tenant)
            _ = try await desk.make(
                named: "Spam", at: .inbound, if: Rule.Conditions(words: ["casino"]), do: [.tag(tag.id), .close],
                by: stage.tom, in: stage.tenant)
            _ = try await desk.make(
                named: "Goodbye", at: .closed, if: Rule.Conditions(), do: [.note("closed by itself or by us")],
                by: stage.tom, in: stage.tenant)
            let channel = try await stage.channel()
            let id = try #require(
                try await stage.deliver([stage.event(.message, "Best CASINO ever", id: "m1")], to: channel))
            let other = try #require(
                try await stage.deliver([stage.event(.message, "Hello", from: "ben", id: "m2")], to: channel))
            #expect(try await settle(stage) == 3)
            #expect(
                try await stage.thread(id).map(\.body) == ["Best CASINO ever", "closed", "closed by itself or by us"])
            #expect(try await stage.head(id).state == .closed)
            #expect(try await stage.office.conversations.tags(of: [id], in: stage.tenant)[id] == [tag])
            #expect(try await stage.thread(other).map(\.body) == ["Hello"])
            #expect(try await desk.store.all(in: stage.tenant).map(\.fired) == [1, 1])
            try await stage.checkTruth()
        }
    }

    @Test(arguments: Backend.all)
    func `rules that call each other end, and one that fires too often is paused`(backend: Backend) async throws {
        try await Stage.with(backend) { stage in
            let desk = stage.office.rules
            // Each closing is answered by a closing: only customers open again.
            for number in 0..<3 {
                _ = try await desk.make(
                    named: "Close \(number)", at: number == 0 ? .inbound : .closed, if: Rule.Conditions(),
                    do: [.close, .note("n\(number)")], by: stage.tom, in: stage.tenant)
            }
            let channel = try await stage.channel()
            for number in 0..<8 {
                try await stage.deliver([stage.event(.message, "Hi \(number)", id: "m\(number)")], to: channel)
                _ = try await settle(stage)
                stage.clock.advance(by: .seconds(1))
            }
            let rules = try await desk.store.all(in: stage.tenant)
            #expect(rules.map(\.fired).reduce(0, +) <= Int64(Rule.Bounds.perMinute))
            #expect(rules.contains { $0.isPaused && $0.reason == "loop" })
            try await stage.checkTruth()
        }
    }
}
