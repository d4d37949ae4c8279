import Base
import Blobs
import Crypto
import Foundation
import InboxVendors
import NIOCore
import Storage
import Web

/// Keeps files: takes uploads as they arrive, and gives bytes to who may see them.
struct FileDesk: Sendable {
    enum Bounds {
        /// How long an address is good by which a vendor fetches a file of an answer.
        static let publicAddress: Duration = .seconds(3_600)
        /// Files that are deleted in one step.
        static let forgotten = 500
    }

    let storage: Storage
    let blobs: any BlobStore
    let keys: [Secret<[UInt8]>]
    /// Where this installation is reached from outside, without a slash at its end; `nil` when nobody has said.
    let publicAddress: String?
    let clock: any WallClock
    let randomness: any Randomness

    var store: FileStore { FileStore(storage: storage) }

    /// What the keys of all files begin with.
    static let prefix = "inbox/files/"

    /// The file whose bytes have a key; `nil` for other keys.
    static func id(of key: BlobKey) -> ID<StoredFile>? {
        guard key.description.hasPrefix(prefix) else { return nil }
        return ID(String(key.description.dropFirst(prefix.count)))
    }

    static func key(of id: ID<StoredFile>) -> BlobKey {
        guard let key = BlobKey("\(prefix)\(id)") else { preconditionFailure("an id makes no key") }
        return key
    }

    /// An upload that is to be.
    struct Upload: Sendable {
        let channel: ID<Channel>
        let origin: StoredFile.Origin
        var owner: String?
        var person: ID<Person>?
        let name: String?
        let mediaType: String?
        let length: ByteCount?
    }

    /// Takes an upload as it arrives; never holds it in memory.
    ///
    /// The bytes come first: what a crash leaves without a row is swept a day later.
    ///
    /// - Throws: `inbox.fileTooLarge`; `inbox.messageInvalid` for an empty one.
    func keep<Chunks: AsyncSequence & Sendable>(
        _ upload: Upload, from chunks: Chunks, in tenant: Tenant
    ) async throws -> StoredFile where Chunks.Element == ByteBuffer {
        let mediaType = StoredFile.safeType(upload.mediaType)
        let now = clock.now()
        let id = ID<StoredFile>(at: now, using: randomness)
        let info = try await store(chunks, as: id, mediaType, length: upload.length, in: tenant)
        let file = StoredFile(
            id: id, channelID: upload.channel, origin: upload.origin, owner: upload.owner, personID: upload.person,
            kind: StoredFile.kind(of: mediaType).rawValue,
            name: upload.name.map { $0.storable.firstScalars(StoredFile.Bounds.nameCharacters) }, mediaType: mediaType,
            bytes: info.size.bytes, createdAt: now)
        try await store.insert(file, through: storage.writer(for: tenant), in: tenant)
        return file
    }

    /// Puts bytes under the id of a file.
    ///
    /// - Throws: `inbox.fileTooLarge`, `inbox.messageInvalid`.
    func store<Chunks: AsyncSequence & Sendable>(
        _ chunks: Chunks, as id: ID<StoredFile>, _ mediaType: String, length: ByteCount? = nil, in tenant: Tenant
    ) async throws -> BlobInfo where Chunks.Element == ByteBuffer {
        do throws(BlobsError) {
            let receipt = try await blobs.put(
                .key(Self.key(of: id)), for: tenant,
                BlobUpload(contentType: mediaType, sizeMax: StoredFile.Bounds.bytes, length: length), from: chunks)
            guard receipt.info.size.bytes > 0 else {
                _ = try await blobs.delete(Self.key(of: id), for: tenant)
                throw BlobsError(.truncated, "the file is empty")
            }
            return receipt.info
        } catch {
            switch error.code {
            case .tooLarge:
                throw InboxError(
                    .fileTooLarge, "A file has at most \(StoredFile.Bounds.bytes).",
                    context: ["limit": "\(StoredFile.Bounds.bytes.bytes)"])
            case .truncated:
                throw InboxError(.messageInvalid, "The file is empty, or has not arrived as a whole: send it again.")
            default: throw error.underlying ?? error
            }
        }
    }

    /// - Throws: `inbox.notFound`.
    func file(_ id: ID<StoredFile>, in tenant: Tenant) async throws -> StoredFile {
        let found = try await store.file(id, through: storage.reader(for: tenant), in: tenant)
        guard let found else { throw InboxError.missing("file") }
        return found
    }

    /// The bytes of a file, or the part that was asked for.
    func answer(_ file: StoredFile, in tenant: Tenant) -> Reply<BlobAnswer> {
        Reply(
            BlobAnswer(Self.key(of: file.id), of: tenant, in: blobs),
            headers: [("content-disposition", file.disposition)])
    }

    /// Deletes the files of what is gone: the bytes first, so that what is left behind by a crash is found again.
    func forget(_ gone: FilesGone, in tenant: Tenant) async throws {
        while true {
            let some = try await store.some(
                of: gone, limit: Bounds.forgotten, through: storage.reader(for: tenant), in: tenant)
            guard !some.isEmpty else { return }
            try await deleteBytes(of: some, in: tenant)
            try await store.delete(some.map(\.id), through: storage.writer(for: tenant), in: tenant)
        }
    }

    func deleteBytes(of files: [StoredFile], in tenant: Tenant) async throws {
        for file in files { _ = try await blobs.delete(Self.key(of: file.id), for: tenant) }
    }

    // MARK: For vendors

    /// The address by which a vendor fetches a file for an hour; `nil` when nobody has said where we are reached.
    func address(for id: ID<StoredFile>, in tenant: Tenant) -> String? {
        guard let publicAddress, let key = keys.first else { return nil }
        let expires = (clock.now() + Bounds.publicAddress).microseconds / 1_000_000
        let code = Base64URL.encode(Self.code(id, expires, tenant, key))
        return "\(publicAddress)\(Addresses.api)/files/\(id)/shared?expires=\(expires)&signature=\(code)"
    }

    /// Whether an address is one that we have given, and still good.
    func isGood(_ id: ID<StoredFile>, expires: Int64, signature: String, in tenant: Tenant) -> Bool {
        guard let given = Base64URL.decode(signature), expires > clock.now().microseconds / 1_000_000 else {
            return false
        }
        var isRight = false
        for key in keys {
            let matches = ConstantTime.areEqual(Self.code(id, expires, tenant, key), given)
            isRight = isRight || matches
        }
        return isRight
    }

    private static func code(
        _ id: ID<StoredFile>, _ expires: Int64, _ tenant: Tenant, _ key: Secret<[UInt8]>
    ) -> [UInt8] {
        let key = SymmetricKey(data: key.reveal { $0 })
        let signed = Data("inbox.sharedFile.\(tenant.id).\(id).\(expires)".utf8)
        return Array(HMAC<SHA256>.authenticationCode(for: signed, using: key))
    }
}
