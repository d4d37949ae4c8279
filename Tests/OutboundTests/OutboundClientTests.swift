import Base
import BaseTestKit
import Foundation
import NIOCore
import OutboundTestKit
import Synchronization
import Telemetry
import Testing

@testable import Outbound

@Suite struct OutboundClientTests {
    @Test func `a request arrives as it was described, and its response comes back`() async throws {
        try await ScriptedPeer.run { request in
            .text("\(request.method) \(request.target) \(request.text)", status: 201, headers: ["X-Back": "yes"])
        } body: { peer in
            let client = client()
            let (response, cost) = try await Cost.measure {
                try await client.send(
                    OutboundRequest(
                        .put, peer.at("/a%2Fb/c?d=%20"), headers: ["X-There": "ü"], content: .text("content")))
            }
            #expect(response.status == 201 && response.headers["x-back"] == "yes")
            #expect(response.text == "PUT /a%2Fb/c?d=%20 content")
            #expect(cost[.outboundCalls] == 1)
            let received = try #require(peer.received.first)
            #expect(received.headers["host"] == "127.0.0.1:\(peer.port)")
            #expect(received.headers["x-there"] == "ü" && received.headers["content-length"] == "7")
            for _ in 0..<3 { _ = try await client.send(OutboundRequest(.get, peer.address)) }
            #expect(peer.connections == 1, "connections are kept")
        }
    }

    @Test func `a head is answered without content`() async throws {
        try await ScriptedPeer.run { _ in
            .text("never sent")
        } body: { peer in
            let response = try await client().send(OutboundRequest(.head, peer.address, responseMax: .bytes(1)))
            #expect(response.status == 200 && response.content.readableBytes == 0)
            #expect(response.headers["content-length"] == "10")
        }
    }

