import Base
import Storage

/// Texts that are used again.
struct CannedReplyStore: Sendable {
    let storage: Storage

    /// All of a company, its people's own ones included.
    func all(in tenant: Tenant) async throws(StorageError) -> [CannedReply] {
        try await storage.reader(for: tenant).list(
            CannedReply.self, "cannedReply.all",
            """
            SELECT \(sql: CannedReply.columns) FROM inbox_canned_replies r
            WHERE r.tenant_id = \(tenant) ORDER BY r.id
            """, limit: CannedReply.Bounds.replies)
    }

    /// Writes one; `false` when there are as many as there may be.
    func insert(
        _ reply: CannedReply, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "cannedReply.insert",
            """
            INSERT INTO inbox_canned_replies (tenant_id, id, owner_id, shortcut, body, created_at, changed_at)
            SELECT \(tenant), \(reply.id), \(reply.owner), \(reply.shortcut), \(reply.body), \(time), \(time)
            WHERE (SELECT count(*) FROM inbox_canned_replies o WHERE o.tenant_id = \(tenant))
                < \(CannedReply.Bounds.replies)
            """) == 1
    }

    /// Changes shortcut and text; `false` when there is none of the owner.
    func update(
        _ reply: CannedReply, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "cannedReply.update",
            """
            UPDATE inbox_canned_replies SET shortcut = \(reply.shortcut), body = \(reply.body), changed_at = \(time)
            WHERE tenant_id = \(tenant) AND id = \(reply.id) AND \(sql: Self.isOwned(by: reply.owner))
            """) == 1
    }

    func delete(
        _ id: ID<CannedReply>, of owner: ID<Person>?, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "cannedReply.delete",
            """
            DELETE FROM inbox_canned_replies WHERE tenant_id = \(tenant) AND id = \(id)
                AND \(sql: Self.isOwned(by: owner))
            """) == 1
    }

    private static func isOwned(by owner: ID<Person>?) -> SQL {
        guard let owner else { return "owner_id IS NULL" }
        return "owner_id = \(owner)"
    }

    /// Counts that one was used by somebody who may; returns it.
    func use(_ id: ID<CannedReply>, by person: ID<Person>, in tenant: Tenant) async throws(StorageError) -> CannedReply?
    {
        try await storage.writer(for: tenant).returning(
            CannedReply.self, "cannedReply.use",
            """
            UPDATE inbox_canned_replies SET uses = uses + 1
            WHERE tenant_id = \(tenant) AND id = \(id) AND (owner_id IS NULL OR owner_id = \(person))
            RETURNING id, owner_id, shortcut, body, uses
            """, limit: 1
        ).first
    }
}

extension CannedReply: RowDecodable {
    static let columns: SQL = "r.id, r.owner_id, r.shortcut, r.body, r.uses"

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), owner: try row.optional(at: 1), shortcut: try row.value(at: 2),
            body: try row.value(at: 3), uses: try row.value(at: 4))
    }
}
