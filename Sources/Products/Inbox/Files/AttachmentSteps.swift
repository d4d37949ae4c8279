import Base
import Blobs
import Crypto
import Foundation
import InboxVendors
import Jobs
import NIOCore
import Outbound
import Storage

/// Copies what customers attach, and their pictures, from vendors' addresses, which do not last, into our store.
///
/// The way out refuses private addresses, at each redirect too: an attachment's address is somebody else's word.
struct AttachmentSteps: Sendable {
    enum Bounds {
        static let redirects = 3
        static let deadline: Duration = .seconds(120)
        static let picture = ByteCount.mebibytes(5)
    }

    let storage: Storage
    let outbound: OutboundClient?
    let files: FileDesk
    let channels: ChannelDesk
    let topics: InboxTopics
    let clock: any WallClock
    let randomness: any Randomness

    private var conversations: ConversationStore { ConversationStore(storage: storage) }
    private var contacts: ContactStore { ContactStore(storage: storage) }

    // MARK: Attachments

    /// Copies what of a message's files is still at the vendor's.
    ///
    /// - Throws: what is to be tried again.
    func fetch(_ id: ID<Message>, in tenant: Tenant, isLastAttempt: Bool) async throws {
        let found = try await ReplyStore(storage: storage).message(
            id, through: storage.reader(for: tenant), in: tenant)
        guard let message = found, message.deletedAt == nil else { return }
        let open = try await channels.channel(message.channelID, in: tenant)
        for (index, file) in message.files.enumerated() where file.isWaiting {
            let copy = try await copy(file, at: index, of: message, open, in: tenant, isLastAttempt: isLastAttempt)
            try await note(copy, at: index, of: message, in: tenant)
        }
    }

    /// What became of a file.
    private enum Copy: Sendable {
        case kept(StoredFile)
        case failed(String)
    }

    private func copy(
        _ file: MessageFile, at index: Int, of message: Message, _ open: OpenChannel, in tenant: Tenant,
        isLastAttempt: Bool
    ) async throws -> Copy {
        do {
            guard let place = try await place(of: file, open) else { return .failed("gone") }
            let id = ID<StoredFile>.copy(index, of: message.id)
            let (bytes, mediaType) = try await download(
                place, as: id, claimed: file.mediaType, sizeMax: StoredFile.Bounds.bytes, in: tenant)
            return .kept(
                StoredFile(
                    id: id, channelID: message.channelID, conversationID: message.conversationID, messageID: message.id,
                    origin: .vendor, kind: file.kind, name: file.name, mediaType: mediaType, bytes: bytes,
                    createdAt: clock.now()))
        } catch let failure as Refused {
            return .failed(failure.reason)
        } catch let error as InboxError where error.code == .fileTooLarge {
            return .failed("tooLarge")
        } catch let error as InboxError where error.code == .messageInvalid {
            return .failed("empty")
        } catch  where isLastAttempt && !(error is CancellationError) && !(error is StorageError) {
            return .failed("unreachable")
        }
    }

    /// That a file cannot be had, now or later.
    private struct Refused: Error {
        let reason: String
    }

    private func place(of file: MessageFile, _ open: OpenChannel) async throws -> Secret<String>? {
        let attachment = InboundAttachment(
            InboundAttachment.Kind(rawValue: file.kind) ?? .file,
            file.address.map { .address($0) } ?? file.reference.map { .reference($0) } ?? .none, name: file.name,
            mediaType: file.mediaType)
        do throws(VendorFailure) {
            return try await open.adapter.place(of: attachment, over: open.line)?.address
        } catch {
            throw Self.again(error)
        }
    }

    /// What a vendor's failure means for whoever wanted something of it.
    private static func again(_ failure: VendorFailure) -> any Error {
        switch failure {
        case .tokenExpired: JobFailure.retry(after: .seconds(600), "the channel's token is over")
        case .tryAgain(let pause): JobFailure.throttled(after: pause)
        case .refused: Refused(reason: "refused")
        case .unreadable: Refused(reason: "unreadable")
        case .cancelled: CancellationError()
        }
    }

    /// Fetches bytes into the store.
    private func download(
        _ place: Secret<String>, as id: ID<StoredFile>, claimed: String?, sizeMax: ByteCount, in tenant: Tenant
    ) async throws -> (bytes: Int, mediaType: String) {
        guard let outbound, let address = place.reveal({ OutboundAddress($0) }) else {
            throw Refused(reason: "addressRefused")
        }
        do {
            let download = try await outbound.open(
                OutboundRequest(
                    .get, address, deadline: Bounds.deadline, responseMax: sizeMax, redirectsMax: Bounds.redirects))
            guard download.status == 200 else {
                guard download.status >= 500 || download.status == 429 else { throw Refused(reason: "gone") }
                throw JobFailure.retry(after: .seconds(30), "the file's server answers \(download.status)")
            }
            let mediaType = StoredFile.safeType(download.headers["content-type"] ?? claimed)
            let info = try await files.store(
                DownloadedBytes(reader: download.content), as: id, mediaType, in: tenant)
            return (info.size.bytes, mediaType)
        } catch let error as OutboundError {
            switch error.code {
            case .addressRefused, .requestInvalid, .redirectRefused: throw Refused(reason: "addressRefused")
            case .tooLarge: throw Refused(reason: "tooLarge")
            case .unresolved, .unreachable, .tls, .timedOut, .closed, .malformed, .busy, .contentFailed, .cancelled:
                throw error
            }
        }
    }

