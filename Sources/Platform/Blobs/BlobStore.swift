public import Base
public import NIOCore

/// Objects of tenants: streamed in, streamed out, never half visible.
///
/// An object is visible only once all of it, its size and its hash are on stable storage; until then, readers see what
/// was there before. Nothing reaches an object of another tenant, whatever the key.
public protocol BlobStore: Sendable {
    /// Stores an object. Takes the next chunk only when the last one is written.
    ///
    /// - Parameters:
    ///   - target: The key, or by content.
    ///   - tenant: Whose object it is.
    ///   - upload: What it claims and may be.
    ///   - chunks: The content.
    /// - Returns: The object that is there now.
    /// - Throws: ``BlobsError``; nothing of the upload is left then.
    func put<Chunks: AsyncSequence & Sendable>(
        _ target: BlobTarget, for tenant: Tenant, _ upload: BlobUpload, from chunks: Chunks
    ) async throws(BlobsError) -> BlobReceipt where Chunks.Element == ByteBuffer

    /// Looks an object up without its content; `nil` when there is none.
    func head(_ key: BlobKey, for tenant: Tenant) async throws(BlobsError) -> BlobInfo?

    /// Opens an object, or a part of it, to be read; `nil` when there is none.
    ///
    /// The reader goes on reading the object as it was, also when it is replaced or deleted meanwhile.
    ///
    /// - Parameters:
    ///   - key: Which object.
    ///   - tenant: Whose.
    ///   - bytes: Which part, within the object's size; `nil` for all of it.
    /// - Returns: The object's facts and its content.
    /// - Throws: ``BlobsError``.
    func get(
        _ key: BlobKey, for tenant: Tenant, bytes: Range<Int>?
    ) async throws(BlobsError) -> BlobDownload?

    /// Deletes an object; returns `false` when there was none.
    func delete(_ key: BlobKey, for tenant: Tenant) async throws(BlobsError) -> Bool

    /// Lists objects in the order of their keys.
    ///
    /// - Parameters:
    ///   - tenant: Whose.
    ///   - prefix: What their keys begin with; empty for all.
    ///   - key: The page begins after this key; `nil` for the first page.
    ///   - limit: How many, 1 to 1,000.
    /// - Returns: The page.
    /// - Throws: ``BlobsError``.
    func list(
        for tenant: Tenant, prefix: String, after key: BlobKey?, limit: Int
    ) async throws(BlobsError) -> BlobPage

    /// Lists the tenants that have objects, in the order of their ids; for lifecycles and backups.
    ///
    /// - Parameters:
    ///   - tenant: The list begins after this one; `nil` for the first page.
    ///   - limit: How many, 1 to 1,000.
    /// - Returns: The tenants; fewer than `limit` when these are the last.
    /// - Throws: ``BlobsError``.
    func tenants(after tenant: Tenant?, limit: Int) async throws(BlobsError) -> [Tenant]

    /// The origin, as in `https://store.example.com`, to which browsers send uploads past this process; `nil` when they
    /// come through it.
    var directOrigin: String? { get }

    /// An address that takes one upload of exactly what was promised, and nothing when the key is taken.
    ///
    /// A store that browsers can reach gives an address of its own, another one an address of this process, which
    /// `signer` signs. Size and hash are enforced by who receives the bytes, before anything of them is visible.
    ///
    /// - Parameters:
    ///   - key: Which object.
    ///   - tenant: Whose.
    ///   - promise: What will be uploaded.
    ///   - lifetime: How long the address is good; 1 second to 7 days.
    ///   - signer: What signs addresses of this process.
    /// - Returns: The address and what must be sent with it.
    func uploadAddress(
        for key: BlobKey, of tenant: Tenant, promising promise: BlobPromise, lifetime: Duration,
        otherwise signer: BlobSigner
    ) -> BlobUploadAddress

