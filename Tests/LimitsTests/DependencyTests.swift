import Base
import BaseTestKit
import Outbound
import OutboundTestKit
import Synchronization
import Telemetry
import Testing

@testable import Limits

@Suite struct DependencyTests {
    private let clock = SimClock()
    private let events = EventLog.silent()

    private func dependency(_ options: DependencyOptions = DependencyOptions()) throws -> Dependency {
        let rule = try #require(AddressRule(allowing: ["127.0.0.1"]))
        let client = OutboundClient(OutboundOptions(rule: rule), clock: SystemClock(), events: events)
        return Dependency(
            "vendor", through: client, options, clock: clock, randomness: SeededRandomness(seed: 9))
    }

    /// Moves the clock whenever somebody pauses, until `work` is done; returns how long it paused in all.
    private func paused<Result: Sendable>(
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> (Result, Duration) {
        let start = clock.uptime()
        let isDone = Mutex(false)
        async let result = {
            defer { isDone.withLock { $0 = true } }
            return try await work()
        }()
        while !isDone.withLock({ $0 }) {
            if clock.sleeperCount > 0 { clock.advance(by: .milliseconds(100)) }
            await Task.yield()
        }
        return (try await result, clock.uptime() - start)
    }

    @Test func `what fails for a moment is sent again, as long as the other side asks to wait`() async throws {
        try await ScriptedPeer.run { _ in
            .text("at last")
        } body: { peer in
            let vendor = try dependency()
            peer.plan([.status(429, retryAfter: "3"), .status(503, retryAfter: nil)])
            let (response, took) = try await paused { try await vendor.send(OutboundRequest(.post, peer.address)) }
            #expect(response.text == "at last")
            #expect(took >= .seconds(3) && took < .seconds(4), "waited \(took)")
            #expect(peer.received.count == 3)
            #expect(vendor.statistics.attempts == 3 && vendor.statistics.retries == 2)
            #expect(vendor.statistics.failures == 1, "asking too often is no failure of the vendor's")
        }
    }

    @Test func `a date in Retry-After is obeyed too`() async throws {
        try await ScriptedPeer.run { _ in
            .text("later")
        } body: { peer in
            let vendor = try dependency()
            // The simulated clock starts at 2026-01-01T00:00:00Z.
            peer.plan([.status(429, retryAfter: "Thu, 01 Jan 2026 00:00:04 GMT")])
            let (response, took) = try await paused { try await vendor.send(OutboundRequest(.get, peer.address)) }
            #expect(response.text == "later" && took >= .seconds(4) && took < .seconds(5))
        }
    }

    @Test func `a wait that is too long is the caller's to schedule`() async throws {
        try await ScriptedPeer.run { _ in
            .text("unreached")
        } body: { peer in
            peer.plan([.status(429, retryAfter: "3600")])
            let response = try await dependency().send(OutboundRequest(.get, peer.address))
            #expect(response.status == 429 && response.headers["retry-after"] == "3600")
            #expect(response.text == "status 429" && peer.received.count == 1)
        }
    }

    @Test func `a response that stays unwilling is returned after the last attempt`() async throws {
        try await ScriptedPeer.run { _ in
            .text("unreached")
        } body: { peer in
            let vendor = try dependency()
            peer.plan(.init(repeating: .status(503, retryAfter: nil), count: 3))
            let (response, _) = try await paused { try await vendor.send(OutboundRequest(.get, peer.address)) }
            #expect(response.status == 503 && peer.received.count == 3)
        }
    }

    @Test func `what may have been done is not done twice`() async throws {
        try await ScriptedPeer.run { _ in
            .text("done")
        } body: { peer in
            let vendor = try dependency()
            for fault in [PeerFault.drop, .status(500, retryAfter: nil)] {
                peer.plan([fault])
                // Dropped: an error. 500: a response. Neither is sent again.
                let answered = try? await vendor.send(OutboundRequest(.post, peer.address, content: .text("pay")))
                #expect(answered?.status != 200)
            }
            #expect(peer.received.count == 2)
            peer.plan([.drop, .status(500, retryAfter: nil)])
            let (response, _) = try await paused {
                try await vendor.send(OutboundRequest(.put, peer.address, content: .text("same")))
            }
            #expect(response.text == "done" && peer.received.count == 5)
            // A stream can be read once only.
            peer.plan([.status(503, retryAfter: nil)])
            let once = OutboundRequest(.put, peer.address, content: .stream(length: .bytes(0)) { nil })
            #expect(try await vendor.send(once).status == 503)
        }
    }

    @Test func `a dependency that keeps failing is left alone, and comes back`() async throws {
        try await ScriptedPeer.run { _ in
            .text("well")
        } body: { peer in
            let vendor = try dependency(
                DependencyOptions(
                    retries: RetryPolicy(attemptsMax: 1),
                    breaker: CircuitBreakerOptions(callsMin: 4, openTime: .seconds(5), probes: 1)))
            peer.plan(.init(repeating: .status(500, retryAfter: nil), count: 4))
            for _ in 0..<4 { #expect(try await vendor.send(OutboundRequest(.get, peer.address)).status == 500) }
            do throws(DependencyError) {
                _ = try await vendor.send(OutboundRequest(.get, peer.address))
                Issue.record("an open breaker let a call through")
            } catch {
                #expect(error.code == .circuitOpen && error.retryAfter == .seconds(5))
            }
            #expect(peer.received.count == 4 && vendor.statistics.state == .open && vendor.statistics.refusals == 1)
            clock.advance(by: .seconds(5))
            #expect(try await vendor.send(OutboundRequest(.get, peer.address)).text == "well")
            #expect(vendor.statistics.state == .closed)
            let text = events.metrics.prometheusText()
            #expect(text.contains("capstan_events_total{event=\"breaker.opened\"} 1"))
            #expect(text.contains("capstan_events_total{event=\"breaker.closed\"} 1"))
        }
    }

    @Test func `an address that may not be called is refused and is no failure of the vendor's`() async throws {
        let vendor = try dependency()
        let address = try #require(OutboundAddress("http://169.254.169.254/latest/"))
        for _ in 0..<30 {
            do throws(DependencyError) {
                _ = try await vendor.send(OutboundRequest(.get, address))
                Issue.record("the metadata service was called")
            } catch {
                #expect(error.code == .refused && error.outbound?.code == .addressRefused)
            }
        }
        #expect(vendor.statistics.state == .closed && vendor.statistics.failures == 0)
    }

    @Test func `Retry-After is seconds or a date`() {
        let now = Timestamp(microseconds: 784_111_770_000_000)  // 1994-11-06T08:49:30Z
        #expect(RetryAfter.duration("120", now: now) == .seconds(120))
        #expect(RetryAfter.duration("0", now: now) == .zero)
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:49:37 GMT", now: now) == .seconds(7))
        #expect(RetryAfter.duration("Sun, 06 Nov 1994 08:49:07 GMT", now: now) == .zero)
        for wrong in ["", "-1", "1.5", "soon", "9999999999", "Sun, 06 Nov 1994", "Sun, 06 Nox 1994 08:49:37 GMT"] {
            #expect(RetryAfter.duration(wrong, now: now) == nil, "\(wrong)")
        }
    }
}
