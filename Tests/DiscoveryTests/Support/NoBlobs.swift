import Base
import Blobs
import NIOCore

/// A store for tests that keep no files.
struct NoBlobs: BlobStore {
    private static var nothing: BlobsError { BlobsError(.storeFailed, "This test keeps no files.") }

    func put<Chunks: AsyncSequence & Sendable>(
        _ target: BlobTarget, for tenant: Tenant, _ upload: BlobUpload, from chunks: Chunks
    ) async throws(BlobsError) -> BlobReceipt where Chunks.Element == ByteBuffer { throw Self.nothing }

    func head(_ key: BlobKey, for tenant: Tenant) async throws(BlobsError) -> BlobInfo? { nil }

    func get(
        _ key: BlobKey, for tenant: Tenant, bytes: Range<Int>?
    ) async throws(BlobsError) -> BlobDownload? { nil }

    func delete(_ key: BlobKey, for tenant: Tenant) async throws(BlobsError) -> Bool { false }

    func list(
        for tenant: Tenant, prefix: String, after key: BlobKey?, limit: Int
    ) async throws(BlobsError) -> BlobPage { throw Self.nothing }

    func tenants(after tenant: Tenant?, limit: Int) async throws(BlobsError) -> [Tenant] { [] }
}
