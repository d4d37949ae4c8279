import Base
import Foundation
import NIOCore
import Synchronization
import Testing
import WebTestKit

@testable import Web

/// Bodies that are read as they arrive: bytes, and the files of forms.
@Suite struct BodyTests {
    private struct Total: Output {
        static let shape = Shape.object([.body("bytes", .integer), .body("title", optional: .text)])

        let bytes: Int
        var title: String?
    }

    private static func bytes(
        limit: ByteCount = .mebibytes(64), _ seen: @escaping @Sendable (Int) async throws -> Void = { _ in }
    ) -> Route {
        Route(
            .put, "/bytes", "test.putBytes", "Counts bytes.", policy: .anyone, limit: Fixtures.free, budget: 0,
            bodyLimit: limit, accepts: .bytes
        ) { (request: Request<NoInput>) in
            var count = 0
            for try await piece in request.context.body {
                count += piece.readableBytes
                try await seen(count)
            }
            return Total(bytes: count)
        }
    }

    private struct Titled: Input {
        static let fields: [Field] = [.body("title", .text(1...10))]

        let title: String
    }

    private static let form = Route(
        .post, "/form", "test.sendForm", "Takes a file.", policy: .voter, limit: Fixtures.free, budget: 0,
        bodyLimit: .kibibytes(256), accepts: .formWithFile
    ) { (request: Request<Titled>) in
        var count = 0
        for try await piece in request.context.body { count += piece.readableBytes }
        return Total(bytes: count, title: request.input.title)
    }

    private static let token = Route(
        .get, "/token", "test.readToken", "Gives a form's token.", policy: .voter, limit: Fixtures.free, budget: 0
    ) { (request: Request<NoInput>) in Greeting(text: request.context.formToken) }

    // MARK: Bytes

    @Test func `bytes are handed over as they arrive, and no further than the limit`() async throws {
        let test = try await TestSite([Self.bytes(limit: .kibibytes(100))])
        let whole = try await test.request("PUT", "/bytes", body: Array(repeating: 1, count: 102_400))
        #expect(whole.text == #"{"bytes":102400}"#)
        #expect(try await test.request("PUT", "/bytes").text == #"{"bytes":0}"#)
        let large = try await test.request("PUT", "/bytes", body: Array(repeating: 1, count: 102_401))
        #expect(large.status == 413 && large.problemCode == "web.bodyTooLarge")
    }

    @Test func `a body without a length is bounded too, and its connection goes on behind a small one`() async throws {
        try await TestServer.run(try await TestSite([Self.bytes(limit: .kibibytes(1))]).site) { server in
            let put = "PUT /bytes HTTP/1.1\r\nhost: test\r\n"
            let chunk = String(repeating: "a", count: 0x300)
            let grown = try await server.exchange(
                put + "transfer-encoding: chunked\r\n\r\n300\r\n\(chunk)\r\n300\r\n\(chunk)\r\n0\r\n\r\n")
            #expect(grown.hasPrefix("HTTP/1.1 413"))
            let two = try await server.exchange(
                put + "content-length: 3\r\n\r\nabc" + put + "content-length: 2\r\nconnection: close\r\n\r\nde")
            #expect(two.contains(#"{"bytes":3}"#) && two.contains(#"{"bytes":2}"#))
            let asked = try await server.exchange(
                put + "expect: 100-continue\r\nconnection: close\r\ncontent-length: 2\r\n\r\nde")
            #expect(asked.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"))
        }
    }

    @Test func `a client is held back by a reader that is slower`() async throws {
        let sent = Mutex(0)
        let lag = Mutex(0)
        let route = Self.bytes { read in
            let ahead = sent.withLock { $0 } - read
            lag.withLock { $0 = max($0, ahead) }
            // A reader that always lets the others go first.
            for _ in 0..<20 { await Task.yield() }
        }
        let total = 60 << 20
        try await TestServer.run(try await TestSite([route]).site) { server in
            let head = "PUT /bytes HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-length: \(total)\r\n\r\n"
            let answer = try await BlockingClient.put(head, total, to: server.port) { count in
                sent.withLock { $0 = count }
            }
            #expect(answer.hasSuffix("{\"bytes\":\(total)}"))
        }
        // The system's socket buffers hold up to some 36 MiB where it is told to be generous; a body in memory would be
        // all of it.
        #expect(lag.withLock { $0 } < 44 << 20)
    }

