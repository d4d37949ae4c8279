public import Base
public import Blobs
public import Limits
public import NIOCore
import Outbound
public import Telemetry

/// Objects in a bucket of an S3-compatible store.
///
/// A key stands at `<prefix><tenant>/<key>`. Hash and time of storing are metadata of the object, so that one request
/// answers what there is to know. An upload that fits into one part is one request. A larger one is sent in parts to a
/// place of its own beside the tenants; when all of it is there and is what it claims, the store copies it under its
/// name in one step. So nobody ever sees a half-written object, and what a killed process leaves is found and removed.
public final class S3Blobs: BlobStore {
    enum Bounds {
        static let listMax = 1_000
        /// Looks at objects at once while a page is listed.
        static let heads = 12
        /// How old an upload must be to count as abandoned.
        static let abandonedAfter = Duration.seconds(86_400)
    }

    let bucket: S3Bucket
    let clock: any WallClock
    let randomness: any Randomness
    let events: EventLog

    /// Makes a store; asks nothing of it yet.
    ///
    /// - Parameters:
    ///   - options: Where the bucket is.
    ///   - credentials: What requests are signed with.
    ///   - store: The way to the store, with its breaker and its retries.
    ///   - clock: What stamps objects and signatures; within 15 minutes of the store's own.
    ///   - randomness: What names uploads.
    ///   - events: Where stored objects and failures are told.
    public init(
        _ options: S3Options, _ credentials: S3Credentials, through store: Dependency, clock: any WallClock,
        randomness: any Randomness, events: EventLog
    ) {
        bucket = S3Bucket(
            options: options, signer: S3Signer(credentials: credentials, region: options.region), store: store,
            clock: clock)
        self.clock = clock
        self.randomness = randomness
        self.events = events
    }

    /// Whether the bucket is there and lets us in.
    ///
    /// - Throws: `blobs.storeFailed` with what is wrong.
    public func check() async throws(BlobsError) {
        try await bucket.ask(.get, nil, [("list-type", "2"), ("max-keys", "0")])
    }

    /// Stores an object; see ``BlobStore/put(_:for:_:from:)``.
    public func put<Chunks: AsyncSequence & Sendable>(
        _ target: BlobTarget, for tenant: Tenant, _ upload: BlobUpload, from chunks: Chunks
    ) async throws(BlobsError) -> BlobReceipt where Chunks.Element == ByteBuffer {
        let start = clock.uptime()
        do throws(BlobsError) {
            let receipt = try await receive(target, tenant, upload, chunks)
            events.record(
                .blobStored, amount: receipt.info.size.bytes,
                ["bytes": .number(receipt.info.size.bytes), "took": .time(clock.uptime() - start)])
            return receipt
        } catch {
            switch error.code {
            case .diskFull, .storeFailed, .corrupt:
                events.record(.blobFailed, ["code": .text(error.code.rawValue), "operation": "put"])
            case .tooLarge, .truncated, .hashMismatch, .typeInvalid, .rangeInvalid, .sourceFailed, .cancelled:
                events.record(.blobRejected, ["code": .text(error.code.rawValue)])
            }
            throw error
        }
    }

    /// Looks an object up without its content; `nil` when there is none.
    public func head(_ key: BlobKey, for tenant: Tenant) async throws(BlobsError) -> BlobInfo? {
        let answer = try await bucket.send(.head, name(key, tenant))
        switch answer.status {
        case 200: return try Self.info(key, answer.headers, size: Self.length(answer.headers))
        case 404: return nil
        default: throw try await bucket.refusal(answer)
        }
    }

    /// Opens an object, or a part of it, to be read; `nil` when there is none.
    public func get(
        _ key: BlobKey, for tenant: Tenant, bytes: Range<Int>?
    ) async throws(BlobsError) -> BlobDownload? {
        if let bytes, bytes.isEmpty { return try await nothing(of: key, tenant, at: bytes) }
        var headers: OutboundHeaders = [:]
        if let bytes { headers["Range"] = "bytes=\(bytes.lowerBound)-\(bytes.upperBound - 1)" }
        let answer = try await bucket.send(.get, name(key, tenant), headers: headers, isDownload: true)
        switch answer.status {
        case 200:
            let info = try Self.info(key, answer.headers, size: Self.length(answer.headers))
            guard bytes == nil else {
                throw BlobsError(.storeFailed, "The object store does not serve parts of objects.")
            }
            let whole = 0..<info.size.bytes
            return BlobDownload(info: info, bytes: whole, chunks: Self.chunks(of: answer, info, whole))
        case 206:
            let size = answer.headers["content-range"]?.split(separator: "/").last.flatMap { Int($0) }
            let info = try Self.info(key, answer.headers, size: size)
            guard let bytes, bytes.upperBound <= info.size.bytes else { throw Self.outside(bytes, key) }
            return BlobDownload(info: info, bytes: bytes, chunks: Self.chunks(of: answer, info, bytes))
        case 404:
            let error = try await bucket.refusal(answer)
            guard error.context["code"] == "NoSuchKey" else { throw error }
            return nil
        case 416: throw Self.outside(bytes, key)
        default: throw try await bucket.refusal(answer)
        }
    }

