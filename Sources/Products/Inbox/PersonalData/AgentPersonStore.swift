import Base
import Storage

/// What Inbox keeps about an agent: read for an export, given to a pseudonym when the agent leaves.
///
/// What agents said stays with the company and its customers; who said it does not.
struct AgentPersonStore: Sendable {
    enum Bounds {
        /// Rows that one step of an erasure changes.
        static let step = 500
        /// Conversations and answers that wait are long rows with many indexes.
        static let heads = 100
        /// Rows in one chunk of an export.
        static let chunk = 200
    }

    let storage: Storage

    /// Hands over what a person has written, and what they have begun to write.
    func export(
        _ person: ID<Person>, in tenant: Tenant,
        _ emit: (_ kind: String, _ value: any Encodable & Sendable) async throws -> Void
    ) async throws {
        try await storage.read(for: tenant) { transaction in
            try await transaction.stream(
                "ownData.messages",
                """
                SELECT m.id, m.role, m.body, m.sent_at FROM inbox_messages m
                WHERE m.tenant_id = \(tenant) AND m.person_id = \(person) ORDER BY m.id
                """, chunkRows: Bounds.chunk
            ) { rows in
                for index in 0..<rows.rowCount {
                    try await emit("message", try WrittenRecord(row: SQLRow(source: rows, index: index)))
                }
            }
        }
        try await storage.read(for: tenant) { transaction in
            try await transaction.stream(
                "ownData.drafts",
                """
                SELECT d.conversation_id, 'draft', d.body, d.changed_at FROM inbox_drafts d
                WHERE d.tenant_id = \(tenant) AND d.person_id = \(person) ORDER BY d.conversation_id
                """, chunkRows: Bounds.chunk
            ) { rows in
                for index in 0..<rows.rowCount {
                    try await emit("draft", try WrittenRecord(row: SQLRow(source: rows, index: index)))
                }
            }
        }
    }

    /// Puts a pseudonym in a person's place in some rows, and drops what is theirs alone; returns whether there was any.
    func replace(
        _ person: ID<Person>, by pseudonym: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        if try await give(person, pseudonym, through: writing, in: tenant) { return true }
        return try await drop(person, pseudonym, through: writing, in: tenant)
    }

    /// What may be many rows, in steps.
    private func give(
        _ person: ID<Person>, _ pseudonym: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let messages = try await writing.execute(
            "ownData.giveMessages",
            """
            UPDATE inbox_messages SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND id IN (
                SELECT m.id FROM inbox_messages m WHERE m.tenant_id = \(tenant) AND m.person_id = \(person)
                LIMIT \(Bounds.step))
            """)
        if messages > 0 { return true }
        // Nobody answers for who has left: the conversations wait for somebody.
        let conversations = try await writing.execute(
            "ownData.giveConversations",
            """
            UPDATE inbox_conversations SET assignee_id = NULL WHERE tenant_id = \(tenant) AND id IN (
                SELECT c.id FROM inbox_conversations c WHERE c.tenant_id = \(tenant) AND c.assignee_id = \(person)
                LIMIT \(Bounds.heads))
            """)
        if conversations > 0 { return true }
        let scheduled = try await writing.execute(
            "ownData.giveScheduled",
            """
            UPDATE inbox_scheduled SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND id IN (
                SELECT s.id FROM inbox_scheduled s WHERE s.tenant_id = \(tenant) AND s.person_id = \(person) ORDER BY s.id
                LIMIT \(Bounds.step))
            """)
        let merges = try await writing.execute(
            "ownData.giveMerges",
            """
            UPDATE inbox_merges SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND id IN (
                SELECT g.id FROM inbox_merges g WHERE g.tenant_id = \(tenant) AND g.person_id = \(person)
                LIMIT \(Bounds.step))
            """)
        return scheduled + merges > 0
    }

    /// What is theirs alone, and the few rows that name them as who set something up.
    private func drop(
        _ person: ID<Person>, _ pseudonym: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        var changed = 0
        changed += try await writing.execute(
            "ownData.dropCursors", "DELETE FROM inbox_cursors WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.dropMentions", "DELETE FROM inbox_mentions WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.dropDrafts", "DELETE FROM inbox_drafts WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.dropChannels",
            "DELETE FROM inbox_channel_agents WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.giveErasures",
            "UPDATE inbox_erasures SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.giveExports",
            "UPDATE inbox_exports SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.dropAgent", "DELETE FROM inbox_agents WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.giveHours",
            """
            UPDATE inbox_hour_counts SET scope_id = \(pseudonym)
            WHERE tenant_id = \(tenant) AND scope = 'person' AND scope_id = \(person)
            """)
        changed += try await writing.execute(
            "ownData.giveDays",
            """
            UPDATE inbox_day_counts SET scope_id = \(pseudonym)
            WHERE tenant_id = \(tenant) AND scope = 'person' AND scope_id = \(person)
            """)
        changed += try await dropTeamwork(person, pseudonym, through: writing, in: tenant)
        changed += try await writing.execute(
            "ownData.giveTallies",
            "UPDATE inbox_tallies SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.giveDocuments",
            "UPDATE inbox_documents SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.giveFiles",
            "UPDATE inbox_files SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.giveSources",
            "UPDATE inbox_sources SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.giveRules",
            "UPDATE inbox_rules SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.givePolicies",
            """
            UPDATE inbox_bot_policies SET person_id = \(pseudonym)
            WHERE tenant_id = \(tenant) AND person_id = \(person)
            """)
        return changed > 0
    }
}

private struct WrittenRecord: Encodable, RowDecodable {
    let id: ID<Message>
    let role: String
    let body: String
    let at: Timestamp

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        role = try row.value(at: 1)
        body = try row.value(at: 2)
        at = try row.value(at: 3)
    }
}