    @Test func `a connection that is cut ends the reading with an error, at whatever byte`() async throws {
        let ended = Signal()
        let read = Mutex(0)
        let route = Route(
            .put, "/bytes", "test.putBytes", "Counts bytes.", policy: .anyone, limit: Fixtures.free, budget: 0,
            bodyLimit: .mebibytes(1), accepts: .bytes
        ) { (request: Request<NoInput>) in
            do {
                for try await piece in request.context.body { read.withLock { $0 += piece.readableBytes } }
            } catch {
                ended.fire()
                throw error
            }
            return NoContent()
        }
        try await TestServer.run(try await TestSite([route]).site) { server in
            try await server.connect().run { _, outbound in
                try await outbound.send("PUT /bytes HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\nabc")
            }
            await ended.wait()
        }
        #expect(read.withLock { $0 } <= 3)
    }

    @Test func `declarations that contradict themselves are refused`() async throws {
        let reading = Route(
            .get, "/bytes", "test.readBytes", "Wrong.", policy: .anyone, limit: Fixtures.free, budget: 0,
            accepts: .bytes
        ) { (_: Request<NoInput>) in NoContent() }
        await #expect(throws: WebError.self) { _ = try await TestSite([reading]) }
        let fields = Route(
            .put, "/bytes", "test.putBytes", "Wrong.", policy: .anyone, limit: Fixtures.free, budget: 0, accepts: .bytes
        ) { (_: Request<Titled>) in NoContent() }
        await #expect(throws: WebError.self) { _ = try await TestSite([fields]) }
    }

    // MARK: Forms

    private static let mark = "----mark"
    private static func part(_ head: String, _ content: String) -> String {
        "--\(mark)\r\nContent-Disposition: form-data; \(head)\r\n\r\n\(content)\r\n"
    }

    /// All events of a form that arrives in pieces of `size` bytes, its contents joined.
    private func events(of text: String, in size: Int) throws -> [String] {
        var parser = MultipartParser(boundary: Self.mark)
        var found: [String] = []
        var rest = Array(text.utf8)[...]
        while true {
            guard let event = try parser.next() else {
                guard !rest.isEmpty else { return found + ["cut"] }
                parser.feed(ByteBuffer(bytes: rest.prefix(size)))
                rest = rest.dropFirst(size)
                continue
            }
            switch event {
            case .part(let part): found.append("\(part.name)\(part.isFile ? "*" : "")=")
            case .bytes(let bytes): found[found.count - 1] += String(buffer: bytes)
            case .partEnded: found.append("|")
            case .ended: return found
            }
        }
    }

