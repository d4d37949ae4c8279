import Base
import Limits
import Storage
import Synchronization
import Telemetry

/// Running handlers and writing down what became of their jobs.
extension JobWorker {
    /// Runs one job, or several of a kind that is handled in batches, and has the ends written.
    func perform(_ batch: [TakenJob]) async {
        guard let first = batch.first, let handler = handlers[first.queue.kind] else { return }
        let start = clock.uptime()
        let (batch, cancelled) = withoutCancelled(batch)
        if !cancelled.isEmpty {
            finish(
                cancelled, cancelled.map { end($0, handler.rule, .cancelled) }, isOver: batch.isEmpty, outcome: .good,
                took: .zero, at: start)
        }
        guard !batch.isEmpty else { return }
        let (runs, watch) = begin(batch, handler, at: start)
        let (endings, cost) = await Cost.measure { await run(batch, handler, runs, watch) }
        let now = clock.uptime()
        let took = now - start
        let worst = endings.map(JobVerdict.outcome).max { $0.weight < $1.weight } ?? .good
        let verdict = JobVerdict(rule: handler.rule, now: clock.now())
        var ends: [JobEnd] = []
        let isVoid = watch.isAbandoned || watch.reason == .lost
        for ((job, run), ending) in zip(zip(batch, runs), endings) where !isVoid {
            let fate = verdict.fate(of: job, ending, randomness: jobs.randomness)
            tell(job, handler.rule, fate, took: took, cost: cost)
            if !run.isCompleted { ends.append(end(job, handler.rule, fate)) }
        }
        finish(batch, ends, outcome: worst, took: took, at: now)
    }

    /// Leaves out jobs that were cancelled while they waited here.
    private func withoutCancelled(_ batch: [TakenJob]) -> (left: [TakenJob], cancelled: [TakenJob]) {
        state.withLock { state in
            guard !state.cancelled.isEmpty else { return (batch, []) }
            var (left, cancelled): ([TakenJob], [TakenJob]) = ([], [])
            for job in batch {
                if state.cancelled.remove(JobKey(tenant: job.tenant, id: job.id)) != nil {
                    cancelled.append(job)
                } else {
                    left.append(job)
                }
            }
            return (left, cancelled)
        }
    }

    private func begin(
        _ batch: [TakenJob], _ handler: JobHandler, at now: Duration
    ) -> (runs: [JobRun], watch: RunWatch) {
        let watch = RunWatch()
        let deadline = now + handler.rule.timeout
        let runs = state.withLock { state in
            batch.map { job in
                let run = JobRun(worker: state.worker)
                state.active[JobKey(tenant: job.tenant, id: job.id)] = ActiveRun(
                    run: run, watch: watch, job: job, deadline: deadline, epoch: state.worker)
                return run
            }
        }
        return (runs, watch)
    }

    /// Takes a run off the board and calls whoever waits for room.
    private func finish(
        _ batch: [TakenJob], _ ends: [JobEnd], isOver: Bool = true, outcome: AdaptiveMachine.Outcome,
        took: Duration, at now: Duration
    ) {
        let (mayClaim, settlers) = state.withLock { state in
            for job in batch { state.active[JobKey(tenant: job.tenant, id: job.id)] = nil }
            state.board.ended(batch, isOver: isOver, outcome: outcome, took: took, at: now)
            state.ends += ends
            var mayClaim = state.isStopping
            if state.wantsRoom, let lane = batch.first?.queue.lane {
                if state.board.room(at: now)[lane] ?? 0 > 0 {
                    mayClaim = true
                    state.wantsRoom = false
                }
            }
            defer { state.settlers = [] }
            return (mayClaim, state.settlers)
        }
        if mayClaim { jobs.wakes.ring() }
        for settler in settlers { settler.resume() }
    }

    func end(_ job: TakenJob, _ rule: JobRule, _ fate: JobEnd.Fate) -> JobEnd {
        JobEnd(job: job, fate: fate, isKept: rule.isKept, hasSlots: rule.limits.contains(where: \.isConcurrency))
    }

