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
        let login = ProcessInfo.processInfo.environment["CAPSTAN_AUDIT_LOGIN"] ?? ""
        guard let colon = login.firstIndex(of: ":"), colon > login.startIndex else {
            throw Failure.usedWrongly(
                "a running server is asked as an operator: give EMAIL:PASSWORD in CAPSTAN_AUDIT_LOGIN")
        }
        let person = Login(
            email: String(login[..<colon]), password: String(login[login.index(after: colon)...]))
        let clock = SystemClock()
        // The person named this host: it may be any, and no other is called.
        guard let rule = AddressRule(allowing: ["\(address.host):\(address.port)"]) else {
            throw Failure.usedWrongly("\(address.host) cannot be called")
        }
        let events = EventLog(
            logger: Logger(label: "capstan.audit") { _ in SwiftLogNoOpLogHandler() }, metrics: MetricRegistry(),
            clock: clock)
        let client = OutboundClient(OutboundOptions(rule: rule), clock: clock, events: events)
        let session = Session(client: client, address: address, login: person)
        return { path in
            let parts = path.split(separator: "?", maxSplits: 1).map(String.init)
            guard let place = address.with(path: parts[0], query: parts.count > 1 ? parts[1] : nil) else {
                throw Failure.failed("\(path) cannot be asked of \(address.origin)")
            }
            let response = try await client.send(
                OutboundRequest(
                    .get, place, headers: ["cookie": try await session.cookie()], deadline: Bounds.deadline,
                    responseMax: Bounds.answer))
            guard response.status == 200 else {
                throw Failure.failed(
                    "\(place.origin)\(parts[0]) answered \(response.status): only an operator may ask")
            }
            return Data(response.text.utf8)
        }
    }
}

/// Who asks.
private struct Login: Encodable, Sendable {
    var email: String
    var password: String
}

/// A session that is made when it is first needed.
private actor Session {
    private let client: OutboundClient
    private let address: OutboundAddress
    private let login: Login
    private var made: String?

    init(client: OutboundClient, address: OutboundAddress, login: Login) {
        self.client = client
        self.address = address
        self.login = login
    }

    /// What stands in the header `Cookie`.
    func cookie() async throws -> String {
        if let made { return made }
        guard let place = address.with(path: "/api/session") else {
            throw Failure.failed("\(address.origin) cannot be asked for a session")
        }
        let body = String(decoding: try JSONEncoder().encode(login), as: UTF8.self)
        let response = try await client.send(
            OutboundRequest(.post, place, headers: ["content-type": "application/json"], content: .text(body)))
        guard response.status < 300, let set = response.headers["set-cookie"] else {
            throw Failure.failed("\(address.origin) did not sign the operator in: it answered \(response.status)")
        }
        let cookie = String(set.prefix { $0 != ";" })
        made = cookie
        return cookie
    }
}
