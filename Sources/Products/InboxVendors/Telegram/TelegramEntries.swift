import Base

/// What an update of a Telegram bot says.
enum TelegramEntries {
    /// The entry of an update.
    ///
    /// - Throws: ``DeliveryFault/unreadable``.
    static func entry(in raw: [UInt8]) throws(DeliveryFault) -> InboundEntry {
        guard let update = TelegramUpdate(raw) else { throw .unreadable }
        switch update.form {
        case .message(let message): return said(message)
        case .edited(let message): return edited(message)
        case .pressed(let pressed): return self.pressed(pressed)
        case .membership(let change): return membership(change)
        case .skipped(let reason): return InboundEntry(.skipped(reason), with: "", at: nil)
        case .unknown: return InboundEntry(.unknown, with: "", at: nil)
        }
    }

    /// A message's number is its own only within its chat.
    static func externalId(chat: Int64, message: Int64) -> String { "\(chat):\(message)" }

    // MARK: Messages

    private static let service: [StaticString] = [
        "migrate_from_chat_id", "new_chat_members", "new_chat_member", "left_chat_member", "new_chat_title",
        "new_chat_photo", "delete_chat_photo", "group_chat_created", "supergroup_chat_created", "channel_chat_created",
        "message_auto_delete_timer_changed", "pinned_message", "write_access_allowed", "chat_background_set",
        "forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened",
        "general_forum_topic_hidden", "general_forum_topic_unhidden", "video_chat_scheduled", "video_chat_started",
        "video_chat_ended", "video_chat_participants_invited", "boost_added", "connected_website",
        "proximity_alert_triggered",
    ]

    private static func said(_ message: VendorJSON) -> InboundEntry {
        guard let chat = message["chat"]?["id"]?.integer else { return InboundEntry(.unknown, with: "", at: nil) }
        let time = VendorTime.moment(message["date"])
        if let next = message["migrate_to_chat_id"]?.integer {
            return InboundEntry(.moved(to: String(next)), with: String(chat), at: time)
        }
        if service.contains(where: { message[$0] != nil }) {
            return InboundEntry(.skipped(.service), with: String(chat), at: time)
        }
        return spoken(.message, message, chat, at: time)
    }

    private static func edited(_ message: VendorJSON) -> InboundEntry {
        guard let chat = message["chat"]?["id"]?.integer else { return InboundEntry(.unknown, with: "", at: nil) }
        // A place that moves is edited every few seconds; nothing is said by it.
        if message["location"]?["live_period"] != nil {
            return InboundEntry(.skipped(.service), with: String(chat), at: VendorTime.moment(message["edit_date"]))
        }
        return spoken(
            .edit, message, chat, at: VendorTime.moment(message["edit_date"]) ?? VendorTime.moment(message["date"]))
    }

    private static func spoken(
        _ kind: InboundEntry.Kind, _ message: VendorJSON, _ chat: Int64, at time: Timestamp?
    ) -> InboundEntry {
        guard let number = message["message_id"]?.integer else { return InboundEntry(.unknown, with: "", at: nil) }
        let text = message["text"]?.text ?? message["caption"]?.text ?? message["dice"]?["emoji"]?.text ?? ""
        var entry = InboundEntry(
            kind, with: String(chat), at: time, externalId: externalId(chat: chat, message: number), text: text)
        entry.replyTo = message["reply_to_message"]?["message_id"]?.integer.map { externalId(chat: chat, message: $0) }
        entry.attachments = attachments(message)
        if entry.text.isEmpty, entry.attachments.isEmpty {
            entry.attachments = [InboundAttachment(.unsupported, .none)]
        }
        entry.origin = start(text)
        address(message["chat"], message["from"], &entry)
        return entry
    }

    /// Who it is with: in a private chat the person, in a group the group, with the person as the author.
    private static func address(_ chat: VendorJSON?, _ from: VendorJSON?, _ entry: inout InboundEntry) {
        let person = from.flatMap(profile)
        guard let chat, chat["type"]?.text != "private", let title = chat["title"]?.text, !title.isEmpty else {
            entry.profile = person
            return
        }
        entry.profile = InboundProfile(name: title, handle: chat["username"]?.text)
        entry.author = person?.name
    }

    static func profile(_ from: VendorJSON) -> InboundProfile? {
        let parts = [from["first_name"]?.text, from["last_name"]?.text].compactMap { $0 }.filter { !$0.isEmpty }
        let handle = from["username"]?.text
        let name = parts.isEmpty ? handle ?? "" : parts.joined(separator: " ")
        guard !name.isEmpty else { return nil }
        return InboundProfile(name: name, handle: handle, locale: from["language_code"]?.text)
    }

