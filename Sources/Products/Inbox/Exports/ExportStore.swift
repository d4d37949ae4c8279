import Base
import Storage

/// Reads everything of a kind in the order of its ids, for an export that can go on where it was cut.
struct ExportStore: Sendable {
    enum Bounds {
        /// Rows that are read at once.
        static let chunk = 200
    }

    let storage: Storage

    func contacts(
        after id: ID<Contact>?, in tenant: Tenant, _ body: ([Contact]) async throws -> Void
    ) async throws {
        let start: SQL = id.map { " AND k.id > \($0)" } ?? ""
        try await stream(
            "export.contacts",
            "SELECT \(sql: Contact.columns) FROM inbox_contacts k WHERE k.tenant_id = \(tenant)\(sql: start) ORDER BY k.id",
            in: tenant, body)
    }

    func conversations(
        after id: ID<Conversation>?, in tenant: Tenant, _ body: ([Conversation]) async throws -> Void
    ) async throws {
        let start: SQL = id.map { " AND c.id > \($0)" } ?? ""
        try await stream(
            "export.conversations",
            """
            SELECT \(sql: Conversation.columns) FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant)\(sql: start) ORDER BY c.id
            """, in: tenant, body)
    }

    func messages(
        after id: ID<Message>?, in tenant: Tenant, _ body: ([Message]) async throws -> Void
    ) async throws {
        let start: SQL = id.map { " AND m.id > \($0)" } ?? ""
        try await stream(
            "export.messages",
            "SELECT \(sql: Message.columns) FROM inbox_messages m WHERE m.tenant_id = \(tenant)\(sql: start) ORDER BY m.id",
            in: tenant, body)
    }

    // MARK: A part at a time

    /// Some contacts behind one, of those that were there at a time.
    func contacts(
        after id: ID<Contact>?, upTo time: Timestamp, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [Contact] {
        let start: SQL = id.map { " AND k.id > \($0)" } ?? ""
        return try await storage.reader(for: tenant).list(
            Contact.self, "export.someContacts",
            """
            SELECT \(sql: Contact.columns) FROM inbox_contacts k
            WHERE k.tenant_id = \(tenant)\(sql: start) AND k.created_at <= \(time) ORDER BY k.id
            """, limit: limit)
    }

    func conversations(
        after id: ID<Conversation>?, upTo time: Timestamp, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [Conversation] {
        let start: SQL = id.map { " AND c.id > \($0)" } ?? ""
        return try await storage.reader(for: tenant).list(
            Conversation.self, "export.someConversations",
            """
            SELECT \(sql: Conversation.columns) FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant)\(sql: start) AND c.created_at <= \(time) ORDER BY c.id
            """, limit: limit)
    }

    func messages(
        after id: ID<Message>?, upTo time: Timestamp, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> [Message] {
        let start: SQL = id.map { " AND m.id > \($0)" } ?? ""
        return try await storage.reader(for: tenant).list(
            Message.self, "export.someMessages",
            """
            SELECT \(sql: Message.columns) FROM inbox_messages m
            WHERE m.tenant_id = \(tenant)\(sql: start) AND m.created_at <= \(time) ORDER BY m.id
            """, limit: limit)
    }

    private func stream<Row: RowDecodable>(
        _ name: StaticString, _ statement: SQL, in tenant: Tenant, _ body: ([Row]) async throws -> Void
    ) async throws {
        try await storage.read(for: tenant) { transaction in
            try await transaction.stream(name, statement, chunkRows: Bounds.chunk) { rows in
                var found: [Row] = []
                found.reserveCapacity(rows.rowCount)
                for index in 0..<rows.rowCount { found.append(try Row(row: SQLRow(source: rows, index: index))) }
                try await body(found)
            }
        }
    }
}
