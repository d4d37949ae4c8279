import Base
import Foundation
import NIOCore
import OutboundTestKit
import Synchronization
import Testing

@testable import Outbound

/// The test kit's certificate in a file, and options that trust it.
struct TemporaryTrust: ~Copyable {
    let path: String
    let options: OutboundOptions

    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "trust-\(ID<TestCertificate>(at: SystemClock().now(), using: SystemRandomness())).pem")
            .path
        try TestCertificate.pem.write(toFile: path, atomically: true, encoding: .utf8)
        options = OutboundOptions(rule: .loopback, trustFile: path)
    }

    deinit { unlink(path) }
}

@Suite struct ContentTests {
    @Test func `a stream is asked for its next chunk only as the connection takes it`() async throws {
        try await ScriptedPeer.run { request in
            .text("\(request.content.readableBytes)")
        } body: { peer in
            let left = Mutex(64)
            let request = OutboundRequest(
                .put, peer.address,
                content: .stream(length: .mebibytes(4)) {
                    left.withLock { left in
                        guard left > 0 else { return nil }
                        left -= 1
                        return ByteBuffer(repeating: UInt8(left), count: 64 << 10)
                    }
                })
            let response = try await client().send(request)
            #expect(response.text == "\(4 << 20)")
            #expect(peer.received.first?.headers["content-length"] == "\(4 << 20)")
        }
    }

    @Test func `content that fails, falls short or runs over is the caller's fault`() async throws {
        struct Gone: Error {}
        try await ScriptedPeer.run { _ in
            PeerAnswer()
        } body: { peer in
            await expect(.contentFailed) { () async throws(OutboundError) in
                _ = try await client().send(
                    OutboundRequest(.put, peer.address, content: .stream(length: .bytes(10)) { throw Gone() }))
            }
            for length in [3, 7] {
                let isSent = Mutex(false)
                await expect(.contentFailed) { () async throws(OutboundError) in
                    _ = try await client().send(
                        OutboundRequest(
                            .put, peer.address,
                            content: .stream(length: .bytes(length)) {
                                isSent.withLock { isSent in
                                    defer { isSent = true }
                                    return isSent ? nil : ByteBuffer(string: "12345")
                                }
                            }))
                }
            }
        }
    }

    @Test func `an upload that is cut in its middle is a closed connection`() async throws {
        try await ScriptedPeer.run { _ in
            PeerAnswer()
        } body: { peer in
            peer.plan([.cutUpload])
            await expect(.closed) { () async throws(OutboundError) in
                _ = try await client().send(
                    OutboundRequest(
                        .put, peer.address,
                        content: .stream(length: .mebibytes(64)) { ByteBuffer(repeating: 1, count: 64 << 10) }))
            }
        }
    }

    @Test func `certificates are verified, and one more can be trusted`() async throws {
        try await ScriptedPeer.run(.https) { _ in
            .text("private")
        } body: { peer in
            await expect(.tls) { () async throws(OutboundError) in
                _ = try await client().send(OutboundRequest(.get, peer.address))
            }
            #expect(peer.received.isEmpty)
            let trust = try TemporaryTrust()
            #expect(try await client(trust.options).send(OutboundRequest(.get, peer.address)).text == "private")
            // Trusted, but not for this name.
            let numbered = try #require(OutboundAddress("https://127.0.0.1:\(peer.port)/"))
            await expect(.tls) { () async throws(OutboundError) in
                _ = try await client(trust.options).send(OutboundRequest(.get, numbered))
            }
        }
    }

    @Test func `a response is streamed with as much in memory as is being read`() async throws {
        let content = ByteBuffer(repeating: 7, count: 8 << 20)
        try await ScriptedPeer.run { _ in
            PeerAnswer(content: content)
        } body: { peer in
            let download = try await client().open(OutboundRequest(.get, peer.address, responseMax: .mebibytes(8)))
            var bytes = 0
            while let chunk = try await download.content.next() {
                #expect(chunk.readableBytes <= 1 << 20)
                bytes += chunk.readableBytes
            }
            #expect(bytes == 8 << 20)
            #expect(try await download.content.next() == nil)
        }
    }
}
