import Base
import Jobs
import Storage

/// Puts creators into lists, moves them about, and takes them out; each call is one transaction, so that totals are true
/// at every commit.
final class EntryDesk: Sendable {
    let store: EntryStore
    let lists: ListDesk
    let contacts: ContactStore
    private let storage: Storage
    private let live: ListTopics
    private let clock: any WallClock
    private let randomness: any Randomness

    init(
        storage: Storage, lists: ListDesk, live: ListTopics, clock: any WallClock, randomness: any Randomness
    ) {
        self.storage = storage
        self.lists = lists
        self.live = live
        self.clock = clock
        self.randomness = randomness
        store = EntryStore(storage: storage)
        contacts = ContactStore(storage: storage)
    }

    // MARK: Adding

    /// Adds up to 1,000 creators to a list: two statements, and the combined one for what follows.
    ///
    /// - Throws: `discovery.notFound`, `discovery.notAllowed`, `discovery.listBusy`; `discovery.listFull` when there was
    ///   no room for any of them.
    func add(
        _ creators: [ID<Creator>], to list: ID<CreatorList>, bucket: String? = nil, by asker: Asker,
        in tenant: Tenant
    ) async throws -> AddedEntries {
        var seen: Set<ID<Creator>> = []
        let wanted = creators.filter { seen.insert($0).inserted }
        guard (1...ListEntry.Bounds.added).contains(wanted.count) else {
            throw DiscoveryError(.listInvalid, "1 to \(ListEntry.Bounds.added) creators can be added at once.")
        }
        let now = clock.now()
        let result = try await storage.write(for: tenant) { transaction in
            let result = try await add(wanted, to: list, bucket: bucket, by: asker, at: now, transaction, tenant)
            if result.added > 0 {
                try ListJobs.record(
                    Activity(
                        id: ID(at: now, using: randomness), listID: list, creatorID: nil, personID: asker.person,
                        event: .added, detail: Wording.count(result.added, "creator"), at: now), in: transaction)
            }
            return result
        }
        if result.added > 0 { await live.publish(.changed, to: list, by: asker.person, in: tenant) }
        guard result.added > 0 || result.refused == 0 else { throw Self.full() }
        return result
    }

    /// Adds creators within a transaction, without telling anybody.
    func add(
        _ creators: [ID<Creator>], to list: ID<CreatorList>, bucket: String?, by asker: Asker, at now: Timestamp,
        _ transaction: WriteTransaction, _ tenant: Tenant
    ) async throws -> AddedEntries {
        let candidates = creators.map { EntryStore.Candidate(entry: ID(at: now, using: randomness), creator: $0) }
        let added = try await store.add(
            candidates, to: list, bucket: bucket, by: asker, at: now, through: transaction, in: tenant)
        guard
            let result = try await store.count(
                added, of: list, sent: creators, asker: asker, through: transaction, in: tenant)
        else { throw try await lists.refusal(of: list, for: asker, through: transaction, in: tenant) }
        transaction.afterCommit(.invalidate(tag: ListDesk.Tag.list(list)))
        transaction.afterCommit(.invalidate(tag: ListDesk.Tag.person(asker.person)))
        return result
    }

    static func full() -> DiscoveryError {
        DiscoveryError(
            .listFull, "The list has \(CreatorList.Bounds.entries) entries; begin another one.",
            context: ["limit": "\(CreatorList.Bounds.entries)"])
    }

