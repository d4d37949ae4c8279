import Base
import Jobs
import Logging

/// Moves slots of all tenants when their time has come: each at its own moment, by a job that is enqueued with the step
/// before, and whatever is due every ten seconds.
///
/// Any number may run at once: every step is decided under the slot's lock.
struct SlotJobs: Sendable {
    enum Bounds {
        /// Slots that one look handles.
        static let slotsPerLook = 200
        static let sweepEvery: Duration = .seconds(10)
    }

    /// Takes one slot through the steps that are due.
    static let advance = JobKind<ID<Slot>>(
        "tournament.slot.advance", lane: .interactive, timeout: .seconds(600), isKept: false)
    /// Finds what is due, whoever was to come and did not.
    static let sweep = JobKind<NoJobInput>(
        "tournament.slot.sweep", lane: .interactive, attemptsMax: 3, timeout: .seconds(1_800),
        unique: .whilePendingOrRunning, isKept: false)

    let steps: SlotSteps
    let slots: SlotStore
    let clock: any WallClock
    let logger: Logger
    /// Is told of a slot that was decided, once it is.
    var onDecided: @Sendable (ID<Slot>, Tenant) async -> Void = { _, _ in }

    var handlers: [JobHandler] {
        [
            Self.advance.handler { slot, context in _ = try await take(slot, in: context.tenant) },
            Self.sweep.handler { _, _ in try await look() },
        ]
    }

    var schedules: [JobSchedule] {
        [
            JobSchedule(
                "tournament.slot.sweep", every: Bounds.sweepEvery, Self.sweep, NoJobInput(),
                onlyIf: { try await isDue() })
        ]
    }

    /// Whether any slot's time has come.
    func isDue() async throws -> Bool {
        try await slots.next(limit: 1).first.map { $0.dueAt <= clock.now() } ?? false
    }

    /// Takes all steps that are due.
    func look() async throws {
        for due in try await slots.next(limit: Bounds.slotsPerLook) where due.dueAt <= clock.now() {
            await advance(due.slotID, in: due.tenant)
        }
    }

    /// Takes a slot through all steps that are due; says whether there was one, and tells of a failure.
    @discardableResult
    func advance(_ slot: ID<Slot>, in tenant: Tenant) async -> Bool {
        do {
            return try await take(slot, in: tenant)
        } catch {
            logger.warning("a slot could not be moved on", metadata: ["slot": "\(slot)", "error": "\(error)"])
            return false
        }
    }

    private func take(_ slot: ID<Slot>, in tenant: Tenant) async throws -> Bool {
        var hasMoved = false
        var outcome = try await steps.advance(slot, in: tenant)
        while outcome != .nothing {
            hasMoved = true
            if case .decided = outcome { await onDecided(slot, tenant) }
            outcome = try await steps.advance(slot, in: tenant)
        }
        return hasMoved
    }
}
