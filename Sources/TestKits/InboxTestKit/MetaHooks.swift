public import Base

/// The items of webhooks of Meta's, in the documented forms.
public enum MetaHooks {
    /// Where an item belongs.
    public struct Thread: Sendable, Hashable {
        /// The page or the account.
        public var account: String
        /// The customer, in the id that this account knows.
        public var user: String

        /// Names a thread.
        public init(account: String, user: String) {
            self.account = account
            self.user = user
        }
    }

    /// An item of `messaging`: who, when, and one member.
    public static func item(
        from sender: String, to recipient: String, at time: Timestamp, _ name: String, _ value: VendorBody
    ) -> VendorBody {
        [
            "sender": ["id": .text(sender)], "recipient": ["id": .text(recipient)],
            "timestamp": .number(time.microseconds / 1_000), name: value,
        ]
    }

    /// The customer wrote.
    public static func message(
        _ thread: Thread, id: String, _ text: String?, at time: Timestamp, more: [(String, VendorBody?)] = []
    ) -> VendorBody {
        item(
            from: thread.user, to: thread.account, at: time, "message",
            .members([("mid", .text(id)), ("text", text.map { .text($0) })] + more))
    }

    /// The account wrote: we, when there is an application and a reference, else somebody in Meta's own inbox.
    public static func echo(
        _ thread: Thread, id: String, _ text: String, at time: Timestamp, application: Int64? = nil,
        reference: String? = nil
    ) -> VendorBody {
        item(
            from: thread.account, to: thread.user, at: time, "message",
            .members([
                ("mid", .text(id)), ("is_echo", true), ("app_id", application.map { .number($0) }),
                ("metadata", reference.map { .text($0) }), ("text", .text(text)),
            ]))
    }

    /// The customer took a message back.
    public static func deletion(_ thread: Thread, id: String, at time: Timestamp) -> VendorBody {
        message(thread, id: id, nil, at: time, more: [("is_deleted", true)])
    }

    /// The customer changed a message.
    public static func edit(
        _ thread: Thread, id: String, _ text: String, number: Int64, at time: Timestamp
    ) -> VendorBody {
        item(
            from: thread.user, to: thread.account, at: time, "message_edit",
            ["mid": .text(id), "text": .text(text), "num_edit": .number(number)])
    }

    /// The customer has seen everything until a time, as Messenger tells it.
    public static func read(_ thread: Thread, until mark: Timestamp, at time: Timestamp) -> VendorBody {
        item(
            from: thread.user, to: thread.account, at: time, "read",
            ["watermark": .number(mark.microseconds / 1_000)])
    }

    /// A body of entries, each with its items in one list.
    ///
    /// - Parameters:
    ///   - object: `page` or `instagram`.
    ///   - entries: Each with its account, the time, and the items.
    ///   - field: The list they stand in. Defaults to `messaging`.
    ///   - style: How texts are written. Defaults to Meta's.
    /// - Returns: The bytes.
    public static func body(
        _ object: String, _ entries: [(account: String, time: Timestamp, items: [VendorBody])],
        field: String = "messaging", style: VendorBody.Style = .escaped
    ) -> [UInt8] {
        let list = entries.map { entry -> VendorBody in
            [
                "id": .text(entry.account), "time": .number(entry.time.microseconds / 1_000),
                field: .list(entry.items),
            ]
        }
        let body: VendorBody = ["object": .text(object), "entry": .list(list)]
        return Array(body.written(style).utf8)
    }
}

/// Updates of a Telegram bot, in the documented forms.
public enum TelegramHooks {
    /// A private chat's message.
    public static func message(
        chat: Int64, number: Int64, _ text: String?, at time: Timestamp, name: String = "Maya",
        more: [(String, VendorBody?)] = []
    ) -> VendorBody {
        .members(
            [
                ("message_id", .number(number)),
                ("from", ["id": .number(chat), "is_bot": false, "first_name": .text(name), "language_code": "de"]),
                ("chat", ["id": .number(chat), "type": "private", "first_name": .text(name)]),
                ("date", .number(time.seconds)), ("text", text.map { .text($0) }),
            ] + more)
    }

    /// An update of one member.
    public static func update(_ number: Int64, _ name: String, _ value: VendorBody) -> [UInt8] {
        let body: VendorBody = ["update_id": .number(number), name: value]
        return Array(body.written().utf8)
    }
}
