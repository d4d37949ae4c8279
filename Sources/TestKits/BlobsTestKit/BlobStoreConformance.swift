import Base
public import BaseTestKit
public import Blobs
public import NIOCore
import Telemetry
import Testing

/// What every store of objects must do, run on each of them.
///
/// Give it an empty store; call ``run()`` or the single checks. A store for which a check fails is no `BlobStore`.
public struct BlobStoreConformance: Sendable {
    let store: any BlobStore
    private let clock: SimClock
    let tenant: Tenant
    private let other: Tenant
    private let randomness = SeededRandomness(seed: 11)

    /// Takes an empty store that stamps objects with `clock`.
    ///
    /// - Parameters:
    ///   - store: The store to check.
    ///   - clock: The clock that it was made with.
    public init(_ store: any BlobStore, clock: SimClock) {
        self.store = store
        self.clock = clock
        tenant = Tenant(ID(at: clock.now(), using: randomness))
        other = Tenant(ID(at: clock.now() + .seconds(1), using: randomness))
    }

    /// All checks, one after the other.
    public func run() async throws {
        try await whatIsPutComesBack()
        try await rangesComeBackExactly()
        try await contentAddressesKeepOneCopy()
        try await anUploadIsInvisibleUntilItIsComplete()
        try await refusedUploadsLeaveNothing()
        try await tenantsDoNotSeeEachOther()
        try await keysAndPrefixesMayOverlap()
        try await listsPageInOrder()
        try await readersKeepWhatTheyOpened()
        try await lifecyclesDeleteWhatIsOld()
        try await parallelUploadsOfOneKeyLeaveOneWhole()
        try await partsBecomeOneObject()
    }

    /// An object comes back with its content, size, hash, type and time, and goes when it is deleted.
    public func whatIsPutComesBack() async throws {
        let key = try #require(BlobKey("round/trip.bin"))
        for size in [0, 1, 65_536, 262_145, 1_000_003] {
            let content = bytes(size)
            let upload = BlobUpload(contentType: "video/mp4", sizeMax: .mebibytes(2))
            let receipt = try await store.put(.key(key), for: tenant, upload, from: Pieces(content, of: 7_001))
            #expect(receipt.isNew)
            #expect(receipt.info.size.bytes == size)
            #expect(receipt.info.hash == BlobHash(of: content))
            #expect(try await store.head(key, for: tenant) == receipt.info)
            let download = try #require(try await store.get(key, for: tenant))
            #expect(download.info == receipt.info)
            #expect(download.info.contentType == "video/mp4")
            #expect(download.info.storedAt == clock.now())
            #expect(try await Array(download.collect(sizeMax: .mebibytes(2)).readableBytesView) == content)
        }
        #expect(try await store.delete(key, for: tenant))
        #expect(try await store.delete(key, for: tenant) == false)
        #expect(try await store.head(key, for: tenant) == nil)
        #expect(try await store.get(key, for: tenant) == nil)
    }

