import Base
import Storage
import Telemetry

/// Replaces the voters of seasons that ended thirty days ago by their pseudonyms, for good.
///
/// A job a day; whatever was begun goes on where it stopped, on any node.
struct PseudonymDesk: Sendable {
    enum Bounds {
        static let age: Duration = .seconds(30 * 86_400)
        /// Seasons of one look.
        static let seasons = 1_000
        /// Pause between two batches, in which others write.
        static let pause: Duration = .milliseconds(20)
    }

    let store: PseudonymStore
    let seasons: SeasonStore
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog

    /// Does what is due.
    func look() async throws {
        do {
            for due in try await store.due(limit: Bounds.seasons) {
                guard let endedAt = due.endedAt, endedAt + Bounds.age <= clock.now() else { continue }
                try await pseudonymise(due.seasonID, in: due.tenant)
            }
        } catch let error as StorageError {
            events.record(.fairnessFailed, ["duty": "pseudonyms", "code": .text(error.code.rawValue)])
            throw error
        }
    }

    /// Takes a season to its end, batch by batch.
    func pseudonymise(_ season: ID<Season>, in tenant: Tenant) async throws {
        let salt = try await seasons.salt(of: season, through: store.storage.reader(for: tenant), in: tenant)
        var votes = 0
        for slot in try await store.openSlots(of: season, in: tenant) {
            while true {
                let done = try await store.replace(in: slot, of: season, salt: salt, in: tenant)
                votes += done
                guard done == PseudonymStore.Bounds.batch else { break }
                try await clock.sleep(for: Bounds.pause)
            }
        }
        try await store.finish(season, at: clock.now(), salt: randomness.bytes(32), in: tenant)
        events.record(
            .seasonPseudonymised, ["season": .text(season.description), "votes": .number(votes)])
    }
}
