import Base
import BaseTestKit
import Limits
import Testing

@testable import Jobs

@Suite struct LeaseMachineTests {
    private let one = ID<Worker>(high: 1, low: 1)
    private let two = ID<Worker>(high: 1, low: 2)

    @Test func `a worker whose beats stand still for three beats is dead`() {
        var machine = LeaseMachine(beat: .seconds(2))
        #expect(machine.observe([one: 1, two: 1], at: .seconds(0)).isEmpty)
        #expect(machine.observe([one: 2, two: 1], at: .seconds(2)).isEmpty)
        #expect(machine.observe([one: 3, two: 1], at: .seconds(4)).isEmpty)
        #expect(machine.observe([one: 4, two: 1], at: .seconds(6)) == [two])
        #expect(machine.observe([one: 4], at: .seconds(8)).isEmpty)
    }

    @Test func `an observer that was away begins anew`() {
        var machine = LeaseMachine(beat: .seconds(2))
        #expect(machine.observe([one: 1], at: .seconds(0)).isEmpty)
        #expect(machine.observe([one: 1], at: .seconds(60)).isEmpty)
        #expect(machine.observe([one: 1], at: .seconds(64)).isEmpty)
        #expect(machine.observe([one: 1], at: .seconds(66)) == [one])
    }
}

@Suite struct ScheduleMachineTests {
    private static let kind = JobKind<Int>("test.tick")
    private let start = Timestamp(microseconds: 1_767_225_600_000_000)

    private func machine(_ missed: JobSchedule.MissedTicks) -> ScheduleMachine {
        ScheduleMachine(schedule: JobSchedule("test.ten", every: .seconds(10), Self.kind, 1, missed: missed))
    }

    @Test func `a tick is due when its time has come, once`() {
        let machine = machine(.once)
        #expect(machine.due(after: start, now: start + .seconds(9)).isEmpty)
        #expect(machine.due(after: start, now: start + .seconds(10)) == [start + .seconds(10)])
        #expect(machine.due(after: start + .seconds(10), now: start + .seconds(19)).isEmpty)
    }

    @Test func `missed ticks are skipped, stand for one, or are made up for`() {
        let later = start + .seconds(1_000_005)
        #expect(machine(.once).due(after: start, now: later) == [start + .seconds(1_000_000)])
        let each = machine(.each(max: 3)).due(after: start, now: later)
        #expect(each == [999_980, 999_990, 1_000_000].map { start + .seconds($0) })
        let hourly = ScheduleMachine(
            schedule: JobSchedule("test.hour", every: .seconds(3_600), Self.kind, 1, missed: .skip))
        #expect(hourly.due(after: start, now: start + .seconds(3_600 + 50)) == [start + .seconds(3_600)])
        #expect(hourly.due(after: start, now: start + .seconds(3_600 + 3_000)).isEmpty)
    }
}

@Suite struct ClaimMachineTests {
    private let tenants = (1...5).map { Tenant(ID(high: 7, low: UInt64($0))) }
    private let kinds = ["a": ClaimMachine.Kind(), "b": ClaimMachine.Kind(batchMax: 10)]

    private func queue(_ kind: String = "a", _ priority: JobPriority = .normal) -> QueueName {
        QueueName(lane: .default, priority: priority, kind: kind)
    }

    private func machine() -> ClaimMachine { ClaimMachine(kinds: kinds, lookMax: .seconds(4)) }

    private func jobs(_ count: Int, of ask: ClaimAsk) -> [TakenJob] {
        (0..<count).map { number in
            TakenJob(
                tenant: ask.tenant, id: ID(high: ask.from.high, low: ask.from.low + UInt64(number)), queue: ask.queue,
                input: "0", attempts: 0, parent: nil, key: nil, ties: 0)
        }
    }

    @Test func `room is shared by tenants, and the scan goes on where it was`() {
        var machine = machine()
        let first = ID<Job>(high: 1, low: 1)
        for tenant in tenants { machine.learn(tenant, queue(), first: first) }
        let rounds = machine.rounds(room: [.default: 20], present: [:], kindRoom: { _ in nil }, at: .zero)
        #expect(rounds.count == 1 && rounds[0].take == 4 && Set(rounds[0].asks.map(\.tenant)) == Set(tenants))
        machine.took(rounds[0], rounds[0].asks.flatMap { jobs(4, of: $0) }, at: .zero)
        let next = machine.rounds(room: [.default: 20], present: [:], kindRoom: { _ in nil }, at: .zero)
        #expect(next[0].asks.allSatisfy { $0.from == ID(high: 1, low: 4) })
        // A commit that became visible late moves it back.
        machine.learn(tenants[0], queue(), first: ID(high: 1, low: 2))
        let late = machine.rounds(room: [.default: 20], present: [:], kindRoom: { _ in nil }, at: .zero)
        #expect(late[0].asks.first { $0.tenant == tenants[0] }?.from == ID(high: 1, low: 2))
    }

