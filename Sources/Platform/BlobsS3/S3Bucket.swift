import Base
import Blobs
import Crypto
import Limits
import NIOCore
import Outbound

/// Requests to one bucket: signed, sent, and their refusals told apart.
struct S3Bucket: Sendable {
    enum Bounds {
        static let answer = ByteCount.mebibytes(4)
        static let object = ByteCount.mebibytes(1 << 20)
        /// How long a download may take in all; each wait within it is bounded by the way out's idle time.
        static let download = Duration.seconds(3_600)
    }

    let options: S3Options
    let signer: S3Signer
    let store: Dependency
    let clock: any WallClock

    /// The address of a key; `nil` for the bucket itself.
    func address(_ key: String?, _ query: [(String, String)] = []) -> OutboundAddress {
        let base = options.bucketAddress
        let folder = base.path == "/" ? "" : base.path
        let path = key.map { "\(folder)/\($0)" } ?? (folder.isEmpty ? "/" : folder)
        guard let address = base.with(path: path, query: query.isEmpty ? nil : S3Signer.query(query)) else {
            preconditionFailure("a key of the store's own making needs no escaping")
        }
        return address
    }

    /// Sends a request; returns the head of its answer, whatever the status.
    func send(
        _ method: OutboundRequest.Method, _ key: String?, _ query: [(String, String)] = [],
        headers: OutboundHeaders = [:], content: ByteBuffer? = nil, isDownload: Bool = false
    ) async throws(BlobsError) -> OutboundDownload {
        let address = address(key, query)
        let hash = content.map { S3Signer.hex(SHA256.hash(data: Array($0.readableBytesView))) } ?? S3Signer.emptyHash
        let signed = signer.signed(method, address, headers, payloadHash: hash, at: clock.now())
        do throws(DependencyError) {
            return try await store.open(
                OutboundRequest(
                    method, address, headers: signed, content: content.map { .bytes($0) } ?? .none,
                    deadline: isDownload ? Bounds.download : options.deadline,
                    responseMax: isDownload ? Bounds.object : Bounds.answer))
        } catch {
            throw Self.failure(error)
        }
    }

    /// Sends a request whose answer is a document, or nothing.
    ///
    /// - Returns: The document; an empty one when the answer has no content.
    /// - Throws: `blobs.storeFailed` for every status but 200 to 299, and for a document that is an error: some requests
    ///   are answered with 200 before it is known how they end.
    @discardableResult
    func ask(
        _ method: OutboundRequest.Method, _ key: String?, _ query: [(String, String)] = [],
        headers: OutboundHeaders = [:], content: ByteBuffer? = nil
    ) async throws(BlobsError) -> S3Document {
        let download = try await send(method, key, query, headers: headers, content: content)
        guard (200...299).contains(download.status) else { throw try await refusal(download) }
        let bytes = try await Self.content(of: download)
        guard bytes.readableBytes > 0 else { return S3Document(name: "") }
        guard let document = S3Document.read(Array(bytes.readableBytesView)) else {
            throw BlobsError(.storeFailed, "The object store's answer cannot be read; is the endpoint an S3 store?")
        }
        guard document.name != "Error" else { throw Self.refusal(download.status, document) }
        return document
    }

    /// The error that an answer is.
    func refusal(_ download: OutboundDownload) async throws(BlobsError) -> BlobsError {
        let bytes = try await Self.content(of: download)
        return Self.refusal(download.status, S3Document.read(Array(bytes.readableBytesView)))
    }

    private static func content(of download: OutboundDownload) async throws(BlobsError) -> ByteBuffer {
        do throws(OutboundError) { return try await download.content.collect() } catch { throw failure(error) }
    }

    private static func refusal(_ status: Int, _ document: S3Document?) -> BlobsError {
        let code = document?["Code"] ?? "none"
        let context = ["status": "\(status)", "code": code, "said": document?["Message"] ?? ""]
        switch (status, code) {
        case (_, "RequestTimeTooSkewed"):
            return BlobsError(
                .storeFailed, "The object store's clock and this machine's differ by more than 15 minutes.",
                context: context)
        case (_, "NoSuchBucket"):
            return BlobsError(.storeFailed, "The bucket does not exist; check blobs.url.", context: context)
        case (401, _), (403, _):
            return BlobsError(
                .storeFailed,
                "The object store refuses the key pair (\(code)); check blobs.key and blobs.secret, and its rights.",
                context: context)
        case (503, _), (429, _):
            return BlobsError(
                .storeFailed, "The object store asks to slow down, also after further attempts.", context: context)
        default:
            return BlobsError(
                .storeFailed, "The object store answered with status \(status) (\(code)).", context: context)
        }
    }

    static func failure(_ error: DependencyError) -> BlobsError {
        switch error.code {
        case .cancelled: BlobsError(.cancelled, "The task was cancelled.", underlying: error)
        case .circuitOpen:
            BlobsError(.storeFailed, "The object store fails and is left alone for a moment.", underlying: error)
        case .busy: BlobsError(.storeFailed, "Too many calls to the object store wait.", underlying: error)
        case .refused: BlobsError(.storeFailed, error.message, context: error.context, underlying: error)
        case .failed:
            BlobsError(
                .storeFailed, "The object store cannot be reached: \(error.message)", context: error.context,
                underlying: error)
        }
    }

    static func failure(_ error: OutboundError) -> BlobsError {
        error.code == .cancelled
            ? BlobsError(.cancelled, "The task was cancelled.", underlying: error)
            : BlobsError(
                .storeFailed, "The object store broke off: \(error.message)", context: error.context, underlying: error)
    }
}