    /// An address by which whoever holds it reads a private object for a while.
    ///
    /// - Parameters:
    ///   - key: Which object.
    ///   - tenant: Whose.
    ///   - lifetime: How long the address is good; 1 second to 7 days.
    ///   - signer: What signs addresses of this process, where the store has none of its own.
    /// - Returns: The address.
    func downloadAddress(
        for key: BlobKey, of tenant: Tenant, lifetime: Duration, otherwise signer: BlobSigner
    ) -> String
}

extension BlobStore {
    /// Opens an object to be read as a whole; `nil` when there is none.
    public func get(_ key: BlobKey, for tenant: Tenant) async throws(BlobsError) -> BlobDownload? {
        try await get(key, for: tenant, bytes: nil)
    }

    /// Stores an object that is in memory.
    public func put(
        _ target: BlobTarget, for tenant: Tenant, _ upload: BlobUpload, content: ByteBuffer
    ) async throws(BlobsError) -> BlobReceipt {
        try await put(target, for: tenant, upload, from: OneChunk(content: content))
    }
}

/// An object that is being read: its facts and a part of its content.
public struct BlobDownload: Sendable {
    /// What is known about the object.
    public var info: BlobInfo
    /// Which of its bytes ``chunks`` brings.
    public var bytes: Range<Int>
    /// The content, read as it is asked for; can be read once.
    public var chunks: BlobChunks

    /// Puts a download together.
    public init(info: BlobInfo, bytes: Range<Int>, chunks: BlobChunks) {
        self.info = info
        self.bytes = bytes
        self.chunks = chunks
    }

    /// The content as one buffer, for small objects.
    ///
    /// - Parameter sizeMax: The largest size that is read into memory.
    /// - Returns: The bytes of ``bytes``.
    /// - Throws: `blobs.tooLarge` before anything is read.
    public func collect(sizeMax: ByteCount) async throws(BlobsError) -> ByteBuffer {
        guard bytes.count <= sizeMax.bytes else {
            throw BlobsError(
                .tooLarge, "An object of \(bytes.count) bytes was to be read into memory, over the bound of \(sizeMax)."
            )
        }
        var all = ByteBuffer()
        all.reserveCapacity(bytes.count)
        var chunks = chunks.makeAsyncIterator()
        while var chunk = try await chunks.next(isolation: nil) { all.writeBuffer(&chunk) }
        return all
    }
}

/// The content of an object in chunks of 64 to 256 KiB, the last one shorter.
public struct BlobChunks: AsyncSequence, Sendable {
    /// A chunk.
    public typealias Element = ByteBuffer
    /// Why reading stopped.
    public typealias Failure = BlobsError

    private let read: @Sendable () async throws(BlobsError) -> ByteBuffer?

    /// Makes a sequence that asks for its next chunk; `nil` ends it.
    public init(_ read: @escaping @Sendable () async throws(BlobsError) -> ByteBuffer?) { self.read = read }

    /// Reads on where the last iterator stopped.
    public func makeAsyncIterator() -> Iterator { Iterator(read: read) }

    /// Brings one chunk after the other.
    public struct Iterator: AsyncIteratorProtocol {
        let read: @Sendable () async throws(BlobsError) -> ByteBuffer?

        /// The next chunk; `nil` at the end.
        public mutating func next() async throws(BlobsError) -> ByteBuffer? { try await read() }

        /// The next chunk; `nil` at the end.
        public mutating func next(
            isolation actor: isolated (any Actor)?
        ) async throws(BlobsError) -> ByteBuffer? {
            try await read()
        }
    }
}

private struct OneChunk: AsyncSequence, Sendable {
    let content: ByteBuffer

    func makeAsyncIterator() -> Iterator { Iterator(content: content) }

    struct Iterator: AsyncIteratorProtocol {
        var content: ByteBuffer?

        mutating func next() async -> ByteBuffer? {
            defer { content = nil }
            return content
        }
    }
}
