import Base
import Storage
import Synchronization
import Telemetry

/// The one loop that takes jobs.
extension JobWorker {
    /// Takes jobs and has them run until the worker is to stop.
    func claimUntilStopped(_ group: inout DiscardingTaskGroup) async {
        var machine = ClaimMachine(
            kinds: handlers.mapValues { handler in
                ClaimMachine.Kind(batchMax: handler.batchMax, isLimited: !handler.rule.limits.isEmpty)
            }, lookMax: jobs.options.lookMax)
        var purse = RatePurse(bank: jobs.bank)
        var nextDue = Timestamp.never
        var blockedCheck: Duration?
        var nextReconcile = clock.uptime() + Bounds.reconcilePause
        var failures = 0
        while !isStopping, !Task.isCancelled {
            do {
                takeNews(&machine, &nextDue, &blockedCheck)
                if let time = blockedCheck, clock.uptime() >= time {
                    blockedCheck = nil
                    nextDue = min(nextDue, try await releaseBlocked())
                }
                if clock.now() >= nextDue { nextDue = try await promote(&machine) }
                if let due = takeRest(&machine) { nextDue = min(nextDue, due) }
                if clock.uptime() >= machine.nextLook {
                    nextDue = try await look(&machine).map { min($0, nextDue) } ?? nextDue
                }
                state.withLock { $0.isResting = machine.isResting }
                if clock.uptime() >= nextReconcile {
                    try await reconcile()
                    nextReconcile = clock.uptime() + Bounds.reconcilePause
                }
                let taken = try await claim(&machine, &purse)
                failures = 0
                startRunners(&group)
                if !taken { await waitForChange(machine, nextDue: nextDue, or: blockedCheck) }
            } catch {
                await pauseAfterFailure(error, "job.claim", attempt: failures)
                failures += 1
                machine.wantLook()
                nextReconcile = .zero
            }
        }
    }

    /// Takes in jobs that are this worker's without its knowing: a claim was committed, and its answer was lost.
    ///
    /// Only here, between two claims: no other could be under way.
    private func reconcile() async throws {
        let worker = worker
        let held = try await store.held(by: worker, limit: 10_000)
        state.withLock { state in
            guard state.worker == worker else { return }
            let known = Set(state.board.waitingKeys).union(state.board.runningKeys).union(state.settling)
                .union(state.ends.map(\.key))
            state.board.add(held.filter { !known.contains(JobKey(tenant: $0.tenant, id: $0.id)) })
        }
    }

    private func takeNews(
        _ machine: inout ClaimMachine, _ nextDue: inout Timestamp, _ blockedCheck: inout Duration?
    ) {
        let news = jobs.wakes.take()
        if news.mustLook { machine.wantLook() }
        var reopened: Set<String> = []
        for hint in news.hints {
            if let dueAt = hint.dueAt {
                // Blocked jobs are let go by who ends; this finds those that nothing holds back from the start.
                if dueAt != .never {
                    nextDue = min(nextDue, dueAt)
                } else if blockedCheck == nil {
                    blockedCheck = clock.uptime() + Bounds.blockedPause
                }
            } else {
                machine.learn(hint.tenant, hint.queue, first: hint.first)
            }
            if handlers[hint.queue.kind]?.rule.limits.isEmpty == false { reopened.insert(hint.queue.kind) }
        }
        if !reopened.isEmpty { machine.reopen(reopened) }
    }

    /// Takes what a sign of life has found for a claimer that rests: nothing leaves the look out, anything has it made at
    /// once; returns when the first job that waits for its time is due.
    private func takeRest(_ machine: inout ClaimMachine) -> Timestamp? {
        let found = state.withLock { state in
            defer { state.rest = nil }
            return state.rest
        }
        guard let (answer, heardAt) = found, machine.isResting else { return nil }
        if answer.hasJobs { machine.wantLook() } else { machine.passLook(at: heardAt) }
        return answer.nextDue
    }

    /// Moves what is due; returns when to do so again.
    private func promote(_ machine: inout ClaimMachine) async throws -> Timestamp {
        let (hints, isCut) = try await store.promote(limit: Bounds.promote)
        for hint in hints { machine.learn(hint.tenant, hint.queue, first: hint.first) }
        if isCut { return clock.now() }
        machine.lookSoon()
        return .never
    }

