/// What is said to Meta's Graph API.
enum MetaMessage {
    /// Why a message is refused before the vendor is asked; `nil` when nothing is wrong with it.
    static func fault(_ message: OutboundMessage, _ rules: ChannelRules) -> SendRefusal? {
        switch message.content {
        case .text(let text):
            if text.isEmpty { return SendRefusal(.invalid, code: "inbox.empty") }
            return rules.text.allows(text) ? nil : SendRefusal(.tooLong, code: "inbox.tooLong")
        case .media(let media):
            return isPublic(media.address) ? nil : SendRefusal(.mediaRefused, code: "inbox.address")
        }
    }

    static func isPublic(_ address: String) -> Bool {
        (9...2_048).contains(address.utf8.count) && address.hasPrefix("https://")
    }

    /// The body of a message; referenced where the vendor takes our own id and sends it back with the echo.
    static func body(_ message: OutboundMessage, isReferenced: Bool) -> String {
        let isTagged = message.author == .personAfterWindow
        var content: [(String, VendorJSONText?)]
        switch message.content {
        case .text(let text): content = [("text", .text(text))]
        case .media(let media):
            content = [
                (
                    "attachment",
                    .object([
                        ("type", .text(media.kind.rawValue)),
                        ("payload", .object([("url", .text(media.address)), ("is_reusable", .flag(false))])),
                    ])
                )
            ]
        }
        content.append(("metadata", isReferenced ? .text(message.reference) : nil))
        return VendorJSONText.object([
            ("recipient", .object([("id", .text(message.recipient))])),
            ("messaging_type", .text(isTagged ? "MESSAGE_TAG" : "RESPONSE")),
            ("tag", isTagged ? .text("HUMAN_AGENT") : nil),
            ("message", .object(content)),
        ]).description
    }

    /// The body of a sign; `nil` for one that Meta has not.
    static func body(_ sign: OutboundSign, to recipient: String) -> String? {
        let action: String
        switch sign {
        case .typing: action = "typing_on"
        case .seen: action = "mark_seen"
        case .answered: return nil
        }
        return VendorJSONText.object([
            ("recipient", .object([("id", .text(recipient))])), ("sender_action", .text(action)),
        ]).description
    }
}
