import Base

/// One item of an entry of a webhook of Meta's, with what stands around it.
///
/// `messaging` and `standby` have messages and what belongs to them; `changes` what is public, and tests.
struct MetaItem {
    /// The list in which it stands.
    enum Field: Equatable {
        case messaging, standby, changes
        /// A list that we do not know.
        case other(String)

        init(_ name: String) {
            self =
                switch name {
                case "messaging": .messaging
                case "standby": .standby
                case "changes": .changes
                default: .other(name)
                }
        }
    }

    /// What an item is, by the member that it has.
    enum Form {
        case message(VendorJSON)
        case edit(VendorJSON)
        case postback(VendorJSON)
        case delivery(VendorJSON)
        case read(VendorJSON)
        case skipped(InboundEntry.SkipReason)
        case unknown
    }

    let field: Field
    let value: VendorJSON
    /// The id of the entry: the account, or 0 in a test.
    let entryId: String?
    let entryTime: Timestamp?

    var form: Form {
        switch field {
        case .changes: change
        case .other: .unknown
        case .messaging, .standby: messaging
        }
    }

    private var change: Form {
        switch value["field"]?.text {
        // Real ones come as `messaging`: this is how the button for trying a webhook sends them.
        case .some(let name) where name.hasPrefix("messag") || name == "standby": .skipped(.test)
        case "comments", "live_comments", "mentions", "mention", "feed", "story_insights", "ratings", "leadgen":
            .skipped(.publicPost)
        default: .unknown
        }
    }

    private var messaging: Form {
        if sender == "12334", recipient == "23245" { return .skipped(.test) }
        if let message = value["message"] { return .message(message) }
        if let edit = value["message_edit"] { return .edit(edit) }
        if let postback = value["postback"] { return .postback(postback) }
        if let delivery = value["delivery"] { return .delivery(delivery) }
        if let read = value["read"] { return .read(read) }
        if value["reaction"] != nil { return .skipped(.reaction) }
        if value["referral"] != nil { return .skipped(.referral) }
        if value["optin"] != nil { return .skipped(.optIn) }
        for name in ["pass_thread_control", "take_thread_control", "request_thread_control", "app_roles"]
            as [StaticString]
        where value[name] != nil {
            return .skipped(.handover)
        }
        for name in ["account_linking", "policy_enforcement", "game_play"] as [StaticString] where value[name] != nil {
            return .skipped(.other)
        }
        return .unknown
    }

    private var sender: String? { value["sender"]?["id"]?.id }
    private var recipient: String? { value["recipient"]?["id"]?.id }

    /// Whether the account said it, and not the customer.
    var isEcho: Bool { value["message"]?["is_echo"]?.flag ?? false }

    /// The account that it is for.
    ///
    /// The entry's id says the same; the item is what a conversation is stored by, so the item counts.
    var account: String? { (isEcho ? sender : recipient) ?? entryId }

    /// Who the conversation is with.
    var user: String? { isEcho ? recipient : sender }

    var time: Timestamp? { VendorTime.moment(value["timestamp"]) ?? entryTime }
}

extension MetaItem {
    /// What is the same whenever the same thing is delivered again.
    ///
    /// A message by its id. What changes nothing when it comes twice, by its bytes.
    var key: String {
        switch form {
        case .message(let message):
            if let id = message["mid"]?.id {
                return (message["is_deleted"]?.flag ?? false ? "deletion:" : "message:") + id
            }
        case .edit(let edit):
            if let id = edit["mid"]?.id, let number = edit["num_edit"]?.integer { return "edit:\(number):\(id)" }
        case .postback(let postback):
            if let id = postback["mid"]?.id { return "postback:" + id }
        case .delivery, .read, .skipped, .unknown: break
        }
        return VendorKey.ofBytes(value.raw)
    }

    /// What is worked off in order: all of one customer at one account.
    var conversationKey: String {
        guard let user, let account else { return "" }
        return "\(account)/\(user)"
    }
}

/// A webhook of Meta's as a list of items, and an item as a webhook of its own.
enum MetaEnvelope {
    /// The items of a body in order; `nil` when it has not the form of one, or too many.
    static func items(in body: VendorJSON) -> [MetaItem]? {
        guard let entries = body["entry"], entries.kind == .list else { return nil }
        var items: [MetaItem] = []
        for entry in entries.elements {
            let before = items.count
            for (name, list) in entry.members where list.kind == .list {
                for value in list.elements {
                    guard items.count < Delivery.Bounds.count else { return nil }
                    items.append(
                        MetaItem(
                            field: .init(name), value: value, entryId: entry["id"]?.id,
                            entryTime: VendorTime.moment(entry["time"])))
                }
            }
            // An entry without any list says something too.
            if items.count == before {
                guard items.count < Delivery.Bounds.count else { return nil }
                items.append(MetaItem(field: .other(""), value: entry, entryId: entry["id"]?.id, entryTime: nil))
            }
        }
        return items.isEmpty ? nil : items
    }

    /// Cuts a body into deliveries of one item each, none of the item's bytes changed.
    static func deliveries(in raw: [UInt8]) -> [Delivery] {
        guard let body = VendorJSON(raw), let items = items(in: body) else { return [VendorKey.whole(raw)] }
        return items.map { item in
            Delivery(
                key: item.key, conversationKey: item.conversationKey, account: item.account,
                raw: items.count == 1 ? raw : envelope(of: item, object: body["object"]))
        }
    }

    private static func envelope(of item: MetaItem, object: VendorJSON?) -> [UInt8] {
        var bytes = Array("{".utf8)
        if let object {
            bytes += "\"object\":".utf8
            bytes += object.raw
            bytes += ",".utf8
        }
        bytes += "\"entry\":[".utf8
        if item.field == .other("") {
            bytes += item.value.raw
        } else {
            var members: [(String, VendorJSONText?)] = []
            members.append(("id", item.entryId.map { .text($0) }))
            members.append(("time", item.entryTime.map { .number($0.microseconds / 1_000) }))
            let head = VendorJSONText.object(members).description.dropLast()
            bytes += head.utf8
            bytes += ((head.utf8.count > 1 ? "," : "") + VendorJSONText.text(item.field.name).description + ":[").utf8
            bytes += item.value.raw
            bytes += "]}".utf8
        }
        return bytes + "]}".utf8
    }
}

extension MetaItem.Field {
    var name: String {
        switch self {
        case .messaging: "messaging"
        case .standby: "standby"
        case .changes: "changes"
        case .other(let name): name
        }
    }
}