    /// Lets go blocked jobs that nothing holds back; returns when the first of them is due.
    private func releaseBlocked() async throws -> Timestamp {
        let (hints, _) = try await store.releaseForgotten(after: nil, limit: Bounds.promote)
        return hints.compactMap(\.dueAt).min() ?? .never
    }

    private func look(_ machine: inout ClaimMachine) async throws -> Timestamp? {
        let start = clock.uptime()
        do {
            let result = try await store.look(after: machine.lookFrom, skipping: machine.skips)
            let now = clock.uptime()
            machine.looked(result, took: now - start, at: now)
            return result.nextDue
        } catch let error as StorageError where error.code == .statementTimeout {
            // Dead rows that may not be removed stand in its way; of most jobs word comes without it.
            jobs.events.record(.jobLoopFailed, ["what": .text("job.look"), "code": .text(error.code.rawValue)])
            let now = clock.uptime()
            machine.missedLook(took: now - start, at: now)
            return nil
        }
    }

    /// Asks for jobs where there is room; whether any came.
    private func claim(_ machine: inout ClaimMachine, _ purse: inout RatePurse) async throws -> Bool {
        let now = clock.uptime()
        let (room, present, kindRoom, worker) = state.withLock { state in
            let isFull = state.ends.count >= Bounds.unsettled
            let names = handlers.keys.compactMap { name in state.board.room(ofKind: name).map { (name, $0) } }
            return (
                isFull ? [:] : state.board.room(at: now), state.board.present,
                Dictionary(uniqueKeysWithValues: names), state.worker
            )
        }
        let rounds = machine.rounds(room: room, present: present, kindRoom: { kindRoom[$0] }, at: now)
        var hasTaken = false
        for round in rounds {
            let taken = try await claim(round, worker: worker, &purse)
            machine.took(round, taken, at: clock.uptime())
            guard !taken.isEmpty else { continue }
            hasTaken = true
            // A worker that was declared dead between claim and here has lost them: the fence refuses what it ends.
            state.withLock { $0.board.add(taken) }
        }
        let isReady = machine.hasReady(at: clock.uptime())
        state.withLock { $0.wantsRoom = isReady }
        return hasTaken
    }

    private func claim(
        _ round: ClaimRound, worker: ID<Worker>, _ purse: inout RatePurse
    ) async throws -> [TakenJob] {
        guard let kind = round.limitedKind, let ask = round.asks.first, let rule = handlers[kind]?.rule else {
            return try await store.claim(round.asks, take: round.take, worker: worker)
        }
        let granted = await purse.take(upTo: round.take, of: rule.limits, for: ask)
        guard granted > 0 else { return [] }
        let taken: [TakenJob]
        do {
            if rule.limits.contains(where: \.isConcurrency) {
                taken = try await store.claimWithSlots(ask, take: granted, limits: rule.limits, worker: worker)
            } else {
                taken = try await store.claim([ask], take: granted, worker: worker)
            }
        } catch {
            await purse.giveBack(granted, of: rule.limits, for: ask)
            throw error
        }
        await purse.giveBack(granted - taken.count, of: rule.limits, for: ask)
        return taken
    }

    private func waitForChange(_ machine: ClaimMachine, nextDue: Timestamp, or check: Duration?) async {
        let now = clock.uptime()
        var deadline = machine.nextChange(after: now)
        if nextDue != .never { deadline = min(deadline, now + max(.zero, nextDue - clock.now())) }
        await wait(until: min(deadline, check ?? deadline))
    }

    // MARK: Runners

    /// Starts tasks for jobs that wait, as many as each lane runs at once.
    private func startRunners(_ group: inout DiscardingTaskGroup) {
        for lane in JobLane.allCases {
            while let batch = state.withLock({ $0.board.next(in: lane) }) {
                group.addTask { await self.runUntilEmpty(batch, in: lane) }
            }
        }
    }

    /// Runs a job, then whatever waits on its lane.
    private func runUntilEmpty(_ first: [TakenJob], in lane: JobLane) async {
        var next: [TakenJob]? = first
        while let batch = next {
            await perform(batch)
            next = state.withLock { $0.isStopping ? nil : $0.board.next(in: lane) }
        }
        jobs.wakes.ring()
    }
}
