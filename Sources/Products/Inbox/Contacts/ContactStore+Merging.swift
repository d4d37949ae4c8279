import Base
import Storage

/// Merging contacts, finding and changing them.
extension ContactStore {
    /// Contacts, locked in the order of their ids until the transaction ends.
    func locked(
        _ ids: [ID<Contact>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Contact>: Contact] {
        let lock: SQL = storage.dialect == .postgres ? " FOR UPDATE OF k" : ""
        let found = try await writing.returning(
            Contact.self, "contact.locked",
            """
            SELECT \(sql: Contact.columns) FROM inbox_contacts k WHERE k.tenant_id = \(tenant)
                AND k.id IN (\(rows: SQLRows(ids))) ORDER BY k.id\(sql: lock)
            """, limit: ids.count)
        return Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0) })
    }

    /// Writes what may change of a contact that is locked.
    func update(_ contact: Contact, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "contact.update",
            """
            UPDATE inbox_contacts SET name = \(contact.name), search_name = \(MessageWords.folded(contact.name)),
                email = \(contact.email), phone = \(contact.phone), locale = \(contact.locale),
                fields = \(try StoredJSON.text(contact.fields)), merged_into = \(contact.mergedInto),
                version = version + 1
            WHERE tenant_id = \(tenant) AND id = \(contact.id)
            """)
    }

    /// Shows a contact's name in its conversations.
    func rename(_ contact: Contact, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "contact.rename",
            """
            UPDATE inbox_conversations SET contact_name = \(contact.name)
            WHERE tenant_id = \(tenant) AND contact_id = \(contact.id)
            """)
    }

    /// Gives all points of a contact to another; returns which.
    func movePoints(
        of from: ID<Contact>, to into: ID<Contact>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [ID<ContactPoint>] {
        try await writing.returning(
            IDRow<ContactPoint>.self, "contact.movePoints",
            """
            UPDATE inbox_contact_points SET contact_id = \(into)
            WHERE tenant_id = \(tenant) AND contact_id = \(from) RETURNING id
            """, limit: Merge.Bounds.moved
        ).map(\.id)
    }

    /// Gives all conversations of a contact to another; returns which.
    func moveConversations(
        of from: ID<Contact>, to into: Contact, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Conversation>] {
        try await writing.returning(
            IDRow<Conversation>.self, "contact.moveConversations",
            """
            UPDATE inbox_conversations SET contact_id = \(into.id), contact_name = \(into.name)
            WHERE tenant_id = \(tenant) AND contact_id = \(from) RETURNING id
            """, limit: Merge.Bounds.moved
        ).map(\.id)
    }

    /// Gives points back, with all conversations that came through them, also since.
    func giveBack(
        _ points: [ID<ContactPoint>], to contact: Contact, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !points.isEmpty else { return }
        try await writing.execute(
            "contact.giveBackPoints",
            """
            UPDATE inbox_contact_points SET contact_id = \(contact.id)
            WHERE tenant_id = \(tenant) AND id IN (\(rows: SQLRows(points)))
            """)
        try await writing.execute(
            "contact.giveBackConversations",
            """
            UPDATE inbox_conversations SET contact_id = \(contact.id), contact_name = \(contact.name)
            WHERE tenant_id = \(tenant) AND contact_point_id IN (\(rows: SQLRows(points)))
            """)
    }

    func insert(_ merge: Merge, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "contact.insertMerge",
            """
            INSERT INTO inbox_merges (tenant_id, id, from_id, into_id, moved, person_id, made_at)
            VALUES (\(tenant), \(merge.id), \(merge.from), \(merge.into), \(try StoredJSON.text(merge.moved)),
                \(merge.person), \(merge.at))
            """)
    }

    /// A merge that was not undone, which is undone now; `nil` when there is none.
    func undo(
        _ id: ID<Merge>, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Merge? {
        try await writing.returning(
            Merge.self, "contact.undoMerge",
            """
            UPDATE inbox_merges SET undone_at = \(time)
            WHERE tenant_id = \(tenant) AND id = \(id) AND undone_at IS NULL
            RETURNING id, from_id, into_id, moved, person_id, made_at, undone_at
            """, limit: 1
        ).first
    }

    /// The merges into a contact that stand, the newest first.
    func merges(into contact: ID<Contact>, in tenant: Tenant) async throws(StorageError) -> [Merge] {
        try await storage.reader(for: tenant).list(
            Merge.self, "contact.merges",
            """
            SELECT g.id, g.from_id, g.into_id, g.moved, g.person_id, g.made_at, g.undone_at FROM inbox_merges g
            WHERE g.tenant_id = \(tenant) AND g.into_id = \(contact) AND g.undone_at IS NULL ORDER BY g.id DESC
            """, limit: 50)
    }

    /// Others with the same e-mail address or telephone number.
    func alike(_ contact: Contact, in tenant: Tenant) async throws(StorageError) -> [Contact] {
        var parts: [SQL] = []
        if let email = contact.email { parts.append("k.email = \(email)") }
        if let phone = contact.phone { parts.append("k.phone = \(phone)") }
        guard var condition = parts.first else { return [] }
        for part in parts.dropFirst() { condition = condition.appending(" OR \(sql: part)") }
        return try await storage.reader(for: tenant).list(
            Contact.self, "contact.alike",
            """
            SELECT \(sql: Contact.columns) FROM inbox_contacts k WHERE k.tenant_id = \(tenant) AND k.id <> \(contact.id)
                AND k.merged_into IS NULL AND (\(sql: condition)) ORDER BY k.id
            """, limit: 10)
    }

    /// One thread over all conversations of a contact: the newest messages that were said, by time.
    func thread(
        of contact: ID<Contact>, before time: Timestamp, for agent: Agent, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [Message] {
        try await storage.reader(for: tenant).list(
            Message.self, "contact.thread",
            """
            SELECT \(sql: Message.columns) FROM inbox_conversations c
            JOIN inbox_messages m ON m.tenant_id = \(tenant) AND m.conversation_id = c.id
            WHERE c.tenant_id = \(tenant) AND c.contact_id = \(contact) AND m.sent_at < \(time) AND m.role <> 'event'
                AND m.sequence > c.last_sequence - 200\(sql: ConversationStore.visible(agent))
            ORDER BY m.sent_at DESC, m.id DESC
            """, limit: limit)
    }
}

/// A contact with what its list is ordered by.
struct NamedContact: RowDecodable {
    let contact: Contact

    init(row: SQLRow) throws(StorageError) { contact = try Contact(row: row) }
}

extension Merge: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), from: try row.value(at: 1), into: try row.value(at: 2),
            moved: try StoredJSON.read(try row.value(at: 3)), person: try row.value(at: 4), at: try row.value(at: 5),
            undoneAt: try row.optional(at: 6))
    }
}
