import Base
import Crypto
import Foundation
import Synchronization

@testable import Inbox

/// A vendor as a test plays it: it signs what it delivers, remembers its own thread, and answers what it is sent by plan.
final class PlayedVendor: Sendable {
    /// An event as the vendor tells it.
    struct Event: Codable, Sendable, Hashable {
        enum Kind: String, Codable, Sendable { case message, echo, edit, deletion, delivered, read, sticker, broken }

        var kind: Kind
        var user: String
        var id: String?
        var text = ""
        var at: Int64
        var name: String?
    }

    private struct Body: Codable {
        let account: String
        let deliveries: [Part]

        struct Part: Codable {
            let key: String
            let user: String
            let events: [Event]
        }
    }

    struct Broken: Error {}

    private struct State {
        var answers: [SendOutcome] = []
        var sent: [OutboundMessage] = []
        var repaired = false
    }

    static let secret = Secret("the vendor's secret")
    private let state = Mutex(State())

    /// Everything that was sent, in order; exactly-once is judged by this.
    var sent: [OutboundMessage] { state.withLock { $0.sent } }

    /// What the next messages are answered with; then all are taken.
    func answer(_ outcomes: [SendOutcome]) { state.withLock { $0.answers += outcomes } }

    /// Lets what could not be read be read from now on.
    func repair() { state.withLock { $0.repaired = true } }

    fileprivate var isRepaired: Bool { state.withLock { $0.repaired } }

    fileprivate func take(_ message: OutboundMessage) -> SendOutcome {
        state.withLock { state in
            let outcome = state.answers.isEmpty ? nil : state.answers.removeFirst()
            switch outcome {
            case nil, .unknown?, .sent?: state.sent.append(message)
            case .refusedForGood?, .tryAgain?, .tokenExpired?: break
            }
            return outcome ?? .sent(externalID: "out-\(state.sent.count)")
        }
    }

    // MARK: Delivering

    /// A request with one delivery of events about one customer.
    static func body(_ key: String, _ user: String, _ events: [Event], account: String = "page-1") -> [UInt8] {
        body([(key, user, events)], account: account)
    }

    static func body(
        _ parts: [(key: String, user: String, events: [Event])], account: String = "page-1"
    ) -> [UInt8] {
        let body = Body(
            account: account, deliveries: parts.map { Body.Part(key: $0.key, user: $0.user, events: $0.events) })
        // What a test has written can be written.
        return Array((try? JSONEncoder().encode(body)) ?? Data())
    }

    static func signature(_ body: [UInt8], secret: Secret<String> = secret) -> String {
        let key = SymmetricKey(data: Data(secret.reveal { Array($0.utf8) }))
        return HMAC<SHA256>.authenticationCode(for: body, using: key).map { String(format: "%02x", $0) }.joined()
    }

    /// The vendor's formats, as a channel speaks them.
    struct Adapter: ChannelAdapter {
        let vendor: PlayedVendor
        let secrets: ChannelSecrets

        func verify(_ request: HookRequest) throws(HookFault) {
            guard !secrets.signing.isEmpty else { throw .noSecret }
            guard let header = request.header("x-signature") else { throw .headerMissing }
            let isRight = secrets.signing.map { ConstantTime.areEqual(header.utf8, signature(request.body, secret: $0).utf8) }
            guard isRight.contains(true) else { throw .mismatch }
        }

        func challenge(_ query: [String: String]) -> String? {
            guard let token = secrets.verifyToken, let given = query["hub.verify_token"],
                token.reveal({ $0 == given })
            else { return nil }
            return query["hub.challenge"]
        }

        func deliveries(in body: [UInt8]) -> [Delivery]? {
            // What is no such body is refused by the caller.
            guard let read = try? JSONDecoder().decode(Body.self, from: Data(body)) else { return nil }
            return read.deliveries.map { part in
                // As above.
                let raw = (try? JSONEncoder().encode(part.events)) ?? Data()
                return Delivery(key: part.key, conversationKey: part.user, raw: Array(raw))
            }
        }

        func entries(of delivery: Delivery) throws -> [InboundEntry] {
            try JSONDecoder().decode([Event].self, from: Data(delivery.raw)).map { event in
                let kind: InboundEntry.Kind =
                    switch event.kind {
                    case .message: .message
                    case .echo: .echo
                    case .edit: .edit
                    case .deletion: .deletion
                    case .delivered: .delivered
                    case .read: .read
                    case .sticker: .skipped(reason: "sticker")
                    case .broken where vendor.isRepaired: .message
                    case .broken: throw Broken()
                    }
                return InboundEntry(
                    kind: kind, externalUserID: event.user, externalID: event.id, text: event.text,
                    sentAt: Timestamp(microseconds: event.at), userName: event.name)
            }
        }

        func send(_ message: OutboundMessage) async -> SendOutcome { vendor.take(message) }

        func recent(since: Timestamp) async throws -> [InboundEntry]? { nil }
    }
}
