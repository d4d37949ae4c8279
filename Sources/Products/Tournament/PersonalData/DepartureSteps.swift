import Accounts
import Base
import Storage

/// Removes a person who leaves from a tenant: `account.erase`.
///
/// Each step finds what is left by itself, takes a bounded part of it in one transaction, and may be the last of a
/// process, or run beside the same step of another one.
struct DepartureSteps: Sendable {
    enum Bounds {
        /// Comments whose removal one step goes on with.
        static let comments = 100
        /// Time until clips are looked at again whose slot is being counted.
        static let recheck: Duration = .seconds(60)
    }

    let storage: Storage
    let comments: CommentDesk
    let clock: any WallClock

    private var store: DepartureStore { DepartureStore(storage: storage) }
    private var entries: ClipEntryStore { ClipEntryStore(storage: storage) }
    private var tasks: MediaTaskStore { MediaTaskStore(storage: storage) }
    private var slots: SlotStore { SlotStore(storage: storage) }
    private var people: PersonStore { PersonStore(storage: storage) }
    private var reports: ReportStore { ReportStore(storage: storage) }
    private var reminders: ReminderStore { ReminderStore(storage: storage) }
    private var follows: FollowStore { FollowStore(storage: storage) }

    func step(_ leaver: Leaver, in tenant: Tenant) async throws -> ErasureProgress {
        let person = leaver.person
        let reader = storage.reader(for: tenant)
        let own = try await comments.store.ids(of: person, limit: Bounds.comments, through: reader, in: tenant)
        if !own.isEmpty {
            _ = try await comments.removeStep(own, in: tenant)
            return .more
        }
        let hasChanged = try await storage.write(for: tenant) { transaction in
            if try await comments.store.removeLikes(of: person, through: transaction, in: tenant) > 0 { return true }
            if try await reports.remove(by: person, through: transaction, in: tenant) > 0 { return true }
            if try await reminders.removeAll(of: person, through: transaction, in: tenant) > 0 { return true }
            return try await follows.remove(person, through: transaction, in: tenant)
        }
        if hasChanged { return .more }
        if try await disguise(leaver, in: tenant) { return .more }
        let (hasMoved, waits) = try await removeClips(leaver, in: tenant)
        if hasMoved { return .more }
        try await cut(person, in: tenant)
        return waits ? .later(Bounds.recheck, because: "A clip takes part in a count that is not final yet.") : .done
    }

    /// Takes the name out of what the person decided as a moderator; returns whether there was any.
    private func disguise(_ leaver: Leaver, in tenant: Tenant) async throws -> Bool {
        try await storage.write(for: tenant) { transaction in
            let (rows, slots) = try await store.disguiseDecider(
                leaver.person, as: leaver.pseudonym, through: transaction, in: tenant)
            for slot in slots { transaction.afterCommit(.invalidate(tag: Timetable.Tag.result(slot))) }
            return rows > 0
        }
    }

    /// Removes clips slot by slot under the slot's lock; those of a slot that is being counted, or whose result may
    /// still change, wait, so that no count loses a clip half way.
    private func removeClips(_ leaver: Leaver, in tenant: Tenant) async throws -> (hasMoved: Bool, waits: Bool) {
        let reader = storage.reader(for: tenant)
        var (hasMoved, waits) = (false, false)
        for id in try await store.slots(of: leaver.person, through: reader, in: tenant) {
            let isDone = try await storage.write(for: tenant) { transaction in
                guard let slot = try await slots.locked(id, through: transaction, in: tenant),
                    slot.state != .counting, slot.state != .provisional
                else { return false }
                // The tasks first, as whoever works on them does.
                try await tasks.clear(clipsOf: leaver.person, in: id, through: transaction, tenant: tenant)
                try await entries.handOver(
                    from: leaver.person, to: leaver.pseudonym, in: id, through: transaction, tenant: tenant)
                try await store.removeClips(
                    of: leaver.person, standIn: leaver.pseudonym, in: id, through: transaction, tenant: tenant)
                for tag in [Timetable.Tag.clips(id), Timetable.Tag.result(id), Timetable.Tag.film] {
                    transaction.afterCommit(.invalidate(tag: tag))
                }
                return true
            }
            if isDone { hasMoved = true } else { waits = true }
        }
        return (hasMoved, waits)
    }

    /// The last step, under the lock of the fold, which would else write the person's numbers anew.
    private func cut(_ person: ID<Person>, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            _ = try await people.lockedMark(through: transaction, in: tenant)
            try await store.cutVoter(of: person, through: transaction, in: tenant)
            try await reports.forget(
                .person, [person.cast(to: ID<ReportTarget>.self)], through: transaction, in: tenant)
            try await people.delete(person, through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: PersonDesk.tag(person)))
        }
    }
}

extension Playhouse {
    /// What the product answers for people who want their data or leave.
    var personalData: PersonalData {
        let export = OwnDataStore(storage: storage)
        let steps = DepartureSteps(storage: storage, comments: comments, clock: clock)
        return PersonalData(
            product: "tournament",
            export: { person, tenant, emit in try await export.export(person, in: tenant, emit) },
            erase: { leaver, tenant in try await steps.step(leaver, in: tenant) })
    }
}
