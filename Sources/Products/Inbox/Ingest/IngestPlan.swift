import Base

/// What kept deliveries ask for, customer by customer: decided without looking at the database.
struct IngestPlan: Sendable {
    /// What is to happen in the conversation with one customer.
    struct Part: Sendable {
        let user: String
        var name: String?
        var picture: String?
        /// Messages of the customer's, and of the company's that were not written here, in the order in which they came.
        var entries: [InboundEntry] = []
        /// Edits and deletions, in the order in which they came.
        var changes: [InboundEntry] = []
        /// The furthest that anything was delivered and read, by time and by message.
        var marks: [InboundEntry] = []
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
    init(_ receipts: [Receipt], now: Timestamp, read: (Delivery) throws -> [InboundEntry]) {
        for receipt in receipts {
            let entries: [InboundEntry]
            do {
                entries = try read(receipt.delivery)
            } catch let error as any CodedError {
                unreadable.append((receipt.id, error.description))
                continue
            } catch {
                // Any other error's text may hold a customer's words.
                unreadable.append((receipt.id, "the adapter failed with \(type(of: error))"))
                continue
            }
            self.receipts.append(receipt.id)
            for (index, entry) in entries.enumerated() { take(entry, at: index, of: receipt, now: now) }
        }
    }

    private mutating func take(_ entry: InboundEntry, at index: Int, of receipt: Receipt, now: Timestamp) {
        var entry = entry
        entry.sentAt = min(entry.sentAt, now)
        entry.text = entry.text.storable.firstScalars(Message.Bounds.bodyCharacters)
        entry.attachments = Array(entry.attachments.prefix(Message.Bounds.files))
        switch entry.kind {
        case .skipped(let reason): skipped.append(reason)
        case .unknown: skipped.append("unknown")
        case .message, .echo, .edit, .deletion, .delivered, .read:
            guard (1...ContactPoint.Bounds.userBytes).contains(entry.externalUserID.utf8.count),
                (entry.externalID ?? "").utf8.count <= Message.Bounds.externalIDBytes
            else {
                skipped.append("idTooLong")
                return
            }
            place(entry, fallback: "\(receipt.deliveryKey)#\(index)")
        }
    }

    private mutating func place(_ entry: InboundEntry, fallback: String) {
        let index = parts.firstIndex { $0.user == entry.externalUserID } ?? parts.count
        if index == parts.count { parts.append(Part(user: entry.externalUserID)) }
        if entry.kind == .message {
            parts[index].name = entry.userName ?? parts[index].name
            parts[index].picture = entry.picture ?? parts[index].picture
        }
        var entry = entry
        switch entry.kind {
        case .message, .echo:
            // What has no id of its own is the same whenever its delivery comes again.
            let id = entry.externalID ?? fallback
            guard !parts[index].entries.contains(where: { $0.externalID == id }) else { return }
            entry.externalID = id
            parts[index].entries.append(entry)
        case .edit, .deletion:
            guard entry.externalID != nil else {
                skipped.append("changeWithoutID")
                return
            }
            parts[index].changes.append(entry)
        case .delivered, .read: note(entry, in: index)
        case .skipped, .unknown: break
        }
    }

    /// Of marks up to a time only the latest of a kind counts.
    private mutating func note(_ mark: InboundEntry, in index: Int) {
        let place = parts[index].marks.firstIndex {
            $0.kind == mark.kind && $0.externalID == mark.externalID
        }
        guard let place else {
            parts[index].marks.append(mark)
            return
        }
        parts[index].marks[place].sentAt = max(parts[index].marks[place].sentAt, mark.sentAt)
    }
}

extension String {
    /// Without the character U+0000, which no database takes.
    var storable: String { utf8.contains(0) ? replacing("\0", with: "") : self }
}
