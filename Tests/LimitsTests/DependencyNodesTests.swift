import Base
import BaseTestKit
import Coordination
import Outbound
import OutboundTestKit
import Synchronization
import Telemetry
import Testing

@testable import Limits

/// Two nodes that call one vendor, with a bus between them.
@Suite struct DependencyNodesTests {
    private final class Node: Sendable {
        let registry: LimitRegistry
        let vendor: Dependency
        let events = EventLog.silent()

        init(_ bus: any Bus, _ options: DependencyOptions, clock: SimClock, seed: UInt64) throws {
            let rule = try #require(AddressRule(allowing: ["127.0.0.1"]))
            let client = OutboundClient(OutboundOptions(rule: rule), clock: SystemClock(), events: events)
            let chance = SeededRandomness(seed: seed)
            registry = LimitRegistry(clock: clock, bus: bus, randomness: chance)
            vendor = Dependency("vendor", through: client, options, clock: clock, randomness: chance, in: registry)
        }
    }

    private func with(
        _ options: DependencyOptions,
        _ body: @escaping @Sendable (ScriptedPeer, [Node], SimClock) async throws -> Void
    ) async throws {
        try await ScriptedPeer.run { _ in
            .text("well")
        } body: { peer in
            let (clock, bus) = (SimClock(), InProcessBus())
            let nodes = try (1...2).map { try Node(bus, options, clock: clock, seed: UInt64($0)) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in nodes { group.addTask { await node.registry.run() } }
                let result: Result<Void, any Error>
                do {
                    // Three sleep when all listen: each node's repetition.
                    for _ in 0..<100_000 where clock.sleeperCount < 2 { await Task.yield() }
                    result = .success(try await body(peer, nodes, clock))
                } catch {
                    result = .failure(error)
                }
                group.cancelAll()
                try await group.waitForAll()
                try result.get()
            }
        }
    }

    private func eventually(_ what: Comment, _ condition: () -> Bool) async {
        for _ in 0..<2_000_000 {
            if condition() { return }
            await Task.yield()
        }
        Issue.record(what)
    }

    private var once: DependencyOptions {
        DependencyOptions(
            retries: RetryPolicy(attemptsMax: 1),
            breaker: CircuitBreakerOptions(callsMin: 4, openTime: .seconds(5), probes: 1), waitMax: .zero)
    }

    private func refusal(_ node: Node, _ peer: ScriptedPeer) async throws -> DependencyError? {
        do throws(DependencyError) {
            _ = try await node.vendor.send(OutboundRequest(.get, peer.address))
            return nil
        } catch {
            return error
        }
    }

    @Test func `what one node is asked to wait, no call of any node is made in`() async throws {
        try await with(once) { peer, nodes, clock in
            peer.plan([.status(429, retryAfter: "30")])
            let first = try await nodes[0].vendor.send(OutboundRequest(.get, peer.address))
            #expect(first.status == 429)
            await eventually("the other node to hear") { nodes[1].vendor.statistics.pausedFor != nil }
            clock.advance(by: .seconds(10))
            for node in nodes {
                let error = try await refusal(node, peer)
                #expect(error?.code == .circuitOpen)
                #expect(error?.retryAfter.map { $0 > .seconds(19) && $0 <= .seconds(20) } ?? false)
            }
            #expect(peer.received.count == 1)
            #expect(nodes[1].registry.dependencies[0].refusals == 1)
            #expect(nodes[1].registry.pauses.pauses.map(\.reason) == ["retryAfter"])
            #expect(
                nodes[1].events.metrics.prometheusText().contains(
                    "capstan_events_total{event=\"dependency.paused\"} 1"))
            clock.advance(by: .seconds(20))
            for node in nodes { #expect(try await refusal(node, peer) == nil) }
            #expect(peer.received.count == 3)
        }
    }

