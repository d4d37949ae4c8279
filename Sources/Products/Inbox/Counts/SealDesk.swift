import Base
import Storage
import Telemetry

/// Seals days once they are over: their hours are added up anew, and a day that says something else is mended.
final class SealDesk: Sendable {
    enum Bounds {
        /// How long after midnight (UTC) a day is sealed.
        static let pause: Duration = .seconds(7_200)
        /// Days that one run seals; the next run goes on.
        static let days: Int64 = 14
        /// Scopes of a day that are added up anew: the company, its channels, its people.
        static let sample = 2_000
    }

    private let storage: Storage
    private let store: CountStore
    private let clock: any WallClock
    private let events: EventLog

    init(storage: Storage, clock: any WallClock, events: EventLog) {
        self.storage = storage
        self.clock = clock
        self.events = events
        store = CountStore(storage: storage)
    }

    /// Seals the days of a company that are over and not sealed.
    ///
    /// - Returns: how many rows were mended.
    @discardableResult
    func seal(in tenant: Tenant) async throws -> Int {
        let now = clock.now()
        let last = (now - Bounds.pause).seconds / CountStore.Bounds.day - 1
        let first = try await store.lastSeal(in: tenant).map { $0 + 1 } ?? last
        var mended = 0
        // What lies further back than some days of standstill has no hours any more.
        for day in max(first, last - Bounds.days + 1)...max(last, first) where day <= last {
            mended += try await storage.write(for: tenant) { transaction in
                let found = try await store.comparisons(
                    on: day, limit: Bounds.sample, through: transaction, in: tenant)
                let wrong = found.compactMap { line -> (key: CountKey, count: Count)? in
                    guard let scope = CountKey.Scope(rawValue: line.scope), line.day != line.hours else { return nil }
                    return (CountKey(scope: scope, id: line.id, number: day), line.hours)
                }
                try await store.mend(wrong, through: transaction, in: tenant)
                try await store.seal(
                    day, checked: found.count, mended: wrong.count, at: now, through: transaction, in: tenant)
                return wrong.count
            }
        }
        if mended > 0 { events.record(.countsMended, ["rows": .number(mended)]) }
        return mended
    }
}
