import Base
import Blobs
import NIOCore
import Storage

/// Makes files, part by part: whoever continues after a crash begins where the last part was kept.
///
/// Nothing is held open between parts: rows are read behind the last one, below the mark, in short statements. A part is
/// stored under its hash before the progress names it, and the file is joined and hashed from what was stored. So a kill
/// at any moment costs the part that was being made, and changes no byte of the file.
struct ExportSteps: Sendable {
    /// Moments at which a process may die; for tests, which make it die there.
    enum Moment: String, Sendable, CaseIterable {
        case begun, partWritten, partStored, partKept, joined, ended
    }

    /// What became of an attempt.
    enum Outcome: Sendable, Hashable {
        case ready
        case failed(String)
        /// It was cancelled, or another worker goes on with it.
        case dropped
    }

    let storage: Storage
    let store: ExportStore
    let blobs: any BlobStore
    let clock: any WallClock
    /// Rows of a part; fewer in tests.
    var partRows = Export.Bounds.partRows
    var readRows = Export.Bounds.readRows
    /// Called at every moment; throws in tests.
    var pass: @Sendable (Moment) throws -> Void = { _ in }
    /// Told how far a file is.
    var told: @Sendable (Export, Tenant) async throws -> Void = { _, _ in }

    static func key(of id: ID<Export>, _ format: Export.Format) -> BlobKey {
        guard let key = BlobKey("exports/\(id).\(format.rawValue)") else {
            preconditionFailure("an id and a format make a key")
        }
        return key
    }

    // MARK: Files by job

    /// Makes a file, or goes on with it.
    ///
    /// - Parameters:
    ///   - id: which.
    ///   - tenant: whose.
    ///   - isCancelled: whether the work is no longer wanted, asked at every part.
    ///   - finish: writes what follows from a file that is ready, in the transaction that makes it so.
    /// - Returns: what became of it.
    /// - Throws: what the database or the blob store threw; another attempt goes on from the last part.
    func write(
        _ id: ID<Export>, in tenant: Tenant, isCancelled: () -> Bool = { false },
        finish: (Export, WriteTransaction) async throws -> Void = { _, _ in }
    ) async throws -> Outcome {
        guard var export = try await store.export(id, through: storage.reader(for: tenant), in: tenant) else {
            return .dropped
        }
        let assembly = BlobAssembly(Self.key(of: id, export.format), for: tenant, in: blobs)
        guard export.state.isUnderWay else {
            // Whoever ended it may have been killed before its parts were gone.
            try await assembly.discard()
            return .dropped
        }
        if export.plan.needsChoosing { try await choose(&export, in: tenant) }
        let begun = export
        guard
            try await storage.write(
                for: tenant,
                { try await store.begin(id, plan: begun.plan, rows: begun.rowsPlanned, through: $0, in: tenant) })
        else { return .dropped }
        try pass(.begun)
        guard let whole = try await makeParts(of: begun, assembly, in: tenant, isCancelled: isCancelled) else {
            return .dropped
        }
        return try await seal(whole, assembly, in: tenant, finish: finish)
    }

    /// Makes the parts that are not there yet; while one is stored, the next is filled.
    ///
    /// - Returns: how far the file is behind its last part; `nil` when it was cancelled, or another worker goes on.
    private func makeParts(
        of begun: Export, _ assembly: BlobAssembly, in tenant: Tenant, isCancelled: () -> Bool
    ) async throws -> Export? {
        var export = begun
        let lines = ExportLinesSteps(export.plan, export.format)
        var ahead = try await read(export.plan, behind: export.position, in: tenant)
        var isOver = export.parts > 0 && export.rowsWritten >= export.rowsPlanned
        return try await withThrowingTaskGroup(of: Bool.self) { storing in
            while !isOver {
                if isCancelled() { return nil }
                var buffer: [UInt8] = []
                buffer.reserveCapacity(partRows * 220)
                if export.parts == 0 { lines.appendHead(to: &buffer) }
                let rows: Int
                (rows, isOver) = try await fill(&buffer, lines, &export, ahead: &ahead, in: tenant)
                try pass(.partWritten)
                export.rowsWritten += rows
                export.bytesWritten += buffer.count
                export.parts += 1
                // Parts are kept in their order, one at a time.
                guard try await storing.next() ?? true else { return nil }
                let content = buffer
                let made = export
                storing.addTask { try await keep(content, rows: rows, of: made, assembly, in: tenant) }
            }
            return try await storing.next() ?? true ? export : nil
        }
    }

