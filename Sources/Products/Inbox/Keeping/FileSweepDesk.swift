import Base
import Blobs
import Jobs
import Storage
import Telemetry

/// Deletes files that nothing leads to: uploads that no message has taken, bytes whose row is gone, and parts of objects
/// that nobody has joined.
///
/// Once a day, in the lane of bulk work, each step a job of its own. Only what is older than a day is looked at, so that an
/// upload whose message is on its way is never touched.
final class FileSweepDesk: Sendable {
    enum Bounds {
        /// How old something must be.
        static let age: Duration = .seconds(86_400)
        /// Uploads that go in one step.
        static let uploads = 200
        /// Objects that are looked at in one step.
        static let objects = 500
        /// How old a part must be that nobody has joined: long after whatever is made of parts was given up.
        static let parts: Duration = .seconds(14 * 86_400)
    }

    /// Where a sweep is: what a step is told by the one before.
    enum Place: Sendable, Hashable, Codable {
        /// Uploads that no message has taken.
        case uploads
        /// Bytes without a row, behind a key; from the first on without one.
        case bytes(after: String?)
        /// Parts of objects, behind a key.
        case parts(after: String)
    }

    private let storage: Storage
    private let files: FileDesk
    private let clock: any WallClock
    private let events: EventLog
    private let retention: BlobRetention

    init(storage: Storage, files: FileDesk, clock: any WallClock, events: EventLog) {
        self.storage = storage
        self.files = files
        self.clock = clock
        self.events = events
        retention = BlobRetention(store: files.blobs, rules: [], clock: clock, events: events)
    }

    /// Does one step, and asks for the next.
    func step(_ place: Place, in tenant: Tenant) async throws {
        let next: Place?
        switch place {
        case .uploads:
            let more = try await dropUploads(in: tenant)
            next = more ? .uploads : .bytes(after: nil)
        case .bytes(let key):
            if let key = try await dropBytes(after: key.flatMap { BlobKey($0) }, in: tenant) {
                next = .bytes(after: key.description)
            } else {
                next = try await dropParts(after: nil, in: tenant)
            }
        case .parts(let key): next = try await dropParts(after: BlobKey(key), in: tenant)
        }
        guard let next else { return }
        try await storage.write(for: tenant) { try InboxJobs.sweepFiles(next, in: $0) }
    }

    /// Deletes some uploads that no message has taken; returns whether there may be more.
    private func dropUploads(in tenant: Tenant) async throws -> Bool {
        let loose = try await files.store.loose(
            before: clock.now() - Bounds.age, limit: Bounds.uploads, in: tenant)
        guard !loose.isEmpty else { return false }
        // The row first, and only if no message has taken it meanwhile: bytes that a crash leaves are found below.
        let gone = try await files.store.deleteLoose(loose.map(\.id), in: tenant)
        try await files.deleteBytes(of: loose.filter { gone.contains($0.id) }, in: tenant)
        if !gone.isEmpty {
            events.record(.filesRetired, amount: gone.count, ["files": .number(gone.count), "reason": "unused"])
        }
        return loose.count == Bounds.uploads
    }

    /// Looks at some parts of objects, whatever product's, and deletes those that nobody has joined; returns where to go on.
    private func dropParts(after key: BlobKey?, in tenant: Tenant) async throws -> Place? {
        let rule = BlobLifecycle(prefix: BlobAssembly.prefix, age: Bounds.parts)
        let progress = try await retention.sweep(rule, for: tenant, after: key, limit: Bounds.objects)
        return progress.next.map { .parts(after: $0.description) }
    }

    /// Looks at some objects and deletes those without a row; returns behind which to go on, `nil` at the end.
    private func dropBytes(after key: BlobKey?, in tenant: Tenant) async throws -> BlobKey? {
        let oldest = clock.now() - Bounds.age
        let page = try await files.blobs.list(
            for: tenant, prefix: FileDesk.prefix, after: key, limit: Bounds.objects)
        let old = page.blobs.filter { $0.storedAt < oldest }
        let named = old.compactMap { blob in FileDesk.id(of: blob.key).map { (id: $0, key: blob.key) } }
        let known = try await files.store.known(named.map(\.id), in: tenant)
        var deleted = 0
        for (id, key) in named where !known.contains(id) {
            // A copy that is fetched again at this moment has the same name: what is young again stays.
            guard let info = try await files.blobs.head(key, for: tenant), info.storedAt < oldest else { continue }
            if try await files.blobs.delete(key, for: tenant) { deleted += 1 }
        }
        if deleted > 0 {
            events.record(.filesRetired, amount: deleted, ["files": .number(deleted), "reason": "unknown"])
        }
        return page.next
    }
}
