import Base
import Storage

/// What somebody sees first, read at once.
struct DashboardStore: Sendable {
    enum Bounds {
        static let starred = 8
        static let pinned = 20
        static let recent = 5
    }

    let storage: Storage

    /// Lists with a star and pinned creators: two ranges of indexes in one statement.
    func dashboard(of asker: Asker, in tenant: Tenant) async throws(StorageError) -> Dashboard {
        let rows = try await storage.reader(for: tenant).list(
            DashboardRow.self, "dashboard.read",
            """
            SELECT * FROM (
                SELECT 'list' AS kind, l.id, l.name, '' AS handle, '' AS platform, t.entries, t.followers_sum AS followers,
                    l.id AS list_id, '' AS bucket, m.starred_at AS at
                FROM list_members m
                JOIN creator_lists l ON l.tenant_id = \(tenant) AND l.id = m.list_id AND NOT l.is_archived
                JOIN bucket_totals t ON t.tenant_id = \(tenant) AND t.list_id = l.id AND t.bucket = ''
                WHERE m.tenant_id = \(tenant) AND m.person_id = \(asker.person) AND m.starred_at IS NOT NULL
                    AND (m.role IS NOT NULL OR l.visibility <> 'private')
                ORDER BY m.starred_at DESC LIMIT \(Bounds.starred)) starred
            UNION ALL SELECT * FROM (
                SELECT 'creator' AS kind, c.id, c.name, c.handle, c.platform, 0 AS entries, c.followers,
                    e.list_id, e.bucket, e.added_at AS at
                FROM list_entries e
                JOIN creators c ON c.tenant_id = \(tenant) AND c.id = e.creator_id
                WHERE e.tenant_id = \(tenant) AND e.pinned_by = \(asker.person)
                ORDER BY e.id DESC LIMIT \(Bounds.pinned)) pinned
            UNION ALL SELECT * FROM (
                SELECT 'search' AS kind, s.id, s.title, s.state AS handle, '' AS platform, s.creators_found AS entries,
                    CAST(NULL AS bigint) AS followers, s.id AS list_id, '' AS bucket, s.created_at AS at
                FROM searches s WHERE s.tenant_id = \(tenant) AND s.person_id = \(asker.person)
                ORDER BY s.id DESC LIMIT \(Bounds.recent)) recent
            """, limit: Bounds.starred + Bounds.pinned + Bounds.recent)
        return Dashboard(rows: rows)
    }
}

/// What somebody sees first.
struct Dashboard: Sendable, Hashable {
    struct Starred: Sendable, Hashable {
        let id: ID<CreatorList>
        let name: String
        let entries: Int
        let followers: Int64
    }

    struct Pinned: Sendable, Hashable {
        let id: ID<Creator>
        let name: String
        let handle: String
        let platform: String
        let followers: Int64?
        let list: ID<CreatorList>
        let bucket: String
    }

    struct Recent: Sendable, Hashable {
        let id: ID<Search>
        let title: String
        let state: String
        let found: Int
        let at: Timestamp
    }

    var starred: [Starred] = []
    var pinned: [Pinned] = []
    var recent: [Recent] = []

    fileprivate init(rows: [DashboardRow]) {
        for row in rows {
            switch row.kind {
            case "list":
                starred.append(
                    Starred(
                        id: row.id.cast(to: ID<CreatorList>.self), name: row.name, entries: row.entries,
                        followers: row.followers ?? 0))
            case "creator":
                pinned.append(
                    Pinned(
                        id: row.id.cast(to: ID<Creator>.self), name: row.name, handle: row.handle,
                        platform: row.platform, followers: row.followers, list: row.list, bucket: row.bucket))
            default:
                recent.append(
                    Recent(
                        id: row.id.cast(to: ID<Search>.self), title: row.name, state: row.handle, found: row.entries,
                        at: row.at))
            }
        }
    }
}

private struct DashboardRow: RowDecodable {
    let kind: String
    let id: ID<ExportSource>
    let name: String
    let handle: String
    let platform: String
    let entries: Int
    let followers: Int64?
    let list: ID<CreatorList>
    let bucket: String
    let at: Timestamp

    init(row: SQLRow) throws(StorageError) {
        kind = try row.value(at: 0)
        id = try row.value(at: 1)
        name = try row.value(at: 2)
        handle = try row.value(at: 3)
        platform = try row.value(at: 4)
        entries = try row.value(at: 5)
        followers = try row.optional(at: 6)
        list = try row.value(at: 7)
        bucket = try row.value(at: 8)
        at = try row.value(at: 9)
    }
}