    /// What a link to the bot named: `/start word`.
    private static func start(_ text: String) -> String? {
        guard text.hasPrefix("/start ") else { return nil }
        let word = VendorText.line(String(text.dropFirst(7)), 64)
        return word.isEmpty ? nil : word
    }

    // MARK: Buttons and members

    private static func pressed(_ pressed: VendorJSON) -> InboundEntry {
        guard let id = pressed["id"]?.id, let from = pressed["from"], let person = from["id"]?.integer else {
            return InboundEntry(.unknown, with: "", at: nil)
        }
        let message = pressed["message"]
        // A button below a message that went through somebody else's chat belongs to no conversation.
        guard message != nil || pressed["inline_message_id"] == nil else {
            return InboundEntry(.skipped(.other), with: String(person), at: nil)
        }
        let chat = message?["chat"]?["id"]?.integer ?? person
        let data = pressed["data"]?.text.map { VendorText.line($0, InboundEntry.Bounds.payloadBytes / 4) }
        var entry = InboundEntry(
            .message, with: String(chat), at: nil, externalId: VendorKey.bounded("callback:\(id)"),
            text: message.flatMap { title(of: data, in: $0) } ?? data ?? "")
        entry.payload = data
        entry.callback = VendorKey.bounded(id)
        entry.replyTo = message?["message_id"]?.integer.map { externalId(chat: chat, message: $0) }
        address(message?["chat"], from, &entry)
        if entry.text.isEmpty { entry.attachments = [InboundAttachment(.unsupported, .none)] }
        return entry
    }

    /// What stands on the button.
    private static func title(of data: String?, in message: VendorJSON) -> String? {
        guard let data else { return nil }
        let rows = message["reply_markup"]?["inline_keyboard"]?.elements ?? []
        return rows.flatMap(\.elements).first { $0["callback_data"]?.text == data }?["text"]?.text
    }

    private static func membership(_ change: VendorJSON) -> InboundEntry {
        guard let chat = change["chat"]?["id"]?.integer else { return InboundEntry(.unknown, with: "", at: nil) }
        let kind: InboundEntry.Kind =
            switch change["new_chat_member"]?["status"]?.text {
            case "kicked", "left": .left
            case "member", "administrator", "creator": .returned
            case "restricted": .skipped(.service)
            default: .unknown
            }
        var entry = InboundEntry(kind, with: String(chat), at: VendorTime.moment(change["date"]))
        address(change["chat"], change["from"], &entry)
        return entry
    }

    // MARK: Attachments

    private static let files: [(StaticString, InboundAttachment.Kind)] = [
        ("video", .video), ("video_note", .video), ("audio", .audio), ("voice", .audio), ("sticker", .sticker),
    ]

    /// An update holds one attachment; several sent together are several messages.
    private static func attachments(_ message: VendorJSON) -> [InboundAttachment] {
        var found: [InboundAttachment] = []
        // Sizes of one picture, the smallest first.
        if let largest = message["photo"]?.elements.last { found.append(file(.image, largest)) }
        if let animation = message["animation"] {
            found.append(file(.video, animation))
        } else if let document = message["document"] {
            found.append(file(.file, document))
        }
        for (name, kind) in files {
            if let value = message[name] { found.append(file(kind, value)) }
        }
        if let place = (message["venue"]?["location"] ?? message["location"]),
            let latitude = place["latitude"]?.number, let longitude = place["longitude"]?.number
        {
            let title = message["venue"]?["title"]?.text.map { $0 + ", " } ?? ""
            found.append(InboundAttachment(.place, .none, title: title + "\(latitude), \(longitude)"))
        }
        if let contact = message["contact"] {
            let parts = [contact["first_name"], contact["last_name"], contact["phone_number"]].compactMap { $0?.text }
            found.append(InboundAttachment(.contact, .none, title: parts.joined(separator: " ")))
        }
        if let story = message["story"] {
            found.append(InboundAttachment(.share, .none, title: story["chat"]?["title"]?.text ?? "story"))
        }
        return Array(found.prefix(InboundEntry.Bounds.attachments))
    }

    private static func file(_ kind: InboundAttachment.Kind, _ value: VendorJSON) -> InboundAttachment {
        let reference = value["file_id"]?.id.flatMap { $0.utf8.count <= 1_024 ? $0 : nil }
        return InboundAttachment(
            reference == nil ? .unsupported : kind, reference.map { .reference($0) } ?? .none,
            name: value["file_name"]?.text, mediaType: value["mime_type"]?.text, size: value["file_size"]?.integer,
            title: value["emoji"]?.text)
    }
}
