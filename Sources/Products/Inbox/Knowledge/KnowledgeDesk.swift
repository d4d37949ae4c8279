import AIProviders
import Base
import Blobs
import Crypto
import Jobs
import NIOCore
import Retrieval
import Storage

/// Takes documents: kept as they came, read and cut by a job, found as soon as all of their passages are.
final class KnowledgeDesk: Sendable {
    let store: KnowledgeStore
    private let storage: Storage
    private let blobs: any BlobStore
    private let retrieval: Retrieval
    private let pdfs: PDFReader
    private let clock: any WallClock
    private let randomness: any Randomness

    init(
        storage: Storage, blobs: any BlobStore, retrieval: Retrieval, clock: any WallClock, randomness: any Randomness
    ) {
        self.storage = storage
        self.blobs = blobs
        self.retrieval = retrieval
        self.clock = clock
        self.randomness = randomness
        store = KnowledgeStore(storage: storage)
        pdfs = PDFReader(clock: clock, randomness: randomness)
    }

    private static func key(of id: ID<KnowledgeDocument>) -> BlobKey {
        guard let key = BlobKey("inbox/documents/\(id)") else { preconditionFailure("an id makes no key") }
        return key
    }

    /// Takes a document.
    ///
    /// - Parameters:
    ///   - bytes: the file.
    ///   - form: what it is.
    ///   - title: what it is called.
    ///   - person: who gives it.
    ///   - tenant: whose it is.
    /// - Returns: the document, which waits to be read.
    /// - Throws: `inbox.documentTooLarge`, `inbox.documentUnreadable`, `inbox.documentKnown`, `inbox.limitReached`.
    func add(
        _ bytes: [UInt8], as form: DocumentText.Form, titled title: String, by person: ID<Person>, in tenant: Tenant
    ) async throws -> KnowledgeDocument {
        guard bytes.count <= KnowledgeDocument.Bounds.bytes.bytes else {
            throw InboxError(
                .documentTooLarge, "A document has at most \(KnowledgeDocument.Bounds.bytes).",
                context: ["limit": "\(KnowledgeDocument.Bounds.bytes.bytes)"])
        }
        guard form == .pdf || String(validating: bytes, as: UTF8.self) != nil else {
            throw InboxError(.documentUnreadable, "The document is not in UTF-8: save it as UTF-8 text.")
        }
        guard form != .pdf || pdfs.isInstalled else {
            throw InboxError(.documentUnreadable, "PDF files cannot be read on this machine: install pdftotext.")
        }
        let name = title.storable.trimmed.firstScalars(KnowledgeDocument.Bounds.titleCharacters)
        let now = clock.now()
        let document = KnowledgeDocument(
            id: ID(at: now, using: randomness), title: name.isEmpty ? "Untitled" : name, form: form.rawValue,
            bytes: bytes.count, hash: Base64URL.encode(Array(SHA256.hash(data: bytes))), state: .waiting, passages: 0,
            personID: person, createdAt: now)
        // The file first: what a crash leaves without a row is found by nobody and costs only room.
        _ = try await blobs.put(
            .key(Self.key(of: document.id)), for: tenant,
            BlobUpload(contentType: form.rawValue, sizeMax: KnowledgeDocument.Bounds.bytes),
            content: ByteBuffer(bytes: bytes))
        try await storage.write(for: tenant) { transaction in
            guard try await store.insert(document, through: transaction, in: tenant) else {
                throw InboxError(.documentKnown, "The same document is there already.")
            }
            let max = KnowledgeDocument.Bounds.documents
            guard try await store.raise(by: 1, max: max, through: transaction, in: tenant) else {
                throw InboxError(
                    .limitReached, "A company has at most \(max) documents.", context: ["limit": "\(max)"])
            }
            try InboxJobs.index(document.id, in: transaction)
        }
        return document
    }

    /// Reads a document, cuts it and makes its passages findable, all at once.
    func index(_ id: ID<KnowledgeDocument>, in tenant: Tenant) async throws {
        let found = try await store.document(id, through: storage.reader(for: tenant), in: tenant)
        guard let document = found, document.state != .ready else { return }
        do {
            guard let download = try await blobs.get(Self.key(of: id), for: tenant) else {
                return try await settle(document, .failed, "fileGone", in: tenant)
            }
            let buffer = try await download.collect(sizeMax: KnowledgeDocument.Bounds.bytes)
            let text = try await text(Array(buffer.readableBytesView), document)
            let read = try await retrieval.add(
                DocumentDraft(id.cast(to: ID<Document>.self), title: document.title, text: text),
                to: BotDesk.collection, for: tenant)
            try await settle(document, .ready, nil, passages: read.passages, in: tenant)
        } catch let error as RetrievalError where error.code != .contended {
            try await settle(document, .failed, error.code.rawValue, in: tenant)
        }
    }

    /// Says of a document that it could not be read in all its attempts, so that nobody waits for it.
    func giveUp(_ id: ID<KnowledgeDocument>, in tenant: Tenant) async throws {
        let found = try await store.document(id, through: storage.reader(for: tenant), in: tenant)
        guard let document = found, document.state == .waiting else { return }
        try await settle(document, .failed, "gaveUp", in: tenant)
    }

    private func text(_ bytes: [UInt8], _ document: KnowledgeDocument) async throws -> DocumentText {
        let form = DocumentText.Form(rawValue: document.form) ?? .text
        return form == .pdf ? try await pdfs.read(bytes) : try DocumentText(bytes, as: form)
    }

    private func settle(
        _ document: KnowledgeDocument, _ state: KnowledgeDocument.State, _ reason: String?, passages: Int = 0,
        in tenant: Tenant
    ) async throws {
        let now = clock.now()
        let isThere = try await storage.write(for: tenant) { transaction in
            let isThere = try await store.settle(
                document.id, as: state, reason, passages: passages, at: now, through: transaction, in: tenant)
            _ = try await store.raise(by: 0, max: .max, through: transaction, in: tenant)
            try InboxJobs.prepare(after: PreparedDesk.Bounds.pause, in: transaction)
            return isThere
        }
        // It was deleted while it was read: nothing of it may be found.
        if !isThere { try await forget(document.id, in: tenant) }
    }

    private func forget(_ id: ID<KnowledgeDocument>, in tenant: Tenant) async throws {
        try await retrieval.remove(
            id.cast(to: ID<Document>.self), from: BotDesk.collection, for: tenant)
        _ = try await blobs.delete(Self.key(of: id), for: tenant)
    }

    /// Removes a document; no answer that begins after this has returned is based on it.
    ///
    /// - Throws: `inbox.notFound`.
    func remove(_ id: ID<KnowledgeDocument>, in tenant: Tenant) async throws {
        let isDone = try await storage.write(for: tenant) { transaction in
            guard try await store.delete(id, through: transaction, in: tenant) else { return false }
            try InboxJobs.prepare(after: PreparedDesk.Bounds.pause, in: transaction)
            return try await store.raise(by: -1, max: .max, through: transaction, in: tenant)
        }
        guard isDone else { throw InboxError.missing("document") }
        try await forget(id, in: tenant)
    }
}

/// What a document may be, as the API names it.
enum KnowledgeForm: String, Sendable, Hashable, Codable, CaseIterable {
    case text, markdown, html, pdf

    var form: DocumentText.Form {
        switch self {
        case .text: .text
        case .markdown: .markdown
        case .html: .html
        case .pdf: .pdf
        }
    }
}
