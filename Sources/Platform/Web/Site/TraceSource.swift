import Base
import Synchronization
import Telemetry

/// Continues the traces of clients and begins new ones, without asking the system for chance at each request.
///
/// Numbers come from SplitMix64 over a counter that starts at a drawn seed: they differ within a process, and across
/// processes as far as seeds do. Nothing secret may be made from them.
final class TraceSource: Randomness {
    private let state: Atomic<UInt64>

    init(randomness: any Randomness) { state = Atomic(randomness.next()) }

    func next() -> UInt64 {
        var mixed = state.wrappingAdd(0x9E37_79B9_7F4A_7C15, ordering: .relaxed).newValue
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    func begin(_ traceparent: String?, _ tracestate: String?) -> TraceContext {
        traceparent.flatMap { TraceContext(traceparent: $0, tracestate: tracestate)?.child(using: self) }
            ?? TraceContext(using: self)
    }
}
