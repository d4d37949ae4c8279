import BaseTestKit
import Telemetry
import Testing

@Suite struct TraceContextTests {
    static let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test func `a well-formed parent is read and written back`() throws {
        let context = try #require(TraceContext(traceparent: Self.good, tracestate: "rojo=00f067aa0ba902b7, congo=t61"))
        #expect(context.traceparent == Self.good)
        #expect(context.isSampled)
        #expect(context.state.entries.map(\.key) == ["rojo", "congo"])
        #expect(context.state.header == "rojo=00f067aa0ba902b7,congo=t61")
    }

    @Test(arguments: [
        "", "00", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", good + "-", good + "-00", good + "0",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
        "0-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-001",
        "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01",
        " 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x",
        "00-0af7651916cd43dd8448eb211c80319é-b7ad6b7169203331-01",
    ])
    func `a malformed parent is refused`(header: String) {
        #expect(TraceContext(traceparent: header) == nil)
    }

    @Test func `of a later version the known part is read`() throws {
        let later = "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-09"
        let context = try #require(TraceContext(traceparent: later + "-what.the-future-brings"))
        #expect(context.traceparent == Self.good)
        #expect(TraceContext(traceparent: later) == context)
    }

    @Test func `only the known flag is sent on`() throws {
        let context = try #require(
            TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-fe"))
        #expect(!context.isSampled)
        #expect(context.traceparent.hasSuffix("-00"))
    }

    @Test(arguments: [
        "foo", "foo=", "=1", "Foo=1", "foo=1,foo=2", "foo =1", "foo=1=2", "foo=bar\u{7f}", "foo@=1,bar=2", "@foo=1",
        "foo@bar@baz=1", String(repeating: "k", count: 257) + "=1", "k=" + String(repeating: "v", count: 257),
        (0...32).map { "k\($0)=1" }.joined(separator: ","), "t@" + String(repeating: "s", count: 15) + "=1",
    ])
    func `a malformed state is dropped as a whole and the ids kept`(header: String) throws {
        #expect(TraceState(header) == nil)
        let context = try #require(TraceContext(traceparent: Self.good, tracestate: header))
        #expect(context.state.entries.isEmpty)
    }

    @Test(arguments: [
        "foo=1", "foo=1,", "foo=1 , bar=2", "foo=1,,bar=2", "0t@v=1", "a_-*/b=1", "foo=  1",
        String(repeating: "k", count: 256) + "=" + String(repeating: "v", count: 256),
        (0..<32).map { "k\($0)=1" }.joined(separator: ","),
    ])
    func `a well-formed state is read`(header: String) throws {
        let state = try #require(TraceState(header))
        #expect(!state.entries.isEmpty)
    }

    @Test func `an entry that is set stands first and the oldest falls out`() throws {
        var state = try #require(TraceState((0..<32).map { "k\($0)=1" }.joined(separator: ",")))
        let isSet = state.set("capstan", "x")
        #expect(isSet)
        #expect(state.entries.count == 32)
        #expect(state.entries.first?.key == "capstan")
        #expect(state.entries.last?.key == "k30")
        state.set("k5", "2")
        #expect(state.entries.filter { $0.key == "k5" }.map(\.value) == ["2"])
        let isRefused = !state.set("Not Allowed", "x")
        #expect(isRefused)
    }

    @Test func `a header that is too long loses long entries first`() throws {
        var state = TraceState()
        for index in 0..<6 { state.set("short\(index)", String(repeating: "s", count: 40)) }
        state.set("long", String(repeating: "l", count: 250))
        state.set("first", "1")
        #expect(state.header.utf8.count <= 512)
        #expect(!state.header.contains("long="))
        #expect(state.header.hasPrefix("first=1,short5="))
    }

    @Test func `a child keeps the trace and gets a span of its own`() throws {
        let randomness = SeededRandomness(seed: 7)
        let root = TraceContext(sampled: true, using: randomness)
        let child = root.child(using: randomness)
        #expect(child.traceID == root.traceID)
        #expect(child.spanID != root.spanID)
        #expect(TraceContext(traceparent: child.traceparent) == child)
    }

    @Test func `the context follows the task`() async {
        let context = TraceContext(using: SeededRandomness(seed: 1))
        #expect(TraceContext.current == nil)
        await TraceContext.$current.withValue(context) {
            async let inner = TraceContext.current
            #expect(await inner == context)
        }
    }
}
