import Base
import Crypto
import Foundation
import InboxVendors
import Synchronization

@testable import Inbox

/// A vendor as a test plays it: it signs what it delivers, remembers its own thread, and answers what it is sent by plan.
final class PlayedVendor: Sendable {
    /// An event as the vendor tells it.
    struct Event: Codable, Sendable, Hashable {
        enum Kind: String, Codable, Sendable {
            case message, echo, edit, deletion, delivered, read, sticker, left, broken
        }

        var kind: Kind
        var user: String
        var id: String?
        var text = ""
        var at: Int64
        var name: String?
        var reference: String?
    }

    fileprivate struct Body: Codable {
        let account: String?
        let deliveries: [Part]

        struct Part: Codable {
            let key: String
            let user: String
            let events: [Event]
        }
    }

    private struct State {
        var answers: [SendOutcome] = []
        var sent: [OutboundMessage] = []
        var repaired = false
        var recent: [Event] = []
    }

    static let secret = Secret("the vendor's secret")
    private let state = Mutex(State())

    /// Everything that was sent, in order; exactly-once is judged by this.
    var sent: [OutboundMessage] { state.withLock { $0.sent } }

    /// What the next messages are answered with; then all are taken.
    func answer(_ outcomes: [SendOutcome]) { state.withLock { $0.answers += outcomes } }

    /// What it says was said within the last hour, the newest first.
    var recent: [Event] {
        get { state.withLock { $0.recent } }
        set { state.withLock { $0.recent = newValue } }
    }

    /// Lets what could not be read be read from now on.
    func repair() { state.withLock { $0.repaired = true } }

    fileprivate var isRepaired: Bool { state.withLock { $0.repaired } }

    fileprivate func take(_ message: OutboundMessage) -> SendOutcome {
        state.withLock { state in
            let outcome = state.answers.isEmpty ? nil : state.answers.removeFirst()
            switch outcome {
            case nil, .unknown?, .sent?: state.sent.append(message)
            case .refusedForGood?, .tryAgain?, .tokenExpired?, .moved?: break
            }
            return outcome ?? .sent(externalId: "out-\(state.sent.count)")
        }
    }

    // MARK: Delivering

    /// A request with one delivery of events about one customer.
    static func body(_ key: String, _ user: String, _ events: [Event], account: String? = nil) -> [UInt8] {
        body([(key, user, events)], account: account)
    }

    static func body(
        _ parts: [(key: String, user: String, events: [Event])], account: String? = nil
    ) -> [UInt8] {
        let body = Body(
            account: account, deliveries: parts.map { Body.Part(key: $0.key, user: $0.user, events: $0.events) })
        // What a test has written can be written.
        return Array((try? JSONEncoder().encode(body)) ?? Data())
    }

    static func headers(_ body: [UInt8], secret: Secret<String> = secret) -> DeliveryHeaders {
        DeliveryHeaders([(name: header, value: signature(body, secret: secret))].map { ($0.name, $0.value) })
    }

    static let header = "x-hub-signature-256"

    static func signature(_ body: [UInt8], secret: Secret<String> = secret) -> String {
        let key = SymmetricKey(data: Data(secret.reveal { Array($0.utf8) }))
        return HMAC<SHA256>.authenticationCode(for: body, using: key).map { String(format: "%02x", $0) }.joined()
    }
}

extension PlayedVendor {
    /// The vendor's formats, as a channel speaks them.
    struct Adapter: ChannelAdapter {
        let vendor: PlayedVendor
        var kind = ChannelKind.messenger

        var rules: ChannelRules {
            var rules = WidgetClient().rules
            rules.text = TextRule(2_000, .utf16)
            rules.window = kind.hasEchoes ? .seconds(86_400) : nil
            rules.personWindow = kind.hasEchoes ? .seconds(7 * 86_400) : nil
            return rules
        }

        func verify(_ raw: [UInt8], _ headers: DeliveryHeaders, with secrets: ChannelSecrets) throws(DeliveryFault) {
            guard !secrets.signing.isEmpty else { throw .noSecret }
            // What a test looks at is whether the right one of several secrets is tried.
            let isRight = secrets.signing.map { headers == PlayedVendor.headers(raw, secret: $0) }
            guard isRight.contains(true) else { throw .mismatch }
        }

        func challenge(
            _ query: [String: String], with secrets: ChannelSecrets
        ) throws(DeliveryFault) -> String? {
            guard let token = secrets.verifyToken else { throw .noSecret }
            guard let given = query["hub.verify_token"], token.reveal({ $0 == given }) else {
                throw .challengeRefused
            }
            return query["hub.challenge"]
        }

        func deliveries(in raw: [UInt8]) -> [Delivery] {
            // What is no such body is one delivery that cannot be read.
            guard let read = try? JSONDecoder().decode(Body.self, from: Data(raw)) else {
                return [Delivery(key: "unreadable", conversationKey: "", account: nil, raw: raw)]
            }
            return read.deliveries.map { part in
                // As above.
                let raw = (try? JSONEncoder().encode(part.events)) ?? Data()
                return Delivery(
                    key: part.key, conversationKey: part.user, account: read.account, raw: Array(raw))
            }
        }

        func entries(of delivery: Delivery) throws(DeliveryFault) -> [InboundEntry] {
            // What cannot be read is what the vendor never sent.
            guard let events = try? JSONDecoder().decode([Event].self, from: Data(delivery.raw)) else {
                throw .unreadable
            }
            guard vendor.isRepaired || !events.contains(where: { $0.kind == .broken }) else { throw .unreadable }
            return events.map { entry(of: $0) }
        }

        private func entry(of event: Event) -> InboundEntry {
            let time = Timestamp(microseconds: event.at)
            let kind: InboundEntry.Kind =
                switch event.kind {
                case .message, .broken: .message
                case .echo: .echo
                case .edit: .edit
                case .deletion: .deletion
                case .delivered: .delivered
                case .read: .read
                case .sticker: .skipped(.reaction)
                case .left: .left
                }
            var entry = InboundEntry(kind, with: event.user, at: time, externalId: event.id, text: event.text)
            if event.kind == .delivered || event.kind == .read { entry.mark = .until(time) }
            entry.profile = event.name.map { InboundProfile(name: $0) }
            entry.reference = event.reference
            return entry
        }

        func send(_ message: OutboundMessage, over line: ChannelLine) async -> SendOutcome { vendor.take(message) }

        func show(_ sign: OutboundSign, to externalUserId: String, over line: ChannelLine) async {}

        func recent(since time: Timestamp, over line: ChannelLine) async throws(VendorFailure) -> [InboundEntry]? {
            vendor.recent.map { entry(of: $0) }
        }

        func place(of attachment: InboundAttachment, over line: ChannelLine) async throws(VendorFailure) -> MediaPlace?
        {
            nil
        }

        func profile(of externalUserId: String, over line: ChannelLine) async throws(VendorFailure) -> InboundProfile? {
            nil
        }

        func condition(of line: ChannelLine) async throws(VendorFailure) -> ChannelCondition {
            ChannelCondition(externalAccount: line.externalAccount)
        }

        func subscribe(
            at hook: String, with secrets: ChannelSecrets, over line: ChannelLine
        ) async throws(VendorFailure) {}

        func renewed(_ line: ChannelLine) async throws(VendorFailure) -> ChannelToken? { nil }
    }
}
