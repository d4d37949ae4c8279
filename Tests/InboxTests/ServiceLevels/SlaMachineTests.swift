import Base
import BaseTestKit
import Testing

@testable import Inbox

@Suite struct SlaMachineTests {
    private let monday = Timestamp(microseconds: 1_767_571_200_000_000)
    private let office = WeekPlan(
        zone: "Europe/Lisbon",
        days: Array(
            repeating: [WeekPlan.Span(from: 540, until: 750), WeekPlan.Span(from: 810, until: 1_080)], count: 5)
            + [[WeekPlan.Span(from: 600, until: 720)], []],
        holidays: ["2026-01-06"])

    private func level(first: Int? = 30, next: Int? = 60, resolution: Int? = 480) -> ServiceLevel {
        ServiceLevel(
            id: ID(high: 1, low: 1), name: "Usual", first: first, next: next, resolution: resolution, createdAt: .epoch)
    }

    @Test func `a clock counts open hours only, sleeps with the conversation, and warns at four fifths`() {
        let machine = SlaMachine(level: level(), plan: office, isBotFirst: false)
        var story = SlaStory()
        // Ten minutes before the office closes on Monday; Tuesday is a holiday.
        let start = monday + .seconds(17 * 3_600 + 50 * 60)
        #expect(machine.apply(.customer, at: start, to: &story).isEmpty)
        let wednesday = monday + .seconds(2 * 86_400 + 9 * 3_600)
        #expect(story.first?.dueAt == wednesday + .seconds(20 * 60))
        #expect(story.first?.warnAt == wednesday + .seconds(14 * 60))
        #expect(machine.look(at: wednesday + .seconds(14 * 60), &story).map(\.what) == [.warned])
        _ = machine.apply(.snoozed, at: wednesday + .seconds(15 * 60), to: &story)
        #expect(story.first?.state == .paused && story.first?.left == 300_000_000)
        #expect(machine.look(at: wednesday + .seconds(86_400), &story).isEmpty)
        // The customer wakes it, in the middle of the pause at noon: five minutes are left behind it.
        let noon = wednesday + .seconds(4 * 3_600)
        _ = machine.apply(.customer, at: noon, to: &story)
        #expect(story.first?.dueAt == noon + .seconds(35 * 60))
        #expect(machine.apply(.person, at: noon + .seconds(35 * 60), to: &story).map(\.what) == [.met])
        #expect(story.resolution?.state == .running)
    }

    @Test func `what was called broken before an answer was read that came in time is not broken`() {
        let machine = SlaMachine(level: level(resolution: nil), plan: nil, isBotFirst: false)
        var story = SlaStory()
        _ = machine.apply(.customer, at: monday, to: &story)
        let due = monday + .seconds(1_800)
        #expect(machine.look(at: due + .seconds(3), &story).map(\.what) == [.breached])
        let outcomes = machine.apply(.person, at: due - .milliseconds(1), to: &story)
        #expect(outcomes.map(\.what) == [.restored, .met] && story.first?.state == .met)
    }

    @Test func `people owe nothing while the bot answers, and from its handing over on`() {
        let machine = SlaMachine(level: level(), plan: nil, isBotFirst: true)
        var story = SlaStory()
        _ = machine.apply(.customer, at: monday, to: &story)
        _ = machine.apply(.bot, at: monday + .seconds(2), to: &story)
        #expect(story.first == nil && story.resolution == nil)
        _ = machine.apply(.handedOver, at: monday + .seconds(2), to: &story)
        #expect(story.first?.dueAt == monday + .seconds(1_802) && story.resolution != nil)
    }

    /// Reads a thread in pieces, looks at wrong and right times, and returns what has become of every clock.
    private func run(
        _ lines: [SlaRecount.Line], _ machine: SlaMachine, until end: Timestamp, _ chance: SeededRandomness
    ) -> [SlaRecount.Result] {
        var story = SlaStory()
        var ended: [SlaRecount.Result: Int] = [:]
        var before = story
        /// Clocks that are no more, or are others by now, ended as they were seen last.
        func note() {
            for kind in SlaClock.Kind.allCases {
                guard let former = before[kind], former.startedAt != story[kind]?.startedAt else { continue }
                ended[result(kind, former), default: 0] += 1
            }
            before = story
        }
        func result(_ kind: SlaClock.Kind, _ clock: SlaClock) -> SlaRecount.Result {
            SlaRecount.Result(
                kind: kind.rawValue, start: clock.startedAt, end: clock.isOpen ? "open" : clock.state.rawValue)
        }
        for (place, line) in lines.enumerated() {
            // Looks whose time is right, and looks that come long before the next lines are read.
            _ = machine.apply(line.event, at: line.at, to: &story)
            note()
            if place + 1 < lines.count, chance.below(2) == 0 {
                _ = machine.look(at: lines[place + 1].at + .seconds(Int64(chance.below(7_200))), &story)
            }
            note()
        }
        _ = machine.look(at: end, &story)
        note()
        for kind in SlaClock.Kind.allCases {
            if let clock = story[kind] { ended[result(kind, clock), default: 0] += 1 }
        }
        return ended.keys.sorted()
    }

    @Test(arguments: 0..<400)
    func `however late a thread is read its clocks come to what a count of the minutes says`(seed: UInt64) {
        let chance = SeededRandomness(seed: seed &+ 77)
        let isBotFirst = chance.below(2) == 0
        let plan = chance.below(4) == 0 ? nil : office
        var lines: [SlaRecount.Line] = []
        var time = monday + .seconds(Int64(chance.below(7 * 1_440)) * 60)
        var (isOpen, isAsleep, isBot) = (false, false, false)
        for _ in 0..<(5 + chance.below(30)) {
            time = time + .seconds(60 * Int64([1, 2, 5, 30, 90, 300, 1_000][chance.below(7)]))
            var event: SlaMachine.Event
            switch chance.below(10) {
            case 0...3: event = .customer
            case 4, 5: event = isBot ? .bot : .person
            case 6: event = isBot ? (chance.below(2) == 0 ? .handedOver : .taken) : .taken
            case 7: event = isAsleep ? .woken : .snoozed
            case 8: event = isOpen ? .closed : .opened
            default: event = isOpen ? .person : .customer
            }
            if !isOpen, event != .customer, event != .opened { event = .customer }
            switch event {
            case .customer:
                if !isOpen { isBot = isBotFirst }
                (isOpen, isAsleep) = (true, false)
            case .opened: (isOpen, isAsleep, isBot) = (true, false, false)
            case .closed: (isOpen, isAsleep) = (false, false)
            case .snoozed: isAsleep = true
            case .woken: isAsleep = false
            case .handedOver, .taken, .person: isBot = false
            case .bot: break
            }
            lines.append(SlaRecount.Line(event: event, at: time))
        }
        let end = time + .seconds(60 * Int64(1 + chance.below(3_000)))
        let recount = SlaRecount(
            goals: [.first: 30, .next: 60, .resolution: 480], plan: plan, isBotFirst: isBotFirst)
        let machine = SlaMachine(level: level(), plan: plan, isBotFirst: isBotFirst)
        #expect(
            run(lines, machine, until: end, chance) == recount.results(lines, until: end),
            "seed \(seed), bot \(isBotFirst): \(lines.map { "\($0.at) \($0.event)" })")
    }
}
