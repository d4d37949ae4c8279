import Base
import Foundation
import Logging
import Outbound
import Telemetry

extension AuditCommand {
    private enum Bounds {
        static let answer = ByteCount.mebibytes(16)
        static let deadline = Duration.seconds(30)
    }

    /// How a running server is asked; `nil` when the target is none.
    func asking() throws -> (@Sendable (String) async throws -> Data)? {
        guard target.hasPrefix("http://") || target.hasPrefix("https://") else { return nil }
        guard let address = OutboundAddress(target) else {
            throw Failure.usedWrongly("\(target) is not an address such as https://capstan.example")
        }
        guard let key = ProcessInfo.processInfo.environment["CAPSTAN_AUDIT_KEY"], !key.isEmpty else {
            throw Failure.usedWrongly(
                "a running server is asked with the API key of an operator: give it in CAPSTAN_AUDIT_KEY")
        }
        let clock = SystemClock()
        // The person named this host: it may be any, and no other is called.
        guard let rule = AddressRule(allowing: ["\(address.host):\(address.port)"]) else {
            throw Failure.usedWrongly("\(address.host) cannot be called")
        }
        let events = EventLog(
            logger: Logger(label: "capstan.audit") { _ in SwiftLogNoOpLogHandler() }, metrics: MetricRegistry(),
            clock: clock)
        let client = OutboundClient(OutboundOptions(rule: rule), clock: clock, events: events)
        return { path in
            let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
            guard let place = address.with(path: parts[0], query: parts.count > 1 ? parts[1] : nil) else {
                throw Failure.failed("\(path) cannot be asked of \(address.origin)")
            }
            let response = try await client.send(
                OutboundRequest(
                    .get, place, headers: ["authorization": "Bearer \(key)"], deadline: Bounds.deadline,
                    responseMax: Bounds.answer))
            guard response.status == 200 else {
                throw Failure.failed(
                    "\(place.origin)\(parts[0]) answered \(response.status): the key must be an operator's")
            }
            return Data(response.text.utf8)
        }
    }
}
