public import Base
import Crypto
public import NIOCore
import Synchronization

/// A long object that is written in parts, over hours and by one process after the other, and is seen by nobody until
/// it is joined.
///
/// Each part is stored like any object, under `parts/`, and is there once ``put(_:content:)`` has returned; who writes the
/// object keeps the list of ``Part``s wherever its own progress is kept. A process that dies between two parts has lost
/// nothing but the part it was making. ``join(_:upload:)`` streams the parts into the object's own key by one ordinary
/// upload, so that readers see all of it or nothing, and its hash is that of the bytes that were stored, not of those
/// that were meant. Works on every store: there is nothing in it that a driver could do differently.
///
/// A part's name holds the hash of its content: two writers that both believe to be the only one cannot replace each
/// other's parts. Each byte is stored twice for a while; parts that nobody joins or discards are swept by a
/// ``BlobLifecycle`` of ``prefix``.
public struct BlobAssembly: Sendable {
    /// Bounds of an assembly.
    public enum Bounds {
        /// Parts of one object.
        public static let parts = 10_000
        /// The largest part, which its writer holds in memory.
        public static let part = ByteCount.mebibytes(64)
    }

    /// What the keys of all parts begin with.
    public static let prefix = "parts/"

    /// A part that is stored.
    public struct Part: Sendable, Hashable {
        /// Its place, from 1.
        public let number: Int
        /// How large it is.
        public let size: ByteCount
        /// The hash of its content.
        public let hash: BlobHash

        /// Names a part, as its writer has kept it.
        public init(number: Int, size: ByteCount, hash: BlobHash) {
            self.number = number
            self.size = size
            self.hash = hash
        }
    }

    /// Where the object will be.
    public let key: BlobKey
    private let tenant: Tenant
    private let store: any BlobStore
    private let folder: String

    /// Names an object that is to be.
    ///
    /// - Parameters:
    ///   - key: Where it will be; at most 300 characters in 12 segments.
    ///   - tenant: Whose it is.
    ///   - store: Where it will be.
    public init(_ key: BlobKey, for tenant: Tenant, in store: any BlobStore) {
        precondition(
            key.description.utf8.count <= 300 && key.segments.count <= 12,
            "the key \(key) is too long for an object in parts")
        self.key = key
        self.tenant = tenant
        self.store = store
        folder = Self.prefix + key.description + "/"
    }

    /// Stores a part; the same content again changes nothing.
    ///
    /// - Parameters:
    ///   - number: Its place, 1 to ``Bounds/parts``.
    ///   - content: Its content, at most ``Bounds/part``.
    /// - Returns: What to keep of it.
    /// - Throws: ``BlobsError``.
    public func put(_ number: Int, content: ByteBuffer) async throws(BlobsError) -> Part {
        precondition((1...Bounds.parts).contains(number), "part \(number) is not within 1 to \(Bounds.parts)")
        var digest = SHA256()
        content.withUnsafeReadableBytes { digest.update(bufferPointer: $0) }
        let part = Part(
            number: number, size: ByteCount(content.readableBytes), hash: BlobHash(digest.finalize()))
        let upload = BlobUpload(sizeMax: Bounds.part, length: part.size, hash: part.hash, conflict: .keep)
        _ = try await store.put(.key(key(of: part)), for: tenant, upload, content: content)
        return part
    }

    /// Makes the object of its parts, in their order.
    ///
    /// May be repeated, also by another process after this one was killed: an object of the key is replaced. The parts
    /// stay until ``discard()``, which is called when whoever keeps their list has noted that the object is there.
    ///
    /// - Parameters:
    ///   - parts: All parts, numbered from 1 without gaps.
    ///   - upload: What the object claims and may be.
    /// - Returns: The object.
    /// - Throws: `blobs.corrupt` when a part is missing or is not what its hash says; another ``BlobsError``.
    public func join(_ parts: [Part], upload: BlobUpload) async throws(BlobsError) -> BlobReceipt {
        precondition(
            zip(1..., parts).allSatisfy { $0 == $1.number },
            "an object is joined of parts numbered from 1 without gaps")
        let receipt: BlobReceipt
        do throws(BlobsError) {
            receipt = try await store.put(
                .key(key), for: tenant, upload,
                from: PartChunks(parts: parts) { part throws(BlobsError) in
                    try await open(part)
                })
        } catch {
            // The source of this upload is the store itself, which knows better why it broke off.
            throw error.underlying as? BlobsError ?? error
        }
        return receipt
    }

    /// Removes all parts, whoever has written them.
    ///
    /// - Throws: ``BlobsError``; some may be removed then.
    public func discard() async throws(BlobsError) {
        // Each round removes a full page, so parts of many abandoned attempts end too.
        for _ in 0..<(Bounds.parts / 100) {
            let page = try await store.list(for: tenant, prefix: folder, after: nil, limit: 200)
            for blob in page.blobs { _ = try await store.delete(blob.key, for: tenant) }
            if page.next == nil { return }
        }
    }

    private func key(of part: Part) -> BlobKey {
        let digits = String(part.number)
        let place = String(repeating: "0", count: 5 - digits.utf8.count) + digits
        guard let key = BlobKey("\(folder)\(place)-\(part.hash.description.prefix(32))") else {
            preconditionFailure("the key of a part is made of a key, digits and a hash")
        }
        return key
    }

    private func open(_ part: Part) async throws(BlobsError) -> BlobChunks {
        guard let download = try await store.get(key(of: part), for: tenant), download.info.size == part.size else {
            throw BlobsError(
                .corrupt, "Part \(part.number) of an object is not there, or is not the one that was written.",
                context: ["key": key.description])
        }
        return download.chunks
    }
}

/// The content of all parts, each held against its hash as it passes.
private struct PartChunks: AsyncSequence, Sendable {
    let parts: [BlobAssembly.Part]
    let open: @Sendable (BlobAssembly.Part) async throws(BlobsError) -> BlobChunks

    func makeAsyncIterator() -> Iterator { Iterator(rest: parts[...], open: open) }

    struct Iterator: AsyncIteratorProtocol {
        var rest: ArraySlice<BlobAssembly.Part>
        let open: @Sendable (BlobAssembly.Part) async throws(BlobsError) -> BlobChunks
        var chunks: BlobChunks.Iterator?
        var digest = SHA256()

        mutating func next() async throws -> ByteBuffer? {
            while let part = rest.first {
                if chunks == nil {
                    digest = SHA256()
                    chunks = try await open(part).makeAsyncIterator()
                }
                if let chunk = try await chunks?.next() {
                    chunk.withUnsafeReadableBytes { digest.update(bufferPointer: $0) }
                    return chunk
                }
                guard BlobHash(digest.finalize()) == part.hash else {
                    throw BlobsError(.corrupt, "Part \(part.number) of an object is not what its hash says.")
                }
                chunks = nil
                rest.removeFirst()
            }
            return nil
        }
    }
}
