import Base
import Foundation
import Storage

/// What the demo writes past the desks.
struct DemoStore: Sendable {
    let storage: Storage

    /// Whether the workspace has searches already; then there is nothing to do.
    func hasSearches(in tenant: Tenant) async throws(StorageError) -> Bool {
        try await storage.reader(for: tenant).exists(
            "demo.anySearch", "SELECT s.id FROM searches s WHERE s.tenant_id = \(tenant)")
    }

    /// Writes what was known of each creator on every third day before today: numbers that grow, each creator at a pace of
    /// its own, in one statement.
    func writeHistory(days: Int, until today: CalendarDay, in tenant: Tenant) async throws(StorageError) {
        let last = today.daysSinceEpoch
        // Between one and seven of a hundred in ninety days, by the last digits of the number itself.
        let shrunk: SQL = """
            c.followers - c.followers * n.day_back * (1 + c.followers % 7) / 9000
            """
        let epoch = CalendarDay(daysSinceEpoch: 0).start(in: .gmt)
        let dayAt: SQL =
            storage.dialect == .postgres
            ? "CAST(\(epoch) AS timestamptz) + (\(last) - n.day_back) * interval '1 day'"
            : "(\(last) - n.day_back) * 86400000000"
        try await storage.writer(for: tenant).execute(
            "demo.history",
            """
            WITH RECURSIVE n (day_back) AS (SELECT 3 UNION ALL SELECT n.day_back + 3 FROM n WHERE n.day_back < \(days))
            INSERT INTO creator_days (tenant_id, creator_id, day, followers, posts, median_views, engagement, day_at)
            SELECT \(tenant), c.id, \(last) - n.day_back, \(sql: shrunk), c.posts, c.median_views, c.engagement,
                \(sql: dayAt)
            FROM creators c CROSS JOIN n WHERE c.tenant_id = \(tenant) AND c.followers IS NOT NULL
            ORDER BY c.id, n.day_back DESC
            ON CONFLICT (tenant_id, creator_id, day) DO NOTHING
            """)
    }
}
