import Base
import Foundation
import Storage

/// How many calls were made, by day, vendor and person.
struct VendorDayStore: Sendable {
    enum Bounds {
        /// Lines of a summary.
        static let lines = 1_000
    }

    let storage: Storage

    /// Adds calls, many at once.
    func add(_ calls: [VendorCall], in tenant: Tenant) async throws(StorageError) {
        struct Key: Hashable {
            let day: CalendarDay
            let vendor: String
            let person: ID<Person>
        }
        var totals: [Key: VendorTotal] = [:]
        for call in calls {
            totals[Key(day: call.day, vendor: call.vendor, person: call.personID), default: VendorTotal()].add(call)
        }
        let lines = totals.sorted {
            ($0.key.day, $0.key.vendor, $0.key.person) < ($1.key.day, $1.key.vendor, $1.key.person)
        }
        let rows = SQLRows(
            lines, { $0.key.day }, { $0.key.vendor }, { $0.key.person }, { $0.value.calls }, { $0.value.errors },
            { $0.value.credits }, { $0.value.microseconds }, { $0.key.day.start(in: .gmt) })
        try await storage.writer(for: tenant).execute(
            "vendorDay.add",
            """
            WITH input (day, vendor, person_id, calls, errors, credits, latency_sum, day_at) AS (\(rows: rows))
            INSERT INTO vendor_days (tenant_id, day, vendor, person_id, calls, errors, credits, latency_sum, day_at)
            SELECT \(tenant), i.day, i.vendor, i.person_id, i.calls, i.errors, i.credits, i.latency_sum, i.day_at
            FROM input i WHERE true
            ON CONFLICT (tenant_id, day, vendor, person_id) DO UPDATE SET calls = vendor_days.calls + excluded.calls,
                errors = vendor_days.errors + excluded.errors, credits = vendor_days.credits + excluded.credits,
                latency_sum = vendor_days.latency_sum + excluded.latency_sum
            """)
    }

    /// How many calls were made on a day.
    func calls(on day: CalendarDay, in tenant: Tenant) async throws(StorageError) -> Int {
        try await storage.reader(for: tenant).aggregate(
            CountRow.self, "vendorDay.calls",
            """
            SELECT CAST(coalesce(sum(d.calls), 0) AS bigint) FROM vendor_days d
            WHERE d.tenant_id = \(tenant) AND d.day = \(day)
            """
        ).count
    }

    /// The days of a time, newest first, all people together.
    func days(since day: CalendarDay, in tenant: Tenant) async throws(StorageError) -> [VendorDayLine] {
        try await storage.reader(for: tenant).list(
            VendorDayLine.self, "vendorDay.days",
            """
            SELECT d.day, CAST(sum(d.calls) AS bigint), CAST(sum(d.errors) AS bigint), CAST(sum(d.credits) AS bigint),
                CAST(sum(d.latency_sum) AS bigint) FROM vendor_days d
            WHERE d.tenant_id = \(tenant) AND d.day >= \(day) GROUP BY d.day ORDER BY d.day DESC
            """, limit: Bounds.lines)
    }

    /// Who made how many calls in a time, those with the most first.
    func people(since day: CalendarDay, in tenant: Tenant) async throws(StorageError) -> [VendorPersonLine] {
        try await storage.reader(for: tenant).list(
            VendorPersonLine.self, "vendorDay.people",
            """
            SELECT d.person_id, CAST(sum(d.calls) AS bigint) AS calls, CAST(sum(d.errors) AS bigint),
                CAST(sum(d.credits) AS bigint), CAST(sum(d.latency_sum) AS bigint) FROM vendor_days d
            WHERE d.tenant_id = \(tenant) AND d.day >= \(day) GROUP BY d.person_id ORDER BY calls DESC, d.person_id
            """, limit: 200)
    }
}

/// A day's calls.
struct VendorDayLine: Sendable, Hashable, RowDecodable {
    let day: CalendarDay
    let total: VendorTotal

    init(day: CalendarDay, total: VendorTotal) {
        self.day = day
        self.total = total
    }

    init(row: SQLRow) throws(StorageError) {
        day = try row.value(at: 0)
        total = VendorTotal(
            calls: try row.value(at: 1), errors: try row.value(at: 2), credits: try row.value(at: 3),
            microseconds: try row.value(at: 4))
    }
}

/// A person's calls.
struct VendorPersonLine: Sendable, Hashable, RowDecodable {
    let personID: ID<Person>
    let total: VendorTotal

    init(row: SQLRow) throws(StorageError) {
        personID = try row.value(at: 0)
        total = VendorTotal(
            calls: try row.value(at: 1), errors: try row.value(at: 2), credits: try row.value(at: 3),
            microseconds: try row.value(at: 4))
    }
}
