import Base
import Storage

/// The table of links to lists.
struct ShareLinkStore: Sendable {
    let storage: Storage

    /// Writes a link; `false` when the list has as many as it may.
    ///
    /// The list is locked by the caller.
    func insert(
        _ link: ShareLink, hash: [UInt8], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "link.insert",
            """
            INSERT INTO list_links (tenant_id, id, list_id, person_id, token_hash, created_at, expires_at)
            SELECT \(tenant), \(link.id), \(link.listID), \(link.personID), \(hash), \(link.createdAt), \(link.expiresAt)
            WHERE (SELECT count(*) FROM list_links o WHERE o.tenant_id = \(tenant) AND o.list_id = \(link.listID)
                AND o.revoked_at IS NULL AND o.expires_at > \(link.createdAt)) < \(ShareLink.Bounds.links)
            """) == 1
    }

    /// Revokes one link of a list, or all of them; returns how many were good until now.
    func revoke(
        _ link: ID<ShareLink>?, of list: ID<CreatorList>, at time: Timestamp, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> Int {
        let which: SQL = link.map { " AND id = \($0)" } ?? ""
        return try await writing.execute(
            "link.revoke",
            """
            UPDATE list_links SET revoked_at = \(time)
            WHERE tenant_id = \(tenant) AND list_id = \(list) AND revoked_at IS NULL\(sql: which)
            """)
    }

    func links(of list: ID<CreatorList>, in tenant: Tenant) async throws(StorageError) -> [ShareLink] {
        try await storage.reader(for: tenant).list(
            ShareLink.self, "link.list",
            """
            SELECT k.id, k.list_id, k.person_id, k.created_at, k.expires_at, k.revoked_at FROM list_links k
            WHERE k.tenant_id = \(tenant) AND k.list_id = \(list) ORDER BY k.id DESC
            """, limit: 100)
    }

    /// The list that a token leads to now, with its totals; `nil` when the link is over, was revoked or never was, and
    /// when the list is no longer shared.
    func board(of hash: [UInt8], at time: Timestamp, in tenant: Tenant) async throws(StorageError) -> SharedBoard? {
        let rows = try await storage.reader(for: tenant).list(
            SharedRow.self, "link.board",
            """
            SELECT \(sql: CreatorList.columns), b.bucket, b.place, b.entries, b.followers_sum FROM list_links k
            JOIN creator_lists l ON l.tenant_id = \(tenant) AND l.id = k.list_id AND l.visibility = 'link'
                AND NOT l.is_archived
            JOIN bucket_totals b ON b.tenant_id = \(tenant) AND b.list_id = l.id AND b.is_shown
            WHERE k.tenant_id = \(tenant) AND k.token_hash = \(hash) AND k.revoked_at IS NULL AND k.expires_at > \(time)
            ORDER BY b.place, b.bucket
            """, limit: CreatorList.Bounds.buckets * 2 + 1)
        guard let list = rows.first?.list else { return nil }
        let head = rows.first { $0.total.bucket.isEmpty }?.total
        return SharedBoard(
            list: list, entries: head?.entries ?? 0, followers: head?.followers ?? 0,
            buckets: rows.map(\.total).filter { !$0.bucket.isEmpty })
    }
}

/// A list as a link shows it.
struct SharedBoard: Sendable, Hashable {
    let list: CreatorList
    let entries: Int
    let followers: Int64
    let buckets: [BucketTotal]
}

extension ShareLink: RowDecodable {
    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), listID: try row.value(at: 1), personID: try row.value(at: 2),
            createdAt: try row.value(at: 3), expiresAt: try row.value(at: 4), revokedAt: try row.optional(at: 5))
    }
}

private struct SharedRow: RowDecodable {
    let list: CreatorList
    let total: BucketTotal

    init(row: SQLRow) throws(StorageError) {
        list = try CreatorList(row: row)
        total = BucketTotal(
            bucket: try row.value(at: 12), place: try row.value(at: 13), entries: try row.value(at: 14),
            followers: try row.value(at: 15))
    }
}
