public import Base
public import NIOCore
public import NIOPosix
import Synchronization
public import Telemetry

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Objects in a folder of a local disk, or of a file system that several nodes share.
///
/// An upload is written beside the objects, brought to stable storage, given its name in one step, and the name brought
/// to stable storage: what was acknowledged survives a power cut, and no reader ever sees a part. Blocking calls run on
/// a thread pool, never on an event loop.
public final class DiskBlobs: BlobStore {
    enum Bounds {
        /// Small chunks are gathered to this size before they are handed to the thread pool.
        static let writeBytes = 256 << 10
        /// How much a reader is given at a time.
        static let readBytes = 128 << 10
        static let listMax = 1_000
        /// How often an upload makes its folder again that a deletion has just removed.
        static let commitAttempts = 50
        /// How old an upload must be to count as abandoned, when the store is opened.
        static let abandonedAfter = Duration.seconds(86_400)
    }

    private let folders: DiskFolders
    private let calls: DiskCalls
    private let pool: NIOThreadPool
    private let clock: any WallClock
    private let randomness: any Randomness
    private let events: EventLog

    /// Opens a folder, making it when it is not there, and removes uploads that a killed process left a day ago or more.
    ///
    /// - Parameters:
    ///   - root: The folder's path.
    ///   - clock: What stamps objects.
    ///   - randomness: What names uploads.
    ///   - events: Where stored objects and failures are told.
    ///   - pool: Where blocking calls run. Defaults to the process's shared pool for blocking calls, which has as many
    ///     threads as the machine has processors; must be started.
    /// - Throws: `blobs.storeFailed` when the folder cannot be made or read.
    public convenience init(
        root: String, clock: any WallClock, randomness: any Randomness, events: EventLog,
        pool: NIOThreadPool = .singleton
    ) async throws(BlobsError) {
        try await self.init(
            root: root, clock: clock, randomness: randomness, events: events, pool: pool, calls: DiskCalls())
    }

    init(
        root: String, clock: any WallClock, randomness: any Randomness, events: EventLog, pool: NIOThreadPool,
        calls: DiskCalls
    ) async throws(BlobsError) {
        self.clock = clock
        self.randomness = randomness
        self.events = events
        self.pool = pool
        self.calls = calls
        let path = root.count > 1 && root.hasSuffix("/") ? String(root.dropLast()) : root
        let folders = DiskFolders(root: path, calls: calls)
        self.folders = folders
        let oldest = (clock.now() - Bounds.abandonedAfter).seconds
        _ = try await onPool("") { () throws(DiskFailure) in
            var made = ""
            for (index, part) in path.split(separator: "/", omittingEmptySubsequences: false).enumerated() {
                made += index == 0 ? String(part) : "/" + part
                if made.isEmpty || made == "." || made == ".." { continue }
                if mkdir(made, 0o750) != 0, errno != EEXIST, errno != EROFS { throw DiskFailure("mkdir") }
            }
            try folders.make([".incoming"])
            return try folders.removeAbandoned(before: oldest)
        }
    }

