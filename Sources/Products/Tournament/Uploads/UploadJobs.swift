import Base
import Blobs
import Jobs
import Storage
import Telemetry

/// Removes uploads that nobody waits for: of a clip that is gone, or that came to a store by an address whose clip had
/// been made ready already.
///
/// Whoever works on a clip deletes its upload at the end; what comes, or stays, after that is found here a day later.
struct UploadJobs: Sendable {
    enum Bounds {
        static let lookEvery: Duration = .seconds(3_600)
        /// Longer than any address is good, and any upload takes.
        static let age: Duration = .seconds(86_400)
        static let page = 500
        static let tenants = 1_000
    }

    let media: MediaJobs
    let blobs: any BlobStore
    let clips: ClipStore
    let clock: any WallClock
    let events: EventLog

    static let sweep = JobKind<NoJobInput>(
        "tournament.upload.sweep", lane: .bulk, attemptsMax: 3, timeout: .seconds(3_000),
        unique: .whilePendingOrRunning, isKept: false)

    static let schedules = [JobSchedule("tournament.upload.sweep", every: Bounds.lookEvery, sweep, NoJobInput())]

    var handlers: [JobHandler] {
        [
            Self.sweep.handler { _, _ in
                try await media.adopt()
                try await look()
            }
        ]
    }

    /// Looks at the uploads of all tenants once.
    func look() async throws {
        do {
            var last: Tenant?
            repeat {
                let tenants = try await blobs.tenants(after: last, limit: Bounds.tenants)
                for tenant in tenants { try await sweep(tenant) }
                last = tenants.count == Bounds.tenants ? tenants.last : nil
            } while last != nil
        } catch let error as BlobsError {
            events.record(.blobFailed, ["code": .text(error.code.rawValue), "operation": "sweep"])
            throw error
        }
    }

    /// Removes what is left over in a tenant; returns how many uploads that were.
    @discardableResult
    func sweep(_ tenant: Tenant) async throws -> Int {
        let oldest = clock.now() - Bounds.age
        var (removed, next) = (0, BlobKey?.none)
        repeat {
            let page = try await blobs.list(
                for: tenant, prefix: UploadDesk.sources, after: next, limit: Bounds.page)
            let old = page.blobs.filter { $0.storedAt < oldest }.map(\.key)
            let ids = old.compactMap(UploadDesk.clip)
            let needed = try await clips.unfinished(
                among: ids, through: clips.storage.reader(for: tenant), in: tenant)
            for key in old where UploadDesk.clip(of: key).map({ !needed.contains($0) }) ?? true {
                if try await blobs.delete(key, for: tenant) { removed += 1 }
            }
            next = page.next
        } while next != nil
        if removed > 0 {
            events.record(
                .blobRetired, amount: removed,
                ["prefix": .text(UploadDesk.sources), "objects": .number(removed)])
        }
        return removed
    }
}
