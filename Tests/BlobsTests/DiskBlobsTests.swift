import Base
import BaseTestKit
import BlobsTestKit
import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Telemetry
import Testing

@testable import Blobs

@Suite struct DiskBlobsTests {
    private let clock = SimClock()
    private let tenant = Tenant(ID(high: 7, low: 8))

    /// Gives `body` a store in an empty folder that is removed afterwards.
    private func withStore(
        calls: DiskCalls = DiskCalls(), _ body: (DiskBlobs, _ root: String) async throws -> Void
    ) async throws {
        let root = FileManager.default.temporaryDirectory
            .appending(path: "blobs-\(ID<DiskBlobs>(at: SystemClock().now(), using: SystemRandomness()))/store").path
        defer { try? FileManager.default.removeItem(atPath: root + "/..") }  // Litter in /tmp fails no test.
        let store = try await DiskBlobs(
            root: root, clock: clock, randomness: SeededRandomness(seed: 5), events: .silent(clock: clock),
            pool: .singleton, calls: calls)
        try await body(store, root)
    }

    private func files(_ root: String) -> [String] {
        let all = FileManager.default.enumerator(atPath: root)?.allObjects as? [String] ?? []
        return all.filter { !FileManager.default.isDirectory(root + "/" + $0) }.sorted()
    }

    @Test func `the store conforms`() async throws {
        try await withStore { store, root in
            try await BlobStoreConformance(store, clock: clock).run()
            #expect(files(root) == [])
            #expect(try FileManager.default.contentsOfDirectory(atPath: root) == [".incoming"])
        }
    }

    /// What a server of addresses does: it checks the signature, and stores or reads within the grant.
    @Test func `addresses of this process conform`() async throws {
        try await withStore { store, _ in
            let signer = BlobSigner(keys: [Secret(Array(repeating: 1, count: 32))], base: "/blobs", clock: clock)
            @Sendable func grant(_ method: BlobGrant.Method, _ address: String) -> BlobGrant? {
                guard let parts = URLComponents(string: address) else { return nil }
                let query = (parts.queryItems ?? []).map { (name: $0.name, value: $0.value ?? "") }
                let path = String(parts.path.dropFirst("/blobs/".count))
                guard case .granted(let grant) = signer.verify(method, path: path, query: query) else { return nil }
                return grant
            }
            let conformance = BlobAddressConformance(store, signer: signer, clock: clock) { upload, content in
                #expect(!upload.isDirect)
                guard let grant = grant(.put, upload.address), let sizeMax = grant.sizeMax else { return false }
                do throws(BlobsError) {
                    return try await store.put(
                        grant.target, for: grant.tenant,
                        BlobUpload(
                            contentType: grant.contentType ?? "", sizeMax: sizeMax, hash: grant.hash, conflict: .keep),
                        content: ByteBuffer(bytes: content)
                    ).isNew
                } catch {
                    return false
                }
            } read: { address in
                guard let grant = grant(.get, address), case .key(let key) = grant.target else { return nil }
                guard let download = try await store.get(key, for: grant.tenant) else { return nil }
                return Array(try await download.collect(sizeMax: .mebibytes(1)).readableBytesView)
            }
            try await conformance.run()
            try await conformance.anAddressTakesNothingElse()
            #expect(store.directOrigin == nil)
        }
    }

    @Test func `the tenant is the first element of the path`() async throws {
        try await withStore { store, root in
            let key = try #require(BlobKey("clips/a.mp4"))
            _ = try await store.put(.key(key), for: tenant, BlobUpload(sizeMax: .bytes(10)), from: Pieces([1]))
            #expect(files(root) == ["\(tenant.id)/clips/a.mp4~"])
        }
    }