    /// Stores an object; see ``BlobStore/put(_:for:_:from:)``.
    public func put<Chunks: AsyncSequence & Sendable>(
        _ target: BlobTarget, for tenant: Tenant, _ upload: BlobUpload, from chunks: Chunks
    ) async throws(BlobsError) -> BlobReceipt where Chunks.Element == ByteBuffer {
        let start = clock.uptime()
        do throws(BlobsError) {
            let receipt = try await receive(target, tenant, upload, chunks)
            let took = clock.uptime() - start
            events.record(
                .blobStored, amount: receipt.info.size.bytes,
                ["bytes": .number(receipt.info.size.bytes), "took": .time(took)])
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
        try await open(key, tenant)?.info
    }

    /// Opens an object, or a part of it, to be read; `nil` when there is none.
    public func get(
        _ key: BlobKey, for tenant: Tenant, bytes: Range<Int>?
    ) async throws(BlobsError) -> BlobDownload? {
        guard let (file, info) = try await open(key, tenant) else { return nil }
        let bytes = bytes ?? 0..<info.size.bytes
        guard bytes.lowerBound >= 0, bytes.upperBound <= info.size.bytes else {
            throw BlobsError(
                .rangeInvalid, "A range up to byte \(bytes.upperBound) was asked of an object of \(info.size).",
                context: ["key": key.description])
        }
        let reader = DiskReader(file: file, key: key.description, pool: pool, bytes: bytes)
        return BlobDownload(
            info: info, bytes: bytes,
            chunks: BlobChunks { () async throws(BlobsError) in try await reader.next() })
    }

    /// Deletes an object; returns `false` when there was none.
    public func delete(_ key: BlobKey, for tenant: Tenant) async throws(BlobsError) -> Bool {
        let place = folders.place(key, tenant.id.description)
        let path = folders.path(key, tenant.id.description)
        return try await onPool(key.description) { [folders, calls] () throws(DiskFailure) in
            guard unlink(path) == 0 else {
                if errno == ENOENT || errno == ENOTDIR { return false }
                throw DiskFailure("unlink")
            }
            let folder = ([folders.root] + place.folders).joined(separator: "/")
            do throws(DiskFailure) {
                try calls.sync(DiskFile(opening: folder, O_RDONLY | O_DIRECTORY))
            } catch  where error.number == ENOENT {
                // Somebody else has just removed the last object beside this one, and the folder.
                return true
            }
            folders.prune(place.folders)
            return true
        }
    }

    /// Lists objects in the order of their keys.
    ///
    /// Reads the names in the folders it passes: a folder with a million objects takes about a second per page, so
    /// spread many objects over folders, as content addresses do.
    public func list(
        for tenant: Tenant, prefix: String, after key: BlobKey?, limit: Int
    ) async throws(BlobsError) -> BlobPage {
        precondition((1...Bounds.listMax).contains(limit), "a page of \(limit) objects is not within 1 to 1,000")
        let name = tenant.id.description
        return try await onPool(prefix) { [folders] () throws(DiskFailure) in
            let keys = try folders.keys(of: name, prefix: prefix, after: key?.description, limit: limit + 1)
            var blobs: [BlobInfo] = []
            for key in keys.prefix(limit) {
                // Deleted or damaged meanwhile: the former is none, the latter shows when it is read.
                if case .success(let opened?) = Self.open(folders.path(key, name), key) { blobs.append(opened.info) }
            }
            return BlobPage(blobs: blobs, next: keys.count > limit ? keys[limit - 1] : nil)
        }
    }

    /// Lists the tenants that have objects, in the order of their ids.
    public func tenants(after tenant: Tenant?, limit: Int) async throws(BlobsError) -> [Tenant] {
        precondition((1...Bounds.listMax).contains(limit), "a page of \(limit) tenants is not within 1 to 1,000")
        return try await onPool("") { [folders] () throws(DiskFailure) in
            try folders.names(after: tenant?.id.description, limit: limit) { ID<Tenant>($0) != nil }
                .compactMap { ID<Tenant>($0).map { Tenant($0) } }
        }
    }
}

// MARK: Reading

extension DiskBlobs {
    typealias Opened = (file: DiskFile, info: BlobInfo)

    private func open(_ key: BlobKey, _ tenant: Tenant) async throws(BlobsError) -> Opened? {
        let path = folders.path(key, tenant.id.description)
        let opened: Result<Opened?, BlobsError> = try await onPool(key.description) { () throws(DiskFailure) in
            Self.open(path, key)
        }
        return try opened.get()
    }

    private static func open(_ path: String, _ key: BlobKey) -> Result<Opened?, BlobsError> {
        do throws(DiskFailure) {
            let file = try DiskFile(opening: path, O_RDONLY)
            var bytes = [UInt8](repeating: 0, count: DiskTrailer.length)
            guard let size = try file.size(), size >= DiskTrailer.length else { return .failure(damaged(key)) }
            let got = bytes.withUnsafeMutableBytes { buffer in
                Result { () throws(DiskFailure) in try file.read(into: buffer, at: size - DiskTrailer.length) }
            }
            guard try got.get() == DiskTrailer.length, let trailer = DiskTrailer(bytes: bytes),
                trailer.size == size - DiskTrailer.length
            else { return .failure(damaged(key)) }
            return .success((file, trailer.info(key)))
        } catch  where error.number == ENOENT || error.number == ENOTDIR {
            return .success(nil)
        } catch {
            return .failure(error.asBlobsError(key.description))
        }
    }