    /// Deletes an object; returns `false` when there was none.
    ///
    /// Of two deletions at once both may have found it: S3 does not say.
    public func delete(_ key: BlobKey, for tenant: Tenant) async throws(BlobsError) -> Bool {
        guard try await head(key, for: tenant) != nil else { return false }
        try await bucket.ask(.delete, name(key, tenant))
        return true
    }

    /// Lists objects in the order of their keys.
    ///
    /// S3 lists names and sizes only, so each object of the page is looked at: one request each, twelve at a time.
    public func list(
        for tenant: Tenant, prefix: String, after key: BlobKey?, limit: Int
    ) async throws(BlobsError) -> BlobPage {
        precondition((1...Bounds.listMax).contains(limit), "a page of \(limit) objects is not within 1 to 1,000")
        // A prefix that no key can have finds nothing, and is never sent.
        guard prefix.utf8.allSatisfy({ $0 == UInt8(ascii: "/") || BlobKey("a" + String(Unicode.Scalar($0))) != nil })
        else { return BlobPage(blobs: [], next: nil) }
        let folder = folder(tenant)
        var query = [("list-type", "2"), ("max-keys", "\(limit)"), ("prefix", folder + prefix)]
        if let key { query.append(("start-after", folder + key.description)) }
        let document = try await bucket.ask(.get, nil, query)
        let keys = document.all("Contents").compactMap { entry in
            entry["Key"].flatMap { BlobKey(String($0.dropFirst(folder.utf8.count))) }
        }
        let blobs = try await look(at: keys, tenant)
        let isCut = document["IsTruncated"] == "true"
        return BlobPage(blobs: blobs, next: isCut ? keys.last : nil)
    }

    /// Lists the tenants that have objects, in the order of their ids.
    public func tenants(after tenant: Tenant?, limit: Int) async throws(BlobsError) -> [Tenant] {
        precondition((1...Bounds.listMax).contains(limit), "a page of \(limit) tenants is not within 1 to 1,000")
        var found: [Tenant] = []
        // Behind all keys of a tenant: no key has a tilde.
        var after = tenant.map { folder($0) + "~" }
        var token: String?
        repeat {
            var query = [("list-type", "2"), ("max-keys", "1000"), ("delimiter", "/")]
            if !bucket.options.prefix.isEmpty { query.append(("prefix", bucket.options.prefix)) }
            if let token {
                query.append(("continuation-token", token))
            } else if let after {
                query.append(("start-after", after))
            }
            after = nil
            let document = try await bucket.ask(.get, nil, query)
            for entry in document.all("CommonPrefixes") {
                let text = (entry["Prefix"] ?? "").dropFirst(bucket.options.prefix.utf8.count).dropLast()
                if let id = ID<Tenant>(String(text)), found.count < limit { found.append(Tenant(id)) }
            }
            token = document["IsTruncated"] == "true" ? document["NextContinuationToken"] : nil
        } while token != nil && found.count < limit
        return found
    }

    func folder(_ tenant: Tenant) -> String { "\(bucket.options.prefix)\(tenant.id)/" }

    func name(_ key: BlobKey, _ tenant: Tenant) -> String { folder(tenant) + key.description }

    private func look(at keys: [BlobKey], _ tenant: Tenant) async throws(BlobsError) -> [BlobInfo] {
        do {
            return try await withThrowingTaskGroup(of: (Int, BlobInfo?).self) { group in
                var next = 0
                var found = [BlobInfo?](repeating: nil, count: keys.count)
                func start() {
                    guard next < keys.count else { return }
                    let (index, key) = (next, keys[next])
                    next += 1
                    group.addTask { (index, try await self.head(key, for: tenant)) }
                }
                for _ in 0..<Bounds.heads { start() }
                while let (index, info) = try await group.next() {
                    found[index] = info
                    start()
                }
                return found.compactMap { $0 }
            }
        } catch let error as BlobsError {
            throw error
        } catch {
            throw BlobsError(.cancelled, "The task was cancelled.", underlying: error)
        }
    }

    private func nothing(
        of key: BlobKey, _ tenant: Tenant, at bytes: Range<Int>
    ) async throws(BlobsError) -> BlobDownload? {
        guard let info = try await head(key, for: tenant) else { return nil }
        guard bytes.upperBound <= info.size.bytes else { throw Self.outside(bytes, key) }
        return BlobDownload(info: info, bytes: bytes, chunks: BlobChunks { () async throws(BlobsError) in nil })
    }

    private static func outside(_ bytes: Range<Int>?, _ key: BlobKey) -> BlobsError {
        BlobsError(
            .rangeInvalid, "A range up to byte \(bytes?.upperBound ?? 0) was asked of a smaller object.",
            context: ["key": key.description])
    }
}
