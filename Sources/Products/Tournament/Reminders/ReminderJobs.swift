import Accounts
import Base
import Jobs
import Storage

/// Tells people that a slot which they asked about has opened.
///
/// The reminder goes in the transaction that writes the notice, so that a process that dies between two of them tells
/// nobody twice and forgets nobody. The job is enqueued by who opens the slot; a sweep finds who asked in that very moment.
struct ReminderJobs: Sendable {
    enum Bounds {
        static let sweepEvery: Duration = .seconds(60)
        /// Transactions that one look gives to a slot; the next look goes on.
        static let groupsPerLook = 200
    }

    let store: ReminderStore
    let slots: SlotStore
    let notices: Notifications

    /// Tells who waits for a slot that has opened.
    static let tell = JobKind<ID<Slot>>("tournament.slot.remind", timeout: .seconds(600), isKept: false)
    /// Tells who waits for any open slot.
    static let sweep = JobKind<NoJobInput>(
        "tournament.slot.remindAll", attemptsMax: 3, timeout: .seconds(600), unique: .whilePendingOrRunning,
        isKept: false)

    var handlers: [JobHandler] {
        [
            Self.tell.handler { slot, context in _ = try await tell(slot, in: context.tenant) },
            Self.sweep.handler { _, _ in _ = try await look() },
        ]
    }

    var schedules: [JobSchedule] {
        [
            JobSchedule(
                "tournament.slot.remindAll", every: Bounds.sweepEvery, Self.sweep, NoJobInput(),
                onlyIf: { try await !store.due().isEmpty })
        ]
    }

    /// Tells everybody who is to be told now; returns how many were.
    @discardableResult
    func look() async throws -> Int {
        var told = 0
        for due in try await store.due() { told += try await tell(due.slotID, in: due.tenant) }
        return told
    }

    private func tell(_ id: ID<Slot>, in tenant: Tenant) async throws -> Int {
        guard let slot = try await slots.slot(id, through: store.storage.reader(for: tenant), in: tenant)
        else { return 0 }
        var told = 0
        for _ in 0..<Bounds.groupsPerLook {
            let count = try await store.storage.write(for: tenant) { transaction in
                let people = try await store.take(slot.id, through: transaction, in: tenant)
                try await notices.notify(people, .slotOpens, .opens(slot), for: tenant, in: transaction)
                return people.count
            }
            told += count
            if count < ReminderStore.Bounds.told { break }
        }
        return told
    }
}
