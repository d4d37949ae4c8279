import Base
import Blobs
import NIOCore
import Testing

extension BlobStoreConformance {
    /// An object that comes in parts is seen when it is joined, is what its parts are, and leaves none of them; what a
    /// second writer has put beside them does not come into it.
    public func partsBecomeOneObject() async throws {
        let key = try #require(BlobKey("assembled/rows.csv"))
        let assembly = BlobAssembly(key, for: tenant, in: store)
        let content = bytes(700_001)
        let cuts = [0, 1, 300_000, 300_000, 700_001]
        var parts: [BlobAssembly.Part] = []
        for (number, (start, end)) in zip(1..., zip(cuts, cuts.dropFirst())) {
            // Whoever continues begins with nothing but the list of parts.
            let writer = BlobAssembly(key, for: tenant, in: store)
            parts.append(try await writer.put(number, content: ByteBuffer(bytes: content[start..<end])))
            _ = try await writer.put(number, content: ByteBuffer(bytes: content[start..<end]))
            #expect(try await store.head(key, for: tenant) == nil)
        }
        // A writer that was thought dead writes a part of its own in the place of another one.
        _ = try await assembly.put(2, content: ByteBuffer(bytes: [1, 2, 3]))
        let upload = BlobUpload(contentType: "text/csv", sizeMax: .mebibytes(1), length: ByteCount(700_001))
        let receipt = try await assembly.join(parts, upload: upload)
        #expect(receipt.info.hash == BlobHash(of: content))
        let download = try #require(try await store.get(key, for: tenant))
        #expect(try await Array(download.collect(sizeMax: .mebibytes(1)).readableBytesView) == content)
        // Whoever was killed after that joins once more.
        #expect(try await assembly.join(parts, upload: upload).info.hash == BlobHash(of: content))
        try await assembly.discard()
        #expect(try await store.list(for: tenant, prefix: BlobAssembly.prefix, after: nil, limit: 10).blobs.isEmpty)
        await expect(.corrupt) { () async throws(BlobsError) in
            _ = try await assembly.join(parts, upload: upload)
        }
        // What was there stays whole when joining fails.
        #expect(try await store.head(key, for: tenant)?.hash == BlobHash(of: content))
        _ = try await assembly.put(1, content: ByteBuffer(bytes: [7]))
        try await assembly.discard()
        #expect(try await store.list(for: tenant, prefix: BlobAssembly.prefix, after: nil, limit: 10).blobs.isEmpty)
        _ = try await store.delete(key, for: tenant)
    }
}
