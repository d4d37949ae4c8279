import Base

@testable import Jobs

/// The tables of jobs on paper: what the statements promise, each of them atomic.
///
/// `StatementsAgreeTests` holds the real statements to it.
struct PaperTables {
    struct Row: Hashable {
        var job: TakenJob
        var worker: ID<Worker>?
    }

    var queue: [JobKey: TakenJob] = [:]
    var later: [JobKey: (job: TakenJob, dueAt: Timestamp)] = [:]
    var runs: [JobKey: (job: TakenJob, worker: ID<Worker>)] = [:]
    var workers: [ID<Worker>: Int] = [:]
    var keys: [String: (id: ID<Job>, until: Timestamp)] = [:]
    var ticks: [String: Timestamp] = [:]
    /// How each job ended, each time that it did: once, if all is well.
    var ends: [JobKey: [JobState]] = [:]
    /// Jobs that came to be.
    var born: Set<JobKey> = []

    mutating func enqueue(_ job: TakenJob, dueAt: Timestamp? = nil, until: Timestamp? = nil, now: Timestamp) -> Bool {
        let key = JobKey(tenant: job.tenant, id: job.id)
        if let name = job.key {
            if let held = keys[name], held.until > now { return false }
            keys[name] = (job.id, until ?? .never)
        }
        born.insert(key)
        if let dueAt { later[key] = (job.moved(to: job.queue.again), dueAt) } else { queue[key] = job }
        return true
    }

    mutating func claim(_ asks: [ClaimAsk], take: Int, worker: ID<Worker>) -> [TakenJob] {
        guard workers[worker] != nil else { return [] }
        var taken: [TakenJob] = []
        for ask in asks {
            let found = queue.values.filter {
                $0.tenant == ask.tenant && $0.queue == ask.queue && $0.id >= ask.from
            }.sorted { $0.id < $1.id }.prefix(take)
            for job in found {
                let key = JobKey(tenant: job.tenant, id: job.id)
                queue[key] = nil
                runs[key] = (job, worker)
                taken.append(job)
            }
        }
        return taken
    }

    /// Ends jobs; returns those that were not the worker's.
    mutating func settle(_ ends: [JobEnd], worker: ID<Worker>) -> [JobKey] {
        var lost: [JobKey] = []
        for end in ends {
            let key = JobKey(tenant: end.job.tenant, id: end.job.id)
            guard runs[key]?.worker == worker else {
                lost.append(key)
                continue
            }
            runs[key] = nil
            switch end.fate {
            case .released: queue[key] = end.job.moved(to: end.job.queue.again)
            case .retry(let at, _, let counts):
                later[key] = (end.job.moved(to: end.job.queue.again, attempts: end.job.attempts + (counts ? 1 : 0)), at)
            case .done: finish(key, end.job, .done)
            case .failed: finish(key, end.job, .failed)
            case .cancelled: finish(key, end.job, .cancelled)
            }
        }
        return lost
    }

    private mutating func finish(_ key: JobKey, _ job: TakenJob, _ state: JobState) {
        ends[key, default: []].append(state)
        if let name = job.key, keys[name]?.id == job.id { keys[name] = nil }
    }

    mutating func promote(now: Timestamp) -> [WakeHint] {
        var hints: [WakeHint] = []
        for (key, entry) in later where entry.dueAt <= now {
            later[key] = nil
            queue[key] = entry.job
            hints.append(WakeHint(tenant: entry.job.tenant, queue: entry.job.queue, first: entry.job.id))
        }
        return hints
    }

    func look() -> LookResult {
        var result = LookResult()
        for (_, job) in queue.sorted(by: { ($0.value.tenant.id, $0.value.queue, $0.value.id) < ($1.value.tenant.id, $1.value.queue, $1.value.id) })
        where result.heads.last.map({ $0.tenant != job.tenant || $0.queue != job.queue }) ?? true {
            result.heads.append(QueueHead(tenant: job.tenant, queue: job.queue, first: job.id))
        }
        result.nextDue = later.values.map(\.dueAt).min()
        return result
    }

    mutating func beat(_ worker: ID<Worker>) -> [ID<Worker>: Int]? {
        guard let beats = workers[worker] else { return nil }
        workers[worker] = beats + 1
        return workers
    }

    mutating func recover(_ worker: ID<Worker>, attemptsMax: Int) -> [WakeHint] {
        guard workers.removeValue(forKey: worker) != nil else { return [] }
        var hints: [WakeHint] = []
        for (key, run) in runs where run.worker == worker {
            runs[key] = nil
            if run.job.attempts + 1 >= attemptsMax {
                finish(key, run.job, .failed)
            } else {
                let job = run.job.moved(to: run.job.queue.again, attempts: run.job.attempts + 1)
                queue[key] = job
                hints.append(WakeHint(tenant: job.tenant, queue: job.queue, first: job.id))
            }
        }
        return hints
    }

    mutating func fire(_ name: String, tick: Timestamp) -> Bool {
        guard let last = ticks[name], last < tick else { return false }
        ticks[name] = tick
        return true
    }
}

extension TakenJob {
    func moved(to queue: QueueName, attempts: Int? = nil) -> TakenJob {
        TakenJob(
            tenant: tenant, id: id, queue: queue, input: input, attempts: attempts ?? self.attempts, parent: parent,
            key: key, ties: ties)
    }
}
