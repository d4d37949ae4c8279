import Base
import Storage

/// Which creators are one person.
struct IdentityStore: Sendable {
    enum Bounds {
        static let creators = 6
    }

    let storage: Storage

    /// Takes creators for one person, together with all whom one of them was one person with before.
    func link(
        _ ids: [ID<Creator>], as identity: ID<Identity>, by person: ID<Person>, at time: Timestamp,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "identity.merge",
            """
            UPDATE identity_links SET identity_id = \(identity) WHERE tenant_id = \(tenant) AND identity_id IN (
                SELECT l.identity_id FROM identity_links l WHERE l.tenant_id = \(tenant)
                    AND l.creator_id IN (\(rows: SQLRows(ids))))
            """)
        try await writing.execute(
            "identity.link",
            """
            WITH input (creator_id) AS (\(rows: SQLRows(ids)))
            INSERT INTO identity_links (tenant_id, creator_id, identity_id, person_id, linked_at)
            SELECT \(tenant), i.creator_id, \(identity), \(person), \(time) FROM input i WHERE true
            ON CONFLICT (tenant_id, creator_id) DO UPDATE SET identity_id = excluded.identity_id
            """)
    }

    func unlink(
        _ id: ID<Creator>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "identity.unlink",
            "DELETE FROM identity_links WHERE tenant_id = \(tenant) AND creator_id = \(id)") == 1
    }

    /// The other profiles of the person behind a creator.
    func others(of id: ID<Creator>, through reading: some Reading, in tenant: Tenant) async throws(StorageError)
        -> [Creator]
    {
        try await reading.list(
            Creator.self, "identity.others",
            """
            SELECT \(sql: Creator.columns) FROM identity_links o
            JOIN identity_links l ON l.tenant_id = o.tenant_id AND l.identity_id = o.identity_id
                AND l.creator_id <> o.creator_id
            JOIN creators c ON c.tenant_id = l.tenant_id AND c.id = l.creator_id
            WHERE o.tenant_id = \(tenant) AND o.creator_id = \(id) ORDER BY c.platform, c.id
            """, limit: 20)
    }
}
