import Base
import BaseTestKit
import Blobs
import BlobsTestKit
import Limits
import NIOCore
import Outbound
import OutboundTestKit
import Telemetry
import Testing

@testable import BlobsS3

/// Against a scripted store that fails by a plan.
@Suite struct S3FaultTests {
    private let key = BlobKey(contentAddress: BlobHash(of: [1, 2, 3]))
    private let upload = BlobUpload(sizeMax: .mebibytes(20))

    private static func error(_ status: Int, _ code: String) -> PeerAnswer {
        .text("<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>m</Message></Error>", status: status)
    }

    /// As much of a store as uploads ask for.
    private static func answer(_ request: PeerRequest) -> PeerAnswer {
        switch (request.method, request.target.contains("uploads="), request.target.contains("uploadId=")) {
        case ("HEAD", _, _): PeerAnswer(404)
        case ("POST", true, _):
            .text("<InitiateMultipartUploadResult><UploadId>u-1</UploadId></InitiateMultipartUploadResult>")
        case ("PUT", _, _): PeerAnswer(headers: ["ETag": "\"tag\""])
        case ("DELETE", _, _): PeerAnswer(204)
        default: .text("<Result></Result>")
        }
    }

    private var quick: RetryPolicy { RetryPolicy(attemptsMax: 3, pause: .milliseconds(1), pauseMax: .milliseconds(2)) }

    @Test func `a store that asks to slow down or breaks off is asked again`() async throws {
        try await ScriptedPeer.run(.http, { Self.answer($0) }) { peer in
            let store = try Store(at: peer.address, retries: quick)
            peer.plan([.status(503, retryAfter: nil), .drop])
            let receipt = try await store.blobs.put(
                .key(key), for: tenant, upload, content: ByteBuffer(bytes: [1, 2, 3]))
            #expect(receipt.isNew)
            #expect(peer.received.map(\.method) == ["PUT", "PUT", "PUT"])
            #expect(peer.received.last?.text == String(decoding: [1, 2, 3], as: UTF8.self))
        }
    }

    @Test func `a part that is cut in its middle is sent again`() async throws {
        try await ScriptedPeer.run(.http, { Self.answer($0) }) { peer in
            let store = try Store(at: peer.address, retries: quick)
            peer.plan([nil, nil, .cutUpload])
            let large = try #require(BlobKey("large"))
            _ = try await store.blobs.put(
                .key(large), for: tenant, upload, from: Pieces([UInt8](repeating: 1, count: 11 << 20)))
            let parts = peer.received.filter { $0.target.contains("partNumber=2") }
            #expect(parts.count == 2 && parts[0].fault == .cutUpload && parts[1].content.readableBytes == 5 << 20)
            #expect(peer.received.filter { $0.headers["x-amz-copy-source"] != nil }.count == 1)
        }
    }

    @Test func `a large upload that cannot go on is given up, and never gets its name`() async throws {
        try await ScriptedPeer.run(
            .http,
            { request in
                request.target.contains("partNumber=2") ? Self.error(500, "InternalError") : Self.answer(request)
            }
        ) { peer in
            let store = try Store(at: peer.address, retries: quick)
            let large = try #require(BlobKey("large"))
            await expect(.storeFailed, saying: "InternalError") { () async throws(BlobsError) in
                _ = try await store.blobs.put(
                    .key(large), for: tenant, upload, from: Pieces([UInt8](repeating: 1, count: 11 << 20)))
            }
            let last = try #require(peer.received.last)
            #expect(last.method == "DELETE" && last.target.hasSuffix("uploadId=u-1"))
            #expect(!peer.received.contains { $0.path.hasSuffix("/large") && $0.method != "HEAD" })
        }
    }

    @Test func `an error within an answer of 200 is an error`() async throws {
        try await ScriptedPeer.run(
            .http,
            { request in
                request.headers["x-amz-copy-source"] == nil ? Self.answer(request) : Self.error(200, "SlowDown")
            }
        ) { peer in
            let store = try Store(at: peer.address, retries: quick)
            let large = try #require(BlobKey("large"))
            await expect(.storeFailed) { () async throws(BlobsError) in
                _ = try await store.blobs.put(
                    .key(large), for: tenant, upload, from: Pieces([UInt8](repeating: 1, count: 6 << 20)))
            }
            #expect(peer.received.last?.method == "DELETE", "the copy's source is removed")
        }
    }

    @Test(arguments: [
        (403, "InvalidAccessKeyId", "refuses the key pair (InvalidAccessKeyId)"),
        (403, "SignatureDoesNotMatch", "refuses the key pair (SignatureDoesNotMatch)"),
        (403, "RequestTimeTooSkewed", "clock"), (404, "NoSuchBucket", "bucket does not exist"),
        (503, "SlowDown", "slow down"), (418, "Teapot", "status 418 (Teapot)"),
    ])
    func `what the store refuses is said clearly`(status: Int, code: String, words: String) async throws {
        try await ScriptedPeer.run(.http, { _ in Self.error(status, code) }) { peer in
            let store = try Store(at: peer.address, retries: quick)
            await expect(.storeFailed, saying: words) { () async throws(BlobsError) in try await store.blobs.check() }
        }
    }

    @Test func `a store that is down, or never answers, is an error in time`() async throws {
        let gone = try await ScriptedPeer.run(.http, { _ in PeerAnswer() }) { peer in peer.address }
        let store = try Store(at: gone, retries: quick)
        await expect(.storeFailed, saying: "cannot be reached") { () async throws(BlobsError) in
            _ = try await store.blobs.get(key, for: tenant)
        }
        try await ScriptedPeer.run(.http, { _ in PeerAnswer() }) { peer in
            peer.plan([.silence])
            let store = try Store(at: peer.address, retries: RetryPolicy(attemptsMax: 1), deadline: .seconds(1))
            await expect(.storeFailed, saying: "time") { () async throws(BlobsError) in
                _ = try await store.blobs.head(key, for: tenant)
            }
        }
    }

    @Test func `a download that is cut, or is not what its hash says, is an error at its end`() async throws {
        let content = ByteBuffer(repeating: 7, count: 300_000)
        let hash = BlobHash(of: content.readableBytesView)
        try await ScriptedPeer.run(
            .http,
            { request in
                PeerAnswer(
                    headers: [
                        "x-amz-meta-capstan-sha256": request.path.hasSuffix("/good")
                            ? "\(hash)" : "\(BlobHash(of: [1]))",
                        "x-amz-meta-capstan-stored": "5", "Content-Type": "video/mp4",
                    ], content: content)
            }
        ) { peer in
            let store = try Store(at: peer.address, retries: quick)
            let good = try #require(BlobKey("good"))
            let download = try #require(try await store.blobs.get(good, for: tenant))
            #expect(try await download.collect(sizeMax: .mebibytes(1)) == content)
            let wrong = try #require(BlobKey("bad"))
            let bad = try #require(try await store.blobs.get(wrong, for: tenant))
            await expect(.corrupt) { () async throws(BlobsError) in _ = try await bad.collect(sizeMax: .mebibytes(1)) }
            peer.plan([.dropMidBody])
            let cut = try #require(try await store.blobs.get(good, for: tenant))
            await expect(.storeFailed, saying: "broke off") { () async throws(BlobsError) in
                _ = try await cut.collect(sizeMax: .mebibytes(1))
            }
        }
    }
}
