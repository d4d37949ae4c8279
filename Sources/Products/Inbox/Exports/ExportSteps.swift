import Base
import Blobs
import NIOCore
import Storage
import Web

/// Makes the files of exports: part after part, each kept with how far the export is, so that a process which is killed
/// has lost nothing but the part that it was making.
struct ExportSteps: Sendable {
    /// The places where a test stops.
    enum Point: Sendable, Hashable, CaseIterable {
        case partStored, partKept, joined, closed, removed
    }

    /// That trying again would not help.
    struct Hopeless: Error {
        let reason: String
    }

    let storage: Storage
    let store: OrderedExportStore
    let rows: ExportStore
    let blobs: any BlobStore
    let clock: any WallClock
    let notices: NoticeDesk
    /// Called at each place; does nothing outside of tests.
    var pass: @Sendable (Point) throws -> Void = { _ in }
    /// Rows after which a part is kept; fewer in tests.
    var partRows = Export.Bounds.partRows
    /// Parts that one job makes.
    var partsAtOnce = Export.Bounds.partsAtOnce

    static func key(of id: ID<Export>, _ noun: ExportNoun) -> BlobKey {
        guard let key = BlobKey("inbox/exports/\(id)/\(noun.rawValue).csv") else {
            preconditionFailure("an id and a word make no key")
        }
        return key
    }

    /// Makes some parts, and asks for the next job when there are more to make.
    func step(
        _ id: ID<Export>, in tenant: Tenant, isCancelled: () -> Bool = { false }
    ) async throws {
        for _ in 0..<partsAtOnce {
            if isCancelled() { throw CancellationError() }
            let found = try await store.export(id, through: storage.reader(for: tenant), in: tenant)
            guard var export = found, export.state.isUnderWay else { return }
            guard let noun = export.noun else { return try await finish(export, in: tenant) }
            let assembly = BlobAssembly(Self.key(of: id, noun), for: tenant, in: blobs)
            let made = try await part(of: noun, &export, in: tenant)
            guard let made else {
                guard try await close(export, noun, assembly, in: tenant) else { return }
                continue
            }
            guard try await keep(made, of: export, noun, assembly, in: tenant) else { return }
        }
        try await storage.write(for: tenant) { try InboxJobs.export(id, in: $0) }
    }

    /// The next part of a file, with its header line when it is the first; `nil` when there are no more rows.
    private func part(
        of noun: ExportNoun, _ export: inout Export, in tenant: Tenant
    ) async throws -> (bytes: [UInt8], rows: Int)? {
        let isFirst = export.parts == 0
        guard export.parts < Export.Bounds.parts else {
            throw Hopeless(reason: "a file of \(Export.Bounds.parts) parts is as large as one can be")
        }
        let before = export.lastID
        var (last, written) = (before, 0)
        var bytes: [UInt8] = []
        var isOver = false
        if isFirst {
            bytes = try await CSVText.bytes { output in
                for column in noun.columns { output.text(column) }
                try await output.endRow()
            }.bytes
        }
        while !isOver, written < partRows, bytes.count < Export.Bounds.partBytes {
            let limit = min(Export.Bounds.readRows, partRows - written)
            let some = try await read(noun, after: last, before: export.createdAt, limit: limit, in: tenant)
            bytes += some.bytes
            written += some.rows
            last = some.last ?? last
            isOver = some.rows < limit
        }
        guard written > 0 || isFirst else { return nil }
        export.lastID = last
        export.rowsWritten += written
        export.bytesWritten += bytes.count
        return (bytes, written)
    }

    /// Some rows behind one, as lines.
    private func read(
        _ noun: ExportNoun, after id: ID<ExportRow>?, before time: Timestamp, limit: Int, in tenant: Tenant
    ) async throws -> (bytes: [UInt8], rows: Int, last: ID<ExportRow>?) {
        switch noun {
        case .contacts:
            let some = try await rows.contacts(
                after: id.map { $0.cast(to: ID<Contact>.self) }, upTo: time, limit: limit, in: tenant)
            let text = try await CSVText.bytes { for row in some { try await $0.row(row) } }
            return (text.bytes, some.count, some.last?.id.cast(to: ID<ExportRow>.self))
        case .conversations:
            let some = try await rows.conversations(
                after: id.map { $0.cast(to: ID<Conversation>.self) }, upTo: time, limit: limit, in: tenant)
            let text = try await CSVText.bytes { for row in some { try await $0.row(row) } }
            return (text.bytes, some.count, some.last?.id.cast(to: ID<ExportRow>.self))
        case .messages:
            let some = try await rows.messages(
                after: id.map { $0.cast(to: ID<Message>.self) }, upTo: time, limit: limit, in: tenant)
            let text = try await CSVText.bytes { for row in some { try await $0.row(row) } }
            return (text.bytes, some.count, some.last?.id.cast(to: ID<ExportRow>.self))
        }
    }

    /// Stores a part and lets the progress name it; `false` when another worker has gone on.
    private func keep(
        _ made: (bytes: [UInt8], rows: Int), of export: Export, _ noun: ExportNoun, _ assembly: BlobAssembly,
        in tenant: Tenant
    ) async throws -> Bool {
        let stored = try await assembly.put(export.parts + 1, content: ByteBuffer(bytes: made.bytes))
        try pass(.partStored)
        let part = ExportPart(
            noun: noun, number: stored.number, rows: made.rows, bytes: made.bytes.count,
            sha256: stored.hash.description)
        let isKept = try await storage.write(for: tenant) { transaction in
            try await store.keep(part, of: export, through: transaction, in: tenant)
        }
        try pass(.partKept)
        guard !isKept else { return true }
        // Another worker has gone on: when the file is whole by now, nobody else would remove this part.
        let now = try await store.export(export.id, through: storage.reader(for: tenant), in: tenant)
        if now?.state.isUnderWay != true || now?.place != export.place { try await assembly.discard() }
        return false
    }

