import Base
import BaseTestKit

@testable import Jobs

/// A cluster of workers on one set of tables, driven by chance: crashes, frozen processes, clocks that differ, statements
/// whose answer is lost, word that is lost or comes twice, a slow database.
struct JobsSimulation {
    private static let schedule = JobSchedule("sim.tick", every: .seconds(5), SimNode.kind, 0)
    private static let start = Timestamp(microseconds: 1_767_225_600_000_000)

    let seed: UInt64
    private let chance: SeededRandomness
    private var tables = PaperTables()
    private var nodes: [SimNode] = []
    private var uptime = Duration.zero
    private var isStormy = true
    private var fired: [Timestamp: Int] = [:]
    private let tenants: [Tenant]

    init(seed: UInt64) {
        self.seed = seed
        chance = SeededRandomness(seed: seed)
        let chance = chance
        tenants = (0..<2).map { _ in Tenant(ID(at: Self.start, using: chance)) }
        tables.ticks["sim.tick"] = Self.start
        for _ in 0..<(2 + chance.below(2)) {
            let id = ID<Worker>(at: Self.start, using: chance)
            tables.workers[id] = 0
            nodes.append(SimNode(worker: id, skew: .milliseconds(Int64(chance.below(4_000)) - 2_000)))
        }
    }

    private var now: Timestamp { Self.start + uptime }
    private func odds(_ one: Int, in all: Int) -> Bool { chance.below(all) < one }

    /// Runs a storm and then calm until nothing is left; returns what went wrong.
    mutating func run() -> [String] {
        for _ in 0..<120 {
            uptime += .milliseconds(Int64(chance.below(400)))
            if odds(1, in: 6) { enqueue() }
            step(chance.below(nodes.count))
            if let problem = broken() { return ["seed \(seed): \(problem)"] }
        }
        isStormy = false
        for index in nodes.indices where !nodes[index].isAlive { restart(index) }
        var calm = 0
        while calm < 4_000, !isEmpty {
            uptime += .milliseconds(100)
            for index in nodes.indices { step(index) }
            calm += 1
        }
        return problems().map { "seed \(seed): \($0)" }
    }

    private var isEmpty: Bool { tables.queue.isEmpty && tables.later.isEmpty && tables.runs.isEmpty }

    // MARK: What happens

    private mutating func enqueue() {
        let tenant = tenants[chance.below(tenants.count)]
        let priority = JobPriority(rawValue: chance.below(3)) ?? .normal
        let job = TakenJob(
            tenant: tenant, id: ID(at: now, using: chance),
            queue: QueueName(lane: .default, priority: priority, kind: SimNode.kind.name), input: "0", attempts: 0,
            parent: nil, key: odds(1, in: 3) ? "key \(chance.below(3))" : nil, ties: 0)
        let dueAt = odds(1, in: 4) ? now + .milliseconds(Int64(chance.below(3_000))) : nil
        guard tables.enqueue(job, dueAt: dueAt, now: now), dueAt == nil else { return }
        tell([WakeHint(tenant: tenant, queue: job.queue, first: job.id)])
    }

    /// Word to all nodes: it may be lost, come twice or come in another order.
    private mutating func tell(_ hints: [WakeHint]) {
        for index in nodes.indices where nodes[index].isAlive {
            if isStormy, odds(1, in: 4) { continue }
            nodes[index].inbox += hints
            if isStormy, odds(1, in: 4) { nodes[index].inbox.insert(contentsOf: hints, at: 0) }
        }
    }

    private mutating func restart(_ index: Int) {
        let next = ID<Worker>(at: now, using: chance)
        tables.workers[next] = 0
        nodes[index].startAnew(as: next)
    }

    private mutating func step(_ index: Int) {
        guard nodes[index].isAlive else {
            if odds(1, in: 8) { restart(index) }
            return
        }
        guard nodes[index].frozenUntil <= uptime else { return }
        if isStormy {
            if odds(1, in: 60) {
                nodes[index].isAlive = false
                return
            }
            if odds(1, in: 40) {
                // Long enough to be taken to be dead.
                nodes[index].frozenUntil = uptime + .seconds(Int64(chance.below(15)))
                return
            }
        }
        if uptime - nodes[index].lastBeat >= SimNode.beat { beat(index) }
        switch isStormy ? chance.below(5) : 5 {
        case 0: claim(index)
        case 1: settle(index)
        case 2: finishRun(index)
        case 3: fire(index)
        case 4: promote(index)
        default:
            promote(index)
            claim(index)
            while !nodes[index].running.isEmpty { finishRun(index) }
            settle(index)
            fire(index)
        }
    }