    @Test func `tenants take turns when there is room for few`() {
        var machine = machine()
        for tenant in tenants { machine.learn(tenant, queue(), first: ID(high: 1, low: 1)) }
        var seen: [Tenant] = []
        for _ in 0..<5 {
            let rounds = machine.rounds(room: [.default: 1], present: [:], kindRoom: { _ in nil }, at: .zero)
            seen += rounds.flatMap(\.asks).map(\.tenant)
            machine.took(rounds[0], rounds[0].asks.flatMap { jobs(1, of: $0) }, at: .zero)
        }
        #expect(Set(seen) == Set(tenants) && seen.count == 5)
    }

    @Test func `without room only tenants with nothing here are asked for`() {
        var machine = machine()
        for tenant in tenants { machine.learn(tenant, queue(), first: ID(high: 1, low: 1)) }
        let rounds = machine.rounds(
            room: [.default: -5], present: [.default: Set(tenants.prefix(4))], kindRoom: { _ in nil }, at: .zero)
        #expect(rounds.flatMap(\.asks).map(\.tenant) == [tenants[4]] && rounds[0].take == 16)
    }

    @Test func `the urgent goes first, and an empty queue is left alone, longer each time, until word comes`() {
        var machine = machine()
        machine.learn(tenants[0], queue("a", .low), first: ID(high: 1, low: 1))
        machine.learn(tenants[0], queue("a", .high), first: ID(high: 1, low: 1))
        var now = Duration.zero
        let rounds = machine.rounds(room: [.default: 8], present: [:], kindRoom: { _ in nil }, at: now)
        #expect(rounds.flatMap(\.asks).map(\.queue.priority) == [.high])
        machine.took(rounds[0], [], at: now)
        let second = machine.rounds(room: [.default: 8], present: [:], kindRoom: { _ in nil }, at: now)
        #expect(second.flatMap(\.asks).map(\.queue.priority) == [.low])
        machine.took(second[0], [], at: now)
        for _ in 0..<40 {
            now += .milliseconds(500)
            for round in machine.rounds(room: [.default: 8], present: [:], kindRoom: { _ in nil }, at: now) {
                machine.took(round, [], at: now)
            }
        }
        #expect(machine.headCount == 0)
        machine.learn(tenants[0], queue(), first: ID(high: 1, low: 9))
        #expect(machine.rounds(room: [.default: 8], present: [:], kindRoom: { _ in nil }, at: now).count == 1)
    }

    @Test func `looks grow rare when nothing happens, and take no more than a twentieth of the time`() {
        var machine = machine()
        var now = Duration.zero
        var looks = 0
        while now < .seconds(60) {
            if now >= machine.nextLook {
                looks += 1
                machine.looked(LookResult(), took: .milliseconds(1), at: now)
            }
            now += .milliseconds(50)
        }
        #expect(looks < 25)
        machine.wantLook()
        machine.looked(LookResult(), took: .seconds(1), at: now)
        #expect(machine.nextLook - now >= .seconds(20))
        // Jobs that come make looks frequent again, at the same bound.
        for number: UInt64 in 1...5 {
            machine.learn(tenants[0], queue(), first: ID(high: number, low: 0))
            for round in machine.rounds(room: [.default: 1], present: [:], kindRoom: { _ in nil }, at: now) {
                machine.took(round, round.asks.flatMap { jobs(1, of: $0) }, at: now)
            }
            now += .milliseconds(500)
        }
        #expect(machine.nextLook - now >= .seconds(17))
    }

    @Test func `a look leaves out the queues that are busy, until all is to be seen`() {
        var machine = machine()
        machine.learn(tenants[0], queue(), first: ID(high: 1, low: 1))
        machine.learn(tenants[1], queue(), first: ID(high: 1, low: 1))
        for _ in 0..<3 {
            for round in machine.rounds(room: [.default: 1_000], present: [:], kindRoom: { _ in nil }, at: .zero) {
                machine.took(
                    round, round.asks.flatMap { $0.tenant == tenants[0] ? jobs(round.take, of: $0) : [] }, at: .zero)
            }
        }
        #expect(machine.skips.map(\.tenant) == [tenants[0]])
        machine.wantLook()
        #expect(machine.skips.isEmpty)
        machine.looked(LookResult(), took: .milliseconds(1), at: .zero)
        #expect(machine.skips.map(\.tenant) == [tenants[0]])
        // What is no longer there to be taken is looked for.
        for round in machine.rounds(room: [.default: 1_000], present: [:], kindRoom: { _ in nil }, at: .zero) {
            machine.took(round, [], at: .zero)
        }
        #expect(machine.skips.isEmpty)
    }

    @Test func `a batched kind is asked for by itself, with a batch for each place`() {
        var machine = machine()
        machine.learn(tenants[0], queue("b"), first: ID(high: 1, low: 1))
        let rounds = machine.rounds(room: [.default: 4], present: [:], kindRoom: { _ in nil }, at: .zero)
        #expect(rounds.count == 1 && rounds[0].take == 40)
    }
}

@Suite struct RunBoardTests {
    private static let kind = JobKind<Int>("test.a")
    private static let narrow = JobKind<Int>("test.narrow", concurrency: .fixed(1))

