import Base
import BaseTestKit
import Blobs
import Crypto
import Foundation
import NIOCore
import Synchronization
import Telemetry
import Testing
import Web
import WebTestKit

@Suite struct StreamTests {
    private static func export(rows: Int, failingAt: Int? = nil) -> Route {
        Route(
            .get, "/export", "test.export", "Exports.", policy: .anyone, limit: Fixtures.free, budget: 0
        ) { (_: Request<NoInput>) in
            CSVExport("rows", columns: ["number", "text"]) { output in
                for number in 0..<rows {
                    if number == failingAt { throw Fixtures.Unexpected(secret: "no") }
                    output.integer(number)
                    output.text(number % 2 == 0 ? "plain" : "with \"quotes\", and\nlines")
                    try await output.endRow()
                }
            }
        }
    }

    @Test func `an export ends with the number of its rows and the hash of all before`() async throws {
        let test = try await TestSite([Self.export(rows: 3)])
        let answer = try await test.get("/export")
        #expect(answer["content-type"] == "text/csv; charset=utf-8")
        #expect(answer["content-disposition"] == "attachment; filename=\"rows.csv\"")
        let lines = answer.text.components(separatedBy: "\r\n")
        #expect(lines[0...3] == ["number,text", "0,plain", "1,\"with \"\"quotes\"\", and\nlines\"", "2,plain"])
        let content = lines[0...3].joined(separator: "\r\n") + "\r\n"
        let hash = SHA256.hash(data: Data(content.utf8)).map { String(format: "%02x", $0) }.joined()
        #expect(lines[4] == "# rows=3 sha256=\(hash)")
        #expect(answer.trailers.map { $0.value } == ["3", hash])
    }

    @Test func `an export that fails has no end`() async throws {
        let test = try await TestSite([Self.export(rows: 100_000, failingAt: 50_000)])
        try await TestServer.run(test.site) { server in
            let text = try await server.exchange("GET /export HTTP/1.1\r\nhost: test\r\n\r\n")
            #expect(text.hasPrefix("HTTP/1.1 200"))
            #expect(text.contains("\r\n9999,"))
            #expect(!text.contains("sha256="))
            #expect(!text.hasSuffix("\r\n0\r\n\r\n"))
        }
    }

    @Test func `a whole export arrives with its trailers`() async throws {
        let test = try await TestSite([Self.export(rows: 20_000)])
        try await TestServer.run(test.site) { server in
            let text = try await server.exchange("GET /export HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n")
            #expect(text.contains("# rows=20000 sha256="))
            #expect(text.contains("\r\nx-export-rows: 20000\r\n"))
            #expect(text.hasSuffix("\r\n\r\n"))
        }
    }

    @Test func `lines of JSON end the same way`() async throws {
        let route = Route(
            .get, "/lines", "test.lines", "Exports.", policy: .anyone, limit: Fixtures.free, budget: 0
        ) { (_: Request<NoInput>) in
            NDJSONExport("lines") { output in
                for text in ["a", "b"] { try await output.row(Greeting(text: text)) }
            }
        }
        let answer = try await TestSite([route]).get("/lines")
        #expect(answer.text.hasPrefix("{\"text\":\"a\"}\n{\"text\":\"b\"}\n{\"manifest\":{\"rows\":2,\"sha256\":\""))
    }

    @Test func `a client that takes nothing is not buffered for, and cut`() async throws {
        let ended = Signal()
        let rows = Mutex(0)
        let endless = Route(
            .get, "/endless", "test.endless", "Streams.", policy: .anyone, limit: Fixtures.free, budget: 0
        ) { (_: Request<NoInput>) in
            CSVExport("endless", columns: ["text"]) { output in
                defer { ended.fire() }
                let text = String(repeating: "a", count: 10_000)
                while true {
                    output.text(text)
                    try await output.endRow()
                    rows.withLock { $0 += 1 }
                }
            }
        }
        let test = try await TestSite([endless])
        var settings = ServerSettings()
        settings.stallTimeout = .milliseconds(300)
        try await TestServer.run(test.site, settings: settings) { server in
            try await server.connect().run { _, outbound in
                try await outbound.send("GET /endless HTTP/1.1\r\nhost: test\r\n\r\n")
                await ended.wait()
            }
        }
        // What the system's socket buffers and ours hold is a few megabytes; an unbounded buffer would hold far more.
        #expect(rows.withLock { $0 } < 3_000)
    }

    static let ranges: [(String?, Int, String?, String)] = [
        (nil, 200, nil, "0123456789"), ("bytes=2-4", 206, "bytes 2-4/10", "234"),
        ("bytes=7-", 206, "bytes 7-9/10", "789"), ("bytes=-3", 206, "bytes 7-9/10", "789"),
        ("bytes=5-99", 206, "bytes 5-9/10", "56789"), ("bytes=10-", 416, "bytes */10", ""),
        ("lines=1-2", 200, nil, "0123456789"),
    ]

    @Test(arguments: ranges)
    func `an object is served whole or in part`(range: String?, status: Int, shown: String?, text: String) async throws
    {
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("blobs-\(ID<Tenant>(at: SystemClock().now(), using: SystemRandomness()))")
        defer {
            // A folder that cannot be removed is the machine's to clean.
            try? FileManager.default.removeItem(at: folder)
        }
        let blobs = try await DiskBlobs(
            root: folder.path, clock: SystemClock(), randomness: SystemRandomness(), events: .silent())
        let tenant = Tenant(ID(high: 1, low: 2))
        let key = try #require(BlobKey("clips/one.mp4"))
        _ = try await blobs.put(
            .key(key), for: tenant, BlobUpload(contentType: "video/mp4", sizeMax: .kibibytes(1)),
            content: ByteBuffer(string: "0123456789"))
        let route = Route(
            .get, "/clip", "test.clip", "A clip.", policy: .anyone, limit: Fixtures.free, budget: 0, cache: .immutable
        ) { (_: Request<NoInput>) in BlobAnswer(key, of: tenant, in: blobs) }
        let test = try await TestSite([route])
        let answer = try await test.get("/clip", headers: range.map { [("range", $0)] } ?? [])
        #expect(answer.status == status)
        #expect(answer["content-range"] == shown)
        #expect(answer["accept-ranges"] == "bytes")
        if status == 416 {
            #expect(answer.problemCode == "web.rangeNotSatisfiable")
            return
        }
        #expect(answer.text == text)
        #expect(answer["content-type"] == "video/mp4")
        #expect(answer["content-length"] == String(text.utf8.count))
        #expect(answer["cache-control"] == "public, max-age=31536000, immutable")
        let tag = try #require(answer["etag"])
        #expect(try await test.get("/clip", headers: [("if-none-match", tag)]).status == 304)
        let stale = try await test.get("/clip", headers: [("range", "bytes=1-1"), ("if-range", "\"other\"")])
        #expect(stale.status == 200)
        let head = try await test.request("HEAD", "/clip", headers: range.map { [("range", $0)] } ?? [])
        #expect(head.status == status)
        #expect(head.body.isEmpty)
        #expect(head["content-length"] == answer["content-length"])
    }
}
