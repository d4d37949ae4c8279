import Base
import Blobs
import Crypto
import NIOCore
import Outbound

/// What is known about an object, in its headers and back.
extension S3Blobs {
    private static let hashHeader = "x-amz-meta-capstan-sha256"
    private static let timeHeader = "x-amz-meta-capstan-stored"
    /// Readers are given this much at a time.
    private static let chunkBytes = 128 << 10

    /// The headers that make an object one of ours.
    static func headers(_ info: BlobInfo) -> OutboundHeaders {
        [
            "Content-Type": info.contentType, hashHeader: info.hash.description,
            timeHeader: "\(info.storedAt.microseconds)",
        ]
    }

    static func length(_ headers: OutboundHeaders) -> Int? { headers["content-length"].flatMap { Int($0) } }

    static func info(_ key: BlobKey, _ headers: OutboundHeaders, size: Int?) throws(BlobsError) -> BlobInfo {
        guard let size, size >= 0, let hash = headers[hashHeader].flatMap(BlobHash.init),
            let time = headers[timeHeader].flatMap({ Int64($0) })
        else {
            throw BlobsError(
                .corrupt, "An object has no hash or time: it was not stored by Capstan.",
                context: ["key": key.description])
        }
        return BlobInfo(
            key: key, size: ByteCount(size), hash: hash,
            contentType: headers["content-type"] ?? "application/octet-stream",
            storedAt: Timestamp(microseconds: time))
    }

    /// The content of an answer in chunks of the contract's size; of a whole object its hash is checked at the end.
    static func chunks(of answer: OutboundDownload, _ info: BlobInfo, _ bytes: Range<Int>) -> BlobChunks {
        let gathering = Gathering(
            content: answer.content, wanted: bytes.count, size: chunkBytes,
            hash: bytes.count == info.size.bytes ? info.hash : nil, key: info.key)
        return BlobChunks { () async throws(BlobsError) in try await gathering.next() }
    }

    private actor Gathering {
        private let content: OutboundReader
        private let size: Int
        private let key: BlobKey
        private let promised: BlobHash?
        private var left: Int
        private var hash = SHA256()
        private var isOver = false

        init(content: OutboundReader, wanted: Int, size: Int, hash: BlobHash?, key: BlobKey) {
            self.content = content
            left = wanted
            self.size = size
            promised = hash
            self.key = key
        }

        func next() async throws(BlobsError) -> ByteBuffer? {
            guard !isOver else { return nil }
            var gathered = ByteBuffer()
            do throws(OutboundError) {
                while gathered.readableBytes < min(size, left), var chunk = try await content.next() {
                    gathered.writeBuffer(&chunk)
                }
            } catch {
                isOver = true
                throw S3Bucket.failure(error)
            }
            left -= gathered.readableBytes
            if promised != nil { gathered.withUnsafeReadableBytes { hash.update(bufferPointer: $0) } }
            if left <= 0 || gathered.readableBytes == 0 {
                isOver = true
                try finish()
            }
            return gathered.readableBytes == 0 ? nil : gathered
        }

        private func finish() throws(BlobsError) {
            guard left == 0 else {
                throw BlobsError(
                    .storeFailed, "The object store sent another number of bytes than it had announced.",
                    context: ["key": key.description])
            }
            if let promised, BlobHash(bytes: Array(hash.finalize())) != promised {
                throw BlobsError(
                    .corrupt, "An object's content is not what its hash says.", context: ["key": key.description])
            }
        }
    }
}
