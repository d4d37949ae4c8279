import Base
import Limits

/// The jobs that this process has: those that wait for a handler and how many run.
///
/// Pure.
/// Tenants take turns within a lane, so that what one has much of does not stand before another's first.
struct RunBoard: Sendable {
    enum Bounds {
        /// Jobs that wait in this process beside those that run.
        static let waiting = 1_024
        /// Jobs of the buffer that are looked through for one whose kind has room.
        static let scan = 64
    }

    private struct Line: Sendable {
        var jobs: [TakenJob] = []
        var head = 0

        var count: Int { jobs.count - head }

        mutating func append(_ job: TakenJob) { jobs.append(job) }

        mutating func remove(at offset: Int) -> TakenJob {
            let job = jobs[head + offset]
            if offset == 0 {
                head += 1
                if head > 64, head * 2 > jobs.count {
                    jobs.removeFirst(head)
                    head = 0
                }
            } else {
                jobs.remove(at: head + offset)
            }
            return job
        }

        subscript(offset: Int) -> TakenJob { jobs[head + offset] }
    }

    private struct Lane: Sendable {
        var running = 0
        var lines: [Tenant: Line] = [:]
        /// Tenants with jobs, who comes next first.
        var ring: [Tenant] = []
        var waiting = 0
        /// Ends in the present tenth of a second and in the one before: how many jobs may wait here.
        var ends = 0
        var lastEnds = 0
        var endsSince = Duration.zero
    }

    private struct Kind: Sendable {
        var running = 0
        var waiting = 0
        var batchMax = 1
        var fixed: Int?
        var adaptive: AdaptiveMachine?

        var limit: Int? { adaptive?.limit ?? fixed }
    }

    let concurrency: [JobLane: Int]
    private var lanes: [JobLane: Lane] = [:]
    private var kinds: [String: Kind] = [:]
    /// The jobs that run.
    private(set) var runningKeys: Set<JobKey> = []
    /// Lanes on which nothing is begun.
    private(set) var paused: Set<JobLane> = []

    init(concurrency: [JobLane: Int], handlers: [JobHandler]) {
        self.concurrency = concurrency.filter { $0.value > 0 }
        for lane in self.concurrency.keys { lanes[lane] = Lane() }
        for handler in handlers {
            var kind = Kind(batchMax: handler.batchMax)
            switch handler.rule.concurrency {
            case .lane: break
            case .fixed(let count): kind.fixed = count
            case .adaptive(let range): kind.adaptive = AdaptiveMachine(range)
            }
            kinds[handler.rule.name] = kind
        }
    }

    var running: Int { lanes.values.reduce(0) { $0 + $1.running } }
    var waiting: Int { lanes.values.reduce(0) { $0 + $1.waiting } }
    /// The jobs that wait here.
    var waitingKeys: [JobKey] {
        lanes.values.flatMap { lane in
            lane.lines.values.flatMap { line in
                line.jobs[line.head...].map { JobKey(tenant: $0.tenant, id: $0.id) }
            }
        }
    }
    func running(in lane: JobLane) -> Int { lanes[lane]?.running ?? 0 }
    func waiting(in lane: JobLane) -> Int { lanes[lane]?.waiting ?? 0 }

    /// Jobs that a lane would take: free handlers, and as many to wait as were ended in the last tenth of a second.
    ///
    /// None while half of these wait, so that claims are few and large. No entry for a lane that takes nothing, not even
    /// of tenants that have nothing here.
    func room(at now: Duration) -> [JobLane: Int] {
        var room: [JobLane: Int] = [:]
        for (name, lane) in lanes where !paused.contains(name) {
            let isRecent = now - lane.endsSince < .milliseconds(200)
            let ahead = isRecent ? min(Bounds.waiting, max(lane.ends, lane.lastEnds)) : 0
            let whole = (concurrency[name] ?? 0) + ahead
            let free = lane.waiting * 2 > whole ? 0 : whole - lane.running - lane.waiting
            // Without room, a tenant that has nothing here goes before what waits here; where nothing waits, nobody is
            // in its way but those that run.
            if free > 0 || lane.waiting > 0 { room[name] = free }
        }
        return room
    }

    /// Tenants with jobs that wait here.
    var present: [JobLane: Set<Tenant>] { lanes.mapValues { Set($0.ring) } }

    /// Jobs of a kind that may be taken beyond those that are here; `nil` where the kind does not say.
    func room(ofKind name: String) -> Int? {
        guard let kind = kinds[name], let limit = kind.limit else { return nil }
        return limit * kind.batchMax - kind.running - kind.waiting
    }

