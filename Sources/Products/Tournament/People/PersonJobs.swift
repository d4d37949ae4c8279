import Base
import Foundation
import Jobs
import Logging
import Storage

/// Adds the days of votes that are over to what people have done, lengthens streaks and ends them: `person.fold`.
///
/// Each tenant has a mark that says how far the days were added. A step locks it, adds the next days and moves it, all in
/// one transaction: whatever runs twice, on two nodes, or after days of standing still, no day of a voter is added a
/// second time and none is left out.
struct PersonJobs: Sendable {
    enum Bounds {
        static let lookEvery: Duration = .seconds(60)
        /// Time after midnight in which votes that were under way, and nodes whose clock is late, may still write
        /// the day before.
        static let grace: Duration = .seconds(600)
        /// Steps of one tenant in one look; the next look goes on.
        static let stepsPerLook = 2_000
    }

    let store: PersonStore
    let seasons: SeasonStore
    let clock: any WallClock
    let logger: Logger

    init(storage: Storage, clock: any WallClock, logger: Logger) {
        store = PersonStore(storage: storage)
        seasons = SeasonStore(storage: storage)
        self.clock = clock
        self.logger = logger
    }

    static let fold = JobKind<NoJobInput>(
        "tournament.person.fold", lane: .bulk, attemptsMax: 3, timeout: .seconds(3_600),
        unique: .whilePendingOrRunning, isKept: false)

    var handlers: [JobHandler] { [Self.fold.handler { _, _ in try await look() }] }

    var schedules: [JobSchedule] {
        [
            JobSchedule(
                "tournament.person.fold", every: Bounds.lookEvery, Self.fold, NoJobInput(),
                onlyIf: { try await store.isAnyDue(at: clock.now()) })
        ]
    }

    /// Folds all tenants that are due.
    func look() async throws {
        for tenant in try await store.unmarked() {
            try await store.mark(
                .beginning(dueAt: clock.now()), through: store.storage.writer(for: tenant), in: tenant)
        }
        for tenant in try await store.due(at: clock.now()) { await fold(tenant) }
    }

    /// Folds what is due of one tenant; what fails is told, and due at the next look too.
    private func fold(_ tenant: Tenant) async {
        do {
            for _ in 0..<Bounds.stepsPerLook where try await !step(in: tenant) { return }
        } catch {
            logger.warning(
                "the days of a tenant could not be added up",
                metadata: ["tenant": "\(tenant.id)", "error": "\(error)"])
        }
    }

    /// Takes one bounded step; says whether there is another one.
    func step(in tenant: Tenant) async throws -> Bool {
        let now = clock.now()
        return try await store.storage.write(for: tenant) { transaction in
            guard var mark = try await store.lockedMark(through: transaction, in: tenant), mark.dueAt <= now else {
                return false
            }
            let zone = try await seasons.newestRules(through: transaction, in: tenant)?.zone ?? .gmt
            // Until the grace is over, the day before yesterday is the last that is surely over.
            let today = CalendarDay(of: now - Bounds.grace, in: zone)
            let days = try await store.closedDays(
                after: mark, before: today.start(in: zone), through: transaction, in: tenant)
            try await store.add(Self.additions(days), through: transaction, in: tenant)
            if let last = days.last {
                mark.foldedAt = last.startsAt
                mark.voterID = last.voterID
                mark.day = last.day.day
            }
            var hasMore = days.count == PersonStore.Bounds.days
            if !hasMore {
                let yesterday = CalendarDay(daysSinceEpoch: today.daysSinceEpoch - 1)
                let ended = try await store.endStreaks(before: yesterday, through: transaction, in: tenant)
                hasMore = ended == PersonStore.Bounds.streaks
            }
            if !hasMore { mark.dueAt = today.next.start(in: zone) + Bounds.grace }
            try await store.move(mark, through: transaction, in: tenant)
            return hasMore
        }
    }

    /// What days add to the people whose they are; days of devices without an account are passed over.
    static func additions(_ days: [PersonStore.ClosedDay]) -> [PersonStore.Addition] {
        var additions: [ID<Person>: PersonStore.Addition] = [:]
        for day in days {
            guard let person = day.personID else { continue }
            var addition = additions[person] ?? PersonStore.Addition(personID: person, tally: day.tally)
            addition.votes += day.day.votes
            addition.weight += day.day.weight
            addition.tally.add(day.day)
            additions[person] = addition
        }
        return additions.values.sorted { $0.personID < $1.personID }
    }
}
