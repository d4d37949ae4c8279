import Base
import Crypto
import Jobs
import NIOCore
import Outbound
import Retrieval
import Storage

/// Reads addresses for the bot, and keeps what it found as a document like any other.
///
/// The former document stays until the new one is taken, so that an address that is down for a day is answered from.
final class SourceDesk: Sendable {
    let store: SourceStore
    private let storage: Storage
    private let outbound: OutboundClient?
    private let knowledge: KnowledgeDesk
    private let clock: any WallClock
    private let randomness: any Randomness

    init(
        storage: Storage, outbound: OutboundClient?, knowledge: KnowledgeDesk, clock: any WallClock,
        randomness: any Randomness
    ) {
        self.storage = storage
        self.outbound = outbound
        self.knowledge = knowledge
        self.clock = clock
        self.randomness = randomness
        store = SourceStore(storage: storage)
    }

    /// Enters an address, which is read at once and then once a week.
    ///
    /// - Throws: `inbox.sourceInvalid` for an address that is none or may not be called; `inbox.documentKnown` when it is
    ///   there already, or there are as many as there may be.
    func add(_ address: String, titled title: String?, by person: ID<Person>, in tenant: Tenant) async throws
        -> KnowledgeSource
    {
        let text = address.trimmed
        guard (1...KnowledgeSource.Bounds.addressBytes).contains(text.utf8.count), let target = OutboundAddress(text),
            target.ip.map({ outbound?.rule.allows($0, of: target) ?? false }) ?? true
        else {
            throw InboxError(.sourceInvalid, "Give a public address, as in https://www.example.com/help.")
        }
        let now = clock.now()
        let name = (title ?? "").storable.trimmed.firstScalars(KnowledgeDocument.Bounds.titleCharacters)
        let source = KnowledgeSource(
            id: ID(at: now, using: randomness), address: target.description,
            title: name.isEmpty
                ? target.description.firstScalars(KnowledgeDocument.Bounds.titleCharacters) : name, state: .waiting,
            nextAt: now, personID: person, createdAt: now)
        try await storage.write(for: tenant) { transaction in
            guard try await store.insert(source, through: transaction, in: tenant) else {
                throw InboxError(
                    .documentKnown,
                    "The address is there already, or there are \(KnowledgeSource.Bounds.sources) of them.")
            }
            try InboxJobs.readSource(source.id, in: transaction)
        }
        return source
    }

    /// Removes an address with what was found there.
    ///
    /// - Throws: `inbox.notFound`.
    func remove(_ id: ID<KnowledgeSource>, in tenant: Tenant) async throws {
        guard let source = try await store.source(id, through: storage.reader(for: tenant), in: tenant),
            try await store.delete(id, through: storage.writer(for: tenant), in: tenant)
        else { throw InboxError.missing("address") }
        if let document = source.documentID { try await forget(document, in: tenant) }
    }

    /// Has an address be read now.
    ///
    /// - Throws: `inbox.notFound`.
    func refresh(_ id: ID<KnowledgeSource>, in tenant: Tenant) async throws {
        guard try await store.source(id, through: storage.reader(for: tenant), in: tenant) != nil else {
            throw InboxError.missing("address")
        }
        try await storage.write(for: tenant) { transaction in try InboxJobs.readSource(id, in: transaction) }
    }

    private func forget(_ id: ID<KnowledgeDocument>, in tenant: Tenant) async throws {
        do {
            try await knowledge.remove(id, in: tenant)
        } catch let error as InboxError where error.code == .notFound {
            // Somebody has removed it by hand.
        }
    }

    // MARK: Reading

    /// Reads an address, and says when it is read next.
    ///
    /// - Throws: what has it be read again sooner; nothing more in the last attempt.
    func read(_ id: ID<KnowledgeSource>, in tenant: Tenant, isLastAttempt: Bool) async throws {
        guard var source = try await store.source(id, through: storage.reader(for: tenant), in: tenant) else { return }
        do {
            let page = try await page(of: source)
            let former = source.documentID
            if page.hash != source.hash || former == nil {
                let document = try await knowledge.add(
                    page.bytes, as: page.form, titled: source.title, by: source.personID, in: tenant)
                source.documentID = document.id
            }
            (source.hash, source.state, source.reason) = (page.hash, .good, nil)
            try await settle(source, in: tenant)
            if let former, former != source.documentID { try await forget(former, in: tenant) }
        } catch let failure as Unread {
            (source.state, source.reason) = (.failed, failure.reason)
            try await settle(source, in: tenant)
        } catch let error as InboxError {
            (source.state, source.reason) = (.failed, error.code.rawValue)
            try await settle(source, in: tenant)
        } catch let error as OutboundError where isLastAttempt {
            (source.state, source.reason) = (.failed, error.code.rawValue)
            try await settle(source, in: tenant)
        }
    }

    private func settle(_ source: KnowledgeSource, in tenant: Tenant) async throws {
        let now = clock.now()
        var noted = source
        noted.checkedAt = now
        noted.nextAt = now + KnowledgeSource.Bounds.pause
        let settled = noted
        let isThere = try await storage.write(for: tenant) { transaction in
            let isThere = try await store.note(settled, through: transaction, in: tenant)
            if isThere {
                try InboxJobs.readSource(settled.id, after: KnowledgeSource.Bounds.pause, in: transaction)
            }
            return isThere
        }
        // It was removed while it was read.
        if !isThere, let document = settled.documentID { try await forget(document, in: tenant) }
    }

    /// That an address has nothing that can be read, now or in an hour.
    private struct Unread: Error {
        let reason: String
    }

    private struct Page {
        let bytes: [UInt8]
        let form: DocumentText.Form
        let hash: String
    }

    private func page(of source: KnowledgeSource) async throws -> Page {
        guard let outbound, let address = OutboundAddress(source.address) else { throw Unread(reason: "noWay") }
        let request = OutboundRequest(
            .get, address, headers: ["accept": "text/html, text/markdown, text/plain, application/pdf;q=0.8"],
            deadline: .seconds(60), responseMax: KnowledgeSource.Bounds.page,
            redirectsMax: KnowledgeSource.Bounds.redirects)
        let response: OutboundResponse
        do {
            response = try await outbound.send(request)
        } catch {
            switch error.code {
            case .addressRefused, .requestInvalid, .redirectRefused: throw Unread(reason: "addressRefused")
            case .tooLarge: throw Unread(reason: "tooLarge")
            case .unresolved, .unreachable, .tls, .timedOut, .closed, .malformed, .busy, .contentFailed, .cancelled:
                throw error
            }
        }
        guard response.status == 200 else {
            guard response.status >= 500 || response.status == 429 else {
                throw Unread(reason: "status\(response.status)")
            }
            throw OutboundError(.unreachable, "The address answers \(response.status).")
        }
        let bytes = Array(response.content.readableBytesView)
        guard let form = Self.form(of: response.headers["content-type"]) else { throw Unread(reason: "mediaType") }
        return Page(bytes: bytes, form: form, hash: Base64URL.encode(Array(SHA256.hash(data: bytes))))
    }

    private static func form(of contentType: String?) -> DocumentText.Form? {
        let type = (contentType ?? "text/html").prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace }
        return type == "application/xhtml+xml" ? .html : DocumentText.Form(rawValue: type)
    }
}