    @Test func `the loopback is refused unless it is allowed, by name, by number and by trick`() async throws {
        try await ScriptedPeer.run { _ in
            .text("secret")
        } body: { peer in
            let client = client(OutboundOptions())
            for host in ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "0.0.0.0"] {
                let address = try #require(OutboundAddress("http://\(host):\(peer.port)/"))
                await expect(.addressRefused) { () async throws(OutboundError) in
                    _ = try await client.send(OutboundRequest(.get, address))
                }
            }
            #expect(peer.connections == 0)
        }
    }

    @Test func `a name is looked up once, checked, and the connection goes to what was checked`() async throws {
        try await ScriptedPeer.run { _ in
            .text("hello")
        } body: { peer in
            let answers = Mutex<[[String]]>([["10.0.0.1", "127.0.0.1"], ["10.0.0.1"]])
            let looked = Mutex<[String]>([])
            let resolver = HostResolver { host in
                looked.withLock { $0.append(host) }
                return answers.withLock { $0.removeFirst() }.compactMap { IPAddress($0) }
            }
            let clock = SimClock()
            let client = client(OutboundOptions(rule: .loopback, resolver: resolver), clock: clock)
            let address = try #require(OutboundAddress("http://store.example:\(peer.port)/"))
            // The name exists nowhere: only the pinned address can have led to the peer.
            for _ in 0..<2 { #expect(try await client.send(OutboundRequest(.get, address)).text == "hello") }
            #expect(peer.received.map { $0.headers["host"] } == .init(repeating: address.authority, count: 2))
            #expect(looked.withLock { $0 } == ["store.example"])
            // Later the name leads into the private network: the rebinding is seen, although a connection is open.
            clock.advance(by: .seconds(31))
            await expect(.addressRefused) { () async throws(OutboundError) in
                _ = try await client.send(OutboundRequest(.get, address))
            }
            #expect(peer.received.count == 2)
        }
    }

    @Test func `an address where nobody listens is passed over for the next one`() async throws {
        try await ScriptedPeer.run { _ in
            .text("here")
        } body: { peer in
            let rule = try #require(AddressRule(allowing: ["127.0.0.0/8"]))
            let resolver = HostResolver { _ in ["127.0.0.7", "127.0.0.1"].compactMap { IPAddress($0) } }
            let client = client(OutboundOptions(rule: rule, resolver: resolver))
            let address = try #require(OutboundAddress("http://two.example:\(peer.port)/"))
            let (response, cost) = try await Cost.measure { try await client.send(OutboundRequest(.get, address)) }
            #expect(response.text == "here")
            #expect(cost[.outboundCalls] == 2)
        }
    }

    @Test func `nobody there, no such name and a header that breaks its line are told apart`() async throws {
        let port = try await ScriptedPeer.run { _ in
            PeerAnswer()
        } body: { peer in
            peer.port
        }
        let gone = try #require(OutboundAddress("http://127.0.0.1:\(port)/"))
        await expect(.unreachable) { () async throws(OutboundError) in
            _ = try await client().send(OutboundRequest(.get, gone))
        }
        let nowhere = client(OutboundOptions(rule: .loopback, resolver: HostResolver { _ in [] }))
        let name = try #require(OutboundAddress("http://nowhere.example/"))
        await expect(.unresolved) { () async throws(OutboundError) in
            _ = try await nowhere.send(OutboundRequest(.get, name))
        }
        await expect(.requestInvalid) { () async throws(OutboundError) in
            _ = try await client().send(OutboundRequest(.get, gone, headers: ["X": "a\r\nHost: b"]))
        }
    }

    @Test func `the deadline ends a call that is never answered`() async throws {
        try await ScriptedPeer.run { _ in
            PeerAnswer()
        } body: { peer in
            peer.plan([.silence])
            let clock = SimClock()
            let client = client(clock: clock)
            async let call: Void = expect(.timedOut) { () async throws(OutboundError) in
                _ = try await client.send(OutboundRequest(.get, peer.address, deadline: .seconds(7)))
            }
            await peer.wait(for: 1)
            await advance(clock, by: .seconds(7), whenSleeping: 1)
            await call
            let next = try await client.send(OutboundRequest(.get, peer.address))
            #expect(next.status == 200)
            #expect(peer.connections == 2, "the connection of a call that was given up is not used again")
        }
    }

    @Test func `a response that stops in its middle runs into the idle time`() async throws {
        try await ScriptedPeer.run { _ in
            .text("half and half")
        } body: { peer in
            peer.plan([.stall])
            let clock = SimClock()
            let client = client(OutboundOptions(rule: .loopback, idleTimeout: .seconds(3)), clock: clock)
            let download = try await client.open(OutboundRequest(.get, peer.address, deadline: .seconds(600)))
            #expect(try await download.content.next().map { String(buffer: $0) } == "half a")
            async let rest: Void = expect(.timedOut) { () async throws(OutboundError) in
                _ = try await download.content.next()
            }
            await advance(clock, by: .seconds(3), whenSleeping: 1)
            await rest
        }
    }

    @Test func `a response is never larger than allowed, announced or not`() async throws {
        try await ScriptedPeer.run { _ in
            .text(String(repeating: "x", count: 1_000))
        } body: { peer in
            let client = client()
            let exact = try await client.send(OutboundRequest(.get, peer.address, responseMax: .bytes(1_000)))
            #expect(exact.content.readableBytes == 1_000)
            await expect(.tooLarge) { () async throws(OutboundError) in
                _ = try await client.send(OutboundRequest(.get, peer.address, responseMax: .bytes(999)))
            }
            peer.plan([.endlessBody])
            await expect(.tooLarge) { () async throws(OutboundError) in
                _ = try await client.send(OutboundRequest(.get, peer.address, responseMax: .mebibytes(2)))
            }
            #expect(try await client.send(OutboundRequest(.get, peer.address)).status == 200)
        }
    }

    @Test func `a reader that is let go ends an endless response`() async throws {
        try await ScriptedPeer.run { _ in
            PeerAnswer()
        } body: { peer in
            let client = client(OutboundOptions(rule: .loopback, callsPerHostMax: 1, waitingPerHostMax: 1))
            for _ in 0..<5 {
                peer.plan([.endlessBody])
                let download = try await client.open(OutboundRequest(.get, peer.address, responseMax: .mebibytes(64)))
                #expect(try await download.content.next() != nil)
            }
            #expect(peer.received.count == 5, "each let its turn go")
        }
    }

    @Test(arguments: [
        (PeerFault.drop, OutboundError.Code.closed), (.dropMidBody, .closed), (.garbage, .malformed),
        (.hugeHeaders(1 << 20), .malformed),
    ])
    func `a peer that breaks off or talks nonsense is told apart`(
        fault: PeerFault, code: OutboundError.Code
    ) async throws {
        try await ScriptedPeer.run { _ in
            .text("some content")
        } body: { peer in
            peer.plan([fault])
            let log = EventLog.silent()
            let client = client(events: log)
            await expect(code) { () async throws(OutboundError) in
                _ = try await client.send(OutboundRequest(.get, peer.address))
            }
            let next = try await client.send(OutboundRequest(.get, peer.address))
            #expect(next.text == "some content")
            let name = String(code.rawValue.dropFirst("outbound.".count))
            let text = log.metrics.prometheusText()
            #expect(text.contains("capstan_outbound_failures_total{code=\"\(name)\"} 1"))
            #expect(text.contains("capstan_outbound_duration_seconds_count{status=\"2xx\"}"))
        }
    }

    @Test func `every code but cancelled is a value of the metric's label`() {
        let codes = OutboundError.Code.allCases.map { String($0.rawValue.dropFirst("outbound.".count)) }
        let label = Event.outboundFailed.feed?.label
        #expect(label?.values.filter { $0 != MetricLabel.other } == codes.filter { $0 != "cancelled" })
    }

    @Test func `too many calls to a host wait, and beyond that are refused at once`() async throws {
        try await ScriptedPeer.run { _ in
            .text("turn")
        } body: { peer in
            let client = client(OutboundOptions(rule: .loopback, callsPerHostMax: 1, waitingPerHostMax: 1))
            peer.plan([.stall])
            let first = try await client.open(OutboundRequest(.get, peer.address))
            let second = Task { try await client.send(OutboundRequest(.get, peer.address)).text }
            while !text(client).contains("capstan_outbound_calls{state=\"waiting\"} 1") { await Task.yield() }
            await expect(.busy) { () async throws(OutboundError) in
                _ = try await client.send(OutboundRequest(.get, peer.address))
            }
            second.cancel()
            await #expect(throws: OutboundError.self) { try await second.value }
            let third = Task { try await client.send(OutboundRequest(.get, peer.address)).text }
            while !text(client).contains("capstan_outbound_calls{state=\"waiting\"} 1") { await Task.yield() }
            _ = consume first
            #expect(try await third.value == "turn")
            #expect(text(client).contains("capstan_outbound_calls{state=\"running\"} 0"))
        }
    }

    private func text(_ client: OutboundClient) -> String { client.events.metrics.prometheusText() }
}