    private static func damaged(_ key: BlobKey) -> BlobsError {
        BlobsError(
            .corrupt, "The object's file is not complete: it was changed from outside. Restore it from a backup.",
            context: ["key": key.description])
    }

    /// Runs blocking work on the thread pool.
    fileprivate func onPool<Result: Sendable>(
        _ key: String, _ work: @escaping @Sendable () throws(DiskFailure) -> Result
    ) async throws(BlobsError) -> Result {
        try await pool.run(key, work)
    }
}

extension NIOThreadPool {
    fileprivate func run<Result: Sendable>(
        _ key: String, _ work: @escaping @Sendable () throws(DiskFailure) -> Result
    ) async throws(BlobsError) -> Result {
        do {
            return try await runIfActive { try work() }
        } catch let failure as DiskFailure {
            throw failure.asBlobsError(key)
        } catch is CancellationError {
            throw BlobsError(.cancelled, "The task was cancelled while it waited for the disk.", context: ["key": key])
        } catch {
            throw BlobsError(
                .storeFailed, "The thread pool for the disk does not run.", context: ["key": key], underlying: error)
        }
    }
}

/// The position of one reader.
private final class DiskReader: Sendable {
    private let file: DiskFile
    private let key: String
    private let pool: NIOThreadPool
    private let rest: Mutex<Range<Int>>

    init(file: DiskFile, key: String, pool: NIOThreadPool, bytes: Range<Int>) {
        self.file = file
        self.key = key
        self.pool = pool
        rest = Mutex(bytes)
    }

    func next() async throws(BlobsError) -> ByteBuffer? {
        let part = rest.withLock { rest in
            let part = rest.prefix(DiskBlobs.Bounds.readBytes)
            rest = part.upperBound..<rest.upperBound
            return part
        }
        guard !part.isEmpty else { return nil }
        let chunk = try await pool.run(key) { [file] () throws(DiskFailure) in
            var chunk = ByteBufferAllocator().buffer(capacity: part.count)
            var failure: DiskFailure?
            chunk.writeWithUnsafeMutableBytes(minimumWritableBytes: part.count) { space in
                let space = UnsafeMutableRawBufferPointer(rebasing: space[..<part.count])
                switch Result(catching: { () throws(DiskFailure) in try file.read(into: space, at: part.lowerBound) }) {
                case .success(let count): return count
                case .failure(let error):
                    failure = error
                    return 0
                }
            }
            if let failure { throw failure }
            return chunk
        }
        guard chunk.readableBytes == part.count else {
            throw BlobsError(
                .corrupt, "The object's file became shorter while it was read: it was changed from outside.",
                context: ["key": key])
        }
        return chunk
    }
}

// MARK: Writing

extension DiskBlobs {
    private func receive<Chunks: AsyncSequence & Sendable>(
        _ target: BlobTarget, _ tenant: Tenant, _ upload: BlobUpload, _ chunks: Chunks
    ) async throws(BlobsError) -> BlobReceipt where Chunks.Element == ByteBuffer {
        guard upload.isContentTypeValid else {
            throw BlobsError(.typeInvalid, "The media type must be type/subtype of at most 100 printable characters.")
        }
        if let length = upload.length, length > upload.sizeMax { throw Self.tooLarge(upload) }
        let path = "\(folders.incoming)/\(ID<DiskIncoming>(at: clock.now(), using: randomness))"
        let incoming = try await onPool("") { [calls] () throws(DiskFailure) in
            try DiskIncoming(path: path, calls: calls)
        }
        // The thread pool may hold the upload a little longer than we do; its file is gone when we return.
        defer { incoming.discard() }
        try await fill(incoming, upload, chunks)
        let (key, trailer) = try check(incoming, target, upload)
        let conflict: BlobUpload.Conflict = target == .contentAddress ? .keep : upload.conflict
        let isNew = try await onPool(key.description) { [folders] () throws(DiskFailure) in
            try incoming.seal(trailer)
            return try Self.commit(incoming, key, tenant, folders, conflict)
        }
        if isNew { return BlobReceipt(info: trailer.info(key), isNew: true) }
        guard let info = try await head(key, for: tenant) else {
            throw BlobsError(
                .storeFailed, "An object of this key was there and was deleted during the upload; try again.",
                context: ["key": key.description])
        }
        return BlobReceipt(info: info, isNew: false)
    }

