import Base
import Caching
import Jobs
import Storage

/// Makes, changes and shares lists; every call names who asks, and what they may is decided in the statement itself.
final class ListDesk: Sendable {
    enum Bounds {
        static let page = 20
        /// Lists with a star on the dashboard.
        static let starred = 8
        /// Entries that one step of a removal takes.
        static let clearing = 2_000
    }

    /// What cached values carry: a change of a list, and of what one person sees first.
    enum Tag {
        static func list(_ id: ID<CreatorList>) -> String { "discovery.list:\(id)" }
        static func person(_ id: ID<Person>) -> String { "discovery.person:\(id)" }
    }

    let store: ListStore
    let entries: EntryStore
    private let storage: Storage
    private let clock: any WallClock
    private let randomness: any Randomness
    private let boards: ViewerCache<BoardKey, Board?>

    private struct BoardKey: Hashable, Sendable {
        let list: ID<CreatorList>
        let seat: Seat
    }

    init(storage: Storage, caches: CacheRegistry, clock: any WallClock, randomness: any Randomness) {
        self.storage = storage
        self.clock = clock
        self.randomness = randomness
        store = ListStore(storage: storage)
        entries = EntryStore(storage: storage)
        boards = ViewerCache(
            "discovery.boards",
            CacheOptions(
                ttl: .seconds(300), capacity: 20_000, tenantShare: 0.5, tags: { [Tag.list($0.list)] }), in: caches)
    }

    static func missing() -> DiscoveryError { .missing("list") }

    // MARK: Reading

    /// A list with the totals of its buckets: from memory, else one statement.
    ///
    /// - Throws: `discovery.notFound` when who asks does not see it.
    func board(_ id: ID<CreatorList>, for asker: Asker, in tenant: Tenant) async throws -> Board {
        let key = BoardKey(list: id, seat: asker.seat)
        let board = try await boards.value(
            for: key, of: Viewer(asker.person), in: tenant
        ) { [store] in try await store.board(id, for: asker, in: tenant) }
        guard let board else { throw Self.missing() }
        return board
    }

    func page(
        _ filter: ListStore.Filter, for asker: Asker, after cursor: Cursor?, limit: Int = Bounds.page,
        in tenant: Tenant
    ) async throws -> Page<ShownList> {
        try await store.page(filter, for: asker, after: cursor, limit: limit, in: tenant)
    }

    // MARK: Making

    /// A list that is to be.
    struct Draft: Sendable {
        var name: String
        var kind: CreatorList.Kind = .custom
        var visibility: CreatorList.Visibility = .team
        var campaign: ID<Campaign>?
        var fields: [ListField] = [.stage]
        var bucketField = ListField.stageKey
    }

    /// Makes a list that belongs to who asks.
    ///
    /// - Throws: `discovery.listInvalid`; `discovery.limitReached` when the workspace has as many as it may.
    func create(_ draft: Draft, by asker: Asker, in tenant: Tenant) async throws -> ShownList {
        let name = try Name.read(draft.name)
        try ListField.check(draft.fields, boardBy: draft.bucketField)
        let now = clock.now()
        let list = CreatorList(
            id: ID(at: now, using: randomness), personID: asker.person, campaignID: draft.campaign, name: name,
            kind: draft.kind, visibility: draft.visibility, bucketField: draft.bucketField, fields: draft.fields,
            isArchived: false, regroupTo: nil, createdAt: now, version: 1)
        try await storage.write(for: tenant) { transaction in
            try await insert(list, by: asker, through: transaction, in: tenant)
        }
        return ShownList(list: list, role: .owner, isFavourite: false, entries: 0, followers: 0)
    }

    private func insert(
        _ list: CreatorList, by asker: Asker, through transaction: WriteTransaction, in tenant: Tenant
    ) async throws {
        guard try await store.take("lists", max: CreatorList.Bounds.lists, through: transaction, in: tenant) else {
            throw DiscoveryError(
                .limitReached, "The workspace has \(CreatorList.Bounds.lists) lists; delete some first.",
                context: ["limit": "\(CreatorList.Bounds.lists)"])
        }
        try await store.insert(list, through: transaction, in: tenant)
        try ListJobs.record(
            Activity(
                id: ID(at: list.createdAt, using: randomness), listID: list.id, creatorID: nil,
                personID: asker.person, event: .created, detail: list.name, at: list.createdAt), in: transaction)
    }