    private mutating func beat(_ index: Int) {
        nodes[index].lastBeat = uptime
        // A statement that does not come through.
        if isStormy, odds(1, in: 10) { return }
        guard let seen = tables.beat(nodes[index].worker) else { return restart(index) }
        for dead in nodes[index].leases.observe(seen, at: uptime) where dead != nodes[index].worker {
            tell(tables.recover(dead, attemptsMax: SimNode.kind.rule.attemptsMax))
        }
    }

    private mutating func claim(_ index: Int) {
        var node = nodes[index]
        if node.mustReconcile {
            let known = Set(node.board.waitingKeys).union(node.unsettled.map(\.key))
                .union(node.running.joined().map { JobKey(tenant: $0.tenant, id: $0.id) })
            node.board.add(
                tables.runs.filter { $0.value.worker == node.worker && !known.contains($0.key) }.map(\.value.job))
            node.mustReconcile = false
        }
        for hint in node.inbox { node.machine.learn(hint.tenant, hint.queue, first: hint.first) }
        node.inbox = []
        if uptime >= node.machine.nextLook { node.machine.looked(tables.look(), took: .milliseconds(1), at: uptime) }
        let board = node.board
        let rounds = node.machine.rounds(
            room: board.room(at: uptime), present: board.present, kindRoom: { board.room(ofKind: $0) }, at: uptime)
        for round in rounds {
            let taken = tables.claim(round.asks, take: round.take, worker: node.worker)
            // The answer is lost: the jobs are this worker's, which does not know of them.
            if isStormy, odds(1, in: 12) {
                node.mustReconcile = true
                break
            }
            node.machine.took(round, taken, at: uptime)
            node.board.add(taken)
        }
        while let batch = node.board.next(in: .default) { node.running.append(batch) }
        nodes[index] = node
    }

    private mutating func finishRun(_ index: Int) {
        guard !nodes[index].running.isEmpty else { return }
        let batch = nodes[index].running.remove(at: chance.below(nodes[index].running.count))
        let verdict = JobVerdict(rule: SimNode.kind.rule, now: now + nodes[index].skew)
        var ending = JobVerdict.Ending.returned(nil)
        if isStormy, odds(1, in: 4) { ending = .threw(JobFailure.retry(after: .milliseconds(100))) }
        if isStormy, odds(1, in: 30) { ending = .threw(JobFailure.permanent("no")) }
        if isStormy, odds(1, in: 20) { ending = .threw(JobFailure.throttled()) }
        for job in batch {
            let fate = verdict.fate(of: job, ending, randomness: chance)
            nodes[index].unsettled.append(JobEnd(job: job, fate: fate, isKept: true))
        }
        nodes[index].board.ended(
            batch, outcome: JobVerdict.outcome(of: ending), took: .milliseconds(50), at: uptime)
        while let next = nodes[index].board.next(in: .default) { nodes[index].running.append(next) }
    }

    private mutating func settle(_ index: Int) {
        let ends = nodes[index].unsettled
        guard !ends.isEmpty else { return }
        // A statement that did not come through, or whose answer is lost: it is sent again.
        if isStormy, odds(1, in: 8) { return }
        _ = tables.settle(ends, worker: nodes[index].worker)
        if isStormy, odds(1, in: 8) { return }
        nodes[index].unsettled = []
    }

    private mutating func promote(_ index: Int) {
        let hints = tables.promote(now: now + nodes[index].skew)
        nodes[index].inbox += hints
    }

    private mutating func fire(_ index: Int) {
        let time = now + nodes[index].skew
        let machine = ScheduleMachine(schedule: Self.schedule)
        let last = nodes[index].lastTick ?? Self.start
        guard isStormy else { return }
        for tick in machine.due(after: last, now: time) {
            nodes[index].lastTick = tick
            guard tables.fire("sim.tick", tick: tick) else { continue }
            fired[tick, default: 0] += 1
        }
    }

    // MARK: What must hold

    /// What is wrong at this moment.
    private func broken() -> String? {
        let live = Array(tables.queue.values) + tables.later.values.map(\.job) + tables.runs.values.map(\.job)
        var held: [String: ID<Job>] = [:]
        for job in live {
            guard let name = job.key else { continue }
            if let other = held.updateValue(job.id, forKey: name), other != job.id { return "two jobs hold \(name)" }
        }
        if live.count != Set(live.map { JobKey(tenant: $0.tenant, id: $0.id) }).count { return "a job is in two places" }
        if let tick = fired.first(where: { $0.value > 1 }) { return "the tick \(tick.key) was fired \(tick.value) times" }
        return nil
    }

    private func problems() -> [String] {
        var problems: [String] = []
        if let problem = broken() { problems.append(problem) }
        if !isEmpty {
            problems.append(
                "left are \(tables.queue.count) waiting, \(tables.later.count) scheduled, \(tables.runs.count) running")
        }
        for key in tables.born where tables.ends[key]?.count != 1 {
            problems.append("a job has ended \(tables.ends[key]?.count ?? 0) times")
        }
        return problems
    }
}