    @Test func `a form is read alike in whatever pieces it arrives`() throws {
        let tricky = "a\r\n--\(Self.mark.dropLast())x\r\n\r\n-----\r\n--"
        let text =
            "preamble\r\n" + Self.part("name=\"title\"", "Hi; \"you\"") + Self.part("name=empty", "")
            + Self.part("name=\"file\"; filename=\"a;b=c.mp4\"\r\nContent-Type: video/mp4", tricky)
            + "--\(Self.mark)--\r\nepilogue"
        let wanted = ["title=Hi; \"you\"", "|", "empty=", "|", "file*=\(tricky)", "|"]
        for size in 1...text.utf8.count { #expect(try events(of: text, in: size) == wanted, "pieces of \(size)") }
        // Without a preamble too, and cut anywhere it never looks complete.
        let bare = String(text.dropFirst("preamble\r\n".count))
        #expect(try events(of: bare, in: 7) == wanted)
        for count in 0..<(bare.utf8.count - "--\r\nepilogue".utf8.count) {
            let cut = String(decoding: Array(bare.utf8.prefix(count)), as: UTF8.self)
            #expect(try events(of: cut, in: 64).last == "cut", "cut at \(count)")
        }
    }

    @Test func `a form that is broken is refused, whatever it would have a parser hold`() throws {
        let nameless = "--\(Self.mark)\r\nContent-Type: text/plain\r\n\r\nx\r\n--\(Self.mark)--"
        #expect(throws: Problem.self) { try events(of: nameless, in: 9) }
        let endless = "--\(Self.mark)\r\nX: " + String(repeating: "a", count: 9_000)
        #expect(throws: Problem.self) { try events(of: endless, in: 512) }
        let padded = "--\(Self.mark)" + String(repeating: " ", count: 9_000)
        #expect(throws: Problem.self) { try events(of: padded, in: 512) }
    }

    @Test func `boundaries are read from the header as browsers write it`() {
        #expect(MultipartParser.boundary(of: "multipart/form-data; boundary=abc") == "abc")
        #expect(MultipartParser.boundary(of: "Multipart/Form-Data;charset=utf-8; Boundary=\"a b\"") == nil)
        #expect(MultipartParser.boundary(of: "multipart/form-data; boundary=\"a=b:c\"") == "a=b:c")
        for wrong in [
            "multipart/form-data", "multipart/mixed; boundary=abc", "multipart/form-data; boundary=", "text/plain",
            "multipart/form-data; boundary=" + String(repeating: "a", count: 71),
        ] {
            #expect(MultipartParser.boundary(of: wrong) == nil, "\(wrong)")
        }
    }

    @Test func `a form with a file needs its token, its fields, and no more bytes than allowed`() async throws {
        let test = try await TestSite([Self.form, Self.token])
        let first = try await test.get("/token")
        let cookie = try #require(first.cookies)
        let token = String(try #require(first.text.firstMatch(of: /"text":"([^"]+)"/)).1)
        func send(
            _ fields: [(String, String)], file: String?, type: String = "multipart/form-data; boundary=----mark",
            _ headers: [(name: String, value: String)] = []
        ) async throws -> PerformedAnswer {
            var body = fields.map { Self.part("name=\"\($0.0)\"", $0.1) }.joined()
            if let file { body += Self.part("name=\"file\"; filename=\"f\"", file) }
            body += "--\(Self.mark)--\r\n"
            return try await test.request(
                "POST", "/form", headers: [cookie, ("content-type", type)] + headers, body: Array(body.utf8))
        }
        let good = try await send(
            [("formToken", token), ("title", "Hello")], file: String(repeating: "x", count: 9_999))
        #expect(good.status == 200 && good.text == #"{"bytes":9999,"title":"Hello"}"#, "\(good.text)")
        #expect(try await send([("formToken", token), ("title", "Hello")], file: nil).text.contains(#""bytes":0"#))
        #expect(try await send([("title", "Hello")], file: "x").problemCode == "web.crossSite")
        #expect(try await send([("formToken", "forged"), ("title", "Hello")], file: "x").status == 403)
        #expect(try await send([("formToken", token)], file: "x").problemCode == "web.invalidInput")
        #expect(
            try await send([("formToken", token), ("title", "Hello")], file: "x", type: "application/json").status
                == 415)
        let foreign = try await send(
            [("formToken", token), ("title", "Hello")], file: "x", [("origin", "https://evil.example")])
        #expect(foreign.problemCode == "web.crossSite")
        let large = try await send(
            [("formToken", token), ("title", "Hello")], file: String(repeating: "x", count: 300_000))
        #expect(large.status == 413)
        let long = try await send([("formToken", String(repeating: "t", count: 20_000))], file: "x")
        #expect(long.status == 400)
    }
}

/// A client that buffers nothing of its own: what it says was sent, the system has taken.
private enum BlockingClient {
    struct Broken: Error {}

    /// Sends a head and `total` bytes from a thread of its own, and gives what comes back.
    static func put(
        _ head: String, _ total: Int, to port: Int, _ sent: @escaping @Sendable (Int) -> Void
    ) async throws -> String {
        try await withCheckedThrowingContinuation { continuation in
            Thread { continuation.resume(with: Result { try exchange(head, total, port, sent) }) }.start()
        }
    }

    private static func exchange(
        _ head: String, _ total: Int, _ port: Int, _ sent: (Int) -> Void
    ) throws -> String {
        let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Broken() }
        try write(Array(head.utf8), to: socket)
        let piece = Array(repeating: UInt8(ascii: "b"), count: 256 << 10)
        for end in stride(from: piece.count, through: total, by: piece.count) {
            try write(piece, to: socket)
            sent(end)
        }
        var answer: [UInt8] = []
        var buffer = Array(repeating: UInt8(0), count: 4_096)
        while case let count = recv(socket, &buffer, buffer.count, 0), count > 0 { answer += buffer.prefix(count) }
        return String(decoding: answer, as: UTF8.self)
    }

    private static func write(_ bytes: [UInt8], to socket: Int32) throws {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                send(socket, $0.baseAddress.map { $0 + done }, bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Broken() }
            done += count
        }
    }
}