    /// Makes a list of the same columns, and of the same creators by job.
    func duplicate(
        _ id: ID<CreatorList>, named name: String?, by asker: Asker, in tenant: Tenant
    ) async throws -> ShownList {
        let original = try await board(id, for: asker, in: tenant).shown
        let now = clock.now()
        var list = CreatorList(
            id: ID(at: now, using: randomness), personID: asker.person, campaignID: original.list.campaignID,
            name: try Name.read(name ?? "Copy of \(original.list.name)".cut(to: CreatorList.Bounds.nameCharacters)),
            kind: original.list.kind, visibility: original.list.visibility, bucketField: original.list.bucketField,
            fields: original.list.fields, isArchived: false, regroupTo: nil, createdAt: now, version: 1)
        // A copy is shared by a decision of its own.
        if list.visibility == .link { list.visibility = .team }
        let copy = list
        try await storage.write(for: tenant) { transaction in
            try await insert(copy, by: asker, through: transaction, in: tenant)
            if original.entries > 0 {
                try ListJobs.add(
                    Selection(list: copy.id, source: .list(id), asker: asker), in: transaction)
            }
        }
        return ShownList(list: copy, role: .owner, isFavourite: false, entries: 0, followers: 0)
    }

    // MARK: Changing

    /// What may change of a list; `nil` leaves it.
    struct Change: Sendable {
        var name: String?
        var kind: CreatorList.Kind?
        var visibility: CreatorList.Visibility?
        /// The campaign; `.some(nil)` takes it out.
        var campaign: ID<Campaign>??
        var fields: [ListField]?
        var bucketField: String?
        var isArchived: Bool?
    }

    /// Changes a list: name and columns by its editors, who sees it and whether it is archived by its owners.
    ///
    /// Another field for the board starts a job that puts every card into its bucket.
    ///
    /// - Throws: `discovery.notFound`, `discovery.notAllowed`, `discovery.listInvalid`, `discovery.listBusy`.
    func change(
        _ id: ID<CreatorList>, _ change: Change, by asker: Asker, in tenant: Tenant
    ) async throws -> ShownList {
        let needed: ListRole = change.visibility == nil && change.isArchived == nil ? .editor : .owner
        let now = clock.now()
        return try await storage.write(for: tenant) { transaction in
            let shown = try await locked(id, by: asker, atLeast: needed, through: transaction, in: tenant)
            var list = shown.list
            let old = list
            if let name = change.name { list.name = try Name.read(name) }
            if let kind = change.kind { list.kind = kind }
            if let visibility = change.visibility { list.visibility = visibility }
            if let campaign = change.campaign { list.campaignID = campaign }
            if let isArchived = change.isArchived { list.isArchived = isArchived }
            if change.fields != nil || change.bucketField != nil {
                guard list.regroupTo == nil else { throw Self.busy() }
                list.fields = change.fields ?? list.fields
                let wanted = change.bucketField ?? list.bucketField
                try ListField.check(list.fields, boardBy: wanted)
                guard list.fields.contains(where: { $0.key == list.bucketField }) else {
                    throw DiscoveryError(.listInvalid, "The field that the board is grouped by cannot go.")
                }
                try await setBuckets(from: old, to: list, through: transaction, in: tenant)
                if wanted != list.bucketField { try await regroup(&list, to: wanted, in: transaction, tenant) }
            }
            try await store.update(list, through: transaction, in: tenant)
            if list.name != old.name {
                try ListJobs.record(
                    Activity(
                        id: ID(at: now, using: randomness), listID: id, creatorID: nil, personID: asker.person,
                        event: .renamed, detail: list.name, at: now), in: transaction)
            }
            transaction.afterCommit(.invalidate(tag: Tag.list(id)))
            list.version += 1
            return ShownList(
                list: list, role: shown.role, isFavourite: shown.isFavourite, entries: shown.entries,
                followers: shown.followers)
        }
    }

    /// Brings the rows of totals to the options of the board's field: buckets that hold something stay.
    private func setBuckets(
        from old: CreatorList, to list: CreatorList, through transaction: WriteTransaction, in tenant: Tenant
    ) async throws {
        guard old.buckets != list.buckets else { return }
        let gone = old.buckets.filter { !list.buckets.contains($0) }
        guard try await store.hideEmpty(gone, of: list.id, through: transaction, in: tenant) == gone.count else {
            throw DiscoveryError(.listInvalid, "A bucket that holds creators cannot go: move them first.")
        }
        try await store.setBuckets(list.buckets, of: list.id, through: transaction, in: tenant)
    }

    private func regroup(
        _ list: inout CreatorList, to field: String, in transaction: WriteTransaction, _ tenant: Tenant
    ) async throws {
        guard let options = list.fields.first(where: { $0.key == field })?.options else { return }
        list.regroupTo = field
        try await store.setBuckets(options, of: list.id, through: transaction, in: tenant)
        try ListJobs.regroup(list.id, in: transaction)
    }

