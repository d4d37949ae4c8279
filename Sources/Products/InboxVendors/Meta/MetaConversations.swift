import Base

/// Meta's own account of what was said: `GET /{account}/conversations`.
enum MetaConversations {
    enum Bounds {
        static let conversations = 25
        /// Messages that are asked for of each.
        static let messages = 20
        static let pages = 4
        static let entries = conversations * messages * pages
        static let cursorBytes = 1_024
    }

    struct Page {
        var entries: [InboundEntry]
        /// Where the next page begins; `nil` when what follows is older than was asked for.
        var cursor: String?
    }

    static func query(_ kind: ChannelKind, after cursor: String?) -> [(String, String)] {
        let message = "id,created_time,from,to,message,attachments,is_unsupported"
        var query = [
            ("platform", kind == .instagram ? "instagram" : "messenger"),
            ("fields", "updated_time,messages.limit(\(Bounds.messages)){\(message)}"),
            ("limit", String(Bounds.conversations)),
        ]
        if let cursor { query.append(("after", cursor)) }
        return query
    }

    /// Conversations come by their last change, newest first.
    static func page(_ body: VendorJSON, of account: String, since time: Timestamp) -> Page {
        var entries: [InboundEntry] = []
        var isOver = false
        for conversation in (body["data"]?.elements ?? []).prefix(Bounds.conversations) {
            if let updated = VendorTime.moment(iso: conversation["updated_time"]?.text), updated < time {
                isOver = true
            }
            let messages = conversation["messages"]?["data"]?.elements ?? []
            entries += messages.prefix(Bounds.messages).compactMap { entry($0, of: account, since: time) }
        }
        // The address of the next page is not followed: it has the token in it, and may lead anywhere.
        let cursor = body["paging"]?["next"] == nil ? nil : body["paging"]?["cursors"]?["after"]?.text
        let isUsable = cursor.map { (1...Bounds.cursorBytes).contains($0.utf8.count) } ?? false
        return Page(entries: entries, cursor: isOver || !isUsable ? nil : cursor)
    }

    private static func entry(_ message: VendorJSON, of account: String, since time: Timestamp) -> InboundEntry? {
        guard let id = message["id"]?.id, let sender = message["from"]?["id"]?.id,
            let sentAt = VendorTime.moment(iso: message["created_time"]?.text), sentAt >= time
        else { return nil }
        let isEcho = sender == account
        guard let user = isEcho ? message["to"]?["data"]?.elements.first?["id"]?.id : sender else { return nil }
        var entry = InboundEntry(
            isEcho ? .echo : .message, with: VendorKey.bounded(user), at: sentAt, account: account,
            externalId: VendorKey.bounded(id), text: message["message"]?.text ?? "")
        let list = message["attachments"]?["data"]?.elements ?? []
        entry.attachments = list.prefix(InboundEntry.Bounds.attachments).map(attachment)
        if list.count > InboundEntry.Bounds.attachments { entry.isCut = true }
        if entry.text.isEmpty, entry.attachments.isEmpty {
            entry.attachments = [InboundAttachment(.unsupported, .none)]
        }
        return entry
    }

    private static func attachment(_ value: VendorJSON) -> InboundAttachment {
        let image = value["image_data"]?["url"]
        let video = value["video_data"]?["url"]
        let type = value["mime_type"]?.text
        let kind: InboundAttachment.Kind =
            if image != nil { .image } else if video != nil { .video } else if type?.hasPrefix("audio/") ?? false {
                .audio
            } else { value["file_url"] == nil ? .unsupported : .file }
        return InboundAttachment(
            kind, MetaEntries.source(image ?? video ?? value["file_url"]), name: value["name"]?.text, mediaType: type,
            size: value["size"]?.integer)
    }
}
