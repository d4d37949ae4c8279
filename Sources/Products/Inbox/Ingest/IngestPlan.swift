import Base
import InboxVendors

/// What kept deliveries ask for, customer by customer: decided without looking at the database.
struct IngestPlan: Sendable {
    /// What is to happen in the conversation with one customer.
    struct Part: Sendable {
        let user: String
        var profile: InboundProfile?
        /// Messages of the customer's, and of the company's that were not written here, in the order in which they came.
        var entries: [InboundEntry] = []
        /// Edits and deletions, in the order in which they came.
        var changes: [InboundEntry] = []
        /// How far anything was delivered and read.
        var marks: [InboundEntry] = []
        /// What happened to the conversation itself: the customer has left, or is back.
        var signs: [(happening: ConversationDesk.Happening, entry: InboundEntry)] = []
        /// Whether another application has the conversation now, so that the bot is silent.
        var isStandby = false
        /// The id under which the customer goes on.
        var movedTo: String?
    }

    private(set) var parts: [Part] = []
    /// What is known and means nothing here, with the reason.
    private(set) var skipped: [String] = []
    /// Deliveries that are worked off by this plan.
    private(set) var receipts: [ID<Receipt>] = []
    /// Deliveries that cannot be read.
    private(set) var unreadable: [(id: ID<Receipt>, reason: String)] = []

    /// Reads deliveries.
    ///
    /// - Parameters:
    ///   - receipts: in the order in which they came.
    ///   - now: no message is from later than this, whatever a vendor's clock says.
    ///   - read: gives what a delivery tells.
    init(_ receipts: [Receipt], now: Timestamp, read: (Delivery) throws(DeliveryFault) -> [InboundEntry]) {
        for receipt in receipts {
            let entries: [InboundEntry]
            do throws(DeliveryFault) {
                entries = try read(receipt.delivery)
            } catch {
                unreadable.append((receipt.id, error.rawValue))
                continue
            }
            self.receipts.append(receipt.id)
            for (index, entry) in entries.enumerated() {
                take(entry, called: "\(receipt.deliveryKey)#\(index)", receivedAt: receipt.receivedAt, now: now)
            }
        }
    }

    /// What a vendor says by its own account has been said, the oldest first: what has no id is left to deliveries.
    init(recent entries: some Sequence<InboundEntry>, now: Timestamp) {
        for entry in entries where entry.externalId != nil { take(entry, called: "", receivedAt: now, now: now) }
    }

    private mutating func take(_ entry: InboundEntry, called name: String, receivedAt: Timestamp, now: Timestamp) {
        var entry = entry
        entry.sentAt = min(entry.sentAt ?? receivedAt, now)
        switch entry.kind {
        case .skipped(let reason): skipped.append(reason.rawValue)
        case .unknown: skipped.append("unknown")
        case .message, .echo, .edit, .deletion, .delivered, .read, .left, .returned, .moved:
            guard (1...ContactPoint.Bounds.userBytes).contains(entry.externalUserId.utf8.count) else {
                skipped.append("noCustomer")
                return
            }
            place(entry, fallback: name.lastBytes(Message.Bounds.externalIDBytes))
        }
    }

    private mutating func place(_ entry: InboundEntry, fallback: String) {
        let index = parts.firstIndex { $0.user == entry.externalUserId } ?? parts.count
        if index == parts.count { parts.append(Part(user: entry.externalUserId)) }
        parts[index].profile = entry.profile ?? parts[index].profile
        var entry = entry
        // What has no id of its own is the same whenever its delivery comes again.
        let id = entry.externalId ?? fallback
        switch entry.kind {
        case .message, .echo:
            guard !parts[index].entries.contains(where: { $0.externalId == id }) else { return }
            entry.externalId = id
            parts[index].entries.append(entry)
            parts[index].isStandby = entry.isStandby
        case .edit, .deletion:
            guard entry.externalId != nil else {
                skipped.append("changeWithoutID")
                return
            }
            parts[index].changes.append(entry)
        case .delivered, .read: parts[index].marks.append(entry)
        case .left, .returned:
            entry.externalId = id
            parts[index].signs.append((entry.kind == .left ? .customerLeft : .customerReturned, entry))
        case .moved(let user): parts[index].movedTo = user
        case .skipped, .unknown: break
        }
    }
}

extension String {
    /// Without the character U+0000, which no database takes.
    var storable: String { utf8.contains(0) ? replacing("\0", with: "") : self }

    /// The last characters that have at most so many bytes.
    func lastBytes(_ count: Int) -> String {
        var text = self[...]
        while text.utf8.count > count { text = text.dropFirst() }
        return String(text)
    }
}