    private func note(_ copy: Copy, at index: Int, of message: Message, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            guard
                let head = try await conversations.locked(message.conversationID, through: transaction, in: tenant),
                let now = try await ReplyStore(storage: storage).message(message.id, through: transaction, in: tenant),
                now.files.indices.contains(index), now.files[index].isWaiting
            else { return }
            var changed = now.files
            switch copy {
            case .failed(let reason): changed[index].failure = reason
            case .kept(let file):
                changed[index].id = file.id
                changed[index].bytes = file.bytes
                changed[index].mediaType = file.mediaType
                try await files.store.insert(file, through: transaction, in: tenant)
            }
            let written = try await MessageStore(storage: storage).set(
                changed, of: message.id, through: transaction, in: tenant)
            if let written { try topics.publish(changed: [written], of: head.id, in: transaction) }
        }
    }

    // MARK: Who customers are

    /// Asks a vendor who somebody is that it has not told of, and copies their picture.
    ///
    /// - Throws: what is to be tried again.
    func introduce(_ id: ID<ContactPoint>, in tenant: Tenant) async throws {
        guard let known = try await contacts.known(id, through: storage.reader(for: tenant), in: tenant) else { return }
        let open = try await channels.channel(known.point.channelID, in: tenant)
        var profile: InboundProfile?
        if known.name == Contact.nameless || known.picture == nil {
            do throws(VendorFailure) {
                profile = try await open.adapter.profile(of: known.point.externalUserID, over: open.line)
            } catch {
                let failure = Self.again(error)
                guard failure is Refused else { throw failure }
            }
        }
        if let name = profile?.name.storable.trimmed, !name.isEmpty, known.name == Contact.nameless {
            try await rename(known.point.contactID, to: name, in: tenant)
        }
        let picture = profile?.picture ?? known.picture
        guard let picture, picture.hasPrefix("http"), let file = try await copy(picture, known.point, in: tenant) else {
            return
        }
        try await storage.write(for: tenant) { transaction in
            try await files.store.insert(file, through: transaction, in: tenant)
            try await contacts.set(
                picture: WidgetNote.filePrefix + file.id.description, of: id, transaction, in: tenant)
        }
    }

    private func rename(_ id: ID<Contact>, to name: String, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            guard var contact = try await contacts.locked([id], through: transaction, in: tenant)[id],
                contact.name == Contact.nameless
            else { return }
            contact.name = name.firstScalars(Contact.Bounds.nameCharacters)
            try await contacts.update(contact, through: transaction, in: tenant)
            try await contacts.rename(contact, through: transaction, in: tenant)
        }
    }

    private func copy(_ address: String, _ point: ContactPoint, in tenant: Tenant) async throws -> StoredFile? {
        let id = ID<StoredFile>.picture(of: point.id)
        do {
            let (bytes, mediaType) = try await download(
                Secret(address), as: id, claimed: nil, sizeMax: Bounds.picture, in: tenant)
            guard mediaType.hasPrefix("image/") else { return nil }
            return StoredFile(
                id: id, channelID: point.channelID, origin: .picture, kind: InboundAttachment.Kind.image.rawValue,
                name: nil, mediaType: mediaType, bytes: bytes, createdAt: clock.now())
        } catch is Refused {
            return nil
        } catch is InboxError {
            return nil
        }
    }
}

/// The bytes of a response, as a store takes them.
private struct DownloadedBytes: AsyncSequence, Sendable {
    let reader: OutboundReader

    struct Iterator: AsyncIteratorProtocol {
        let reader: OutboundReader

        mutating func next() async throws -> ByteBuffer? { try await reader.next() }
    }

    func makeAsyncIterator() -> Iterator { Iterator(reader: reader) }
}

extension ID where Entity == StoredFile {
    /// The copy of a message's file: the same whenever it is fetched again, so that a crash leaves nothing behind.
    fileprivate static func copy(_ index: Int, of message: ID<Message>) -> ID<StoredFile> {
        made(from: "inbox.copy/\(message)/\(index)")
    }

    /// The copy of somebody's picture.
    static func picture(of point: ID<ContactPoint>) -> ID<StoredFile> { made(from: "inbox.picture/\(point)") }

    private static func made(from text: String) -> ID<StoredFile> {
        let raw = ID(bytes: Array(SHA256.hash(data: Data(text.utf8)).prefix(16))) ?? ID(high: 0, low: 0)
        return ID(
            high: raw.high & 0xFFFF_FFFF_FFFF_0FFF | 0x8000,
            low: raw.low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000)
    }
}