    /// Pauses lanes; returns the jobs that waited on them, which are to be given back.
    mutating func pause(_ names: Set<JobLane>) -> [TakenJob] {
        guard names != paused else { return [] }
        let new = names.subtracting(paused)
        paused = names
        return new.flatMap { takeAll(of: $0) }
    }

    /// Takes all jobs that wait out of the process.
    mutating func takeAll() -> [TakenJob] { JobLane.allCases.flatMap { takeAll(of: $0) } }

    private mutating func takeAll(of name: JobLane) -> [TakenJob] {
        guard let lane = lanes[name] else { return [] }
        let jobs = lane.ring.flatMap { tenant in
            lane.lines[tenant].map { Array($0.jobs[$0.head...]) } ?? []
        }
        lanes[name]?.lines = [:]
        lanes[name]?.ring = []
        lanes[name]?.waiting = 0
        for job in jobs { kinds[job.queue.kind]?.waiting -= 1 }
        return jobs
    }

    /// Takes jobs in that were claimed.
    mutating func add(_ jobs: [TakenJob]) {
        for job in jobs {
            guard var lane = lanes[job.queue.lane] else { continue }
            lanes[job.queue.lane] = nil
            if lane.lines[job.tenant] == nil { lane.ring.append(job.tenant) }
            lane.lines[job.tenant, default: Line()].append(job)
            lane.waiting += 1
            lanes[job.queue.lane] = lane
            kinds[job.queue.kind]?.waiting += 1
        }
    }

    /// The next job of a lane, or jobs of one kind that is handled in batches; `nil` when nothing can begin now.
    mutating func next(in name: JobLane) -> [TakenJob]? {
        guard !paused.contains(name), var lane = lanes[name], lane.running < (concurrency[name] ?? 0) else {
            return nil
        }
        lanes[name] = nil
        defer { lanes[name] = lane }
        for turn in 0..<lane.ring.count {
            let tenant = lane.ring[turn]
            guard var line = lane.lines.removeValue(forKey: tenant) else { continue }
            let batch = takeBatch(from: &line)
            if line.count > 0 { lane.lines[tenant] = line }
            guard !batch.isEmpty else { continue }
            lane.ring.remove(at: turn)
            if line.count > 0 { lane.ring.append(tenant) }
            lane.waiting -= batch.count
            lane.running += 1
            kinds[batch[0].queue.kind]?.waiting -= batch.count
            kinds[batch[0].queue.kind]?.running += batch.count
            for job in batch { runningKeys.insert(JobKey(tenant: job.tenant, id: job.id)) }
            return batch
        }
        return nil
    }

    private func takeBatch(from line: inout Line) -> [TakenJob] {
        var offset = 0
        while offset < min(line.count, Bounds.scan) {
            let name = line[offset].queue.kind
            guard let kind = kinds[name] else { return [] }
            if let limit = kind.limit, kind.running >= limit * kind.batchMax {
                offset += 1
                continue
            }
            var batch = [line.remove(at: offset)]
            while batch.count < kind.batchMax, offset < line.count {
                if line[offset].queue.kind == name { batch.append(line.remove(at: offset)) } else { offset += 1 }
            }
            return batch
        }
        return []
    }

    /// Takes that jobs of a run have ended; `isOver` when the run has.
    mutating func ended(
        _ batch: [TakenJob], isOver: Bool = true, outcome: AdaptiveMachine.Outcome, took: Duration, at now: Duration
    ) {
        guard let job = batch.first else { return }
        if isOver { lanes[job.queue.lane]?.running -= 1 }
        for job in batch { runningKeys.remove(JobKey(tenant: job.tenant, id: job.id)) }
        let name = job.queue.kind
        if let kind = kinds[name] {
            let isFull = kind.limit.map { kind.running >= $0 * kind.batchMax } ?? false
            kinds[name]?.adaptive?.note(outcome, took: took, isFull: isFull, at: now)
        }
        kinds[name]?.running -= batch.count
        guard var lane = lanes[job.queue.lane] else { return }
        if now - lane.endsSince >= .milliseconds(100) {
            lane.lastEnds = now - lane.endsSince < .milliseconds(200) ? lane.ends : 0
            lane.ends = 0
            lane.endsSince = now
        }
        lane.ends += batch.count
        lanes[job.queue.lane] = lane
    }

    /// How many of a kind may run at once now; `nil` where only the lane says.
    func limit(ofKind name: String) -> Int? { kinds[name]?.limit }
}
