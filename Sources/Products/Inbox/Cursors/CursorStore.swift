import Base
import Storage

/// How far agents have read.
struct CursorStore: Sendable {
    let storage: Storage

    /// Moves an agent's cursor forward to a message, or to the last one there is; `nil` without such a conversation.
    ///
    /// What comes while this is written has a higher number and stays unread.
    func advance(
        to sequence: Int64, _ id: ID<Conversation>, of person: ID<Person>, in tenant: Tenant
    ) async throws(StorageError) -> ReadCursor? {
        try await set(
            to: sequence, id, of: person,
            """
            read_sequence = CASE WHEN excluded.read_sequence > r.read_sequence THEN excluded.read_sequence
                ELSE r.read_sequence END,
            read_customer = CASE WHEN excluded.read_sequence > r.read_sequence THEN excluded.read_customer
                ELSE r.read_customer END
            """, in: tenant)
    }

    /// Moves an agent's cursor to a message, also backwards.
    func reset(
        to sequence: Int64, _ id: ID<Conversation>, of person: ID<Person>, in tenant: Tenant
    ) async throws(StorageError) -> ReadCursor? {
        try await set(
            to: sequence, id, of: person,
            "read_sequence = excluded.read_sequence, read_customer = excluded.read_customer", in: tenant)
    }

    private func set(
        to sequence: Int64, _ id: ID<Conversation>, of person: ID<Person>, _ change: SQL, in tenant: Tenant
    ) async throws(StorageError) -> ReadCursor? {
        try await storage.writer(for: tenant).returning(
            ReadCursor.self, "cursor.set",
            """
            INSERT INTO inbox_cursors AS r (tenant_id, person_id, conversation_id, read_sequence, read_customer)
            SELECT \(tenant), \(person), c.id,
                CASE WHEN c.last_sequence < \(sequence) THEN c.last_sequence ELSE \(sequence) END,
                coalesce((SELECT m.customer_index FROM inbox_messages m WHERE m.tenant_id = \(tenant)
                    AND m.conversation_id = c.id AND m.sequence =
                    CASE WHEN c.last_sequence < \(sequence) THEN c.last_sequence ELSE \(sequence) END), 0)
            FROM inbox_conversations c WHERE c.tenant_id = \(tenant) AND c.id = \(id)
            ON CONFLICT (tenant_id, person_id, conversation_id) DO UPDATE SET \(sql: change)
            RETURNING read_sequence, read_customer,
                (SELECT h.customer_total FROM inbox_conversations h WHERE h.tenant_id = \(tenant) AND h.id = \(id))
            """, limit: 1
        ).first
    }
}

extension ReadCursor: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(sequence: try row.value(at: 0), customer: try row.value(at: 1), customerTotal: try row.value(at: 2))
    }
}
