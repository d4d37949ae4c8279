import Base
import Storage
import Synchronization
import Telemetry

/// Writing ends down, many in a statement.
extension JobWorker {
    /// Writes ends until the worker is over: whatever has gathered while earlier ones were being written.
    func settleUntilCancelled() async {
        while let batch = await nextEnds() {
            await settle(batch)
            let settlers = state.withLock { state in
                state.settling.subtract(batch.map(\.key))
                defer { state.settlers = [] }
                return state.settlers
            }
            // The claimer may wait for this: for room, or for the end.
            if state.withLock({ $0.isStopping }) { jobs.wakes.ring() }
            for settler in settlers { settler.resume() }
        }
    }

    /// The next ends to write; waits for some; `nil` when the worker is over.
    private func nextEnds() async -> [JobEnd]? {
        while !Task.isCancelled {
            let batch = state.withLock { state in
                let batch = Array(state.ends.prefix(Bounds.settle))
                state.ends.removeFirst(batch.count)
                state.settling.formUnion(batch.map(\.key))
                return batch
            }
            if !batch.isEmpty { return batch }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let isReady = state.withLock { state in
                        if !state.ends.isEmpty || Task.isCancelled { return true }
                        state.settlers.append(continuation)
                        return false
                    }
                    if isReady { continuation.resume() }
                }
            } onCancel: {
                let settlers = state.withLock { state in
                    defer { state.settlers = [] }
                    return state.settlers
                }
                for settler in settlers { settler.resume() }
            }
        }
        return nil
    }

    /// Writes ends, however long the database takes: what was done is not to be done again.
    ///
    /// One that cannot be written must not hold up its neighbours: the load is halved until it stands alone.
    private func settle(_ ends: [JobEnd]) async {
        let plain = ends.filter(\.isPlain)
        let tied = ends.filter { !$0.isPlain }
        for part in [plain, tied] where !part.isEmpty { await settle(part[...], isPlain: part[0].isPlain) }
    }

    private func settle(_ ends: ArraySlice<JobEnd>, isPlain: Bool) async {
        var attempt = 0
        while true {
            do {
                let worker = worker
                let period = jobs.options.endPeriod
                let settlement =
                    isPlain
                    ? try await store.settlePlain(Array(ends), worker: worker, period: period)
                    : try await store.settle(Array(ends), worker: worker, period: period)
                take(settlement)
                return
            } catch let error as StorageError where !error.isPassing {
                guard ends.count > 1 else { return await settleUnwritable(ends, error) }
                let middle = ends.startIndex + ends.count / 2
                await settle(ends[..<middle], isPlain: isPlain)
                await settle(ends[middle...], isPlain: isPlain)
                return
            } catch {
                // Given up only with the worker: the lease lapses, and another does the job again.
                if Task.isCancelled { return }
                await pauseAfterFailure(error, "job.settle", attempt: attempt)
                attempt += 1
            }
        }
    }

    /// Buries a job whose end the database does not take.
    private func settleUnwritable(_ ends: ArraySlice<JobEnd>, _ error: StorageError) async {
        guard let end = ends.first else { return }
        let buried = JobEnd(
            job: end.job, fate: .failed(reason: "its end could not be written: \(error.code.rawValue)"),
            isKept: end.isKept, hasSlots: end.hasSlots)
        await patiently("job.settle") {
            self.take(
                try await self.store.settle([buried], worker: self.worker, period: self.jobs.options.endPeriod))
        }
    }

    private func take(_ settlement: Settlement) {
        for key in settlement.lost { jobs.events.record(.leaseLost, ["job": .text(key.id.description)]) }
        let hints = settlement.hints + settlement.freed.map(\.freeHint)
        if !hints.isEmpty { jobs.wakes.tell(hints) }
    }

    // MARK: The end

    /// Gives back what has not begun and waits for what runs, as long as the options say.
    func drain() async {
        let waiting = state.withLock { $0.board.takeAll() }
        release(waiting)
        let deadline = clock.uptime() + jobs.options.drain
        while state.withLock({ !$0.active.isEmpty }), clock.uptime() < deadline, !Task.isCancelled {
            await wait(until: deadline)
        }
        interrupt(.interrupted)
        // Handlers that heed their cancellation end now; the others' jobs are given back without them.
        let last = clock.uptime() + .seconds(2)
        while state.withLock({ !$0.active.isEmpty }), clock.uptime() < last, !Task.isCancelled {
            await wait(until: last)
        }
        abandonAll()
        while state.withLock({ !$0.ends.isEmpty || !$0.settling.isEmpty }), !Task.isCancelled {
            await wait(until: clock.uptime() + .milliseconds(200))
        }
    }

    func release(_ waiting: [TakenJob]) {
        guard !waiting.isEmpty else { return }
        let ends = waiting.compactMap { job in
            handlers[job.queue.kind].map { end(job, $0.rule, .released) }
        }
        let settlers = state.withLock { state in
            state.ends += ends
            defer { state.settlers = [] }
            return state.settlers
        }
        for settler in settlers { settler.resume() }
    }

    /// Asks all handlers to end.
    func interrupt(_ reason: RunWatch.Reason) {
        for active in state.withLock({ Array($0.active.values) }) { active.watch.end(reason) }
    }

    private func abandonAll() {
        let left = state.withLock { Array($0.active.values) }
        release(left.filter { $0.watch.abandon() && !$0.run.isCompleted }.map(\.job))
    }
}

extension StorageError {
    /// Whether the database, not the statement, is what failed.
    var isPassing: Bool {
        switch code {
        case .uniqueViolation, .foreignKeyViolation, .checkViolation, .tooLarge, .invalidValue: false
        default: true
        }
    }
}