    /// Adds everything that a search or another list holds, by job.
    func add(_ selection: Selection, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            _ = try await lists.locked(
                selection.list, by: selection.asker, atLeast: .editor, through: transaction, in: tenant)
            try ListJobs.add(selection, in: transaction)
        }
    }

    // MARK: Moving and editing

    /// Moves a card: its row, the totals where the bucket is another one, and the line in the log.
    ///
    /// - Parameters:
    ///   - id: the card.
    ///   - bucket: where it goes; `nil` within its bucket.
    ///   - rank: the place that the client proposes; `nil` for the top of the bucket.
    ///   - asker: who moves it.
    ///   - tenant: whose list.
    /// - Returns: the card's place as it is then, for everybody.
    /// - Throws: `discovery.notFound`, `discovery.notAllowed`, `discovery.listBusy`.
    func move(
        _ id: ID<ListEntry>, to bucket: String?, rank: Rank?, by asker: Asker, in tenant: Tenant
    ) async throws -> ChangedEntry {
        let now = clock.now()
        let moved = try await storage.write(for: tenant) { transaction in
            var place = rank
            if place == nil, let bucket {
                // Without a script nobody knows the neighbours: the card goes to the top.
                guard let entry = try await store.entry(id, for: asker, through: transaction, in: tenant) else {
                    throw DiscoveryError.missing("entry")
                }
                place = Rank.between(
                    nil, try await store.firstRank(of: entry.listID, bucket: bucket, through: transaction, in: tenant))
            }
            let change = EntryStore.Change(entry: id, bucket: bucket, rank: place?.cut)
            guard
                let moved = try await store.change([change], by: asker, through: transaction, in: tenant).first
            else { throw try await refusal(of: id, for: asker, through: transaction, in: tenant) }
            try await settle([moved], by: asker, at: now, transaction, tenant)
            if place?.isTooLong ?? false {
                try ListJobs.respace(moved.listID, bucket: moved.bucket, in: transaction)
            }
            return moved
        }
        await live.publish(.moved(moved), to: moved.listID, by: asker.person, in: tenant)
        return moved
    }

    /// Writes fields of cards, and their bucket, all alike: one request for a whole selection.
    ///
    /// - Throws: `discovery.listInvalid`, `discovery.notFound`, `discovery.notAllowed`, `discovery.listBusy`.
    func edit(
        _ ids: [ID<ListEntry>], of list: ID<CreatorList>, fields typed: [String: String], bucket: String?,
        by asker: Asker, in tenant: Tenant
    ) async throws -> [ChangedEntry] {
        guard (1...ListEntry.Bounds.changed).contains(ids.count) else {
            throw DiscoveryError(.listInvalid, "1 to \(ListEntry.Bounds.changed) entries can be changed at once.")
        }
        let shown = try await lists.board(list, for: asker, in: tenant).shown
        let patch = typed.isEmpty ? nil : try FieldPatch(typed, of: shown.list)
        _ = try patch?.applied(to: [:])
        let now = clock.now()
        let changed = try await storage.write(for: tenant) { transaction in
            let changed: [ChangedEntry]
            do {
                changed = try await store.change(
                    ids.map { EntryStore.Change(entry: $0, bucket: bucket) }, fields: patch, by: asker,
                    through: transaction, in: tenant)
            } catch let error as StorageError where error.code == .checkViolation {
                throw DiscoveryError(.listInvalid, "The fields of an entry hold at most 4 KB together.")
            }
            guard let first = changed.first else {
                throw try await lists.refusal(of: list, for: asker, through: transaction, in: tenant)
            }
            guard changed.allSatisfy({ $0.listID == list }) else { throw DiscoveryError.missing("entry") }
            try await settle(bucket == nil ? [] : changed, by: asker, at: now, transaction, tenant)
            if !typed.isEmpty {
                try ListJobs.record(
                    Activity(
                        id: ID(at: now, using: randomness), listID: list,
                        creatorID: changed.count == 1 ? first.creatorID : nil, personID: asker.person, event: .edited,
                        detail: typed.keys.sorted().joined(separator: ", "), at: now), in: transaction)
            }
            transaction.afterCommit(.invalidate(tag: ListDesk.Tag.list(list)))
            return changed
        }
        await live.publish(.changed, to: list, by: asker.person, in: tenant)
        return changed
    }

    /// Totals, log and caches after cards have moved; all of one list.
    private func settle(
        _ moved: [ChangedEntry], by asker: Asker, at now: Timestamp, _ transaction: WriteTransaction, _ tenant: Tenant
    ) async throws {
        guard let first = moved.first else { return }
        var change = TotalsChange()
        for entry in moved { change.move(entry) }
        transaction.afterCommit(.invalidate(tag: ListDesk.Tag.list(first.listID)))
        guard !change.rows.isEmpty else { return }
        try await store.apply(change, to: first.listID, through: transaction, in: tenant)
        try ListJobs.record(
            Activity(
                id: ID(at: now, using: randomness), listID: first.listID,
                creatorID: moved.count == 1 ? first.creatorID : nil, personID: asker.person, event: .moved,
                detail: first.bucket, at: now), in: transaction)
    }

    private func refusal(
        of id: ID<ListEntry>, for asker: Asker, through reading: some Reading, in tenant: Tenant
    ) async throws -> DiscoveryError {
        guard let entry = try await store.entry(id, for: asker, through: reading, in: tenant) else {
            return .missing("entry")
        }
        let refusal = try await lists.refusal(of: entry.listID, for: asker, through: reading, in: tenant)
        // An editor of a list at rest was refused for the bucket alone.
        guard refusal.code == .notAllowed, refusal.context["role"] != ListRole.viewer.rawValue else { return refusal }
        return DiscoveryError(.listInvalid, "The board has no such bucket.")
    }

    /// Pins a card on the dashboard of who asks, or no longer.
    func pin(_ id: ID<ListEntry>, _ isPinned: Bool, by asker: Asker, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            guard try await store.pin(id, isPinned, by: asker, through: transaction, in: tenant) else {
                throw try await refusal(of: id, for: asker, through: transaction, in: tenant)
            }
            transaction.afterCommit(.invalidate(tag: ListDesk.Tag.person(asker.person)))
        }
    }

    // MARK: Removing

    /// Takes entries out of a list.
    func remove(
        _ ids: [ID<ListEntry>], from list: ID<CreatorList>, by asker: Asker, in tenant: Tenant
    ) async throws -> Int {
        guard (1...ListEntry.Bounds.changed).contains(ids.count) else {
            throw DiscoveryError(.listInvalid, "1 to \(ListEntry.Bounds.changed) entries can be removed at once.")
        }
        let now = clock.now()
        let removed = try await storage.write(for: tenant) { transaction in
            let removed = try await store.remove(
                ids, from: list, by: asker, at: now, through: transaction, in: tenant)
            guard !removed.isEmpty else {
                let refusal = try await lists.refusal(of: list, for: asker, through: transaction, in: tenant)
                if refusal.code == .notAllowed, refusal.context["role"] != ListRole.viewer.rawValue {
                    throw DiscoveryError.missing("entry")
                }
                throw refusal
            }
            try await store.countRemoved(removed, from: list, through: transaction, in: tenant)
            try ListJobs.record(
                Activity(
                    id: ID(at: now, using: randomness), listID: list,
                    creatorID: removed.count == 1 ? removed[0].creatorID : nil, personID: asker.person,
                    event: .removed, detail: Wording.count(removed.count, "creator"), at: now), in: transaction)
            transaction.afterCommit(.invalidate(tag: ListDesk.Tag.list(list)))
            return removed.count
        }
        await live.publish(.changed, to: list, by: asker.person, in: tenant)
        return removed
    }

    // MARK: Contacting

    /// What somebody tells of a message they wrote.
    struct Message: Sendable {
        let creator: ID<Creator>
        let channel: Contact.Channel
        var text: String?
        /// The card that moves with it, and where to.
        var entry: (id: ID<ListEntry>, bucket: String)?
        /// Whether it counts although a colleague wrote lately.
        var isForced = false
    }

    /// Writes down that who asks wrote to a creator, and moves the card in the same transaction.
    ///
    /// - Throws: `discovery.alreadyContacted` with who and when, when a colleague wrote within 30 days and it is not
    ///   forced; `discovery.notFound`, `discovery.notAllowed`.
    func contact(_ message: Message, by asker: Asker, in tenant: Tenant) async throws -> Contact {
        let now = clock.now()
        let text = message.text?.trimmingWhitespace.cut(to: Contact.Bounds.textCharacters)
        var contact = Contact(
            id: ID(at: now, using: randomness), creatorID: message.creator, listID: nil, personID: asker.person,
            channel: message.channel, text: text.flatMap { $0.isEmpty ? nil : $0 }, at: now)
        let draft = contact
        let moved = try await storage.write(for: tenant) { transaction -> ChangedEntry? in
            var contact = draft
            guard
                try await contacts.claim(
                    contact, isForced: message.isForced, through: transaction, in: tenant)
            else { throw try await alreadyContacted(message.creator, through: transaction, in: tenant) }
            var moved: ChangedEntry?
            if let (id, bucket) = message.entry {
                let change = EntryStore.Change(entry: id, bucket: bucket)
                guard
                    let entry = try await store.change([change], by: asker, through: transaction, in: tenant).first,
                    entry.creatorID == message.creator
                else { throw try await refusal(of: id, for: asker, through: transaction, in: tenant) }
                contact.listID = entry.listID
                moved = entry
            }
            try await contacts.insert(contact, through: transaction, in: tenant)
            if let moved {
                var totals = TotalsChange()
                totals.move(moved)
                try await store.apply(totals, to: moved.listID, through: transaction, in: tenant)
                transaction.afterCommit(.invalidate(tag: ListDesk.Tag.list(moved.listID)))
            }
            try ListJobs.record(
                Activity(
                    id: ID(at: now, using: randomness), listID: contact.listID, creatorID: message.creator,
                    personID: asker.person, event: .contacted, detail: message.channel.rawValue, at: now),
                in: transaction)
            return moved
        }
        contact.listID = moved?.listID
        if let moved { await live.publish(.moved(moved), to: moved.listID, by: asker.person, in: tenant) }
        return contact
    }

    private func alreadyContacted(
        _ creator: ID<Creator>, through reading: some Reading, in tenant: Tenant
    ) async throws -> DiscoveryError {
        guard let last = try await contacts.last(creator, through: reading, in: tenant) else {
            return .missing("creator")
        }
        return DiscoveryError(
            .alreadyContacted, "A colleague wrote to this creator within 30 days. Send it with force to write anyway.",
            context: ["person": last.person.description, "channel": last.channel.rawValue, "at": last.at.description])
    }
}