    /// Runs the handler in a task that a time-out or a cancellation can end.
    private func run(
        _ batch: [TakenJob], _ handler: JobHandler, _ runs: [JobRun], _ watch: RunWatch
    ) async -> [JobVerdict.Ending] {
        let contexts: [JobContext]
        do {
            contexts = try await makeContexts(batch, handler, runs)
        } catch {
            return batch.map { _ in .threw(error) }
        }
        let result: Result<JobHandler.Outcomes, any Error> = await withTaskGroup(
            of: Result<JobHandler.Outcomes, any Error>.self
        ) { group in
            group.addTask {
                defer { watch.markOver() }
                do {
                    return try await Urgency.$current.withValue(handler.rule.lane.urgency) {
                        .success(try await handler.run(batch, contexts))
                    }
                } catch {
                    return .failure(error)
                }
            }
            await watch.wait()
            if watch.reason != nil { group.cancelAll() }
            return await group.next() ?? .failure(CancellationError())
        }
        return batch.indices.map { index in
            let own: Result<String?, any Error> = result.flatMap { $0[index] }
            return switch (own, watch.reason) {
            case (.success(let text), _): .returned(text)
            case (.failure, .cancelled): .cancelled
            case (.failure, .timedOut): .timedOut
            case (.failure, .interrupted), (.failure, .lost): .interrupted
            case (.failure(let error), nil): .threw(error)
            }
        }
    }

    private func makeContexts(
        _ batch: [TakenJob], _ handler: JobHandler, _ runs: [JobRun]
    ) async throws -> [JobContext] {
        if handler.rule.unique == .whilePending {
            let keyed = batch
            try await store.write { try await self.store.giveKeys(of: keyed, through: $0) }
        }
        var contexts: [JobContext] = []
        for (job, run) in zip(batch, runs) {
            let children =
                handler.rule.waitsForChildren
                ? try await store.children(of: job.id, tenant: job.tenant) : JobCounts()
            contexts.append(
                JobContext(
                    id: job.id, tenant: job.tenant, attempt: job.attempts + 1,
                    isLastAttempt: job.attempts + 1 >= handler.rule.attemptsMax, children: children,
                    storage: jobs.storage, job: job, rule: handler.rule, run: run, jobs: jobs))
        }
        return contexts
    }

    // MARK: Telling

    private func tell(_ job: TakenJob, _ rule: JobRule, _ fate: JobEnd.Fate, took: Duration, cost: Cost) {
        let statements = cost[.statements]
        state.withLock { state in
            var known = state.statistics[rule.name] ?? JobStatistics()
            switch fate {
            case .done: known.done += 1
            case .failed: known.failed += 1
            case .cancelled: known.cancelled += 1
            case .retry(_, _, counts: true): known.retried += 1
            case .retry: known.postponed += 1
            case .released: break
            }
            known.microseconds += took.microseconds
            known.statements += statements
            state.statistics[rule.name] = known
        }
        jobs.events.record(
            .jobEnded, took: took,
            [
                "kind": .text(rule.name), "fate": .text(fate.name), "took": .time(took),
                "statements": .number(statements),
            ])
        switch fate {
        case .failed(let reason):
            jobs.events.record(
                .jobBuried,
                ["kind": .text(rule.name), "job": .text(job.id.description), "reason": .text(reason)])
        case .retry(_, let reason, counts: true):
            jobs.events.record(
                .jobRetried,
                ["kind": .text(rule.name), "attempt": .number(job.attempts + 1), "reason": .text(reason)])
        case .done, .cancelled, .released, .retry: break
        }
    }
}

extension AdaptiveMachine.Outcome {
    fileprivate var weight: Int {
        switch self {
        case .good: 0
        case .failed: 1
        case .throttled: 2
        }
    }
}

extension JobEnd.Fate {
    var name: String {
        switch self {
        case .done: "done"
        case .failed: "failed"
        case .cancelled: "cancelled"
        case .retry(_, _, let counts): counts ? "retried" : "postponed"
        case .released: "released"
        }
    }
}
