public import Base
public import Storage

/// What an archive needs of the record: entries in order, and their removal once they are kept elsewhere.
extension AuditTrail {
    /// When the oldest entry of a tenant was made; `nil` when there is none.
    public func oldest(of tenant: Tenant) async throws(StorageError) -> Timestamp? {
        try await storage.reader(for: tenant).first(
            AuditEntry.self, "accounts.auditOldest",
            """
            SELECT \(sql: AuditEntry.columns) FROM audit_entries WHERE tenant_id = \(tenant)
            ORDER BY made_at, id
            """)?.madeAt
    }

    /// A part of the entries of a time, the oldest first.
    ///
    /// - Parameters:
    ///   - tenant: Of which tenant.
    ///   - times: From when until before when.
    ///   - last: The part begins after this entry; `nil` for the first part.
    ///   - limit: How many at most, 1 to 10,000.
    /// - Returns: The entries, in the order of time and id.
    /// - Throws: `StorageError`.
    public func entries(
        of tenant: Tenant, in times: Range<Timestamp>, after last: AuditEntry?, limit: Int
    ) async throws(StorageError) -> [AuditEntry] {
        let (time, id) = (last?.madeAt ?? times.lowerBound, last?.id ?? ID(high: 0, low: 0))
        return try await storage.reader(for: tenant).list(
            AuditEntry.self, "accounts.auditPart",
            """
            SELECT \(sql: AuditEntry.columns) FROM audit_entries
            WHERE tenant_id = \(tenant) AND made_at < \(times.upperBound) AND (made_at, id) > (\(time), \(id))
            ORDER BY made_at, id
            """, limit: limit)
    }

    /// Removes some entries of a time, which must be kept elsewhere by then; returns how many were there.
    public func remove(
        from times: Range<Timestamp>, limit: Int, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        try await writing.execute(
            "accounts.auditRemove",
            """
            DELETE FROM audit_entries WHERE tenant_id = \(tenant) AND id IN (
                SELECT e.id FROM audit_entries e
                WHERE e.tenant_id = \(tenant) AND e.made_at >= \(times.lowerBound) AND e.made_at < \(times.upperBound)
                ORDER BY e.made_at, e.id LIMIT \(limit))
            """)
    }
}