    @Test func `a full disk is a clear error and leaves nothing`() async throws {
        var calls = DiskCalls()
        let room = Atomic(300_000)
        calls.write = { [write = calls.write] file, bytes throws(DiskFailure) in
            guard room.subtract(bytes.count, ordering: .relaxed).newValue >= 0 else {
                throw DiskFailure("write", ENOSPC)
            }
            return try write(file, bytes)
        }
        try await withStore(calls: calls) { store, root in
            let key = try #require(BlobKey("large"))
            await #expect(throws: BlobsError.self) {
                _ = try await store.put(
                    .key(key), for: tenant, BlobUpload(sizeMax: .mebibytes(1)),
                    from: Pieces([UInt8](repeating: 1, count: 500_000)))
            }
            do throws(BlobsError) {
                _ = try await store.put(
                    .key(key), for: tenant, BlobUpload(sizeMax: .mebibytes(1)), content: ByteBuffer(string: "x"))
            } catch {
                #expect(error.code == .diskFull)
                #expect(error.description.contains("disk is full"))
            }
            #expect(files(root) == [])
        }
    }

    @Test func `nothing is visible when the disk fails at any step`() async throws {
        for step in 0..<12 {
            let isArmed = Atomic(false)
            let left = Atomic(step)
            @Sendable func maybeFail() throws(DiskFailure) {
                guard isArmed.load(ordering: .relaxed) else { return }
                if left.subtract(1, ordering: .relaxed).oldValue == 0 { throw DiskFailure("fault", EIO) }
            }
            var calls = DiskCalls()
            calls.write = { [write = calls.write] file, bytes throws(DiskFailure) in
                try maybeFail()
                // Short writes are legal and must be continued.
                return try write(file, UnsafeRawBufferPointer(rebasing: bytes.prefix(max(1, bytes.count / 2))))
            }
            calls.sync = { [sync = calls.sync] file throws(DiskFailure) in
                try maybeFail()
                try sync(file)
            }
            try await withStore(calls: calls) { store, root in
                isArmed.store(true, ordering: .relaxed)
                let key = try #require(BlobKey("a/b/c"))
                let content = [UInt8]("content".utf8)
                let receipt = try? await store.put(  // The error is the point; what is left is checked below.
                    .key(key), for: tenant, BlobUpload(sizeMax: .bytes(10)), from: Pieces(content))
                isArmed.store(false, ordering: .relaxed)
                let found = try await store.get(key, for: tenant)?.collect(sizeMax: .bytes(10))
                if receipt != nil { #expect(found.map { Array($0.readableBytesView) } == content) }
                if let found { #expect(Array(found.readableBytesView) == content) }
                #expect(files(root).allSatisfy { !$0.hasPrefix(".incoming") })
            }
        }
    }

    @Test func `a file that was cut, lengthened or is no object is reported as damaged`() async throws {
        try await withStore { store, root in
            let key = try #require(BlobKey("victim"))
            _ = try await store.put(.key(key), for: tenant, BlobUpload(sizeMax: .bytes(10)), from: Pieces([1, 2, 3]))
            let path = "\(root)/\(tenant.id)/victim~"
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            for damaged in [whole.dropLast(), whole + [0], Data([0]) + whole, Data(), Data(whole.prefix(100))] {
                try Data(damaged).write(to: URL(fileURLWithPath: path))
                await #expect {
                    _ = try await store.get(key, for: tenant)
                } throws: {
                    ($0 as? BlobsError)?.code == .corrupt
                }
            }
        }
    }

    @Test func `an upload that a killed process left is removed a day later`() async throws {
        try await withStore { _, root in
            let path = root + "/.incoming/left"
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
            let written = SystemClock().now()
            for (age, isThere) in [(3_600, true), (90_000, false)] {
                _ = try await DiskBlobs(
                    root: root, clock: SimClock(start: written + .seconds(age)), randomness: SeededRandomness(seed: 1),
                    events: .silent())
                #expect(FileManager.default.fileExists(atPath: path) == isThere)
            }
        }
    }

    @Test func `a cancelled upload leaves nothing`() async throws {
        try await withStore { store, root in
            let key = try #require(BlobKey("cancelled"))
            let (started, signal) = AsyncStream.makeStream(of: Void.self)
            let clock = clock
            let tenant = tenant
            await withTaskGroup(of: BlobsError.Code?.self) { group in
                group.addTask {
                    let pieces = Pieces([UInt8](repeating: 1, count: 900_000)) {
                        signal.yield()
                        try await clock.sleep(for: .seconds(1))
                    }
                    do throws(BlobsError) {
                        _ = try await store.put(
                            .key(key), for: tenant, BlobUpload(sizeMax: .mebibytes(1)), from: pieces)
                        return nil
                    } catch {
                        return error.code
                    }
                }
                for await _ in started { break }
                group.cancelAll()
                #expect(await group.next() == .cancelled)
            }
            #expect(files(root) == [])
        }
    }

    @Test func `a trailer reads back as it was written`() throws {
        let trailer = DiskTrailer(
            size: 1 << 40, hash: BlobHash(of: [1]), contentType: "video/mp4", storedAt: Timestamp(microseconds: -5))
        #expect(trailer.bytes.count == 256)
        #expect(DiskTrailer(bytes: trailer.bytes) == trailer)
        #expect(DiskTrailer(bytes: Array(trailer.bytes.dropLast())) == nil)
    }
}

extension FileManager {
    fileprivate func isDirectory(_ path: String) -> Bool {
        var isDirectory: ObjCBool = false
        return fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }
}
