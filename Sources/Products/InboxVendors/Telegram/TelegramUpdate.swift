import Base

/// One update of a Telegram bot: a number, and one member that says what it is.
struct TelegramUpdate {
    enum Form {
        case message(VendorJSON)
        case edited(VendorJSON)
        case pressed(VendorJSON)
        case membership(VendorJSON)
        case skipped(InboundEntry.SkipReason)
        case unknown
    }

    let body: VendorJSON

    init?(_ raw: [UInt8]) {
        guard let body = VendorJSON(raw), body.kind == .object else { return nil }
        self.body = body
    }

    var number: Int64? { body["update_id"]?.integer }

    var form: Form {
        if let message = body["message"] { return .message(message) }
        if let edited = body["edited_message"] { return .edited(edited) }
        if let pressed = body["callback_query"] { return .pressed(pressed) }
        if let membership = body["my_chat_member"] { return .membership(membership) }
        for (name, reason) in Self.unused where body[name] != nil { return .skipped(reason) }
        return .unknown
    }

    private static let unused: [(StaticString, InboundEntry.SkipReason)] = [
        ("channel_post", .lookingOn), ("edited_channel_post", .lookingOn), ("business_connection", .lookingOn),
        ("business_message", .lookingOn), ("edited_business_message", .lookingOn),
        ("deleted_business_messages", .lookingOn), ("message_reaction", .reaction),
        ("message_reaction_count", .reaction), ("chat_member", .service), ("chat_join_request", .service),
        ("chat_boost", .service), ("removed_chat_boost", .service), ("inline_query", .other),
        ("chosen_inline_result", .other), ("shipping_query", .other), ("pre_checkout_query", .other),
        ("purchased_paid_media", .other), ("poll", .other), ("poll_answer", .other),
    ]

    /// The chat in which it happened, by its number: a person's, a group's (negative).
    var chat: Int64? {
        switch form {
        case .message(let message), .edited(let message): message["chat"]?["id"]?.integer
        case .pressed(let pressed): pressed["message"]?["chat"]?["id"]?.integer ?? pressed["from"]?["id"]?.integer
        case .membership(let change): change["chat"]?["id"]?.integer
        case .skipped, .unknown: nil
        }
    }

    /// One delivery: an update says one thing, and its number is the same whenever it is sent again.
    ///
    /// The update does not say which bot it is for: the address it came to does.
    static func delivery(of raw: [UInt8]) -> Delivery {
        guard let update = TelegramUpdate(raw), let number = update.number else { return VendorKey.whole(raw) }
        return Delivery(
            key: "update:\(number)", conversationKey: update.chat.map(String.init) ?? "", account: nil, raw: raw)
    }
}
