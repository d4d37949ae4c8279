import Base
import Storage
import Synchronization
import Telemetry

/// Signs of life, and what comes back with them.
extension JobWorker {
    private enum WatchBounds {
        static let pause = Duration.milliseconds(100)
        /// How long a handler that ignores its cancellation is waited for.
        static let grace = Duration.seconds(10)
    }

    /// Gives signs of life, takes over from the dead and hears of cancellations until the worker is over.
    func beatUntilCancelled() async {
        var leases = LeaseMachine(beat: jobs.options.beat)
        var isAlone = false
        while !Task.isCancelled {
            do {
                let worker = worker
                if let beat = try await store.beat(worker, isResting: state.withLock { $0.isResting }) {
                    take(beat)
                    isAlone = beat.workers.count == 1
                    for dead in leases.observe(beat.workers, at: clock.uptime()) where dead != worker {
                        try await recover(dead)
                    }
                } else {
                    try await startAnew(after: worker)
                }
            } catch {
                if !Task.isCancelled { await pauseAfterFailure(error, "job.beat", attempt: 0) }
            }
            // Cancelled: the worker is over.
            try? await clock.sleep(for: isAlone && hasNothing ? jobs.options.beat * 3 / 2 : jobs.options.beat)
        }
    }

    /// Whether a death would leave nothing to take over.
    ///
    /// Then signs of life are rarer, if nobody else's death is watched for; still twice within what is taken for one.
    private var hasNothing: Bool {
        state.withLock { state in
            state.isResting && state.active.isEmpty && state.ends.isEmpty && state.settling.isEmpty
                && state.board.waitingKeys.isEmpty
        }
    }

    private func recover(_ dead: ID<Worker>) async throws {
        let rules = handlers.mapValues(\.rule)
        guard let (hints, count) = try await store.recover(dead, rules: rules, period: jobs.options.endPeriod) else {
            return
        }
        jobs.events.record(
            .workerRecovered, amount: count, ["worker": .text(dead.description), "jobs": .number(count)])
        jobs.wakes.tell(hints)
    }

    /// Goes on as another worker: this one was declared dead, and others have its jobs.
    private func startAnew(after dead: ID<Worker>) async throws {
        interrupt(.lost)
        let next = ID<Worker>(at: clock.now(), using: jobs.randomness)
        let lost = state.withLock { state in
            let lost = state.board.takeAll().count + state.active.count
            state.ends = []
            return lost
        }
        jobs.events.record(.workerFenced, ["worker": .text(dead.description), "jobs": .number(lost)])
        try await store.register(next, name: name)
        state.withLock { $0.worker = next }
        jobs.wakes.ring()
    }

    private func take(_ beat: Beat) {
        for key in beat.cancelled { cancelHere(key) }
        let given = state.withLock { state in
            state.rest = beat.rest.map { ($0, clock.uptime()) }
            return state.board.pause(beat.paused)
        }
        // Word was lost, or never came: the claimer looks now.
        if beat.rest?.hasJobs == true { jobs.wakes.ring() }
        release(given)
        if !given.isEmpty { jobs.wakes.ring() }
    }

    /// Ends a job's handler if it runs here; a job that has not begun is found cancelled when it begins.
    func cancelHere(_ key: JobKey) {
        let known = state.withLock { state in
            if state.active[key] == nil, state.cancelled.count < Bounds.cancelled { state.cancelled.insert(key) }
            return state.active[key]
        }
        guard let active = known else { return }
        active.run.markCancelled()
        active.watch.end(.cancelled)
    }

    // MARK: Time-outs

    /// Ends handlers that run longer than their kinds allow.
    func watchUntilCancelled() async {
        while !Task.isCancelled {
            let now = clock.uptime()
            let late = state.withLock { state in state.active.values.filter { $0.deadline <= now } }
            for active in late {
                active.watch.end(.timedOut)
                guard now - active.deadline > WatchBounds.grace else { continue }
                giveUp(active)
            }
            // Cancelled: the worker is over.
            try? await clock.sleep(for: WatchBounds.pause)
        }
    }

    /// Decides the fate of a job whose handler ignores its cancellation; the handler keeps its place until it returns.
    private func giveUp(_ active: ActiveRun) {
        guard let rule = handlers[active.job.queue.kind]?.rule else { return }
        let batch = state.withLock { state in state.active.values.filter { $0.watch === active.watch } }
        guard active.watch.abandon() else { return }
        let verdict = JobVerdict(rule: rule, now: clock.now())
        let ends = batch.filter { !$0.run.isCompleted }.map { other in
            end(other.job, rule, verdict.fate(of: other.job, .timedOut, randomness: jobs.randomness))
        }
        let settlers = state.withLock { state in
            for other in batch { state.active[JobKey(tenant: other.job.tenant, id: other.job.id)] = nil }
            state.ends += ends
            defer { state.settlers = [] }
            return state.settlers
        }
        for settler in settlers { settler.resume() }
    }
}
