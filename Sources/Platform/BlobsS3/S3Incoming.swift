import Base
import Blobs
import Crypto
import NIOCore

/// An upload on its way: gathered into parts, counted and hashed.
struct S3Incoming {
    private enum Bounds {
        static let parts = 10_000
        /// After as many parts they grow twice as large, so that no upload needs more than S3 takes.
        static let partsOfOneSize = 1_000
    }

    private let upload: BlobUpload
    private let partBytes: Int
    private var hash = SHA256()
    private var parts = 0
    private var rest = ByteBuffer()

    private(set) var size = 0
    private(set) var isComplete = false

    init(_ upload: BlobUpload, partSize: ByteCount) {
        self.upload = upload
        // With a length that is known all parts are of one size, which some stores insist on.
        partBytes = max(partSize.bytes, ((upload.length?.bytes ?? 0) + Bounds.parts - 1) / Bounds.parts)
    }

    static func tooLarge(_ upload: BlobUpload) -> BlobsError {
        BlobsError(.tooLarge, "The upload is larger than \(upload.sizeMax), the most that is accepted here.")
    }

    /// The next part; shorter than a part's size, perhaps empty, when the upload is complete.
    mutating func part<Chunks: AsyncIteratorProtocol>(
        _ chunks: inout Chunks
    ) async throws(BlobsError) -> ByteBuffer where Chunks.Element == ByteBuffer {
        let wanted = upload.length == nil ? partBytes << (parts / Bounds.partsOfOneSize) : partBytes
        parts += 1
        while rest.readableBytes < wanted {
            guard let chunk = try await next(&chunks) else {
                isComplete = true
                defer { rest = ByteBuffer() }
                return rest
            }
            size += chunk.readableBytes
            guard size <= upload.sizeMax.bytes else { throw Self.tooLarge(upload) }
            if let length = upload.length, size > length.bytes {
                throw BlobsError(.truncated, "The upload has more bytes than the \(length.bytes) it announced.")
            }
            chunk.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
            rest.writeImmutableBuffer(chunk)
        }
        guard let part = rest.readSlice(length: wanted) else { return ByteBuffer() }
        rest = ByteBuffer(buffer: rest)
        return part
    }

    private func next<Chunks: AsyncIteratorProtocol>(
        _ chunks: inout Chunks
    ) async throws(BlobsError) -> ByteBuffer? where Chunks.Element == ByteBuffer {
        do {
            return try await chunks.next(isolation: #isolation)
        } catch let error as BlobsError {
            throw error
        } catch is CancellationError {
            throw BlobsError(.cancelled, "The task was cancelled.")
        } catch {
            throw BlobsError(.sourceFailed, "Who sent the upload stopped with an error.", underlying: error)
        }
    }

    /// The hash of all of it, when it is as long and what it claims.
    func checkedHash() throws(BlobsError) -> BlobHash {
        if let length = upload.length, size != length.bytes {
            throw BlobsError(.truncated, "The upload ended after \(size) of \(length.bytes) bytes.")
        }
        guard let found = BlobHash(bytes: Array(hash.finalize())) else {
            preconditionFailure("a SHA-256 has 32 bytes")
        }
        guard upload.hash ?? found == found else {
            throw BlobsError(.hashMismatch, "The upload's content is not what its hash says.")
        }
        return found
    }
}
