public import Base

/// What a visitor wrote, in the form in which it goes the way of every delivery.
///
/// The widget's own route makes it of a message that came with a believed ``VisitorToken``; nobody outside ever sends
/// one. `Delivery/key` is the visitor's and the browser's id of the message, so that a message sent again from a train is
/// stored once.
public struct WidgetNote: Sendable, Hashable {
    /// What holds for every note.
    public enum Bounds {
        /// The longest id that a browser gives a message, in bytes.
        public static let clientIdBytes = 64
    }

    /// Who wrote: ``VisitorToken/externalUserId``.
    public let visitor: String
    /// The browser's id of the message.
    public let clientId: String
    /// The text.
    public let text: String
    /// When we received it.
    public let receivedAt: Timestamp

    /// Takes a note; `nil` when the browser's id is empty or too long, or the text is empty.
    public init?(visitor: String, clientId: String, text: String, receivedAt: Timestamp) {
        guard (1...Bounds.clientIdBytes).contains(clientId.utf8.count), !clientId.utf8.contains(0), !text.isEmpty else {
            return nil
        }
        self.visitor = visitor
        self.clientId = clientId
        self.text = VendorText.bounded(text).text
        self.receivedAt = receivedAt
    }

    /// The delivery of this note.
    public var delivery: Delivery {
        let raw = VendorJSONText.object([
            ("visitor", .text(visitor)), ("clientId", .text(clientId)), ("text", .text(text)),
            ("receivedAt", .number(receivedAt.microseconds)),
        ]).description
        return Delivery(
            key: "note:\(clientId):\(visitor)", conversationKey: visitor, account: nil, raw: Array(raw.utf8))
    }

    /// The entry of a delivery that was made of a note.
    ///
    /// - Throws: ``DeliveryFault/unreadable``.
    static func entry(in raw: [UInt8]) throws(DeliveryFault) -> InboundEntry {
        guard let body = VendorJSON(raw), let visitor = body["visitor"]?.text, !visitor.isEmpty,
            let clientId = body["clientId"]?.text, let text = body["text"]?.text
        else { throw .unreadable }
        return InboundEntry(
            .message, with: visitor, at: body["receivedAt"]?.integer.map { Timestamp(microseconds: $0) },
            externalId: VendorKey.bounded("note:\(clientId):\(visitor)"), text: text)
    }
}