    /// Any part can be read; a part outside is an error.
    public func rangesComeBackExactly() async throws {
        let key = try #require(BlobKey("ranges.bin"))
        let content = bytes(400_000)
        _ = try await store.put(.key(key), for: tenant, BlobUpload(sizeMax: .mebibytes(1)), from: Pieces(content))
        for range in [0..<1, 0..<400_000, 399_999..<400_000, 131_071..<131_073, 17..<17, 100_000..<390_000] {
            let download = try #require(try await store.get(key, for: tenant, bytes: range))
            #expect(download.info.size.bytes == 400_000)
            #expect(
                try await Array(download.collect(sizeMax: .mebibytes(1)).readableBytesView) == Array(content[range]))
        }
        await expect(.rangeInvalid) { () async throws(BlobsError) in
            _ = try await store.get(key, for: tenant, bytes: 0..<400_001)
        }
        _ = try await store.delete(key, for: tenant)
    }

    /// The same content twice is one object under its hash; content that is not its address is refused.
    public func contentAddressesKeepOneCopy() async throws {
        let content = bytes(70_000)
        let upload = BlobUpload(sizeMax: .mebibytes(1))
        let first = try await store.put(.contentAddress, for: tenant, upload, from: Pieces(content))
        clock.advance(by: .seconds(5))
        let second = try await store.put(.contentAddress, for: tenant, upload, from: Pieces(content))
        #expect(first.isNew && !second.isNew)
        #expect(first.info == second.info)
        #expect(first.info.key == BlobKey(contentAddress: BlobHash(of: content)))
        #expect(try await store.list(for: tenant, prefix: "sha256/", after: nil, limit: 10).blobs.count == 1)
        await expect(.hashMismatch) { () async throws(BlobsError) in
            _ = try await store.put(.key(first.info.key), for: tenant, upload, from: Pieces(bytes(10)))
        }
        let kept = BlobUpload(sizeMax: .mebibytes(1), conflict: .keep)
        let key = try #require(BlobKey("kept"))
        #expect(try await store.put(.key(key), for: tenant, kept, from: Pieces([1])).isNew)
        let again = try await store.put(.key(key), for: tenant, kept, from: Pieces([2, 2]))
        #expect(!again.isNew && again.info.size.bytes == 1)
        _ = try await store.delete(first.info.key, for: tenant)
        _ = try await store.delete(key, for: tenant)
    }

    /// While an upload runs, nobody sees it; a replaced object stays whole until the new one is.
    public func anUploadIsInvisibleUntilItIsComplete() async throws {
        let key = try #require(BlobKey("slow"))
        let store = store
        let tenant = tenant
        for before in [nil, bytes(10)] {
            if let before {
                _ = try await store.put(
                    .key(key), for: tenant, BlobUpload(sizeMax: .kibibytes(1)), from: Pieces(before))
            }
            let size = before?.count
            let watching = Pieces(bytes(700_000), of: 50_000) {
                let seen = try await store.head(key, for: tenant)?.size.bytes
                #expect(seen == size)
                #expect(
                    try await store.list(for: tenant, prefix: "", after: nil, limit: 10).blobs.count
                        == (size == nil ? 0 : 1))
            }
            _ = try await store.put(.key(key), for: tenant, BlobUpload(sizeMax: .mebibytes(1)), from: watching)
            #expect(try await store.head(key, for: tenant)?.size.bytes == 700_000)
            _ = try await store.delete(key, for: tenant)
        }
    }

    /// An upload that is too large, cut off, of other content, broken or cancelled leaves nothing and says why.
    public func refusedUploadsLeaveNothing() async throws {
        let key = try #require(BlobKey("refused"))
        func refuse(
            _ code: BlobsError.Code, _ upload: BlobUpload, _ pieces: Pieces,
            sourceLocation: SourceLocation = #_sourceLocation
        ) async throws {
            await expect(code, sourceLocation: sourceLocation) { () async throws(BlobsError) in
                _ = try await store.put(.key(key), for: tenant, upload, from: pieces)
            }
            #expect(try await store.head(key, for: tenant) == nil, sourceLocation: sourceLocation)
        }
        let ten = Pieces(bytes(10), of: 3)
        try await refuse(.tooLarge, BlobUpload(sizeMax: .bytes(9)), ten)
        try await refuse(.tooLarge, BlobUpload(sizeMax: .bytes(9), length: .bytes(10)), ten)
        try await refuse(.tooLarge, BlobUpload(sizeMax: .kibibytes(512)), Pieces(bytes(600_000)))
        try await refuse(.truncated, BlobUpload(sizeMax: .bytes(90), length: .bytes(11)), ten)
        try await refuse(.truncated, BlobUpload(sizeMax: .bytes(90), length: .bytes(9)), ten)
        try await refuse(.hashMismatch, BlobUpload(sizeMax: .bytes(90), hash: BlobHash(of: [1])), ten)
        try await refuse(.typeInvalid, BlobUpload(contentType: "a/b\r\nX: y", sizeMax: .bytes(90)), ten)
        try await refuse(.typeInvalid, BlobUpload(contentType: "", sizeMax: .bytes(90)), ten)
        struct Gone: Error {}
        try await refuse(.sourceFailed, BlobUpload(sizeMax: .mebibytes(1)), Pieces(bytes(300_000)) { throw Gone() })
        try await refuse(
            .cancelled, BlobUpload(sizeMax: .mebibytes(1)), Pieces(bytes(300_000)) { throw CancellationError() })
        #expect(try await store.put(.key(key), for: tenant, BlobUpload(sizeMax: .bytes(10)), from: ten).isNew)
        _ = try await store.delete(key, for: tenant)
    }

    /// The same key of two tenants is two objects.
    public func tenantsDoNotSeeEachOther() async throws {
        let key = try #require(BlobKey("mine"))
        _ = try await store.put(.key(key), for: tenant, BlobUpload(sizeMax: .bytes(10)), from: Pieces([1]))
        #expect(try await store.head(key, for: other) == nil)
        #expect(try await store.get(key, for: other) == nil)
        #expect(try await store.delete(key, for: other) == false)
        #expect(try await store.list(for: other, prefix: "", after: nil, limit: 10).blobs.isEmpty)
        _ = try await store.put(.key(key), for: other, BlobUpload(sizeMax: .bytes(10)), from: Pieces([2, 2]))
        #expect(try await store.head(key, for: tenant)?.size.bytes == 1)
        #expect(try await store.tenants(after: nil, limit: 10) == [tenant, other])
        #expect(try await store.tenants(after: nil, limit: 1) == [tenant])
        #expect(try await store.tenants(after: tenant, limit: 10) == [other])
        _ = try await store.delete(key, for: tenant)
        _ = try await store.delete(key, for: other)
    }

    /// `a` and `a/b` can both exist; deleting one leaves the other.
    public func keysAndPrefixesMayOverlap() async throws {
        let keys = try ["a", "a/b", "a/b/c", "a-b", "a.b", "a0"].map { try #require(BlobKey($0)) }
        for key in keys {
            _ = try await store.put(
                .key(key), for: tenant, BlobUpload(sizeMax: .bytes(100)), content: .init(string: key.description))
        }
        for key in keys {
            let content = try await store.get(key, for: tenant)?.collect(sizeMax: .bytes(100))
            #expect(content.map { String(buffer: $0) } == key.description)
        }
        let listed = try await store.list(for: tenant, prefix: "", after: nil, limit: 10).blobs.map(\.key)
        #expect(listed == keys.sorted())
        #expect(try await store.delete(keys[1], for: tenant))
        #expect(try await store.head(keys[0], for: tenant) != nil)
        #expect(try await store.head(keys[2], for: tenant) != nil)
        for key in keys { _ = try await store.delete(key, for: tenant) }
        #expect(try await store.tenants(after: nil, limit: 10).isEmpty)
    }

    /// Pages of every size bring every key once, in order, also across folders.
    public func listsPageInOrder() async throws {
        var keys: Set<BlobKey> = []
        while keys.count < 60 {
            let depth = 1 + randomness.below(3)
            let names = ["a", "b", "a-", "a0", "B", "x.y", "_"]
            let text = (0..<depth).map { _ in names[randomness.below(names.count)] }.joined(separator: "/")
            if let key = BlobKey(text) { keys.insert(key) }
        }
        for key in keys {
            _ = try await store.put(.key(key), for: tenant, BlobUpload(sizeMax: .bytes(10)), content: ByteBuffer())
        }
        for prefix in ["", "a", "a/", "a/b", "b/x.", "nothing"] {
            let wanted = keys.filter { $0.description.hasPrefix(prefix) }.sorted()
            for limit in [1, 2, 7, 1_000] {
                var listed: [BlobKey] = []
                var next: BlobKey?
                repeat {
                    let page = try await store.list(for: tenant, prefix: prefix, after: next, limit: limit)
                    #expect(page.blobs.count <= limit)
                    listed += page.blobs.map(\.key)
                    next = page.next
                } while next != nil && listed.count <= keys.count
                #expect(listed == wanted, "prefix \(prefix), pages of \(limit)")
            }
        }
        for key in keys { _ = try await store.delete(key, for: tenant) }
    }

    /// Who reads an object keeps reading it, whatever happens to its key.
    public func readersKeepWhatTheyOpened() async throws {
        let key = try #require(BlobKey("read"))
        let old = bytes(500_000)
        let upload = BlobUpload(sizeMax: .mebibytes(1))
        _ = try await store.put(.key(key), for: tenant, upload, from: Pieces(old))
        let download = try #require(try await store.get(key, for: tenant))
        _ = try await store.put(.key(key), for: tenant, upload, from: Pieces(bytes(500_000)))
        _ = try await store.delete(key, for: tenant)
        #expect(try await Array(download.collect(sizeMax: .mebibytes(1)).readableBytesView) == old)
    }

    /// Objects of a prefix go when they are older than the rule, no others.
    public func lifecyclesDeleteWhatIsOld() async throws {
        let upload = BlobUpload(sizeMax: .bytes(10))
        for (index, name) in ["tmp/1", "tmp/2", "keep/1"].enumerated() {
            clock.advance(by: .seconds(index == 1 ? 3_600 : 0))
            _ = try await store.put(
                .key(try #require(BlobKey(name))), for: tenant, upload, content: ByteBuffer(string: "x"))
        }
        clock.advance(by: .seconds(1_800))
        let rule = BlobLifecycle(prefix: "tmp/", age: .seconds(3_600))
        let retention = BlobRetention(store: store, rules: [rule], clock: clock, events: .silent(clock: clock))
        #expect(try await retention.sweepAll() == 1)
        let left = try await store.list(for: tenant, prefix: "", after: nil, limit: 10).blobs.map(\.key.description)
        #expect(left == ["keep/1", "tmp/2"])
        for name in left { _ = try await store.delete(try #require(BlobKey(name)), for: tenant) }
    }

    /// Uploads and deletions of one key at once: at every moment one of the uploads, whole, or none.
    public func parallelUploadsOfOneKeyLeaveOneWhole() async throws {
        let key = try #require(BlobKey("race/deep/er"))
        let store = store
        let tenant = tenant
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 1...8 {
                group.addTask {
                    for round in 0..<10 {
                        let content = [UInt8](repeating: UInt8(writer), count: writer * 1_000)
                        _ = try await store.put(
                            .key(key), for: tenant, BlobUpload(sizeMax: .kibibytes(64)), from: Pieces(content))
                        if round % 3 == 0 { _ = try await store.delete(key, for: tenant) }
                        if let download = try await store.get(key, for: tenant) {
                            let found = try await Array(download.collect(sizeMax: .kibibytes(64)).readableBytesView)
                            let first = try #require(found.first)
                            #expect(found == [UInt8](repeating: first, count: Int(first) * 1_000))
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        _ = try await store.delete(key, for: tenant)
        #expect(try await store.tenants(after: nil, limit: 10).isEmpty)
    }

    func bytes(_ count: Int) -> [UInt8] { randomness.bytes(count) }

    func expect(
        _ code: BlobsError.Code, sourceLocation: SourceLocation = #_sourceLocation,
        _ work: () async throws(BlobsError) -> Void
    ) async {
        do throws(BlobsError) {
            try await work()
            Issue.record("\(code) was expected, but nothing was thrown", sourceLocation: sourceLocation)
        } catch {
            #expect(error.code == code, sourceLocation: sourceLocation)
        }
    }
}

/// Content in pieces, with something done after every fourth of them.
public struct Pieces: AsyncSequence, Sendable {
    private let content: [UInt8]
    private let size: Int
    private let between: @Sendable () async throws -> Void

    /// Cuts content into pieces.
    ///
    /// - Parameters:
    ///   - content: All of it.
    ///   - size: How large a piece is.
    ///   - between: What is done after every fourth piece.
    public init(
        _ content: [UInt8], of size: Int = 64_000, between: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.content = content
        self.size = size
        self.between = between
    }

    /// Begins at the first piece.
    public func makeAsyncIterator() -> Iterator { Iterator(pieces: self) }

    /// Brings one piece after the other.
    public struct Iterator: AsyncIteratorProtocol {
        let pieces: Pieces
        var position = 0

        /// The next piece; `nil` at the end.
        public mutating func next() async throws -> ByteBuffer? {
            guard position < pieces.content.count else { return nil }
            let end = Swift.min(position + pieces.size, pieces.content.count)
            defer { position = end }
            if position > 0, position / pieces.size % 4 == 0 { try await pieces.between() }
            return ByteBuffer(bytes: pieces.content[position..<end])
        }
    }
}
