import Accounts
import Base
import Blobs
import Crypto
import Foundation
import NIOCore
import Storage
import Telemetry
import Web

/// Moves old rows into files: `audit.archive`.
///
/// A month at a time: its rows are written to a file that is sealed when it has been read back, and leave the table, a
/// bounded batch at a time, only then. Each step ends in something durable and finds what is left by itself; it may be
/// the last of a process, or run beside the same step of another one.
struct ArchiveSteps: Sendable {
    enum Bounds {
        static let fileBytes = ByteCount.mebibytes(4_096)
        /// A file without a row in the table belongs to an attempt that may still run; after this it does not.
        static let attempt: Duration = .seconds(86_400)
        static let files = 500
    }

    /// Where a process may die.
    enum Point: Sendable, Hashable, CaseIterable {
        case begun, fileWritten, fileRead, manifestWritten, sealed, rowsRemoved, closed, expiredFile, expiredManifest
    }

    /// What is left.
    enum Progress: Sendable, Hashable { case more, done }

    let store: ArchiveStore
    let trail: AuditTrail
    let blobs: any BlobStore
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog
    /// Is told of each point that is reached.
    var reached: @Sendable (Point) throws -> Void = { _ in }

    private func rows(_ kind: Archive.Kind) -> ArchiveRowSteps {
        ArchiveRowSteps(kind: kind, trail: trail, risk: RiskStore(storage: store.storage))
    }

    /// Does the next thing that is due in a tenant.
    func step(_ kind: Archive.Kind, in tenant: Tenant) async throws -> Progress {
        if let open = try await store.open(kind, in: tenant) {
            switch open.state {
            case .writing: try await write(open, in: tenant)
            case .sealed: try await clear(open, in: tenant)
            case .kept: break
            }
            return .more
        }
        guard let oldest = try await rows(kind).oldest(in: tenant),
            let month = Archive.month(due: oldest, at: clock.now())
        else { return .done }
        let now = clock.now()
        _ = try await store.begin(
            Archive(
                id: ID(at: now, using: AnyRandomness(randomness)), kind: kind, times: month, state: .writing,
                lines: 0, bytes: 0, begunAt: now, keptUntil: month.upperBound + Archive.Rules.kept), in: tenant)
        try reached(.begun)
        return .more
    }

    // MARK: Writing

    private func write(_ archive: Archive, in tenant: Tenant) async throws {
        let file = archive.key(of: ID(at: clock.now(), using: AnyRandomness(randomness)))
        let key = try Self.key(file)
        let lines = ArchiveLines(
            rows: rows(archive.kind), times: archive.times, salt: randomness.bytes(32), tenant: tenant)
        let upload = BlobUpload(contentType: "application/gzip", sizeMax: Bounds.fileBytes, conflict: .keep)
        let receipt = try await blobs.put(.key(key), for: tenant, upload, from: lines)
        try reached(.fileWritten)
        let count = try await readBack(key, promising: receipt.info, in: tenant)
        guard count == lines.count else {
            throw StorageError(.rowMismatch, "an archive's file holds \(count) lines of \(lines.count) rows")
        }
        try reached(.fileRead)
        let manifest = ArchiveManifest(
            tenant: tenant.id.description, kind: archive.kind.rawValue, begins: archive.times.lowerBound.description,
            ends: archive.times.upperBound.description, lines: count, bytes: receipt.info.size.bytes,
            sha256: receipt.info.hash.description, keptUntil: archive.keptUntil.description,
            format: "application/x-ndjson in gzip")
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        _ = try await blobs.put(
            .key(try Self.key(Archive.manifest(of: file))), for: tenant,
            BlobUpload(contentType: "application/json", sizeMax: .kibibytes(64)),
            content: ByteBuffer(bytes: try encoder.encode(manifest)))
        try reached(.manifestWritten)
        guard try await store.seal(archive.id, manifest, file: file, at: clock.now(), in: tenant) else {
            // Another node's file holds the rows.
            return try await remove(file, in: tenant)
        }
        try reached(.sealed)
    }

