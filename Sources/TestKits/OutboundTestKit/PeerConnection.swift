import NIOCore
import NIOHTTP1
import Outbound

/// One connection to a peer: requests in, bytes out.
struct PeerConnection {
    private struct Closing: Error {}

    let peer: ScriptedPeer
    let number: Int

    func serve(_ accepted: any Channel) async throws {
        let channel = try await accepted.eventLoop.submit {
            try NIOAsyncChannel<HTTPServerRequestPart, ByteBuffer>(wrappingChannelSynchronously: accepted)
        }.get()
        try await channel.executeThenClose { inbound, outbound in
            try await accepted.setOption(.autoRead, value: true).get()
            var parts = inbound.makeAsyncIterator()
            while let part = try await parts.next() {
                guard case .head(let head) = part else { continue }
                var request = PeerRequest(
                    method: head.method.rawValue, target: head.uri, headers: [:], content: ByteBuffer(),
                    connection: number)
                for field in head.headers { request.headers.add(field.name, field.value) }
                let (index, fault) = peer.arrived(request)
                if fault == .cutUpload {
                    // At least one piece of the upload has come, so that it is cut in its middle.
                    _ = try await parts.next()
                    peer.completed(index, request)
                    return
                }
                reading: while let part = try await parts.next() {
                    switch part {
                    case .body(var piece):
                        request.content.writeBuffer(&piece)
                        guard request.content.readableBytes <= ScriptedPeer.Bounds.contentBytes else { return }
                    case .end: break reading
                    case .head: return
                    }
                }
                peer.completed(index, request)
                request.fault = fault
                guard try await answer(request, fault, outbound) else { return }
                guard head.isKeepAlive else { return }
            }
        }
    }

    /// Answers, or fails as planned; returns whether the connection goes on.
    private func answer(
        _ request: PeerRequest, _ fault: PeerFault?, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws -> Bool {
        switch fault {
        case .silence: try await forever()
        case .drop, .cutUpload: return false
        case .garbage:
            try await outbound.write(ByteBuffer(string: "250 this is mail\r\n\r\n"))
            return false
        case .hugeHeaders(let bytes):
            let value = String(repeating: "x", count: bytes)
            try await outbound.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\nX-Huge: \(value)\r\n\r\n"))
            return false
        case .status(let status, let retryAfter):
            var headers: OutboundHeaders = [:]
            if let retryAfter { headers.add("Retry-After", retryAfter) }
            try await write(PeerAnswer.text("status \(status)", status: status, headers: headers), request, outbound)
        case .redirect(let status, let location):
            try await write(PeerAnswer(status, headers: ["Location": location]), request, outbound)
        case .endlessBody:
            try await outbound.write(ByteBuffer(string: "HTTP/1.1 200 OK\r\n\r\n"))
            let chunk = ByteBuffer(repeating: UInt8(ascii: "x"), count: ScriptedPeer.Bounds.chunk)
            while true { try await outbound.write(chunk) }
        case .stall, .dropMidBody:
            let answer = await peer.script(request)
            try await outbound.write(Self.head(answer, length: answer.content.readableBytes))
            if let half = answer.content.getSlice(
                at: answer.content.readerIndex, length: answer.content.readableBytes / 2)
            {
                try await outbound.write(half)
            }
            if fault == .dropMidBody { return false }
            try await forever()
        case .truncated(let bytes):
            var answer = await peer.script(request)
            answer.content = answer.content.getSlice(at: answer.content.readerIndex, length: bytes) ?? answer.content
            try await write(answer, request, outbound)
        case nil:
            let answer = await peer.script(request)
            guard answer.pieces.isEmpty else { return try await writePieces(of: answer, outbound) }
            try await write(answer, request, outbound)
        }
        return true
    }

    /// Writes each piece as a chunk of its own; returns whether the connection goes on.
    private func writePieces(
        of answer: PeerAnswer, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws -> Bool {
        var answer = answer
        answer.headers.add("Transfer-Encoding", "chunked")
        try await outbound.write(Self.head(answer, length: nil))
        for piece in answer.pieces {
            if let gate = piece.gate { await gate() }
            var chunk = ByteBuffer(string: String(piece.bytes.count, radix: 16) + "\r\n")
            chunk.writeBytes(piece.bytes)
            chunk.writeString("\r\n")
            try await outbound.write(chunk)
        }
        if answer.isCut { return false }
        try await outbound.write(ByteBuffer(string: "0\r\n\r\n"))
        return true
    }

    private func write(
        _ answer: PeerAnswer, _ request: PeerRequest, _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    ) async throws {
        var bytes = Self.head(answer, length: answer.content.readableBytes)
        if request.method != "HEAD" { bytes.writeImmutableBuffer(answer.content) }
        try await outbound.write(bytes)
    }

    private static func head(_ answer: PeerAnswer, length: Int?) -> ByteBuffer {
        var text = "HTTP/1.1 \(answer.status) Said\r\n"
        for field in answer.headers.fields { text += "\(field.name): \(field.value)\r\n" }
        if let length, answer.status != 204, answer.status != 304, answer.headers["content-length"] == nil {
            text += "Content-Length: \(length)\r\n"
        }
        return ByteBuffer(string: text + "\r\n")
    }

    /// Until the peer is stopped, which cancels its connections.
    private func forever() async throws {
        let (nothing, continuation) = AsyncStream.makeStream(of: Never.self)
        for await _ in nothing {}
        withExtendedLifetime(continuation) {}
        throw CancellationError()
    }
}