    /// Joins the parts of a file; `false` when another worker has gone on.
    private func close(
        _ export: Export, _ noun: ExportNoun, _ assembly: BlobAssembly, in tenant: Tenant
    ) async throws -> Bool {
        let kept = try await store.parts(of: export.id, in: tenant).filter { $0.noun == noun }
        let parts = kept.compactMap { part in
            BlobHash(part.sha256).map {
                BlobAssembly.Part(number: part.number, size: ByteCount(part.bytes), hash: $0)
            }
        }
        guard parts.count == export.parts else {
            throw Hopeless(reason: "the parts that were kept are not all of the file")
        }
        let bytes = kept.reduce(0) { $0 + $1.bytes }
        let receipt = try await assembly.join(
            parts,
            upload: BlobUpload(
                contentType: ExportNoun.mediaType, sizeMax: Export.Bounds.bytes, length: ByteCount(bytes)))
        try pass(.joined)
        let file = Export.File(
            noun: noun, rows: kept.reduce(0) { $0 + $1.rows }, bytes: bytes, sha256: receipt.info.hash.description)
        let isClosed = try await storage.write(for: tenant) { transaction in
            try await store.close(export, export.files + [file], through: transaction, in: tenant)
        }
        guard isClosed else {
            // Another worker has gone on with the same file, or the export has ended and nobody else removes this one.
            let now = try await store.export(export.id, through: storage.reader(for: tenant), in: tenant)
            switch now?.state {
            case .queued, .running, .ready: break
            case .failed, .expired, nil: try await remove(export, in: tenant)
            }
            return false
        }
        try pass(.closed)
        try await assembly.discard()
        return true
    }

    /// Lets the files be downloaded, and tells who asked for them.
    private func finish(_ export: Export, in tenant: Tenant) async throws {
        // What a process has left that was killed right after a file was whole.
        for noun in export.nouns {
            try await BlobAssembly(Self.key(of: export.id, noun), for: tenant, in: blobs).discard()
        }
        let now = clock.now()
        try await storage.write(for: tenant) { transaction in
            let ended = try await store.end(
                export.id, as: .ready, at: now, expiresAt: now + Export.Bounds.lifetime, through: transaction,
                in: tenant)
            guard ended else { return }
            try await notices.tell(
                [export.personID], .exportReady, "Your export is ready",
                "\(Wording.count(export.rowsWritten, "row")), kept for \(RetentionRules.exportDays) days.",
                at: Addresses.exports, in: transaction, of: tenant)
        }
    }

    /// Gives an export up after the last attempt, and removes what there is of it.
    ///
    /// The bytes first: what a crash leaves behind is still in the making, and found again.
    func giveUp(_ id: ID<Export>, because reason: String, in tenant: Tenant) async throws {
        let now = clock.now()
        let found = try await store.export(id, through: storage.reader(for: tenant), in: tenant)
        guard let export = found, export.state.isUnderWay else { return }
        try await remove(export, in: tenant)
        try pass(.removed)
        let hasFailed = try await storage.write(for: tenant) { transaction in
            let ended = try await store.end(
                id, as: .failed, failure: reason, at: now, expiresAt: nil,
                through: transaction, in: tenant)
            // Another worker has finished it meanwhile: nobody shall be told of files that are gone.
            guard ended else {
                try await store.expire([id], through: transaction, in: tenant)
                return false
            }
            try await store.forgetParts(of: [id], through: transaction, in: tenant)
            try await notices.tell(
                [export.personID], .exportReady, "Your export could not be made", at: Addresses.exports,
                in: transaction, of: tenant)
            return true
        }
        // What another worker has stored between the two.
        if hasFailed { try await remove(export, in: tenant) }
    }

    private func remove(_ export: Export, in tenant: Tenant) async throws {
        for noun in export.nouns {
            let key = Self.key(of: export.id, noun)
            try await BlobAssembly(key, for: tenant, in: blobs).discard()
            _ = try await blobs.delete(key, for: tenant)
        }
    }

    /// Gives up some exports whose job has died, and removes the files of some whose time is over; `false` when there are
    /// none.
    ///
    /// A job can end without a word: its process is killed at the last attempt, somebody cancels it, or the database is
    /// not there when it would give up. What it leaves behind would hold one of the company's few places for ever.
    func expire(in tenant: Tenant) async throws -> Bool {
        let now = clock.now()
        let abandoned = try await store.abandoned(before: now - Export.Bounds.longest, in: tenant)
        for export in abandoned {
            try await giveUp(export.id, because: "It was not finished within two days.", in: tenant)
        }
        let ending = try await store.ending(before: now, in: tenant)
        guard !ending.isEmpty else { return !abandoned.isEmpty }
        // The bytes first: what is left behind by a crash is found again.
        for export in ending { try await remove(export, in: tenant) }
        try await storage.write(for: tenant) { transaction in
            try await store.expire(ending.map(\.id), through: transaction, in: tenant)
        }
        return true
    }
}
