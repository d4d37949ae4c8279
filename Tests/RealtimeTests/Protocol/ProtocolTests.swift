import Base
import Foundation
import Realtime
import RealtimeTestKit
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Hosting

/// The real server held to RFC 6455 byte for byte, in the manner of Autobahn.
@Suite(.databases, .timeLimit(.minutes(5))) struct ProtocolTests {
    private struct Outcome {
        var frames: [ServerFrame] = []
        /// Bytes behind the last whole frame.
        var rest: [UInt8] = []
    }

    @Test(arguments: Backend.all.filter { $0.name == "sqlite" })
    func `every case of the protocol is answered as the standard says, at once and in pieces`(
        backend: Backend
    ) async throws {
        let stage = try await RealtimeStage(on: backend, sharing: .inProcess())
        let node = try await stage.node {
            $0.connectionsPerSeat = 10_000
            // Many commands at once are no fault here.
            $0.commandBurst = 10_000
        }
        let test = try await TestSite(RealtimeRoutes(realtime: node.realtime, opensPerMinute: 1_000_000).routes)
        #expect(SocketCase.all.count > 300)
        try await stage.running([node]) {
            try await TestServer.run(test.site) { server in
                for example in SocketCase.all {
                    let pieces = [example.bytes.count, example.bytes.count > 300 ? 97 : 1]
                    for bytes in pieces {
                        let outcome = try await play(example, in: bytes, on: server)
                        let comment = "\(example.testDescription), in pieces of \(bytes) bytes"
                        #expect(outcome.frames == example.answers, "\(comment)")
                        #expect(outcome.rest.isEmpty, "\(comment)")
                    }
                }
            }
        }
    }

    /// Sends a case and reads until the server ends the connection, which it must; its close is answered as a client does.
    private func play(_ example: SocketCase, in piece: Int, on server: RunningServer) async throws -> Outcome {
        try await server.connect().run { inbound, outbound in
            try await outbound.send(
                "GET /api/realtime/socket HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            let head = try await inbound.read(to: "\r\n\r\n")
            guard head.hasPrefix("HTTP/1.1 101 ") else {
                Issue.record("no socket was opened: \(head)")
                return Outcome()
            }
            do {
                for start in stride(from: 0, to: example.bytes.count, by: piece) {
                    try await outbound.send(Array(example.bytes[start..<min(start + piece, example.bytes.count)]))
                }
            } catch {
                // The server has closed within what it was sent; what it said before is still to be read.
            }
            var outcome = Outcome()
            while let bytes = try await inbound.readBytes() {
                outcome.rest += bytes
                let frames = ServerFrame.take(from: &outcome.rest)
                outcome.frames += frames
                for case .close(let code) in frames {
                    // It has gone where it answered a close of ours.
                    try? await outbound.send(SocketFrame.close(code).bytes)
                }
            }
            return outcome
        }
    }
}