    /// A list that is locked, of which who asks has at least a role.
    func locked(
        _ id: ID<CreatorList>, by asker: Asker, atLeast role: ListRole, through transaction: WriteTransaction,
        in tenant: Tenant
    ) async throws -> ShownList {
        if let shown = try await store.locked(id, for: asker, atLeast: role, through: transaction, in: tenant) {
            return shown
        }
        throw try await refusal(of: id, for: asker, through: transaction, in: tenant)
    }

    /// Why a list cannot be changed: who asks does not see it, may not, or it is busy.
    func refusal(
        of id: ID<CreatorList>, for asker: Asker, through reading: some Reading, in tenant: Tenant
    ) async throws -> DiscoveryError {
        guard let shown = try await store.list(id, for: asker, through: reading, in: tenant) else {
            return Self.missing()
        }
        if shown.list.regroupTo != nil { return Self.busy() }
        if shown.list.isArchived { return DiscoveryError(.listBusy, "The list is archived: take it back first.") }
        return DiscoveryError(
            .notAllowed, "Your role in this list does not allow that; ask one of its owners.",
            context: ["role": shown.role.rawValue])
    }

    private static func busy() -> DiscoveryError {
        DiscoveryError(
            .listBusy, "The board is being put into other buckets; try again in a moment.", retryAfter: .seconds(3))
    }

    // MARK: Removing

    /// Deletes a list with everything in it, in steps that leave the database free between them.
    func delete(_ id: ID<CreatorList>, by asker: Asker, in tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            var list = try await locked(id, by: asker, atLeast: .owner, through: transaction, in: tenant).list
            list.isArchived = true
            try await store.update(list, through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: Tag.list(id)))
        }
        for _ in 0...(CreatorList.Bounds.entries * 4 / Bounds.clearing) {
            let gone = try await storage.write(for: tenant) { transaction in
                try await entries.clear(id, limit: Bounds.clearing, through: transaction, in: tenant)
            }
            if gone < Bounds.clearing { break }
        }
        try await storage.write(for: tenant) { transaction in
            try await store.delete(id, through: transaction, in: tenant)
            try await store.giveBack("lists", through: transaction, in: tenant)
            transaction.afterCommit(.invalidate(tag: Tag.list(id)))
            transaction.afterCommit(.invalidate(tag: Tag.person(asker.person)))
        }
    }

    // MARK: Members and stars

    /// Gives somebody a role in a list; the last owner keeps theirs.
    func setMember(
        _ person: ID<Person>, _ role: ListRole, of id: ID<CreatorList>, by asker: Asker, in tenant: Tenant
    ) async throws {
        try await storage.write(for: tenant) { transaction in
            _ = try await locked(id, by: asker, atLeast: .owner, through: transaction, in: tenant)
            guard
                try await store.setMember(person, role, of: id, through: transaction, in: tenant)
            else { throw DiscoveryError(.listInvalid, "The list needs an owner, and has at most 200 members.") }
            transaction.afterCommit(.invalidate(tag: Tag.list(id)))
        }
    }

    /// Takes somebody's role in a list away; their star stays.
    func removeMember(
        _ person: ID<Person>, of id: ID<CreatorList>, by asker: Asker, in tenant: Tenant
    ) async throws {
        try await storage.write(for: tenant) { transaction in
            // Whoever was added may leave by themselves.
            _ = try await locked(
                id, by: asker, atLeast: person == asker.person ? .viewer : .owner, through: transaction, in: tenant)
            guard try await store.setMember(person, nil, of: id, through: transaction, in: tenant) else {
                throw DiscoveryError(.listInvalid, "The last owner of a list stays one.")
            }
            transaction.afterCommit(.invalidate(tag: Tag.list(id)))
        }
    }

    /// Puts a star on a list for who asks, or takes it off.
    func star(_ id: ID<CreatorList>, _ isStarred: Bool, by asker: Asker, in tenant: Tenant) async throws {
        let now = clock.now()
        try await storage.write(for: tenant) { transaction in
            guard
                try await store.star(id, isStarred, by: asker, at: now, through: transaction, in: tenant)
            else { throw Self.missing() }
            transaction.afterCommit(.invalidate(tag: Tag.list(id)))
            transaction.afterCommit(.invalidate(tag: Tag.person(asker.person)))
        }
    }
}

extension String {
    /// The first characters, as Unicode scalars.
    func cut(to count: Int) -> String { String(String.UnicodeScalarView(unicodeScalars.prefix(count))) }
}
