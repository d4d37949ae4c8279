import Base
import Blobs
import Storage

/// Takes wishes for files of everything, and hands ready ones out.
final class ExportDesk: Sendable {
    let steps: ExportSteps
    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness

    var store: OrderedExportStore { steps.store }
    var blobs: any BlobStore { steps.blobs }

    init(
        storage: Storage, blobs: any BlobStore, notices: NoticeDesk, clock: any WallClock, randomness: any Randomness
    ) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        steps = ExportSteps(
            storage: storage, store: OrderedExportStore(storage: storage), rows: ExportStore(storage: storage),
            blobs: blobs, clock: clock, notices: notices)
    }

    /// Asks for files of everything that is there now.
    ///
    /// - Throws: `inbox.settingInvalid` without a noun; `inbox.limitReached` when three are in the making.
    func order(_ nouns: [ExportNoun], by person: ID<Person>, in tenant: Tenant) async throws -> Export {
        let wanted = ExportNoun.allCases.filter(nouns.contains)
        guard !wanted.isEmpty else {
            throw InboxError(
                .settingInvalid, "Say what is to be exported: contacts, conversations or messages.",
                context: ["field": "nouns"])
        }
        let now = clock.now()
        let export = Export(
            id: ID(at: now, using: randomness), personID: person, nouns: wanted, state: .queued, createdAt: now)
        try await storage.write(for: tenant) { transaction in
            guard try await store.insert(export, through: transaction, in: tenant) else {
                throw InboxError(
                    .limitReached, "\(Export.Bounds.running) exports are in the making; wait for one.",
                    retryAfter: .seconds(10), context: ["limit": "\(Export.Bounds.running)"])
            }
            try InboxJobs.export(export.id, in: transaction)
        }
        return export
    }

    /// - Throws: `inbox.notFound`.
    func export(_ id: ID<Export>, in tenant: Tenant) async throws -> Export {
        let found = try await store.export(id, through: storage.reader(for: tenant), in: tenant)
        guard let found else { throw InboxError.missing("export") }
        return found
    }

    /// A file that is whole.
    ///
    /// - Throws: `inbox.notFound`, `inbox.exportNotReady`, `inbox.exportExpired`.
    func file(
        _ noun: ExportNoun, of id: ID<Export>, in tenant: Tenant
    ) async throws -> (file: Export.File, key: BlobKey) {
        let export = try await export(id, in: tenant)
        try export.checkReady(at: clock.now())
        guard let file = export.files.first(where: { $0.noun == noun }) else { throw InboxError.missing("file") }
        return (file, ExportSteps.key(of: id, noun))
    }

    /// What tells whether a copy of the files is whole.
    ///
    /// - Throws: as ``file(_:of:in:)``.
    func manifest(of id: ID<Export>, in tenant: Tenant) async throws -> (export: Export, parts: [ExportPart]) {
        let export = try await export(id, in: tenant)
        try export.checkReady(at: clock.now())
        return (export, try await store.parts(of: id, in: tenant))
    }
}
