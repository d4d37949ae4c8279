public import Base

/// Customers of the demo who go on writing: webhooks in the vendors' own forms, signed, as they would come over the wire.
///
/// Event `n` is a function of the company, its number and the time; the caller waits ``Event/pause`` between them and
/// gives each to the same door that vendors use.
public struct DemoCrowd: Sendable {
    /// How an event comes.
    public enum Arrival: Sendable {
        /// As a webhook: body and header fields.
        case hook(raw: [UInt8], fields: [(String, String)])
        /// As a note of the widget's.
        case note(WidgetNote)
    }

    /// Something that a customer writes.
    public struct Event: Sendable {
        /// The channel it comes over.
        public var channel: ChannelKind
        /// Who writes: ``DemoContact/number``.
        public var contact: Int
        /// What is written.
        public var text: String
        /// How it comes.
        public var arrival: Arrival
        /// How long to wait before the next one: 3 to 13 seconds, 8 in the middle.
        public var pause: Duration
    }

    private let company: DemoCompany
    private let secrets: [ChannelKind: Secret<String>]

    /// Takes a company and what signs the deliveries of each of its channels.
    public init(_ company: DemoCompany, secrets: [ChannelKind: Secret<String>]) {
        self.company = company
        self.secrets = secrets
    }

    /// An event.
    ///
    /// - Parameters:
    ///   - number: Counted from 0.
    ///   - now: When it is said; part of its id, so that no two runs say the same.
    /// - Returns: The event; `nil` when its channel has no secret, as one that was taken away.
    public func event(_ number: Int, at now: Timestamp) -> Event? {
        let chance = company.chance
        // Four of five go on in a conversation that is open.
        let isOpen = chance.below(5, number, 41) < 4
        let contact = company.contact(
            isOpen
                ? company.conversation(chance.below(company.scale.open, number, 42)).contact
                : chance.below(company.scale.contacts, number, 43))
        let subject = chance.pick(company.subjects, number, 44)
        let turn = chance.pick(subject.turns, number, 45)
        let text =
            isOpen
            ? chance.pick(turn.asked, number, 46)
            : "\(chance.pick(DemoWords.greetings, number, 47)) \(chance.pick(turn.asked, number, 46))"
        let account = company.channels.first { $0.kind == contact.channel }?.account ?? ""
        let id = "demo_\(number)_\(now.microseconds)"
        guard let arrival = arrival(of: contact, text, id, account, number, now) else { return nil }
        return Event(
            channel: contact.channel, contact: contact.number, text: text, arrival: arrival,
            pause: .seconds(3 + chance.below(11, number, 48)))
    }

    private func arrival(
        of contact: DemoContact, _ text: String, _ id: String, _ account: String, _ number: Int, _ now: Timestamp
    ) -> Arrival? {
        switch contact.channel {
        case .widget:
            return WidgetNote(visitor: contact.externalUserId, clientId: id, text: text, receivedAt: now)
                .map { .note($0) }
        case .messenger, .instagram:
            guard let secret = secrets[contact.channel] else { return nil }
            let raw = Self.meta(contact, text, id, account, now)
            return .hook(
                raw: raw, fields: [("x-hub-signature-256", BodySignature.header(over: raw, with: secret))])
        case .telegram:
            guard let secret = secrets[.telegram] else { return nil }
            return .hook(
                raw: Self.telegram(contact, text, now), fields: [(TelegramClient.secretHeader, secret.reveal { $0 })])
        }
    }

    private static func meta(
        _ contact: DemoContact, _ text: String, _ id: String, _ account: String, _ now: Timestamp
    ) -> [UInt8] {
        let milliseconds = now.microseconds / 1_000
        let item = VendorJSONText.object([
            ("sender", .object([("id", .text(contact.externalUserId))])),
            ("recipient", .object([("id", .text(account))])), ("timestamp", .number(milliseconds)),
            ("message", .object([("mid", .text("m_\(id)")), ("text", .text(text))])),
        ])
        let entry = VendorJSONText.object([
            ("id", .text(account)), ("time", .number(milliseconds)), ("messaging", .list([item])),
        ])
        let body = VendorJSONText.object([
            ("object", .text(contact.channel == .instagram ? "instagram" : "page")), ("entry", .list([entry])),
        ])
        return Array(body.description.utf8)
    }

    private static func telegram(_ contact: DemoContact, _ text: String, _ now: Timestamp) -> [UInt8] {
        // The numbers grow with time, as Telegram's do.
        let number = now.microseconds / 1_000
        let person: [(String, VendorJSONText?)] = [
            ("id", Int64(contact.externalUserId).map { .number($0) }), ("is_bot", .flag(false)),
            ("first_name", .text(contact.name)), ("language_code", .text(contact.locale)),
        ]
        let message = VendorJSONText.object([
            ("message_id", .number(number)), ("from", .object(person)),
            ("chat", .object([("id", Int64(contact.externalUserId).map { .number($0) }), ("type", .text("private"))])),
            ("date", .number(now.seconds)), ("text", .text(text)),
        ])
        return Array(
            VendorJSONText.object([("update_id", .number(number)), ("message", message)]).description.utf8)
    }

    /// A delivery that is believed and cannot be read: the demo's dead letter.
    public static let dead = Delivery(
        key: "demo:dead", conversationKey: "", account: nil, raw: Array("{\"object\":\"page\",\"entry\":[{".utf8))
}
