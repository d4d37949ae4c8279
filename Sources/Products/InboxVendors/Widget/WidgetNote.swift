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
    /// A file that was uploaded to us before.
    public let file: File?

    /// A file that a visitor has uploaded.
    public struct File: Sendable, Hashable {
        /// Our own id of it.
        public let id: String
        /// What it is.
        public let kind: InboundAttachment.Kind
        /// Its name.
        public let name: String?
        /// Its media type.
        public let mediaType: String
        /// Its size.
        public let size: Int64

        /// Names a file.
        public init(id: String, kind: InboundAttachment.Kind, name: String?, mediaType: String, size: Int64) {
            self.id = id
            self.kind = kind
            self.name = name
            self.mediaType = mediaType
            self.size = size
        }
    }

    /// Takes a note; `nil` when the browser's id is empty, too long or not of letters, digits, `-` and `_`, or when there
    /// is neither a text nor a file.
    public init?(visitor: String, clientId: String, text: String, receivedAt: Timestamp, file: File? = nil) {
        guard (1...Bounds.clientIdBytes).contains(clientId.utf8.count), clientId.utf8.allSatisfy(Self.isOfId),
            !text.isEmpty || file != nil
        else { return nil }
        self.visitor = visitor
        self.clientId = clientId
        self.text = VendorText.bounded(text).text
        self.receivedAt = receivedAt
        self.file = file
    }

    private static func isOfId(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122, UInt8(ascii: "-"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// The browser's id in a message's ``InboundEntry/externalId``; `nil` for what no note has made.
    public static func clientId(of externalId: String) -> String? {
        guard externalId.hasPrefix("note:") else { return nil }
        let rest = externalId.dropFirst(5)
        guard let end = rest.firstIndex(of: ":"), end != rest.startIndex else { return nil }
        return String(rest[..<end])
    }

    /// What our own files are called among attachments.
    public static let filePrefix = "file:"

    /// The delivery of this note.
    public var delivery: Delivery {
        var members: [(String, VendorJSONText?)] = [
            ("visitor", .text(visitor)), ("clientId", .text(clientId)), ("text", .text(text)),
            ("receivedAt", .number(receivedAt.microseconds)),
        ]
        if let file {
            members.append(
                (
                    "file",
                    .object([
                        ("id", .text(file.id)), ("kind", .text(file.kind.rawValue)), ("name", .text(file.name ?? "")),
                        ("mediaType", .text(file.mediaType)), ("size", .number(file.size)),
                    ])
                ))
        }
        let raw = VendorJSONText.object(members).description
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
        var entry = InboundEntry(
            .message, with: visitor, at: body["receivedAt"]?.integer.map { Timestamp(microseconds: $0) },
            externalId: VendorKey.bounded("note:\(clientId):\(visitor)"), text: text)
        if let file = body["file"], let id = file["id"]?.text {
            let name = file["name"]?.text
            entry.attachments = [
                InboundAttachment(
                    file["kind"]?.text.flatMap(InboundAttachment.Kind.init) ?? .file, .reference(filePrefix + id),
                    name: name.flatMap { $0.isEmpty ? nil : $0 }, mediaType: file["mediaType"]?.text,
                    size: file["size"]?.integer)
            ]
        }
        return entry
    }
}