    /// Stores a part and lets the progress name it; `false` when nobody wants it any more.
    private func keep(
        _ content: [UInt8], rows: Int, of export: Export, _ assembly: BlobAssembly, in tenant: Tenant
    ) async throws -> Bool {
        let part = try await assembly.put(export.parts, content: ByteBuffer(bytes: content))
        try pass(.partStored)
        let kept = ExportPart(
            number: part.number, rows: rows, bytes: part.size.bytes, sha256: part.hash.description)
        let isWanted = try await storage.write(for: tenant) { transaction in
            try await store.keep(kept, of: export, through: transaction, in: tenant)
        }
        guard isWanted else {
            // Cancelled while the part was made, which must not outlive its file; or another worker goes on.
            let now = try await store.export(export.id, through: storage.reader(for: tenant), in: tenant)
            if now?.state.isUnderWay != true { try await assembly.discard() }
            return false
        }
        try pass(.partKept)
        try await told(export, tenant)
        return true
    }

    /// Rows that follow each other, in two halves, and the place behind them.
    private struct Chunk: Sendable {
        let segment: Int
        let halves: [any SQLRowSource]
        let end: ExportPosition
    }

    /// Reads what stands behind a place.
    ///
    /// Rows are numbered, so that two ranges of them can be read at the same time. A range in which rows are missing is
    /// a smaller one.
    private func read(_ plan: ExportPlan, behind position: ExportPosition, in tenant: Tenant) async throws -> Chunk? {
        guard plan.segments.indices.contains(position.segment) else { return nil }
        let segment = plan.segments[position.segment]
        let count = min(readRows, partRows)
        let (start, middle) = (position.sequence, position.sequence + Int64(count))
        let end = middle + Int64(count)
        async let first = store.rows(segment, after: start, upTo: middle, limit: count, in: tenant)
        var halves: [any SQLRowSource] = []
        if middle < segment.mark {
            async let second = store.rows(segment, after: middle, upTo: end, limit: count, in: tenant)
            halves = try await [first, second]
        } else {
            halves = try await [first]
        }
        return Chunk(
            segment: position.segment, halves: halves,
            end: end < segment.mark
                ? ExportPosition(segment: position.segment, sequence: end)
                : ExportPosition(segment: position.segment + 1))
    }

    /// Fills a part with whole chunks, until it has as many rows as a part should have or there are no more.
    ///
    /// While a chunk is written, the next one is read.
    ///
    /// - Returns: how many rows the part has, and whether these were the last.
    private func fill(
        _ buffer: inout [UInt8], _ lines: ExportLinesSteps, _ export: inout Export, ahead: inout Chunk?,
        in tenant: Tenant
    ) async throws -> (rows: Int, isOver: Bool) {
        var written = 0
        while written < partRows, let chunk = ahead {
            async let following = read(export.plan, behind: chunk.end, in: tenant)
            let segment = export.plan.segments[chunk.segment]
            for rows in chunk.halves {
                for row in 0..<rows.rowCount {
                    if let chosen = segment.chosen, !chosen.contains(try ExportLinesSteps.sequence(rows, row)) {
                        continue
                    }
                    try lines.append(row, of: rows, in: segment, to: &buffer)
                    written += 1
                }
            }
            export.position = chunk.end
            ahead = try await following
        }
        return (written, ahead == nil)
    }

    /// Decides once which rows pass the filter, as facts change while the file is written.
    private func choose(_ export: inout Export, in tenant: Tenant) async throws {
        var total = 0
        for index in export.plan.segments.indices {
            var chosen = SequenceSet()
            var position: Int64 = 0
            while true {
                let some = try await store.chosen(
                    export.plan.segments[index], export.plan.filter, after: position,
                    limit: Export.Bounds.partRows, in: tenant)
                for sequence in some { chosen.insert(sequence) }
                guard some.count == Export.Bounds.partRows, let last = some.last else { break }
                position = last
            }
            total += chosen.count
            export.plan.segments[index].chosen = chosen
        }
        export.rowsPlanned = min(total, Export.Bounds.rows)
    }

