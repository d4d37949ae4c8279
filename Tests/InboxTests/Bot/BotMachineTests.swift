import Base
import Testing

@testable import Inbox

@Suite struct BotMachineTests {
    private let now = Timestamp(microseconds: 1_767_225_600_000_000)

    private func head(_ bot: Conversation.Bot = .active) -> Conversation {
        Conversation(
            id: ID(high: 1, low: 1), contactID: ID(high: 2, low: 2), pointID: ID(high: 3, low: 3),
            channelID: ID(high: 4, low: 4), contactName: "Anna", state: .open, bot: bot, lastMessageAt: now,
            openedAt: now, createdAt: now)
    }

    private func said(_ text: String, ago: Duration = .seconds(2)) -> Message {
        Message(
            id: ID(high: 5, low: 5), conversationID: ID(high: 1, low: 1), sequence: 1, channelID: ID(high: 4, low: 4),
            role: .customer, body: text, delivery: .received, sentAt: now - ago, createdAt: now - ago)
    }

    private func opening(
        _ head: Conversation, _ text: String = "When do you open?", ago: Duration = .seconds(2), recent: Int = 0,
        policy: BotPolicy = BotPolicy()
    ) -> BotMachine.Opening {
        BotMachine(policy: policy, now: now).opening(head, waiting: [said(text, ago: ago)], recent: recent)
    }

    @Test func `the bot has its turn only where nobody else has the word`() {
        #expect(opening(head()) == .ask)
        for bot in [Conversation.Bot.waiting, .human, .off] { #expect(opening(head(bot)) == .nothing) }
        var closed = head()
        closed.state = .closed
        #expect(opening(closed) == .nothing)
        #expect(BotMachine(policy: BotPolicy(), now: now).opening(head(), waiting: [], recent: 0) == .nothing)
    }

    @Test func `it waits until the customer has stopped writing`() {
        #expect(opening(head(), ago: .milliseconds(1_499)) == .wait(until: now + .milliseconds(1)))
        #expect(opening(head(), ago: .milliseconds(1_500)) == .ask)
    }

    @Test func `it hands over at a word, after failures, when it talks too much, and outside of the window`() {
        #expect(opening(head(), "I want a HUMAN!") == .handOver(.keyword))
        // Part of a word is not the word.
        #expect(opening(head(), "Is that humane?") == .ask)
        var failing = head()
        failing.botFailures = 2
        #expect(opening(failing) == .handOver(.failures))
        var talking = head()
        talking.botReplies = 20
        #expect(opening(talking) == .handOver(.tooManyReplies))
        #expect(opening(head(), recent: 4) == .handOver(.tooFast))
        var late = head()
        late.windowEndsAt = now - .seconds(1)
        #expect(opening(late) == .handOver(.windowClosed))
    }

    @Test func `outside of its hours it says when somebody answers`() {
        var policy = BotPolicy()
        // 1 January 2026 was a Thursday and a holiday; on Friday it opens at nine in Lisbon.
        let nine = [WeekPlan.Span(from: 540, until: 1_080)]
        policy.hours = WeekPlan(
            zone: "Europe/Lisbon", days: [nine, nine, nine, nine, nine, [], []], holidays: ["2026-01-01"])
        #expect(opening(head(), policy: policy) == .sayClosed(until: Timestamp("2026-01-02T09:00:00Z")))
    }

    @Test func `a model has two acts`() {
        #expect(BotMachine.act(" We open at nine. ") == .say("We open at nine."))
        #expect(BotMachine.act("[Hand over] please") == .handOver(.asked))
        #expect(BotMachine.act(" \n") == .handOver(.refused))
    }

    @Test func `what was begun is said only if nothing has happened since`() {
        var head = head()
        head.botEpoch = 3
        head.replySequence = 4
        func may(_ head: Conversation, epoch: Int64 = 3, after: Int64 = 5, newest: Int64 = 5) -> Bool {
            BotMachine.mayCommit(head, epoch: epoch, after: after, newest: newest)
        }
        #expect(may(head))
        #expect(!may(head, epoch: 2) && !may(head, newest: 6))
        var answered = head
        answered.replySequence = 6
        #expect(!may(answered))
        var taken = head
        taken.bot = .human
        #expect(!may(taken))
    }
}

@Suite struct WeekPlanTests {
    private func plan(_ zone: String) -> WeekPlan {
        let day = [WeekPlan.Span(from: 540, until: 720), WeekPlan.Span(from: 780, until: 1_080)]
        return WeekPlan(zone: zone, days: [day, day, day, day, day, [], []], holidays: ["2026-12-25"])
    }

    private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    @Test func `hours are those of the clock on the wall, also when it is moved`() throws {
        let berlin = plan("Europe/Berlin")
        #expect(berlin.isSound)
        // Winter, summer, and the Monday after the clock was moved.
        #expect(berlin.isOpen(at: try time("2026-01-05T08:00:00Z")))
        #expect(!berlin.isOpen(at: try time("2026-01-05T07:59:59Z")))
        #expect(berlin.isOpen(at: try time("2026-03-30T07:00:00Z")))
        #expect(!berlin.isOpen(at: try time("2026-03-30T06:59:59Z")))
        // The pause at noon, the weekend, a holiday.
        #expect(!berlin.isOpen(at: try time("2026-01-05T11:30:00Z")))
        #expect(!berlin.isOpen(at: try time("2026-01-03T10:00:00Z")))
        #expect(!berlin.isOpen(at: try time("2026-12-25T10:00:00Z")))
        #expect(berlin.nextOpening(after: try time("2026-01-02T17:30:00Z")) == (try time("2026-01-05T08:00:00Z")))
    }

    @Test func `time passes while it is open`() throws {
        let plan = plan("UTC")
        let friday = try time("2026-01-02T17:00:00Z")
        #expect(plan.moment(after: .seconds(7_200), from: friday) == (try time("2026-01-05T10:00:00Z")))
        #expect(plan.openTime(from: friday, to: try time("2026-01-05T14:00:00Z")) == .seconds(3_600 * 5))
        // Whatever is added, as much time passes.
        for minutes in stride(from: 1, to: 4_000, by: 37) {
            let span = Duration.seconds(Int64(minutes) * 60)
            let end = try #require(plan.moment(after: span, from: friday))
            #expect(plan.openTime(from: friday, to: end) == span)
        }
    }
}
