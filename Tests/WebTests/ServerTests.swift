import Base
import Foundation
import Synchronization
import Testing
import Web
import WebTestKit

/// Everything here goes over a real socket.
@Suite struct ServerTests {
    private func serve<Result: Sendable>(
        _ routes: [Route] = Fixtures.all, _ change: (inout ServerSettings) -> Void = { _ in },
        _ body: @Sendable (RunningServer) async throws -> Result
    ) async throws -> Result {
        var settings = ServerSettings()
        settings.drainTimeout = .seconds(5)
        change(&settings)
        return try await TestServer.run(try await TestSite(routes).site, settings: settings, body)
    }

    private static func get(_ path: String, _ headers: String = "connection: close\r\n") -> String {
        "GET \(path) HTTP/1.1\r\nhost: test\r\n\(headers)\r\n"
    }

    @Test func `a connection is kept open and answers in order`() async throws {
        try await serve { server in
            let text = try await server.exchange(
                Self.get("/hello", "") + Self.get("/nowhere", "") + Self.get("/hello"))
            #expect(text.components(separatedBy: "HTTP/1.1 ").map { $0.prefix(3) } == ["", "200", "404", "200"])
            #expect(text.contains("\r\ndate: "))
            #expect(text.hasSuffix(#"{"text":"hello"}"#))
        }
    }

    @Test func `a body is read whole, in chunks too, and no further than its limit`() async throws {
        try await serve { server in
            let post = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\nconnection: close\r\n"
            let whole = try await server.exchange(post + "content-length: 12\r\n\r\n{\"text\":\"a\"}")
            #expect(whole.hasSuffix(#"{"text":"a"}"#))
            let chunked = try await server.exchange(
                post + "transfer-encoding: chunked\r\n\r\n6\r\n{\"text\r\n6\r\n\":\"b\"}\r\n0\r\n\r\n")
            #expect(chunked.hasSuffix(#"{"text":"b"}"#))
            let declared = try await server.exchange(post + "content-length: 5000\r\n\r\n")
            #expect(declared.hasPrefix("HTTP/1.1 413"))
            let chunk = String(repeating: "a", count: 3_000)
            let growing = try await server.exchange(
                post + "transfer-encoding: chunked\r\n\r\nbb8\r\n\(chunk)\r\nbb8\r\n\(chunk)\r\nbb8\r\n\(chunk)\r\n")
            #expect(growing.hasPrefix("HTTP/1.1 413"))
        }
    }

