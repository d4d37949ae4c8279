import Accounts
import Base
import Blobs
import Jobs
import NIOCore
import Storage

/// Takes wishes for files, makes small ones at once, and hands ready ones out.
final class ExportDesk: Sendable {
    enum Bounds {
        static let page = 20
        /// How often a place is tried for when others take it at the same moment.
        static let attempts = 4
    }

    let steps: ExportSteps
    let store: ExportStore
    let blobs: any BlobStore
    private let storage: Storage
    private let notifications: Notifications
    private let clock: any WallClock
    private let randomness: any Randomness

    init(
        storage: Storage, blobs: any BlobStore, notifications: Notifications, clock: any WallClock,
        randomness: any Randomness
    ) {
        self.storage = storage
        self.blobs = blobs
        self.notifications = notifications
        self.clock = clock
        self.randomness = randomness
        store = ExportStore(storage: storage)
        steps = ExportSteps(storage: storage, store: store, blobs: blobs, clock: clock)
    }

    /// What somebody wants a file of.
    struct Wish: Sendable {
        let source: Export.Source
        let id: ID<ExportSource>
        var format = Export.Format.csv
        var filter = MatchFilter()
        /// Whether a small file comes with the answer.
        var isInline = true
    }

    /// What a wish has led to.
    enum Answer: Sendable {
        /// A small file, whole.
        case file(Export, [UInt8])
        /// A file that is being made.
        case queued(Export)
    }

    /// Fixes what a file will hold and makes it: at once when it is small, else by job.
    ///
    /// - Throws: `discovery.notFound`; `discovery.exportTooLarge`; `discovery.exportLimit` when three files of the
    ///   workspace are in the making.
    func order(_ wish: Wish, by asker: Asker, in tenant: Tenant) async throws -> Answer {
        let planned = try await store.segments(of: wish.source, wish.id, wish.filter, for: asker, in: tenant)
        guard let first = planned.first else { throw DiscoveryError.missing(wish.source.rawValue) }
        let rows = planned.reduce(0) { $0 + $1.rows }
        guard rows <= Export.Bounds.rows else {
            throw DiscoveryError(
                .exportTooLarge, "A file holds \(Wording.number(Export.Bounds.rows)) rows; this one would need more.",
                context: ["rows": "\(rows)", "limit": "\(Export.Bounds.rows)"])
        }
        let now = clock.now()
        let plan = ExportPlan(
            columns: ExportColumn.all(of: wish.source), filter: wish.filter, segments: planned.map(\.segment),
            fields: first.fields.filter { $0.key != ListField.stageKey })
        let export = Export(
            id: ID(at: now, using: randomness), personID: asker.person,
            title: wish.source == .campaign ? "Campaign, \(Wording.count(planned.count, "run"))" : first.segment.title,
            source: wish.source, sourceID: wish.id, format: wish.format, plan: plan, state: .queued, rowsPlanned: rows,
            rowsWritten: 0, bytesWritten: 0, parts: 0, position: ExportPosition(), createdAt: now,
            expiresAt: now + Export.Bounds.lifetime)
        if wish.isInline, rows <= Export.Bounds.inlineRows,
            let (bytes, written) = try await steps.bytes(of: export, in: tenant)
        {
            return try await keep(export, bytes, rows: written, in: tenant)
        }
        try await enqueue(export, in: tenant)
        return .queued(export)
    }

    /// Keeps a small file, so that it stands in the history and can be had again.
    private func keep(_ export: Export, _ bytes: [UInt8], rows: Int, in tenant: Tenant) async throws -> Answer {
        let receipt = try await blobs.put(
            .key(ExportSteps.key(of: export.id, export.format)), for: tenant,
            BlobUpload(contentType: export.format.mediaType, sizeMax: Export.Bounds.bytes),
            content: ByteBuffer(bytes: bytes))
        var ready = export
        ready.state = .ready
        ready.rowsPlanned = rows
        ready.rowsWritten = rows
        ready.bytesWritten = bytes.count
        ready.sha256 = receipt.info.hash.description
        ready.finishedAt = export.createdAt
        let file = ready
        try await storage.write(for: tenant) { transaction in
            _ = try await store.insert(file, through: transaction, in: tenant)
            try record(file, in: transaction)
        }
        return .file(file, bytes)
    }