    /// Joins the parts and makes the file ready, if it holds what was promised.
    private func seal(
        _ export: Export, _ assembly: BlobAssembly, in tenant: Tenant,
        finish: (Export, WriteTransaction) async throws -> Void
    ) async throws -> Outcome {
        guard export.rowsWritten == export.rowsPlanned else {
            return try await fail(
                export, "\(export.rowsWritten) rows were found where \(export.rowsPlanned) had been promised",
                in: tenant)
        }
        let kept = try await store.parts(of: export.id, limit: BlobAssembly.Bounds.parts, in: tenant)
        let parts = kept.compactMap { part in
            BlobHash(part.sha256).map {
                BlobAssembly.Part(number: part.number, size: ByteCount(part.bytes), hash: $0)
            }
        }
        guard parts.count == export.parts, kept.reduce(0, { $0 + $1.rows }) == export.rowsPlanned else {
            return try await fail(export, "the parts that were kept are not all of the file", in: tenant)
        }
        let bytes = ByteCount(kept.reduce(0) { $0 + $1.bytes })
        let receipt = try await assembly.join(
            parts,
            upload: BlobUpload(contentType: export.format.mediaType, sizeMax: Export.Bounds.bytes, length: bytes))
        try pass(.joined)
        var ready = export
        ready.sha256 = receipt.info.hash.description
        ready.bytesWritten = bytes.bytes
        ready.state = .ready
        let file = ready
        let now = clock.now()
        let isReady = try await storage.write(for: tenant) { transaction in
            let ended = try await store.end(
                file.id, as: .ready, sha256: file.sha256, bytes: file.bytesWritten, at: now, through: transaction,
                in: tenant)
            if ended { try await finish(file, transaction) }
            return ended
        }
        guard isReady else {
            // Cancelled meanwhile; a file that another worker has made ready stays.
            if try await store.export(file.id, through: storage.reader(for: tenant), in: tenant)?.state != .ready {
                _ = try await blobs.delete(assembly.key, for: tenant)
            }
            return .dropped
        }
        try pass(.ended)
        try await assembly.discard()
        try await told(file, tenant)
        return .ready
    }

    /// Gives a file up: its bytes are out of reach and go.
    func fail(_ export: Export, _ reason: String, in tenant: Tenant) async throws -> Outcome {
        let ended = try await end(export, as: .failed, reason, in: tenant)
        return ended ? .failed(reason) : .dropped
    }

    /// Ends a file that is under way, and removes what there is of it.
    func end(
        _ export: Export, as state: Export.State, _ reason: String?, in tenant: Tenant
    ) async throws -> Bool {
        let now = clock.now()
        let ended = try await storage.write(for: tenant) { transaction in
            try await store.end(
                export.id, as: state, failure: reason, at: now, through: transaction, in: tenant)
        }
        guard ended else { return false }
        try await BlobAssembly(Self.key(of: export.id, export.format), for: tenant, in: blobs).discard()
        var copy = export
        copy.state = state
        try await told(copy, tenant)
        return true
    }

    // MARK: Files within a request

    /// The bytes of a file that is small enough to be made at once; `nil` when it is not.
    func bytes(of export: Export, in tenant: Tenant) async throws -> (bytes: [UInt8], rows: Int)? {
        let lines = ExportLinesSteps(export.plan, export.format)
        var buffer: [UInt8] = []
        lines.appendHead(to: &buffer)
        var written = 0
        for segment in export.plan.segments where segment.mark > 0 {
            let left = Export.Bounds.inlineRows + 1 - written
            guard left > 0 else { return nil }
            let rows = try await store.rows(
                segment, filter: export.plan.filter, after: 0, limit: left, in: tenant)
            for row in 0..<rows.rowCount { try lines.append(row, of: rows, in: segment, to: &buffer) }
            written += rows.rowCount
            guard written <= Export.Bounds.inlineRows, buffer.count <= Export.Bounds.inlineBytes else { return nil }
        }
        return (buffer, written)
    }

    // MARK: Ends of time

    /// Removes files whose seven days are over, in all tenants; returns how many.
    func expire(limit: Int = 1_000) async throws -> Int {
        let ending = try await store.ending(before: clock.now(), limit: limit)
        for file in ending {
            _ = try await blobs.delete(Self.key(of: file.id, file.format), for: file.tenant)
            try await store.expire(file.id, in: file.tenant)
        }
        return ending.count
    }
}
