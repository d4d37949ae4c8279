import Base
import Blobs
import Foundation
import NIOCore
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web
import WebTestKit

@testable import Tournament

/// Films over a real connection: every case that players and caches send.
@Suite(.databases) struct PlaybackTests {
    private static let bytes = (0..<1_000).map { UInt8(65 + $0 % 26) }

    private struct Answer {
        var status: Int
        var headers: [String: String]
        var body: String
    }

    private func exchange(_ server: RunningServer, _ method: String, _ path: String, _ headers: [String]) async throws
        -> Answer
    {
        let lines = ["\(method) \(path) HTTP/1.1", "host: test", "connection: close"] + headers
        let text = try await server.exchange(lines.joined(separator: "\r\n") + "\r\n\r\n")
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        var found: [String: String] = [:]
        for line in parts[0].split(separator: "\r\n").dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            found[pair[0].lowercased()] = pair.count > 1 ? pair[1].trimmingCharacters(in: .whitespaces) : ""
        }
        let status = Int(text.dropFirst(9).prefix(3)) ?? 0
        return Answer(status: status, headers: found, body: parts.count > 1 ? String(parts[1]) : "")
    }

    private func serve(_ body: @Sendable (RunningServer, _ path: String, _ tag: String) async throws -> Void)
        async throws
    {
        try await Atelier.with(.sqlite) { atelier in
            let hash = BlobHash(of: Self.bytes)
            let key = try #require(MediaSteps.key(of: "\(hash).mp4"))
            _ = try await atelier.blobs.put(
                .key(key), for: atelier.tenant, BlobUpload(contentType: "video/mp4", sizeMax: .kibibytes(8)),
                content: ByteBuffer(bytes: Self.bytes))
            try await TestServer.run(atelier.site.site) { server in
                try await body(server, MediaRoutes.address(of: "\(hash).mp4"), "\"\(hash)\"")
            }
        }
    }

    private func text(_ range: Range<Int>) -> String { String(decoding: Self.bytes[range], as: UTF8.self) }

    @Test func `whole, single, open and suffix ranges, and what lies outside`() async throws {
        try await serve { server, path, _ in
            let cases: [(String?, Int, String?, Range<Int>)] = [
                (nil, 200, nil, 0..<1_000), ("bytes=0-0", 206, "bytes 0-0/1000", 0..<1),
                ("bytes=0-1", 206, "bytes 0-1/1000", 0..<2), ("bytes=100-199", 206, "bytes 100-199/1000", 100..<200),
                ("bytes=900-", 206, "bytes 900-999/1000", 900..<1_000),
                ("bytes=0-", 206, "bytes 0-999/1000", 0..<1_000),
                ("bytes=-500", 206, "bytes 500-999/1000", 500..<1_000),
                ("bytes=-5000", 206, "bytes 0-999/1000", 0..<1_000),
                ("bytes=990-99999", 206, "bytes 990-999/1000", 990..<1_000),
                ("bytes=999-999", 206, "bytes 999-999/1000", 999..<1_000),
                // Of several ranges, of another unit or with a mistake in it, the whole is served.
                ("bytes=0-1,5-6", 200, nil, 0..<1_000), ("lines=1-2", 200, nil, 0..<1_000),
                ("bytes=5-2", 200, nil, 0..<1_000), ("bytes=a-b", 200, nil, 0..<1_000),
            ]
            for (range, status, shown, part) in cases {
                for method in ["GET", "HEAD"] {
                    let answer = try await exchange(
                        server, method, path, (range.map { ["range: \($0)"] } ?? []) + ["accept-encoding: gzip"])
                    #expect(answer.status == status, "\(range ?? "whole")")
                    #expect(answer.headers["content-range"] == shown)
                    #expect(answer.headers["content-length"] == "\(part.count)")
                    #expect(answer.headers["accept-ranges"] == "bytes")
                    #expect(answer.headers["content-type"] == "video/mp4")
                    #expect(answer.headers["content-encoding"] == nil)
                    #expect(answer.headers["cache-control"] == "public, max-age=31536000, immutable")
                    #expect(answer.body == (method == "GET" ? text(part) : ""))
                }
            }
            for range in ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999999999999999-"] {
                let answer = try await exchange(server, "GET", path, ["range: \(range)"])
                #expect(answer.status == 416 && answer.headers["content-range"] == "bytes */1000", "\(range)")
                #expect(answer.headers["cache-control"] == "no-store")
            }
        }
    }

    @Test func `validators: If-Range, If-None-Match, and none of another's`() async throws {
        try await serve { server, path, tag in
            let whole = try await exchange(server, "GET", path, [])
            #expect(whole.headers["etag"] == tag && whole.headers["set-cookie"] == nil)
            let same = try await exchange(server, "GET", path, ["range: bytes=5-9", "if-range: \(tag)"])
            #expect(same.status == 206 && same.body == text(5..<10))
            for other in ["\"other\"", "W/\(tag)", "Wed, 21 Oct 2026 07:28:00 GMT"] {
                let answer = try await exchange(server, "GET", path, ["range: bytes=5-9", "if-range: \(other)"])
                #expect(answer.status == 200 && answer.body.count == 1_000, "\(other)")
            }
            let known = try await exchange(server, "GET", path, ["if-none-match: \(tag)"])
            #expect(known.status == 304 && known.body.isEmpty && known.headers["etag"] == tag)
            let both = try await exchange(server, "GET", path, ["if-none-match: \(tag)", "range: bytes=0-1"])
            #expect(both.status == 304)
        }
    }

    @Test func `a file of one stage has no address on another`() async throws {
        try await Atelier.with(.sqlite) { atelier in
            let key = try #require(MediaSteps.key(of: "one.mp4"))
            _ = try await atelier.blobs.put(
                .key(key), for: atelier.tenant, BlobUpload(contentType: "video/mp4", sizeMax: .kibibytes(8)),
                content: ByteBuffer(bytes: Self.bytes))
            let address = MediaRoutes.address(of: "one.mp4")
            #expect(try await atelier.site.get(address).status == 200)
            let other = try await TestSite(MediaRoutes(blobs: atelier.blobs).routes) {
                $0.tenants = SingleTenant(Tenant(ID(high: 8, low: 8)))
            }
            #expect(try await other.get(address).status == 404)
        }
    }

    @Test func `what is no file of a clip is not found, however it is written`() async throws {
        try await serve { server, path, _ in
            for wrong in [
                path + "x", "/tournament/files/none.mp4", "/tournament/files/..%2F..%2Fuploads",
                "/tournament/files/%2e%2e%2fuploads", "/tournament/files/" + String(repeating: "a", count: 80),
            ] {
                let answer = try await exchange(server, "GET", wrong, [])
                #expect(answer.status == 404, "\(wrong)")
            }
        }
    }
}