    @Test func `a client that asks first is told to go on`() async throws {
        try await serve { server in
            try await server.connect().run { inbound, outbound in
                try await outbound.send(
                    "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 12\r\n"
                        + "expect: 100-continue\r\nconnection: close\r\n\r\n")
                #expect(try await inbound.read(to: "\r\n\r\n").hasPrefix("HTTP/1.1 100"))
                try await outbound.send(#"{"text":"c"}"#)
                #expect(try await inbound.readToEnd().hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test func `oversize and broken heads are refused in the form of all refusals`() async throws {
        try await serve { server in
            let large = try await server.exchange(
                Self.get("/hello", "x-a: \(String(repeating: "a", count: 20_000))\r\n"))
            #expect(large.hasPrefix("HTTP/1.1 431"))
            #expect(large.contains("application/problem+json"))
            #expect(large.contains(#""code":"web.headersTooLarge""#))
            let many = try await server.exchange(
                Self.get("/hello", String(repeating: "x-a: b\r\n", count: 200)))
            #expect(many.hasPrefix("HTTP/1.1 431"))
            let long = try await server.exchange(Self.get("/repeat?count=\(String(repeating: "1", count: 10_000))"))
            #expect(long.hasPrefix("HTTP/1.1 414"))
            let endless = try await server.exchange(Self.get("/repeat?count=\(String(repeating: "1", count: 100_000))"))
            #expect(endless.hasPrefix("HTTP/1.1 414"))
            #expect(endless.contains("web.addressTooLong"))
            let hostless = try await server.exchange("GET /hello HTTP/1.1\r\nconnection: close\r\n\r\n")
            #expect(hostless.hasPrefix("HTTP/1.1 400"))
            let ancient = try await server.exchange("GET /hello HTTP/1.0\r\n\r\n")
            #expect(ancient.contains(" 200 "))
            let broken = try await server.exchange("this is not HTTP\r\n\r\n")
            #expect(broken.hasPrefix("HTTP/1.1 400"))
            #expect(broken.contains("web.malformedRequest"))
            let smuggled = try await server.exchange(
                "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")
            #expect(smuggled.hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test func `a body that breaks off is refused at once, after the answers before it`() async throws {
        try await serve { server in
            let chunk =
                "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n"
                + "transfer-encoding: chunked\r\n\r\nxyz\r\n"
            let alone = try await server.exchange(chunk)
            #expect(alone.hasPrefix("HTTP/1.1 400"))
            #expect(alone.contains("web.malformedRequest"))
            let after = try await server.exchange(Self.get("/hello", "") + chunk)
            #expect(after.components(separatedBy: "HTTP/1.1 ").map { $0.prefix(3) } == ["", "200", "400"])
            let lengths = try await server.exchange(
                "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{} ")
            #expect(lengths.hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test func `a silent connection is ended without a word`() async throws {
        try await serve(Fixtures.all) {
            $0.idleTimeout = .milliseconds(300)
        } _: { server in
            let answer = try await server.exchange("")
            #expect(answer.isEmpty)
        }
    }

    @Test func `slow heads and bodies are ended with 408`() async throws {
        // Idleness has the time of its default: on a busy machine a shorter one can win over the others.
        try await serve(Fixtures.all) { settings in
            settings.headTimeout = .milliseconds(200)
            settings.bodyTimeout = .milliseconds(200)
        } _: { server in
            let head = try await server.exchange("GET /hello HTT")
            #expect(head.hasPrefix("HTTP/1.1 408"))
            let body = try await server.exchange(
                "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{\"te"
            )
            #expect(body.hasPrefix("HTTP/1.1 408"))
        }
    }

    @Test func `stopping finishes what is in flight and accepts nothing more`() async throws {
        let started = Signal()
        let release = Signal()
        let slow = Route(
            .get, "/slow", "test.slow", "Waits.", policy: .anyone, limit: Fixtures.free, budget: 0
        ) { (_: Request<NoInput>) in
            started.fire()
            await release.wait()
            return Greeting(text: "done")
        }
        try await serve([slow]) { server in
            try await server.connect().run { inbound, outbound in
                try await outbound.send(Self.get("/slow", ""))
                await started.wait()
                await server.stop()
                // The listening socket closes soon after; until it has, connecting succeeds.
                var isRefused = false
                while !isRefused {
                    do {
                        try await server.connect().run { _, _ in await Task.yield() }
                    } catch {
                        isRefused = true
                    }
                }
                release.fire()
                let answer = try await inbound.readToEnd()
                #expect(answer.hasPrefix("HTTP/1.1 200"))
                #expect(answer.contains("connection: close"))
                #expect(answer.hasSuffix(#"{"text":"done"}"#))
            }
        }
    }

    @Test func `what is not finished in time is cancelled and closed`() async throws {
        let started = Signal()
        let ended = Signal()
        let stuck = Route(
            .get, "/stuck", "test.stuck", "Never ends.", policy: .anyone, limit: Fixtures.free, budget: 0
        ) { (_: Request<NoInput>) -> Greeting in
            started.fire()
            defer { ended.fire() }
            try await SystemClock().sleep(for: .seconds(600))
            return Greeting(text: "never")
        }
        try await serve([stuck]) {
            $0.drainTimeout = .milliseconds(200)
        } _: { server in
            try await server.connect().run { inbound, outbound in
                try await outbound.send(Self.get("/stuck", ""))
                await started.wait()
                await server.stop()
                #expect(try await inbound.readToEnd().isEmpty)
                await ended.wait()
            }
        }
    }

    @Test func `an answer that takes longer than its route allows is given up with 503`() async throws {
        let ended = Signal()
        let late = Route(
            .get, "/late", "test.late", "Is late.", policy: .anyone, limit: Fixtures.free, budget: 0,
            deadline: .milliseconds(50)
        ) { (_: Request<NoInput>) -> Greeting in
            defer { ended.fire() }
            try await SystemClock().sleep(for: .seconds(600))
            return Greeting(text: "never")
        }
        try await serve([late]) {
            $0.headTimeout = .milliseconds(200)
        } _: { server in
            let answer = try await server.exchange(Self.get("/late", ""))
            #expect(answer.hasPrefix("HTTP/1.1 503"))
            #expect(answer.contains("retry-after: "))
            #expect(answer.contains("web.deadlineExceeded"))
            await ended.wait()
        }
    }
}
