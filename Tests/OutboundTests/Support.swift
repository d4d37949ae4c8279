import Base
import BaseTestKit
import NIOCore
import Outbound
import OutboundTestKit
import Telemetry
import Testing

/// The way out with the loopback allowed, unless said otherwise.
func client(
    _ options: OutboundOptions = OutboundOptions(rule: .loopback), clock: any WallClock = SystemClock(),
    events: EventLog = .silent()
) -> OutboundClient {
    OutboundClient(options, clock: clock, events: events)
}

extension AddressRule {
    static var loopback: AddressRule {
        guard let rule = AddressRule(allowing: ["127.0.0.1"]) else { preconditionFailure("an address is an entry") }
        return rule
    }
}

/// Expects `work` to fail with this code.
func expect(
    _ code: OutboundError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ work: () async throws(OutboundError) -> Void
) async {
    do throws(OutboundError) {
        try await work()
        Issue.record("\(code) was expected, but nothing was thrown", sourceLocation: sourceLocation)
    } catch {
        #expect(error.code == code, "\(String(reflecting: error))", sourceLocation: sourceLocation)
    }
}

/// Waits until this many tasks sleep on the clock, then moves it.
func advance(_ clock: SimClock, by duration: Duration, whenSleeping count: Int) async {
    while clock.sleeperCount < count { await Task.yield() }
    clock.advance(by: duration)
}
