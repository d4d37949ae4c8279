import Base
import Storage

/// The last tick of each schedule.
extension JobStore {
    /// The last ticks that were fired, by schedule; none for one that never was.
    func ticks(limit: Int) async throws -> [String: Timestamp] {
        let rows = try await reader.list(
            TickRow.self, "job.ticks", "SELECT name, tick_at FROM job_schedules ORDER BY name", limit: limit)
        return Dictionary(rows.map { ($0.name, $0.tickAt) }) { first, _ in first }
    }

    /// Remembers from when on a schedule counts, unless that is known.
    func begin(_ schedule: String, at tick: Timestamp) async throws {
        try await writer.execute(
            "job.beginSchedule",
            """
            INSERT INTO job_schedules (name, tick_at) VALUES (\(schedule), \(tick)) ON CONFLICT (name) DO NOTHING
            """)
    }

    /// Fires a tick: enqueues its jobs and records it, or neither; `false` when another node has fired it.
    func fire(
        _ schedule: String, tick: Timestamp, enqueue: @Sendable (WriteTransaction) throws -> Void
    ) async throws -> Bool {
        try await write { transaction in
            let fired = try await transaction.execute(
                "job.fire",
                """
                UPDATE job_schedules SET tick_at = \(tick), fired_at = \(clock.now())
                WHERE name = \(schedule) AND tick_at < \(tick)
                """)
            guard fired == 1 else { return false }
            try enqueue(transaction)
            return true
        }
    }
}

private struct TickRow: RowDecodable {
    let name: String
    let tickAt: Timestamp

    init(row: SQLRow) throws(StorageError) {
        name = try row.value(at: 0)
        tickAt = try row.value(at: 1)
    }
}
