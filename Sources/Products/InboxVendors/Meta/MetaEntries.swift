import Base

/// What the items of a webhook of Meta's say.
enum MetaEntries {
    /// The entries of a body in order.
    ///
    /// - Throws: ``DeliveryFault/unreadable``.
    static func entries(in raw: [UInt8]) throws(DeliveryFault) -> [InboundEntry] {
        guard let body = VendorJSON(raw) else { throw .unreadable }
        // JSON of another form is a form that we do not know, not one that is broken.
        guard let items = MetaEnvelope.items(in: body) else { return [InboundEntry(.unknown, with: "", at: nil)] }
        return items.map(entry)
    }

    private static func entry(_ item: MetaItem) -> InboundEntry {
        var entry =
            switch item.form {
            case .message(let message): said(message, item)
            case .edit(let edit): edited(edit, item)
            case .postback(let postback): pressed(postback, item)
            case .delivery(let delivery): marked(.delivered, delivery, item)
            case .read(let read): marked(.read, read, item)
            case .skipped(let reason): plain(.skipped(reason), item)
            case .unknown: plain(.unknown, item)
            }
        entry.isStandby = item.field == .standby
        return entry
    }

    private static func plain(
        _ kind: InboundEntry.Kind, _ item: MetaItem, id: VendorJSON? = nil, text: String = ""
    ) -> InboundEntry {
        InboundEntry(
            kind, with: VendorKey.bounded(item.user ?? ""), at: item.time, account: item.account.map(VendorKey.bounded),
            externalId: id?.id.map(VendorKey.bounded), text: text)
    }

    // MARK: Messages

    private static func said(_ message: VendorJSON, _ item: MetaItem) -> InboundEntry {
        guard let mid = message["mid"], mid.id != nil, let user = item.user else { return plain(.unknown, item) }
        // Somebody who writes to himself has no conversation with a customer.
        if user == item.account { return plain(.skipped(.service), item, id: mid) }
        if message["is_deleted"]?.flag ?? false { return plain(.deletion, item, id: mid) }
        var entry = plain(item.isEcho ? .echo : .message, item, id: mid, text: message["text"]?.text ?? "")
        attach(message, to: &entry)
        entry.replyTo = message["reply_to"]?["mid"]?.id.map(VendorKey.bounded)
        entry.payload = payload(message["quick_reply"]?["payload"])
        entry.origin = origin(message["referral"])
        if item.isEcho {
            entry.reference = message["metadata"]?.text.flatMap { $0.isEmpty ? nil : VendorKey.bounded($0) }
            entry.application = message["app_id"]?.id.map(VendorKey.bounded)
        }
        if entry.text.isEmpty, entry.attachments.isEmpty {
            entry.attachments = [InboundAttachment(.unsupported, .none)]
        }
        return entry
    }

    private static func edited(_ edit: VendorJSON, _ item: MetaItem) -> InboundEntry {
        // Without a text it tells nothing that could be stored.
        guard let mid = edit["mid"], mid.id != nil, item.user != nil, let text = edit["text"]?.text else {
            return plain(.unknown, item)
        }
        return plain(.edit, item, id: mid, text: text)
    }

    /// A button with its title, which is what the customer has seen himself say.
    private static func pressed(_ postback: VendorJSON, _ item: MetaItem) -> InboundEntry {
        guard item.user != nil else { return plain(.unknown, item) }
        let payload = payload(postback["payload"])
        // Older forms have no id: the customer's press at that time is one.
        var entry = plain(
            .message, item, id: postback["mid"], text: postback["title"]?.text ?? payload ?? "")
        entry.externalId = entry.externalId ?? VendorKey.bounded(item.key)
        entry.payload = payload
        entry.origin = origin(postback["referral"])
        return entry
    }

    private static func payload(_ value: VendorJSON?) -> String? {
        value?.text.flatMap { text in
            let line = VendorText.line(text, InboundEntry.Bounds.payloadBytes / 4)
            return line.isEmpty ? nil : line
        }
    }

    /// The advertisement or the link that led here.
    private static func origin(_ referral: VendorJSON?) -> String? {
        (referral?["ad_id"]?.id ?? referral?["ref"]?.id).map { VendorText.line($0, 60) }
    }

    private static func marked(_ kind: InboundEntry.Kind, _ value: VendorJSON, _ item: MetaItem) -> InboundEntry {
        let ids = (value["mids"]?.elements ?? []) + (value["mid"].map { [$0] } ?? [])
        let messages = ids.prefix(InboundEntry.Bounds.marked).compactMap { $0.id.map(VendorKey.bounded) }
        let mark: InboundMark
        if let time = VendorTime.moment(value["watermark"]) {
            mark = .until(time)
        } else if !messages.isEmpty {
            mark = .messages(messages)
        } else {
            return plain(.unknown, item)
        }
        guard item.user != nil else { return plain(.unknown, item) }
        var entry = plain(kind, item)
        entry.mark = mark
        return entry
    }

    // MARK: Attachments

    static func attach(_ message: VendorJSON, to entry: inout InboundEntry) {
        let list = message["attachments"].map { $0["data"]?.elements ?? $0.elements } ?? []
        entry.attachments = list.prefix(InboundEntry.Bounds.attachments).map(attachment)
        if list.count > InboundEntry.Bounds.attachments { entry.isCut = true }
        if let story = message["reply_to"]?["story"] {
            entry.attachments.append(InboundAttachment(.share, source(story["url"]), title: "story"))
        }
        if message["is_unsupported"]?.flag ?? false {
            entry.attachments.append(InboundAttachment(.unsupported, .none))
        }
    }

    private static func attachment(_ value: VendorJSON) -> InboundAttachment {
        let payload = value["payload"]
        let title = value["title"]?.text ?? payload?["title"]?.text
        let source = source(payload?["url"] ?? value["url"])
        switch value["type"]?.text {
        case "image":
            return InboundAttachment(payload?["sticker_id"] == nil ? .image : .sticker, source, title: title)
        case "animated_image": return InboundAttachment(.image, source, title: title)
        case "video": return InboundAttachment(.video, source, title: title)
        case "audio": return InboundAttachment(.audio, source, title: title)
        case "file": return InboundAttachment(.file, source, name: payload?["name"]?.text ?? title)
        case "location":
            let at = payload?["coordinates"]
            guard let latitude = at?["lat"]?.number, let longitude = at?["long"]?.number else {
                return InboundAttachment(.unsupported, .none, title: title)
            }
            return InboundAttachment(.place, .none, title: "\(latitude), \(longitude)")
        case "unsupported_type", "ephemeral": return InboundAttachment(.unsupported, .none, title: title)
        // Stories, posts, reels, links and products; a form that is not known is shown by its name.
        case let type: return InboundAttachment(.share, source, title: title ?? type)
        }
    }

    static func source(_ value: VendorJSON?) -> InboundAttachment.Source {
        guard let address = value?.text, (1...4_096).contains(address.utf8.count),
            address.hasPrefix("https://") || address.hasPrefix("http://")
        else { return .none }
        return .address(VendorText.line(address, 4_096))
    }
}
