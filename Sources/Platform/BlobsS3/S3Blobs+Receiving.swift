import Base
public import Blobs
import Crypto
import NIOCore
import Outbound

/// How an object comes into the bucket.
extension S3Blobs {
    /// The largest object that S3 copies in one request.
    private static let copyBytes = 5 << 30
    private static let copyPartBytes = 1 << 30

    func receive<Chunks: AsyncSequence & Sendable>(
        _ target: BlobTarget, _ tenant: Tenant, _ upload: BlobUpload, _ chunks: Chunks
    ) async throws(BlobsError) -> BlobReceipt where Chunks.Element == ByteBuffer {
        guard upload.isContentTypeValid else {
            throw BlobsError(.typeInvalid, "The content type is no plain media type of at most 100 characters.")
        }
        if let length = upload.length, length > upload.sizeMax { throw S3Incoming.tooLarge(upload) }
        var incoming = S3Incoming(upload, partSize: bucket.options.partSize)
        var iterator = chunks.makeAsyncIterator()
        let first = try await incoming.part(&iterator)
        if incoming.isComplete {
            let info = try info(target, upload, incoming)
            return try await store(first, info, tenant, keeping: Self.keeps(target, upload))
        }
        let place = "\(bucket.options.prefix)incoming/\(ID<S3Blobs>(at: clock.now(), using: randomness))"
        let id = try await begin(place, upload)
        do throws(BlobsError) {
            try await send(first, &incoming, &iterator, place, id)
        } catch {
            await abort(place, id)
            throw error
        }
        do throws(BlobsError) {
            let receipt = try await name(
                place, info(target, upload, incoming), tenant, keeping: Self.keeps(target, upload))
            await remove(place)
            return receipt
        } catch {
            await remove(place)
            throw error
        }
    }

    private static func keeps(_ target: BlobTarget, _ upload: BlobUpload) -> Bool {
        target == .contentAddress || upload.conflict == .keep
    }

    /// The facts of an upload that has come to its end.
    private func info(
        _ target: BlobTarget, _ upload: BlobUpload, _ incoming: S3Incoming
    ) throws(BlobsError) -> BlobInfo {
        let hash = try incoming.checkedHash()
        let key: BlobKey
        switch target {
        case .contentAddress: key = BlobKey(contentAddress: hash)
        case .key(let given): key = given
        }
        guard key.promisedHash ?? hash == hash else {
            throw BlobsError(.hashMismatch, "The content is not what the key, its address, says.")
        }
        return BlobInfo(
            key: key, size: ByteCount(incoming.size), hash: hash, contentType: upload.contentType,
            storedAt: clock.now())
    }

    /// Stores what is in memory in one request.
    private func store(
        _ content: ByteBuffer, _ info: BlobInfo, _ tenant: Tenant, keeping: Bool
    ) async throws(BlobsError) -> BlobReceipt {
        if keeping, let kept = try await head(info.key, for: tenant) { return BlobReceipt(info: kept, isNew: false) }
        var headers = Self.headers(info)
        // Of two uploads at once that both found nothing the store itself lets only one in.
        if keeping { headers["If-None-Match"] = "*" }
        let answer = try await bucket.send(.put, name(info.key, tenant), headers: headers, content: content)
        switch answer.status {
        case 200...299: return BlobReceipt(info: info, isNew: true)
        case 409 where keeping, 412 where keeping:
            guard let kept = try await head(info.key, for: tenant) else { throw try await bucket.refusal(answer) }
            return BlobReceipt(info: kept, isNew: false)
        default: throw try await bucket.refusal(answer)
        }
    }

    private func begin(_ place: String, _ upload: BlobUpload) async throws(BlobsError) -> String {
        let document = try await bucket.ask(.post, place, [("uploads", "")])
        guard let id = document["UploadId"], !id.isEmpty else {
            throw BlobsError(.storeFailed, "The object store began an upload without naming it.")
        }
        return id
    }

    /// Sends all parts and completes the upload.
    private func send<Chunks: AsyncIteratorProtocol>(
        _ first: ByteBuffer, _ incoming: inout S3Incoming, _ iterator: inout Chunks, _ place: String, _ id: String
    ) async throws(BlobsError) where Chunks.Element == ByteBuffer {
        var tags: [String] = []
        var part = first
        while true {
            let query = [("partNumber", "\(tags.count + 1)"), ("uploadId", id)]
            let answer = try await bucket.send(.put, place, query, content: part)
            guard answer.status == 200, let tag = answer.headers["etag"] else {
                throw try await bucket.refusal(answer)
            }
            tags.append(tag)
            if incoming.isComplete { break }
            part = try await incoming.part(&iterator)
            if part.readableBytes == 0 { break }
        }
        _ = try incoming.checkedHash()
        try await complete(place, id, tags)
    }

