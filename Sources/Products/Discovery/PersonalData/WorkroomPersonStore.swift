import Base
import Storage

/// What lists, contacts and exports keep about a person: read for an export, given to a pseudonym when the person leaves.
///
/// What people wrote about creators stays with the workspace, as who was written to must not be forgotten; who wrote it
/// does not. Their stars, pins, saved searches and files go.
struct WorkroomPersonStore: Sendable {
    enum Bounds {
        /// Rows that one step of an erasure changes.
        static let step = 500
        /// Rows in one chunk of an export.
        static let chunk = 200
    }

    let storage: Storage

    // MARK: Export

    /// Hands over what a person has done with lists and creators.
    func export(
        _ person: ID<Person>, in tenant: Tenant,
        _ emit: (_ kind: String, _ value: any Encodable & Sendable) async throws -> Void
    ) async throws {
        let parts: [(kind: String, sql: SQL)] = [
            (
                "list",
                """
                SELECT l.id, l.name, l.kind, l.created_at FROM creator_lists l
                WHERE l.tenant_id = \(tenant) AND l.person_id = \(person) ORDER BY l.id
                """
            ),
            (
                "contact",
                """
                SELECT c.id, coalesce(c.text, ''), c.channel, c.at FROM creator_contacts c
                WHERE c.tenant_id = \(tenant) AND c.person_id = \(person) ORDER BY c.id
                """
            ),
            (
                "note",
                """
                SELECT n.id, n.text, 'note', n.at FROM creator_notes n
                WHERE n.tenant_id = \(tenant) AND n.person_id = \(person) ORDER BY n.id
                """
            ),
            (
                "activity",
                """
                SELECT a.id, a.detail, a.event, a.at FROM creator_activities a
                WHERE a.tenant_id = \(tenant) AND a.person_id = \(person) ORDER BY a.id
                """
            ),
            (
                "savedSearch",
                """
                SELECT v.id, v.name, v.every, v.created_at FROM saved_searches v
                WHERE v.tenant_id = \(tenant) AND v.person_id = \(person) ORDER BY v.id
                """
            ),
            (
                "file",
                """
                SELECT x.id, x.title, x.state, x.created_at FROM discovery_exports x
                WHERE x.tenant_id = \(tenant) AND x.person_id = \(person) ORDER BY x.id
                """
            ),
        ]
        for part in parts {
            try await storage.read(for: tenant) { transaction in
                try await transaction.stream("ownData.workroom", part.sql, chunkRows: Bounds.chunk) { rows in
                    for index in 0..<rows.rowCount {
                        try await emit(part.kind, try WorkroomRecord(row: SQLRow(source: rows, index: index)))
                    }
                }
            }
        }
    }

    // MARK: Erasure

    /// Takes one step of putting a pseudonym in a person's place; returns whether anything was left to do.
    func replace(
        _ person: ID<Person>, by pseudonym: ID<Person>, at now: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        if try await replaceLines(person, by: pseudonym, through: writing, in: tenant) { return true }
        let saved = try await writing.execute(
            "ownData.dropSaved",
            "DELETE FROM saved_searches WHERE tenant_id = \(tenant) AND person_id = \(person)")
        if saved > 0 {
            try await writing.execute(
                "ownData.dropSavedCount",
                """
                UPDATE discovery_counts SET count = CASE WHEN count > \(saved) THEN count - \(saved) ELSE 0 END
                WHERE tenant_id = \(tenant) AND noun = 'savedSearches'
                """)
        }
        // The sweep of files removes what is theirs, as its time is over now.
        let files = try await writing.execute(
            "ownData.endFiles",
            """
            UPDATE discovery_exports SET person_id = \(pseudonym), expires_at = \(now), place = NULL,
                state = CASE WHEN state IN ('queued', 'running') THEN 'cancelled' ELSE state END
            WHERE tenant_id = \(tenant) AND person_id = \(person)
            """)
        let pins = try await writing.execute(
            "ownData.unpin",
            "UPDATE list_entries SET pinned_by = NULL WHERE tenant_id = \(tenant) AND pinned_by = \(person)")
        return try await replaceOwner(person, by: pseudonym, through: writing, in: tenant) || saved + files + pins > 0
    }

    /// Contacts, notes and activities, some at a time.
    private func replaceLines(
        _ person: ID<Person>, by pseudonym: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let creators = try await writing.returning(
            WrittenToRow.self, "ownData.giveContacts",
            """
            UPDATE creator_contacts SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND id IN (
                SELECT c.id FROM creator_contacts c WHERE c.tenant_id = \(tenant) AND c.person_id = \(person)
                ORDER BY c.id LIMIT \(Bounds.step))
            RETURNING creator_id
            """, limit: Bounds.step)
        if !creators.isEmpty {
            try await writing.execute(
                "ownData.giveHeads",
                """
                UPDATE contact_heads SET person_id = \(pseudonym) WHERE tenant_id = \(tenant)
                    AND person_id = \(person) AND creator_id IN (\(rows: SQLRows(creators.map(\.id))))
                """)
            return true
        }
        let notes = try await writing.execute(
            "ownData.giveNotes",
            """
            UPDATE creator_notes SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND id IN (
                SELECT n.id FROM creator_notes n WHERE n.tenant_id = \(tenant) AND n.person_id = \(person)
                ORDER BY n.id LIMIT \(Bounds.step))
            """)
        let activities = try await writing.execute(
            "ownData.giveActivities",
            """
            UPDATE creator_activities SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND id IN (
                SELECT a.id FROM creator_activities a WHERE a.tenant_id = \(tenant) AND a.person_id = \(person)
                ORDER BY a.id LIMIT \(Bounds.step))
            """)
        return notes + activities > 0
    }

    /// Lists and campaigns; what was private becomes the team's, as nobody else could reach it.
    private func replaceOwner(
        _ person: ID<Person>, by pseudonym: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let lists = try await writing.execute(
            "ownData.giveLists",
            """
            UPDATE creator_lists SET person_id = \(pseudonym),
                visibility = CASE WHEN visibility = 'private' THEN 'team' ELSE visibility END
            WHERE tenant_id = \(tenant) AND person_id = \(person)
            """)
        let campaigns = try await writing.execute(
            "ownData.giveCampaigns",
            "UPDATE campaigns SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND person_id = \(person)")
        let links = try await writing.execute(
            "ownData.giveListLinks",
            "UPDATE list_links SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND person_id = \(person)")
        let roles = try await writing.execute(
            "ownData.giveRoles",
            """
            UPDATE list_members SET person_id = \(pseudonym), is_favourite = \(false), starred_at = NULL
            WHERE tenant_id = \(tenant) AND person_id = \(person)
            """)
        return lists + campaigns + links + roles > 0
    }
}

private struct WrittenToRow: RowDecodable {
    let id: ID<Creator>

    init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
}

private struct WorkroomRecord: Encodable, RowDecodable {
    let id: ID<ExportSource>
    let text: String
    let kind: String
    let at: Timestamp

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        text = try row.value(at: 1)
        kind = try row.value(at: 2)
        at = try row.value(at: 3)
    }
}
