import Base
public import BaseTestKit
public import Blobs
import NIOCore
import Testing

/// What addresses of every store must do, whoever serves them.
public struct BlobAddressConformance: Sendable {
    /// Sends content to an upload's address as a browser would; returns whether it was taken.
    public typealias Send = @Sendable (BlobUploadAddress, [UInt8]) async throws -> Bool
    /// Reads an address; returns the content, or `nil` when it was refused.
    public typealias Read = @Sendable (String) async throws -> [UInt8]?

    private let store: any BlobStore
    private let signer: BlobSigner
    private let clock: SimClock
    private let tenant: Tenant
    private let send: Send
    private let read: Read
    private let randomness = SeededRandomness(seed: 12)

    /// Takes an empty store.
    ///
    /// - Parameters:
    ///   - store: The store to check.
    ///   - signer: What signs addresses that the store does not.
    ///   - clock: The clock that both were made with.
    ///   - send: Sends content to an address.
    ///   - read: Reads an address.
    public init(
        _ store: any BlobStore, signer: BlobSigner, clock: SimClock, send: @escaping Send, read: @escaping Read
    ) {
        self.store = store
        self.signer = signer
        self.clock = clock
        self.send = send
        self.read = read
        tenant = Tenant(ID(at: clock.now(), using: randomness))
    }

    /// All checks that hold wherever addresses lead.
    public func run() async throws {
        try await anAddressTakesOneUploadOfWhatWasPromised()
        try await anAddressReadsWhatItNames()
    }

    /// What was promised comes in once, complete with its facts, and what is there is never replaced.
    public func anAddressTakesOneUploadOfWhatWasPromised() async throws {
        let key = try #require(BlobKey("direct/one.bin"))
        for size in [1, 300_000] {
            let content = randomness.bytes(size)
            let address = address(of: key, content)
            #expect(try await store.head(key, for: tenant) == nil)
            #expect(try await send(address, content))
            let info = try #require(try await store.head(key, for: tenant))
            #expect(info.size.bytes == size && info.hash == BlobHash(of: content) && info.contentType == "video/mp4")
            clock.advance(by: .seconds(1))
            #expect(try await !send(address, content))
            let other = randomness.bytes(size)
            #expect(try await !send(self.address(of: key, other), other))
            #expect(try await store.head(key, for: tenant) == info)
            let download = try #require(try await store.get(key, for: tenant))
            #expect(try await Array(download.collect(sizeMax: .mebibytes(1)).readableBytesView) == content)
            _ = try await store.delete(key, for: tenant)
        }
    }

    /// Other content than was promised leaves nothing, whether it is longer, shorter or only another one.
    ///
    /// Apart from the others, for stores of tests that check no signatures.
    public func anAddressTakesNothingElse() async throws {
        let key = try #require(BlobKey("direct/other.bin"))
        let content = randomness.bytes(1_000)
        let address = address(of: key, content)
        for wrong in [content + [1], Array(content.dropLast()), randomness.bytes(1_000), []] {
            #expect(try await !send(address, wrong), "\(wrong.count) bytes")
            #expect(try await store.head(key, for: tenant) == nil)
        }
        #expect(try await send(address, content))
        _ = try await store.delete(key, for: tenant)
    }

    /// A private object is read by its address, and by no address of another one.
    public func anAddressReadsWhatItNames() async throws {
        let key = try #require(BlobKey("private/report.txt"))
        let content = randomness.bytes(5_000)
        _ = try await store.put(
            .key(key), for: tenant, BlobUpload(contentType: "text/plain", sizeMax: .kibibytes(8)),
            content: .init(bytes: content))
        let address = store.downloadAddress(for: key, of: tenant, lifetime: .seconds(60), otherwise: signer)
        #expect(try await read(address) == content)
        let missing = try #require(BlobKey("private/missing.txt"))
        #expect(
            try await read(
                store.downloadAddress(for: missing, of: tenant, lifetime: .seconds(60), otherwise: signer)) == nil)
        _ = try await store.delete(key, for: tenant)
    }

    private func address(of key: BlobKey, _ content: [UInt8]) -> BlobUploadAddress {
        store.uploadAddress(
            for: key, of: tenant,
            promising: BlobPromise(
                size: ByteCount(content.count), hash: BlobHash(of: content), contentType: "video/mp4"),
            lifetime: .seconds(60), otherwise: signer)
    }
}
