import Base
import Storage

/// What searches and calls keep about a person: read for an export, given to a pseudonym when the person leaves.
struct SearchPersonStore: Sendable {
    enum Bounds {
        /// Rows that one step of an erasure changes.
        static let step = 500
        /// Rows in one chunk of an export.
        static let chunk = 200
    }

    let storage: Storage

    /// Hands over the searches that a person started and the calls that were made for them.
    func export(
        _ person: ID<Person>, in tenant: Tenant,
        _ emit: (_ kind: String, _ value: any Encodable & Sendable) async throws -> Void
    ) async throws {
        try await storage.read(for: tenant) { transaction in
            try await transaction.stream(
                "ownData.searches",
                """
                SELECT s.id, s.title, s.state, s.target, s.creators_found, s.created_at FROM searches s
                WHERE s.tenant_id = \(tenant) AND s.person_id = \(person) ORDER BY s.id
                """, chunkRows: Bounds.chunk
            ) { rows in
                for index in 0..<rows.rowCount {
                    try await emit("search", try SearchRecord(row: SQLRow(source: rows, index: index)))
                }
            }
        }
        try await storage.read(for: tenant) { transaction in
            try await transaction.stream(
                "ownData.calls",
                """
                SELECT d.day, d.vendor, d.calls, d.errors FROM vendor_days d
                WHERE d.tenant_id = \(tenant) AND d.person_id = \(person) ORDER BY d.day
                """, chunkRows: Bounds.chunk
            ) { rows in
                for index in 0..<rows.rowCount {
                    try await emit("calls", try CallRecord(row: SQLRow(source: rows, index: index)))
                }
            }
        }
    }

    /// The search of a person that is active.
    func active(_ person: ID<Person>, in tenant: Tenant) async throws(StorageError) -> ID<Search>? {
        try await storage.reader(for: tenant).first(
            SearchIDRow.self, "ownData.active",
            """
            SELECT s.id FROM searches s WHERE s.tenant_id = \(tenant) AND s.person_id = \(person)
                AND s.state IN ('queued', 'searching')
            """)?.id
    }

    /// Puts a pseudonym in a person's place in some rows; returns whether there were any.
    func replace(
        _ person: ID<Person>, by pseudonym: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        let searches = try await writing.execute(
            "ownData.giveSearches",
            """
            UPDATE searches SET person_id = \(pseudonym), request_key = NULL WHERE tenant_id = \(tenant) AND id IN (
                SELECT s.id FROM searches s WHERE s.tenant_id = \(tenant) AND s.person_id = \(person)
                    AND s.state NOT IN ('queued', 'searching') LIMIT \(Bounds.step))
            """)
        if searches > 0 { return true }
        let links = try await writing.execute(
            "ownData.giveLinks",
            """
            UPDATE identity_links SET person_id = \(pseudonym)
            WHERE tenant_id = \(tenant) AND person_id = \(person)
            """)
        let days = try await writing.execute(
            "ownData.giveCalls",
            """
            UPDATE vendor_days SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND person_id = \(person)
            """)
        return links + days > 0
    }
}

private struct SearchRecord: Encodable, RowDecodable {
    let id: ID<Search>
    let title: String
    let state: String
    let target: Int
    let found: Int
    let createdAt: Timestamp

    init(row: SQLRow) throws(StorageError) {
        id = try row.value(at: 0)
        title = try row.value(at: 1)
        state = try row.value(at: 2)
        target = try row.value(at: 3)
        found = try row.value(at: 4)
        createdAt = try row.value(at: 5)
    }
}

private struct CallRecord: Encodable, RowDecodable {
    let day: CalendarDay
    let vendor: String
    let calls: Int
    let errors: Int

    init(row: SQLRow) throws(StorageError) {
        day = try row.value(at: 0)
        vendor = try row.value(at: 1)
        calls = try row.value(at: 2)
        errors = try row.value(at: 3)
    }
}
