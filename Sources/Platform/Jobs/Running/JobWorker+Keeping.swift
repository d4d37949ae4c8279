import Base
import Storage
import Telemetry

/// What is done by the clock: schedules, and keeping the tables small.
extension JobWorker {
    private enum KeepBounds {
        static let schedules = 2_000
        static let waitMax = Duration.seconds(30)
        static let tenantsPerPage = 5_000
        static let pages = 1_000
        static let blockedPerLook = 500
        static let keysPerLook = 1_000
        static let housePause = Duration.seconds(60)
    }

    // MARK: Schedules

    /// Fires schedules until the worker is over.
    func fireUntilCancelled() async {
        let machines = jobs.schedules.map(ScheduleMachine.init)
        guard !machines.isEmpty else { return }
        var last: [String: Timestamp] = [:]
        var attempt = 0
        while !Task.isCancelled {
            do {
                if last.isEmpty { last = try await beginSchedules() }
                for machine in machines {
                    let name = machine.schedule.name
                    for tick in machine.due(after: last[name] ?? clock.now(), now: clock.now()) {
                        if await isWanted(machine.schedule) { try await fire(machine.schedule, tick: tick) }
                        last[name] = tick
                    }
                }
                attempt = 0
                await sleep(untilNextOf: machines, after: last)
            } catch {
                await pauseAfterFailure(error, "job.fire", attempt: attempt)
                attempt += 1
                // What others have fired meanwhile is read again.
                last = [:]
            }
        }
    }

    /// Whether there is anything to do at a tick; a question that fails is answered by the job itself.
    private func isWanted(_ schedule: JobSchedule) async -> Bool {
        guard let question = schedule.isWanted else { return true }
        // Without an answer the job is enqueued, and tells what is wrong.
        return (try? await question()) ?? true
    }

    /// The last tick of each schedule; one that is new counts from now on.
    private func beginSchedules() async throws -> [String: Timestamp] {
        var last = try await store.ticks(limit: KeepBounds.schedules)
        for schedule in jobs.schedules where last[schedule.name] == nil {
            let now = clock.now()
            try await store.begin(schedule.name, at: now)
            last[schedule.name] = now
        }
        return last
    }

    private func sleep(untilNextOf machines: [ScheduleMachine], after last: [String: Timestamp]) async {
        let now = clock.now()
        let ticks = machines.compactMap { machine in
            machine.schedule.tick(after: max(last[machine.schedule.name] ?? now, now - .milliseconds(1)))
        }
        let pause = ticks.min().map { min($0 - now, KeepBounds.waitMax) } ?? KeepBounds.waitMax
        // Cancelled: the worker is over.
        try? await clock.sleep(for: max(pause, .milliseconds(1)))
    }

    /// Fires one tick, unless another node has.
    func fire(_ schedule: JobSchedule, tick: Timestamp) async throws {
        switch schedule.audience {
        case .installation: try await fire(schedule, as: schedule.name, tick: tick, for: [home])
        case .eachTenant:
            var after: Tenant?
            for page in 0..<KeepBounds.pages {
                let found = try await tenants(after, KeepBounds.tenantsPerPage)
                guard let end = found.last else { break }
                let name = page == 0 ? schedule.name : "\(schedule.name)#\(page)"
                if page > 0 { try await store.begin(name, at: tick - .milliseconds(1)) }
                try await fire(schedule, as: name, tick: tick, for: found)
                guard found.count == KeepBounds.tenantsPerPage else { break }
                after = end
            }
        }
    }

    private func fire(
        _ schedule: JobSchedule, as name: String, tick: Timestamp, for tenants: [Tenant]
    ) async throws {
        let isFired = try await store.fire(name, tick: tick) { transaction in
            var rows: [JobRow] = []
            for tenant in tenants {
                rows.append(
                    try JobRow(
                        schedule.rule, input: schedule.input, order: JobOrder(), tenant: tenant,
                        id: transaction.makeID(), now: transaction.now))
            }
            try transaction.add(rows, to: JobOutbox.self)
        }
        guard isFired else { return }
        jobs.events.record(
            .scheduleFired, ["schedule": .text(name), "tick": .text(tick.description), "jobs": .number(tenants.count)])
    }

    // MARK: Keeping house

    /// Keeps tables small and finds blocked jobs that were forgotten, until the worker is over.
    func keepHouseUntilCancelled() async {
        var cursors = HouseCursors()
        while !Task.isCancelled {
            do {
                try await store.rotateEnds(period: jobs.options.endPeriod)
                while try await store.dropKeys(limit: KeepBounds.keysPerLook) == KeepBounds.keysPerLook {}
                cursors.parent = try await store.dropParents(limit: KeepBounds.blockedPerLook, after: cursors.parent)
                try await releaseBlocked(&cursors)
            } catch {
                await pauseAfterFailure(error, "job.keepHouse", attempt: 0)
            }
            // Cancelled: the worker is over.
            try? await clock.sleep(for: KeepBounds.housePause)
        }
    }

    private func releaseBlocked(_ cursors: inout HouseCursors) async throws {
        repeat {
            let (hints, last) = try await store.releaseForgotten(
                after: cursors.blocked, limit: KeepBounds.blockedPerLook)
            if !hints.isEmpty { jobs.wakes.tell(hints) }
            cursors.blocked = last
        } while cursors.blocked != nil && !Task.isCancelled
    }
}

private struct HouseCursors {
    var parent: JobKey?
    var blocked: JobKey?
}