    private func job(_ tenant: UInt64, _ id: UInt64, _ kind: String = "test.a") -> TakenJob {
        TakenJob(
            tenant: Tenant(ID(high: 1, low: tenant)), id: ID(high: 2, low: id),
            queue: QueueName(lane: .default, priority: .normal, kind: kind), input: "0", attempts: 0, parent: nil,
            key: nil, ties: 0)
    }

    private func board(_ count: Int) -> RunBoard {
        RunBoard(
            concurrency: [.default: count],
            handlers: [
                Self.kind.handler { _, _ in }, Self.narrow.handler { _, _ in },
                JobKind<Int>("test.many").batchHandler(max: 3) { numbers, _ in numbers.map { _ in .success(()) } },
            ])
    }

    @Test func `tenants take turns whatever waits`() {
        var board = board(10)
        board.add((1...8).map { job(1, $0) } + [job(2, 20), job(3, 30)])
        let order = (0..<5).compactMap { _ in board.next(in: .default)?.first?.tenant.id.low }
        #expect(order == [1, 2, 3, 1, 1])
    }

    @Test func `no more run than the lane allows, nor of a kind than it says`() {
        var board = board(3)
        board.add([job(1, 1, "test.narrow"), job(1, 2, "test.narrow"), job(1, 3), job(1, 4), job(1, 5)])
        let running = (0..<5).compactMap { _ in board.next(in: .default)?.first }
        #expect(running.map(\.id.low) == [1, 3, 4])
        board.ended([running[0]], outcome: .good, took: .zero, at: .zero)
        #expect(board.next(in: .default)?.first?.id.low == 2)
        #expect(board.runningKeys.count == 3 && board.waitingKeys.count == 1)
    }

    @Test func `a batch has jobs of its kind and tenant only`() {
        var board = board(9)
        board.add([
            job(1, 1, "test.many"), job(1, 2), job(1, 3, "test.many"), job(2, 4, "test.many"), job(1, 5, "test.many"),
        ])
        #expect(board.next(in: .default)?.map(\.id.low) == [1, 3, 5])
        #expect(board.next(in: .default)?.map(\.id.low) == [4])
        #expect(board.next(in: .default)?.map(\.id.low) == [2])
        #expect(board.next(in: .default) == nil)
    }

    @Test func `a paused lane gives its jobs back and begins none`() {
        var board = board(9)
        board.add([job(1, 1), job(2, 2)])
        #expect(board.pause([.default]).count == 2)
        board.add([job(1, 3)])
        #expect(board.next(in: .default) == nil && board.room(at: .zero).isEmpty)
        #expect(board.pause([]).isEmpty)
        #expect(board.next(in: .default)?.count == 1)
    }
}

@Suite struct NameTests {
    @Test func `a queue's name is read as it was written, and sorts by urgency`() throws {
        let names = [
            QueueName(lane: .interactive, priority: .low, kind: "z.z", gate: "acct"),
            QueueName(lane: .default, priority: .high, isAgain: true, kind: "a.b"),
            QueueName(lane: .default, priority: .high, kind: "a.b", gate: "x|y"),
            QueueName(lane: .default, priority: .normal, kind: "a.b"),
            QueueName(lane: .bulk, priority: .high, kind: "a.b"),
        ]
        #expect(names.map { QueueName($0.description) } == names.map { $0 })
        #expect(names.sorted() == names)
        #expect(QueueName("") == nil && QueueName("911|a|") == nil && QueueName("111") == nil)
    }

    @Test func `word travels as it was told`() throws {
        let tenant = Tenant(ID(high: 5, low: 6))
        let queue = QueueName(lane: .bulk, priority: .low, kind: "a.b", gate: "two words")
        let hints = [
            WakeHint(tenant: tenant, queue: queue, first: ID(high: 1, low: 2)),
            WakeHint(tenant: tenant, queue: queue.again, first: ID(high: 1, low: 2), dueAt: .epoch + .seconds(7)),
        ]
        #expect(hints.map { WakeHint($0.description) } == hints.map { $0 })
        let message = JobMessage(
            sender: 9, hints: hints, mustLook: true, cancelled: [JobKey(tenant: tenant, id: ID(high: 3, low: 4))])
        #expect(JobMessage(message.bytes) == message)
        #expect(JobMessage([0xFF, 0xFE]) == nil)
        let many = JobMessage(
            sender: 9, hints: Array(repeating: hints[0], count: 5_000), mustLook: false, cancelled: [])
        #expect(many.bytes.count < 64 * 1_024 && JobMessage(many.bytes)?.mustLook == true)
    }

    @Test func `pauses grow from attempt to attempt up to the longest, spread by half`() {
        let backoff = Backoff.exponential(from: .seconds(1), to: .seconds(60))
        let chance = SeededRandomness(seed: 1)
        for attempt in 1...80 {
            let full = min(60, Double(UInt64(1) << UInt64(min(attempt - 1, 40))))
            for _ in 0..<20 {
                let pause = backoff.pause(after: attempt, using: chance).inSeconds
                #expect(pause >= full * 0.5 - 1e-6 && pause <= full + 1e-6)
            }
        }
    }
}