    private func fill<Chunks: AsyncSequence & Sendable>(
        _ incoming: DiskIncoming, _ upload: BlobUpload, _ chunks: Chunks
    ) async throws(BlobsError) where Chunks.Element == ByteBuffer {
        var gathered = ByteBuffer()
        var size = 0
        var iterator = chunks.makeAsyncIterator()
        while true {
            let next: ByteBuffer?
            do {
                next = try await iterator.next()
            } catch is CancellationError {
                throw BlobsError(.cancelled, "The upload was cancelled after \(size) bytes.")
            } catch {
                throw BlobsError(.sourceFailed, "The upload broke off after \(size) bytes.", underlying: error)
            }
            guard var chunk = next else { break }
            size += chunk.readableBytes
            guard size <= upload.sizeMax.bytes else { throw Self.tooLarge(upload) }
            if gathered.readableBytes == 0 { gathered = chunk } else { gathered.writeBuffer(&chunk) }
            if gathered.readableBytes >= Bounds.writeBytes {
                let full = gathered
                try await onPool("") { () throws(DiskFailure) in try incoming.append(full) }
                gathered = ByteBuffer()
            }
        }
        if Task.isCancelled { throw BlobsError(.cancelled, "The upload was cancelled after \(size) bytes.") }
        let last = gathered
        if last.readableBytes > 0 {
            try await onPool("") { () throws(DiskFailure) in try incoming.append(last) }
        }
    }

    private func check(
        _ incoming: DiskIncoming, _ target: BlobTarget, _ upload: BlobUpload
    ) throws(BlobsError) -> (BlobKey, DiskTrailer) {
        let size = incoming.size
        let hash = incoming.hash
        if let length = upload.length, length.bytes != size {
            throw BlobsError(.truncated, "The upload announced \(length.bytes) bytes and brought \(size).")
        }
        let key: BlobKey
        switch target {
        case .key(let named): key = named
        case .contentAddress: key = BlobKey(contentAddress: hash)
        }
        for promised in [upload.hash, key.promisedHash] {
            guard let promised, promised != hash else { continue }
            throw BlobsError(
                .hashMismatch, "The upload's content has another SHA-256 than was promised; send it again.",
                context: ["promised": promised.description, "found": hash.description])
        }
        let trailer = DiskTrailer(size: size, hash: hash, contentType: upload.contentType, storedAt: clock.now())
        return (key, trailer)
    }

    private static func commit(
        _ incoming: DiskIncoming, _ key: BlobKey, _ tenant: Tenant, _ folders: DiskFolders,
        _ conflict: BlobUpload.Conflict
    ) throws(DiskFailure) -> Bool {
        let place = folders.place(key, tenant.id.description)
        let folder = ([folders.root] + place.folders).joined(separator: "/")
        var attempt = 1
        while true {
            do throws(DiskFailure) {
                try folders.make(place.folders)
                return try incoming.commit(folder + "/" + place.file, in: folder, conflict: conflict)
            } catch  where error.number == ENOENT && attempt < Bounds.commitAttempts {
                attempt += 1
            }
        }
    }

    private static func tooLarge(_ upload: BlobUpload) -> BlobsError {
        BlobsError(.tooLarge, "The upload is larger than the \(upload.sizeMax) that are allowed.")
    }
}
