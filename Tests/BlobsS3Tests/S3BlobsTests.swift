import Base
import BaseTestKit
import Blobs
import BlobsTestKit
import NIOCore
import Outbound
import Telemetry
import Testing

@testable import BlobsS3

/// Against a real S3 server.
@Suite(.serialized) struct S3BlobsTests {
    private let randomness = SeededRandomness(seed: 21)

    @Test func `the store conforms`() async throws {
        let store = try await Store.real()
        try await BlobStoreConformance(store.blobs, clock: store.clock).run()
        let (objects, uploads) = try await store.everything()
        #expect(objects.isEmpty && uploads.isEmpty)
    }

    @Test func `the store conforms below a prefix`() async throws {
        let store = try await Store.real(prefix: "capstan/stage-1/")
        try await BlobStoreConformance(store.blobs, clock: store.clock).run()
        let (objects, uploads) = try await store.everything()
        #expect(objects.isEmpty && uploads.isEmpty)
    }

    @Test(arguments: [5 << 20, (5 << 20) + 1, 12_345_678])
    func `a large object goes in parts and comes back whole`(size: Int) async throws {
        let store = try await Store.real()
        let content = randomness.bytes(size)
        let key = try #require(BlobKey("clips/large.mp4"))
        let upload = BlobUpload(contentType: "video/mp4", sizeMax: .mebibytes(20))
        let receipt = try await store.blobs.put(.key(key), for: tenant, upload, from: Pieces(content, of: 100_003))
        #expect(receipt.isNew && receipt.info.hash == BlobHash(of: content))
        let download = try #require(try await store.blobs.get(key, for: tenant))
        #expect(download.info == receipt.info)
        #expect(try await Array(download.collect(sizeMax: .mebibytes(20)).readableBytesView) == content)
        let part = try #require(try await store.blobs.get(key, for: tenant, bytes: 5_000_000..<5_242_880))
        #expect(
            try await Array(part.collect(sizeMax: .mebibytes(1)).readableBytesView)
                == Array(content[5_000_000..<5_242_880]))
        let (objects, uploads) = try await store.everything()
        #expect(objects == ["\(tenant.id)/clips/large.mp4"] && uploads.isEmpty)
    }

    @Test func `a large object by content is kept once`() async throws {
        let store = try await Store.real()
        let content = randomness.bytes(6 << 20)
        let upload = BlobUpload(sizeMax: .mebibytes(20), length: .bytes(6 << 20), hash: BlobHash(of: content))
        let first = try await store.blobs.put(.contentAddress, for: tenant, upload, from: Pieces(content))
        store.clock.advance(by: .seconds(9))
        let second = try await store.blobs.put(.contentAddress, for: tenant, upload, from: Pieces(content))
        #expect(first.isNew && !second.isNew && first.info == second.info)
        let (objects, uploads) = try await store.everything()
        #expect(objects == ["\(tenant.id)/\(first.info.key)"] && uploads.isEmpty)
    }

    @Test func `a large upload that fails in its middle leaves nothing`() async throws {
        struct Gone: Error {}
        let store = try await Store.real()
        let key = try #require(BlobKey("gone"))
        let content = randomness.bytes(11 << 20)
        let cases: [(BlobsError.Code, BlobUpload, Pieces)] = [
            (.tooLarge, BlobUpload(sizeMax: .mebibytes(10)), Pieces(content)),
            (.truncated, BlobUpload(sizeMax: .mebibytes(20), length: .mebibytes(12)), Pieces(content)),
            (.hashMismatch, BlobUpload(sizeMax: .mebibytes(20), hash: BlobHash(of: [1])), Pieces(content)),
            (
                .sourceFailed, BlobUpload(sizeMax: .mebibytes(20)),
                Pieces(content, of: 2_000_000) { throw Gone() }
            ),
            (
                .cancelled, BlobUpload(sizeMax: .mebibytes(20)),
                Pieces(content, of: 2_000_000) { throw CancellationError() }
            ),
        ]
        for (code, upload, pieces) in cases {
            await expect(code) { () async throws(BlobsError) in
                _ = try await store.blobs.put(.key(key), for: tenant, upload, from: pieces)
            }
            let (objects, uploads) = try await store.everything()
            #expect(objects.isEmpty && uploads.isEmpty, "\(code)")
        }
    }

    @Test func `a cancelled upload undoes what it has begun`() async throws {
        let store = try await Store.real()
        let key = try #require(BlobKey("cancelled"))
        let content = randomness.bytes(11 << 20)
        let (begun, signal) = AsyncStream.makeStream(of: Void.self)
        let blobs = store.blobs
        let upload = Task {
            try await blobs.put(
                .key(key), for: tenant, BlobUpload(sizeMax: .mebibytes(20)),
                from: Pieces(content, of: 2_000_000) {
                    signal.yield()
                    let (never, continuation) = AsyncStream.makeStream(of: Never.self)
                    for await _ in never {}
                    withExtendedLifetime(continuation) {}
                    try Task.checkCancellation()
                })
        }
        for await _ in begun { break }
        upload.cancel()
        await #expect(throws: BlobsError.self) { try await upload.value }
        let (objects, uploads) = try await store.everything()
        #expect(objects.isEmpty && uploads.isEmpty)
    }

    @Test func `what a killed process left is removed after a day`() async throws {
        let store = try await Store.real()
        let bucket = store.blobs.bucket
        try await bucket.ask(.post, "incoming/begun", [("uploads", "")])
        try await bucket.ask(.put, "incoming/complete", content: ByteBuffer(string: "x"))
        try await bucket.ask(.put, "\(tenant.id)/kept", content: ByteBuffer(string: "x"))
        store.clock.step(to: SystemClock().now() + .seconds(86_000))
        // This server says of every upload in parts that it began in 2010.
        #expect(try await store.blobs.removeAbandoned() == 1)
        store.clock.step(to: SystemClock().now() + .seconds(86_500))
        #expect(try await store.blobs.removeAbandoned() == 1)
        let (objects, uploads) = try await store.everything()
        #expect(objects == ["\(tenant.id)/kept"] && uploads.isEmpty)
    }

    @Test func `addresses conform: bytes go to the store and come from it without us in between`() async throws {
        let store = try await Store.real()
        store.clock.step(to: SystemClock().now())
        let rule = try #require(AddressRule(allowing: ["127.0.0.1"]))
        let browser = OutboundClient(OutboundOptions(rule: rule), clock: SystemClock(), events: .silent())
        let signer = BlobSigner(keys: [Secret(Array(repeating: 1, count: 32))], base: "/unused", clock: store.clock)
        let conformance = BlobAddressConformance(store.blobs, signer: signer, clock: store.clock) { upload, content in
            #expect(upload.isDirect)
            var headers = OutboundHeaders()
            for header in upload.headers { headers.add(header.name, header.value) }
            let put = try await browser.send(
                OutboundRequest(
                    .put, try #require(OutboundAddress(upload.address)), headers: headers,
                    content: .bytes(ByteBuffer(bytes: content))))
            return put.status == 200
        } read: { address in
            let got = try await browser.send(OutboundRequest(.get, try #require(OutboundAddress(address))))
            return got.status == 200 ? Array(got.content.readableBytesView) : nil
        }
        try await conformance.run()
        #expect(store.blobs.directOrigin == store.blobs.bucket.options.bucketAddress.origin)
    }

    @Test func `a bucket that is not there is named as the mistake`() async throws {
        let real = try await Store.real()
        try await real.blobs.check()
        let endpoint = try #require(OutboundAddress(real.blobs.bucket.options.bucketAddress.origin))
        let store = try Store(at: endpoint, bucket: "no-such-bucket-anywhere")
        await expect(.storeFailed, saying: "bucket does not exist") { () async throws(BlobsError) in
            try await store.blobs.check()
        }
        let key = try #require(BlobKey("key"))
        await expect(.storeFailed, saying: "bucket does not exist") { () async throws(BlobsError) in
            _ = try await store.blobs.get(key, for: tenant)
        }
    }
}
