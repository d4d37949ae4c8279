public import Base

/// Which trace and span the current work belongs to, as W3C Trace Context (level 1) carries it between systems.
///
/// Web reads it from a request's `traceparent` or begins one, and runs the request in
/// `TraceContext.$current.withValue(…)`; Outbound sends ``child(using:)`` on; logs show it.
public struct TraceContext: Sendable, Hashable {
    /// The context of the current task; `nil` outside of any.
    @TaskLocal public static var current: TraceContext?

    /// The trace's id: 16 bytes, not all zero.
    public let traceID: TraceID
    /// The span's id: 8 bytes, not all zero.
    public let spanID: UInt64
    /// Whether the caller may have recorded this trace.
    public let isSampled: Bool
    /// What tracing systems carry along.
    public var state: TraceState

    /// The 16 bytes of a trace's id.
    public struct TraceID: Sendable, Hashable, CustomStringConvertible {
        /// The first eight bytes, big-endian.
        public let high: UInt64
        /// The last eight bytes, big-endian.
        public let low: UInt64

        /// 32 lower-case hexadecimal digits.
        public var description: String { hexadecimal(high) + hexadecimal(low) }
    }

    init(traceID: TraceID, spanID: UInt64, isSampled: Bool, state: TraceState) {
        self.traceID = traceID
        self.spanID = spanID
        self.isSampled = isSampled
        self.state = state
    }

    /// Begins a new trace.
    public init(sampled isSampled: Bool = false, using randomness: some Randomness) {
        self.init(
            traceID: TraceID(high: randomness.next(), low: randomness.next() | 1), spanID: Self.span(randomness),
            isSampled: isSampled, state: TraceState())
    }

    /// Continues a caller's trace; `nil` when `traceparent` is malformed, and a new trace should begin.
    ///
    /// - Parameters:
    ///   - traceparent: The header's value. Of versions above 00 the known part is read, as the recommendation says.
    ///   - tracestate: The header's lines, joined by commas. When malformed it is dropped and the rest kept.
    public init?(traceparent: String, tracestate: String? = nil) {
        let text = Array(traceparent.utf8)
        let dash = UInt8(ascii: "-")
        guard text.count >= 55, text[2] == dash, text[35] == dash, text[52] == dash,
            let version = lowerHexadecimal(text[0..<2]), version != 0xFF,
            let high = lowerHexadecimal(text[3..<19]), let low = lowerHexadecimal(text[19..<35]),
            let span = lowerHexadecimal(text[36..<52]), let flags = lowerHexadecimal(text[53..<55]),
            high != 0 || low != 0, span != 0
        else { return nil }
        if text.count > 55, version == 0 || text[55] != dash { return nil }
        self.init(
            traceID: TraceID(high: high, low: low), spanID: span, isSampled: flags & 1 == 1,
            state: tracestate.flatMap(TraceState.init) ?? TraceState())
    }

    /// The context of a span below this one, to be worked in or sent on.
    public func child(using randomness: some Randomness) -> TraceContext {
        TraceContext(traceID: traceID, spanID: Self.span(randomness), isSampled: isSampled, state: state)
    }

    /// The header's value, version 00.
    public var traceparent: String { "00-\(traceID)-\(spanDescription)-0\(isSampled ? 1 : 0)" }

    /// The span's id as 16 lower-case hexadecimal digits.
    public var spanDescription: String { hexadecimal(spanID) }

    private static func span(_ randomness: some Randomness) -> UInt64 {
        let drawn = randomness.next()
        return drawn == 0 ? 1 : drawn
    }
}

private func hexadecimal(_ value: UInt64) -> String {
    String(unsafeUninitializedCapacity: 16) { buffer in
        for position in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: value >> UInt64(60 - position * 4)) & 0xF
            buffer[position] = digit < 10 ? 48 + digit : 87 + digit
        }
        return 16
    }
}

private func lowerHexadecimal(_ digits: ArraySlice<UInt8>) -> UInt64? {
    var value: UInt64 = 0
    for digit in digits {
        switch digit {
        case 48...57: value = value << 4 | UInt64(digit - 48)
        case 97...102: value = value << 4 | UInt64(digit - 87)
        default: return nil
        }
    }
    return value
}