    private func enqueue(_ export: Export, in tenant: Tenant) async throws {
        for attempt in 1... {
            do {
                try await storage.write(for: tenant) { transaction in
                    guard try await store.insert(export, through: transaction, in: tenant) else {
                        throw DiscoveryError(
                            .exportLimit,
                            "\(Export.Bounds.running) files of the workspace are in the making; wait for one.",
                            retryAfter: .seconds(10), context: ["limit": "\(Export.Bounds.running)"])
                    }
                    try transaction.enqueue(ExportJobs.write, export.id, key: export.id.description)
                }
                return
            } catch let error as StorageError where error.code == .uniqueViolation && attempt < Bounds.attempts {
                // Somebody took the same place a moment ago: the next look finds another one, or none.
            }
        }
    }

    private func record(_ export: Export, in transaction: WriteTransaction) throws(StorageError) {
        try ListJobs.record(
            Activity(
                id: ID(at: clock.now(), using: randomness),
                listID: export.source == .list ? export.sourceID.cast(to: ID<CreatorList>.self) : nil, creatorID: nil,
                personID: export.personID, event: .exported, detail: Wording.count(export.rowsWritten, "row"),
                at: clock.now()), in: transaction)
    }

    // MARK: The job

    /// Makes a file, or goes on with it; whoever asked is told when it is ready.
    func write(
        _ id: ID<Export>, in tenant: Tenant, isCancelled: () -> Bool,
        progress: @escaping @Sendable (Int, Int) async throws -> Void
    ) async throws -> ExportSteps.Outcome {
        var steps = steps
        steps.told = { export, _ in try await progress(export.rowsWritten, max(1, export.rowsPlanned)) }
        return try await steps.write(id, in: tenant, isCancelled: isCancelled) { export, transaction in
            try record(export, in: transaction)
            try await notifications.notify(
                [export.personID], .exportReady,
                NoticeMessage(
                    title: "“\(export.title)” is ready",
                    text: "\(Wording.count(export.rowsWritten, "row")), kept for seven days.", link: Addresses.exports),
                for: tenant, in: transaction)
        }
    }

    /// Gives a file up after the last attempt.
    func giveUp(_ id: ID<Export>, in tenant: Tenant) async throws {
        guard let export = try await store.export(id, through: storage.reader(for: tenant), in: tenant) else { return }
        _ = try await steps.fail(export, "it could not be written after all attempts", in: tenant)
    }

    // MARK: People

    /// Somebody's own export.
    ///
    /// - Throws: `discovery.notFound`.
    func export(_ id: ID<Export>, of person: ID<Person>, in tenant: Tenant) async throws -> Export {
        guard let export = try await store.export(id, through: storage.reader(for: tenant), in: tenant),
            export.personID == person
        else { throw DiscoveryError.missing("export") }
        return export
    }

    /// Somebody's own file that is ready, with its key.
    ///
    /// - Throws: `discovery.notFound`, `discovery.exportNotReady`, `discovery.exportExpired`.
    func file(
        _ id: ID<Export>, of person: ID<Person>, in tenant: Tenant
    ) async throws -> (export: Export, key: BlobKey) {
        let export = try await export(id, of: person, in: tenant)
        try export.checkReady(at: clock.now())
        return (export, ExportSteps.key(of: id, export.format))
    }

    /// Stops a file that is being made; what there is of it goes.
    ///
    /// - Throws: `discovery.notFound`, `discovery.exportEnded`.
    func cancel(_ id: ID<Export>, of person: ID<Person>, in tenant: Tenant) async throws {
        let export = try await export(id, of: person, in: tenant)
        guard export.state.isUnderWay, try await steps.end(export, as: .cancelled, nil, in: tenant) else {
            throw DiscoveryError(
                .exportEnded, "This export has ended already.", context: ["state": export.state.rawValue])
        }
    }
}

extension NoticeKind {
    /// What the product tells people about exports.
    static let exportReady = NoticeKind("discovery.exportReady", "A file of mine is ready to download")
}