    private func complete(_ place: String, _ id: String, _ tags: [String]) async throws(BlobsError) {
        var text = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        for (index, tag) in tags.enumerated() {
            let escaped = tag.replacing("&", with: "&amp;").replacing("<", with: "&lt;")
            text += "<Part><PartNumber>\(index + 1)</PartNumber><ETag>\(escaped)</ETag></Part>"
        }
        text += "</CompleteMultipartUpload>"
        try await bucket.ask(
            .post, place, [("uploadId", id)], headers: ["Content-Type": "application/xml"],
            content: ByteBuffer(string: text))
    }

    /// Copies a complete upload under its name.
    private func name(
        _ place: String, _ info: BlobInfo, _ tenant: Tenant, keeping: Bool
    ) async throws(BlobsError) -> BlobReceipt {
        if keeping, let kept = try await head(info.key, for: tenant) { return BlobReceipt(info: kept, isNew: false) }
        let source = self.source(place)
        var headers = Self.headers(info)
        if info.size.bytes <= Self.copyBytes {
            headers["x-amz-copy-source"] = source
            headers["x-amz-metadata-directive"] = "REPLACE"
            try await bucket.ask(.put, name(info.key, tenant), headers: headers)
        } else {
            try await copyInParts(source, info, name(info.key, tenant), headers)
        }
        return BlobReceipt(info: info, isNew: true)
    }

    /// What `x-amz-copy-source` calls a key: bucket and key, whatever the style of addresses.
    private func source(_ place: String) -> String {
        let address = bucket.options.bucketAddress
        guard address.path == "/" else { return "\(address.path)/\(place)" }
        return "/\(address.host.prefix { $0 != "." })/\(place)"
    }

    private func copyInParts(
        _ source: String, _ info: BlobInfo, _ target: String, _ headers: OutboundHeaders
    ) async throws(BlobsError) {
        let document = try await bucket.ask(.post, target, [("uploads", "")], headers: headers)
        guard let id = document["UploadId"], !id.isEmpty else {
            throw BlobsError(.storeFailed, "The object store began an upload without naming it.")
        }
        do throws(BlobsError) {
            var tags: [String] = []
            for start in stride(from: 0, to: info.size.bytes, by: Self.copyPartBytes) {
                let end = min(start + Self.copyPartBytes, info.size.bytes)
                let part = try await bucket.ask(
                    .put, target, [("partNumber", "\(tags.count + 1)"), ("uploadId", id)],
                    headers: ["x-amz-copy-source": source, "x-amz-copy-source-range": "bytes=\(start)-\(end - 1)"])
                guard let tag = part["ETag"] else {
                    throw BlobsError(.storeFailed, "The object store copied a part without naming it.")
                }
                tags.append(tag)
            }
            try await complete(target, id, tags)
        } catch {
            await abort(target, id)
            throw error
        }
    }

    /// Gives an upload up; what cannot be given up now is found by ``removeAbandoned()``.
    private func abort(_ place: String, _ id: String) async {
        await withoutCancellation {
            // The upload has failed already; that its rest stays a day is told by the sweep that removes it.
            _ = try? await self.bucket.ask(.delete, place, [("uploadId", id)])
        }
    }

    private func remove(_ place: String) async {
        await withoutCancellation {
            // As above: the object is in nobody's sight.
            _ = try? await self.bucket.ask(.delete, place)
        }
    }

    /// Runs `work` to its end although the task may be cancelled: what is half done must be undone then too.
    private func withoutCancellation(_ work: @escaping @Sendable () async -> Void) async {
        await Task { await work() }.value
    }

    /// Removes what killed processes left: uploads never completed and objects never named, a day old or more.
    ///
    /// - Returns: How many were removed.
    /// - Throws: ``BlobsError``.
    @discardableResult
    public func removeAbandoned() async throws(BlobsError) -> Int {
        let oldest = clock.now() - Bounds.abandonedAfter
        let folder = "\(bucket.options.prefix)incoming/"
        var removed = 0
        let uploads = try await bucket.ask(.get, nil, [("uploads", ""), ("prefix", folder)])
        for upload in uploads.all("Upload") {
            guard let key = upload["Key"], let id = upload["UploadId"], Self.isOlder(upload["Initiated"], oldest) else {
                continue
            }
            try await bucket.ask(.delete, key, [("uploadId", id)])
            removed += 1
        }
        let objects = try await bucket.ask(.get, nil, [("list-type", "2"), ("prefix", folder), ("max-keys", "1000")])
        for object in objects.all("Contents") {
            guard let key = object["Key"], Self.isOlder(object["LastModified"], oldest) else { continue }
            try await bucket.ask(.delete, key)
            removed += 1
        }
        return removed
    }

    private static func isOlder(_ text: String?, _ time: Timestamp) -> Bool {
        text.flatMap { Timestamp($0) }.map { $0 < time } ?? false
    }
}