    @Test func `a wait of an hour holds up all calls for no longer than the bound`() async throws {
        try await with(once) { peer, nodes, clock in
            peer.plan([.status(503, retryAfter: "3600")])
            let first = try await nodes[0].vendor.send(OutboundRequest(.get, peer.address))
            #expect(first.status == 503)
            await eventually("the other node to hear") { nodes[1].vendor.statistics.pausedFor != nil }
            #expect(try await refusal(nodes[1], peer)?.retryAfter ?? .zero > .seconds(59))
            clock.advance(by: .seconds(60))
            for node in nodes { #expect(try await refusal(node, peer) == nil) }
        }
    }

    @Test func `calls that may wait so long are made when the wait is over`() async throws {
        var options = once
        options.waitMax = .seconds(60)
        try await with(options) { peer, nodes, clock in
            peer.plan([.status(429, retryAfter: "10")])
            let first = try await nodes[0].vendor.send(OutboundRequest(.get, peer.address))
            #expect(first.status == 429)
            await eventually("the other node to hear") { nodes[1].vendor.statistics.pausedFor != nil }
            let isDone = Mutex(false)
            async let late = {
                defer { isDone.withLock { $0 = true } }
                return try await nodes[1].vendor.send(OutboundRequest(.get, peer.address))
            }()
            await eventually("the call to wait") { clock.sleeperCount >= 3 }
            clock.advance(by: .seconds(9))
            for _ in 0..<1_000 { await Task.yield() }
            #expect(!isDone.withLock { $0 } && peer.received.count == 1)
            // A quarter more, so that those who wait do not begin all at once.
            clock.advance(by: .seconds(4))
            #expect(try await late.text == "well")
        }
    }

    @Test func `a breaker that opens on one node spares the vendor the calls of the other, and both come back`()
        async throws
    {
        try await with(once) { peer, nodes, clock in
            peer.plan(.init(repeating: .status(500, retryAfter: nil), count: 4))
            for _ in 0..<4 {
                let answer = try await nodes[0].vendor.send(OutboundRequest(.get, peer.address))
                #expect(answer.status == 500)
            }
            #expect(nodes[0].vendor.statistics.state == .open)
            await eventually("the other node to hear") { nodes[1].vendor.statistics.state == .open }
            let error = try await refusal(nodes[1], peer)
            #expect(error?.code == .circuitOpen && error?.retryAfter ?? .zero <= .seconds(5))
            #expect(peer.received.count == 4)
            clock.advance(by: .seconds(5))
            for node in nodes { #expect(try await refusal(node, peer) == nil) }
            for node in nodes { #expect(node.vendor.statistics.state == .closed) }
        }
    }

    @Test func `a node with a bad line costs the others no more than a few careful calls`() async throws {
        try await with(once) { peer, nodes, clock in
            #expect(try await nodes[1].vendor.send(OutboundRequest(.get, peer.address)).text == "well")
            peer.plan(.init(repeating: .status(500, retryAfter: nil), count: 4))
            for _ in 0..<4 { _ = try await nodes[0].vendor.send(OutboundRequest(.get, peer.address)) }
            await eventually("the other node to hear") { nodes[1].vendor.statistics.state == .halfOpen }
            #expect(try await nodes[1].vendor.send(OutboundRequest(.get, peer.address)).text == "well")
            #expect(nodes[1].vendor.statistics.state == .closed && nodes[0].vendor.statistics.state == .open)
            // Told again and again, it is the same opening.
            clock.advance(by: .milliseconds(4_900))
            for _ in 0..<10_000 { await Task.yield() }
            #expect(nodes[1].vendor.statistics.state == .closed)
        }
    }

    @Test func `how many calls run at once is found by trying`() async throws {
        var options = once
        options.concurrency = 2...8
        try await with(options) { peer, nodes, _ in
            let vendor = nodes[0].vendor
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<100 {
                    group.addTask { _ = try await vendor.send(OutboundRequest(.get, peer.address)) }
                }
                try await group.waitForAll()
            }
            let after = vendor.statistics
            #expect(after.limit ?? 0 > 2 && after.running == 0 && after.waiting == 0, "\(after)")
            peer.plan([.status(429, retryAfter: nil)])
            _ = try await vendor.send(OutboundRequest(.get, peer.address))
            #expect(vendor.statistics.limit == max(2, (after.limit ?? 0) / 2))
        }
    }
}