    /// Reads a file from the store as somebody would in two years; returns how many lines it holds.
    private func readBack(_ key: BlobKey, promising info: BlobInfo, in tenant: Tenant) async throws -> Int {
        guard let download = try await blobs.get(key, for: tenant), let reader = GzipReader() else {
            throw BlobsError(.storeFailed, "An archive's file is not there after it was stored.")
        }
        var hash = SHA256()
        var lines = 0
        for try await chunk in download.chunks {
            hash.update(data: Data(chunk.readableBytesView))
            let isReadable = reader.read(chunk) { piece in
                lines += piece.readableBytesView.lazy.filter { $0 == UInt8(ascii: "\n") }.count
            }
            guard isReadable else { throw BlobsError(.corrupt, "An archive's file cannot be expanded.") }
        }
        guard reader.isAtEnd, BlobHash(bytes: Array(hash.finalize())) == info.hash else {
            throw BlobsError(.corrupt, "An archive's file is not what was written.")
        }
        return lines
    }

    // MARK: Clearing

    private func clear(_ archive: Archive, in tenant: Tenant) async throws {
        // Before each batch: what is not in a file any more stays in the table.
        guard let file = archive.file, let info = try await blobs.head(try Self.key(file), for: tenant),
            info.hash.description == archive.sha256, info.size.bytes == archive.bytes
        else {
            events.record(.archiveLost, ["kind": .text(archive.kind.rawValue)])
            return try await store.reopen(archive.id, in: tenant)
        }
        let rows = rows(archive.kind)
        let removed = try await store.storage.write(for: tenant) { transaction in
            guard try await store.isSealed(archive.id, through: transaction, in: tenant) else { return 0 }
            return try await rows.remove(archive.times, through: transaction, in: tenant)
        }
        try reached(.rowsRemoved)
        guard removed == 0 else { return }
        try await store.close(archive.id, in: tenant)
        events.record(
            .archiveKept, amount: archive.lines,
            ["kind": .text(archive.kind.rawValue), "rows": .number(archive.lines), "bytes": .number(archive.bytes)])
        try reached(.closed)
    }

    // MARK: The end

    /// Removes files whose time is over, and those of attempts that came to nothing.
    func expire(in tenant: Tenant) async throws {
        for archive in try await store.expired(at: clock.now(), in: tenant) where archive.state == .kept {
            if let file = archive.file { try await remove(file, in: tenant) }
            try await store.forget(archive.id, in: tenant)
        }
        let oldest = clock.now() - Bounds.attempt
        var next: BlobKey?
        repeat {
            let page = try await blobs.list(for: tenant, prefix: Archive.folder, after: next, limit: Bounds.files)
            let files = page.blobs.filter { $0.storedAt < oldest && $0.key.description.hasSuffix(".gz") }
            let known = try await store.known(files.map(\.key.description), in: tenant)
            for file in files where !known.contains(file.key.description) {
                try await remove(file.key.description, in: tenant)
            }
            next = page.next
        } while next != nil
    }

    /// The file last: as long as it is there, its rest is found.
    private func remove(_ file: String, in tenant: Tenant) async throws {
        _ = try await blobs.delete(try Self.key(Archive.manifest(of: file)), for: tenant)
        try reached(.expiredManifest)
        _ = try await blobs.delete(try Self.key(file), for: tenant)
        try reached(.expiredFile)
    }

    static func key(_ text: String) throws(BlobsError) -> BlobKey {
        guard let key = BlobKey(text) else { throw BlobsError(.storeFailed, "An archive has no key: \(text)") }
        return key
    }
}

/// The compressed lines of a month, read from the table as fast as they can be stored.
private final class ArchiveLines: AsyncSequence, Sendable {
    private let rows: ArchiveRowSteps
    private let times: Range<Timestamp>
    private let salt: [UInt8]
    private let tenant: Tenant
    private let counted = Counted()

    init(rows: ArchiveRowSteps, times: Range<Timestamp>, salt: [UInt8], tenant: Tenant) {
        self.rows = rows
        self.times = times
        self.salt = salt
        self.tenant = tenant
    }

    /// How many lines were read.
    var count: Int { counted.value }

    func makeAsyncIterator() -> Iterator { Iterator(lines: self) }

    struct Iterator: AsyncIteratorProtocol {
        let lines: ArchiveLines
        var mark: ArchiveRowSteps.Mark?
        var isOver = false

        mutating func next() async throws -> ByteBuffer? {
            guard !isOver else { return nil }
            let part = try await lines.rows.part(lines.times, after: mark, salt: lines.salt, in: lines.tenant)
            isOver = part.count < ArchiveRowSteps.Bounds.part
            // A month without rows is a file too, so that whoever opens it finds none instead of no file.
            guard part.count > 0 || mark == nil else { return nil }
            mark = part.mark
            lines.counted.add(part.count)
            guard let compressed = Gzip.compress(part.lines) else {
                throw BlobsError(.storeFailed, "There is no memory to compress an archive.")
            }
            return compressed
        }
    }
}
