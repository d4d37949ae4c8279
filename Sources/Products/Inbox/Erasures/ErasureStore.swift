import Base
import Storage

/// Requests to delete contacts, and the deleting.
struct ErasureStore: Sendable {
    let storage: Storage

    func insert(_ erasure: Erasure, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "erasure.insert",
            """
            INSERT INTO inbox_erasures (tenant_id, id, person_id, wish, state, created_at)
            VALUES (\(tenant), \(erasure.id), \(erasure.person), \(try StoredJSON.text(erasure.wish)),
                \(erasure.state), \(erasure.createdAt))
            """)
    }

    func erasure(
        _ id: ID<Erasure>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Erasure? {
        try await reading.first(
            Erasure.self, "erasure.byID",
            """
            SELECT e.id, e.person_id, e.wish, e.state, e.erased, e.created_at, e.finished_at FROM inbox_erasures e
            WHERE e.tenant_id = \(tenant) AND e.id = \(id)
            """)
    }

    /// Counts contacts that are gone, and ends the request when none is left.
    func note(
        _ erased: Int, isDone: Bool, _ id: ID<Erasure>, at time: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) {
        let state = isDone ? Erasure.State.done : .running
        let end: Timestamp? = isDone ? time : nil
        try await writing.execute(
            "erasure.note",
            """
            UPDATE inbox_erasures SET erased = erased + \(erased), state = \(state), finished_at = \(end)
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'running'
            """)
    }

    /// Some contacts that are still there of those that are meant, with those that were merged into them.
    ///
    /// The deepest first: who others were merged into leads to them, and so goes last.
    func contacts(
        _ wish: Erasure.Wish, max count: Int, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Contact>] {
        var which: SQL
        if let named = wish.contacts {
            guard !named.isEmpty else { return [] }
            which = "AND k.id IN (\(rows: SQLRows(named)))"
        } else {
            which = "AND k.created_at < \(wish.before)"
            for word in ContactWords(wish.words).asked {
                which = which.appending(
                    """
                     AND EXISTS (SELECT 1 FROM inbox_contact_words w WHERE w.tenant_id = \(tenant)
                        AND w.contact_id = k.id AND w.word >= \(word) AND w.word < \(word + "\u{10FFFF}"))
                    """)
            }
        }
        return try await reading.list(
            IDRow<Contact>.self, "erasure.contacts",
            """
            WITH RECURSIVE meant (id, depth) AS (
                SELECT s.id, 0 FROM (SELECT k.id FROM inbox_contacts k WHERE k.tenant_id = \(tenant) \(sql: which)
                    ORDER BY k.id LIMIT \(max(1, count / 2))) s
                UNION SELECT o.id, m.depth + 1 FROM inbox_contacts o JOIN meant m ON o.merged_into = m.id
                WHERE o.tenant_id = \(tenant))
            SELECT m.id FROM meant m GROUP BY m.id ORDER BY max(m.depth) DESC, m.id
            """, limit: Erasure.Bounds.rows.upperBound
        ).map(\.id)
    }

    /// Holds the points of contacts: whoever is about to open a conversation there waits, and then finds them gone.
    func holdPoints(
        of contacts: [ID<Contact>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard storage.dialect == .postgres else { return }
        _ = try await writing.returning(
            IDRow<ContactPoint>.self, "erasure.holdPoints",
            """
            SELECT p.id FROM inbox_contact_points p WHERE p.tenant_id = \(tenant)
                AND p.contact_id IN (\(rows: SQLRows(contacts))) ORDER BY p.id FOR UPDATE OF p
            """, limit: Erasure.Bounds.points)
    }

    /// Locks some conversations of contacts, each with how many messages it has: whoever writes there waits, and then finds them gone.
    func conversations(
        of contacts: [ID<Contact>], max count: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [(id: ID<Conversation>, messages: Int64)] {
        let lock: SQL = storage.dialect == .postgres ? " FOR UPDATE OF c" : ""
        return try await writing.returning(
            LengthRow.self, "erasure.conversations",
            """
            SELECT c.id, c.last_sequence FROM inbox_conversations c WHERE c.tenant_id = \(tenant)
                AND c.contact_id IN (\(rows: SQLRows(contacts))) ORDER BY c.id
            LIMIT \(count)\(sql: lock)
            """, limit: count
        ).map { ($0.id, $0.messages) }
    }

    /// Deletes some messages of conversations; returns which.
    func dropMessages(
        of conversations: [ID<Conversation>], max count: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Message>] {
        let ids = try await writing.list(
            IDRow<Message>.self, "erasure.messages",
            """
            SELECT m.id FROM inbox_messages m WHERE m.tenant_id = \(tenant)
                AND m.conversation_id IN (\(rows: SQLRows(conversations)))
            """, limit: count
        ).map(\.id)
        guard !ids.isEmpty else { return [] }
        for (name, table, key) in [
            ("erasure.dropFormer", "inbox_former_texts", "message_id"),
            ("erasure.dropMessages", "inbox_messages", "id"),
        ] as [(StaticString, SQL, SQL)] {
            try await writing.execute(
                name,
                "DELETE FROM \(sql: table) WHERE tenant_id = \(tenant) AND \(sql: key) IN (\(rows: SQLRows(ids)))")
        }
        return ids
    }

    /// Deletes conversations with all that belongs to them but their messages.
    func dropConversations(
        _ ids: [ID<Conversation>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let which = SQLRows(ids)
        let each: [(name: StaticString, table: SQL)] = [
            ("erasure.dropTagged", "inbox_tagged"), ("erasure.dropDrafts", "inbox_drafts"),
            ("erasure.dropScheduled", "inbox_scheduled"), ("erasure.dropTurns", "inbox_bot_turns"),
            ("erasure.dropSuggestions", "inbox_suggestions"), ("erasure.dropFirings", "inbox_rule_firings"),
            ("erasure.dropClocks", "inbox_sla_clocks"), ("erasure.dropRatings", "inbox_ratings"),
        ]
        for (name, table) in each {
            try await writing.execute(
                name, "DELETE FROM \(sql: table) WHERE tenant_id = \(tenant) AND conversation_id IN (\(rows: which))")
        }
        // Cursors and mentions stand under people, of whom there are few.
        for table in ["inbox_cursors", "inbox_mentions"] as [SQL] {
            try await writing.execute(
                "erasure.dropMarks",
                """
                DELETE FROM \(sql: table) WHERE tenant_id = \(tenant) AND conversation_id IN (\(rows: which))
                    AND person_id IN (SELECT a.person_id FROM inbox_agents a WHERE a.tenant_id = \(tenant))
                """)
        }
        try await writing.execute(
            "erasure.dropConversations",
            "DELETE FROM inbox_conversations WHERE tenant_id = \(tenant) AND id IN (\(rows: which))")
    }

    /// Deletes contacts that have no conversation any more, with the points at which they were known; returns how many.
    func dropContacts(
        _ ids: [ID<Contact>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        let gone: SQL = """
            (SELECT k.id FROM inbox_contacts k WHERE k.tenant_id = \(tenant) AND k.id IN (\(rows: SQLRows(ids)))
                AND NOT EXISTS (SELECT 1 FROM inbox_conversations c WHERE c.tenant_id = \(tenant)
                    AND c.contact_id = k.id))
            """
        try await writing.execute(
            "erasure.dropPoints",
            "DELETE FROM inbox_contact_points WHERE tenant_id = \(tenant) AND contact_id IN \(sql: gone)")
        try await writing.execute(
            "erasure.dropWords",
            "DELETE FROM inbox_contact_words WHERE tenant_id = \(tenant) AND contact_id IN \(sql: gone)")
        try await writing.execute(
            "erasure.dropMerges",
            "DELETE FROM inbox_merges WHERE tenant_id = \(tenant) AND into_id IN \(sql: gone)")
        return try await writing.execute(
            "erasure.dropContacts", "DELETE FROM inbox_contacts WHERE tenant_id = \(tenant) AND id IN \(sql: gone)")
    }
}

extension Erasure: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), person: try row.value(at: 1), wish: try StoredJSON.read(try row.value(at: 2)),
            state: try row.value(at: 3), erased: try row.value(at: 4), createdAt: try row.value(at: 5),
            finishedAt: try row.optional(at: 6))
    }
}

private struct LengthRow: RowDecodable {
    let id: ID<Conversation>
    let messages: Int64

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        messages = try row.value(at: 1)
    }
}
