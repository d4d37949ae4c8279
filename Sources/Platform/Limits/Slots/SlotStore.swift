import Base
import Coordination
import Storage

/// The rows of slots that all nodes share.
///
/// Every decision holds the gate's row, so that decisions of one gate follow each other and those of others do not wait.
struct SlotStore: Sendable {
    enum Answer: Sendable, Hashable {
        case taken
        case waits(Duration)
        case lost
    }

    let storage: Storage
    let gate: String
    let time: any WallClock
    let believesClock: Bool

    private func write<Result: Sendable>(
        _ body: (WriteTransaction) async throws -> Result
    ) async throws -> Result {
        try await storage.write(bypassingTenant: LimitsSchema.slotCapability, body)
    }

    /// The one clock of all nodes: the database's.
    ///
    /// SQLite has one machine, and that machine's clock.
    private func now(in transaction: WriteTransaction) async throws(StorageError) -> Timestamp {
        guard storage.dialect == .postgres, !believesClock else { return time.now() }
        return try await transaction.one(TimeRow.self, "limits.slot.time", "SELECT clock_timestamp()").time
    }

    /// Takes the next number in the line; `nil` when too many wait.
    func enter(until ttl: Duration, waitingMax: Int) async throws -> Int64? {
        try await write { transaction in
            let gate = try await lock(in: transaction)
            let now = try await now(in: transaction)
            let counts = try await counts(before: .max, at: now, in: transaction)
            guard counts.waiting < waitingMax else { return nil }
            let ticket = gate.lastTicket + 1
            try await transaction.execute(
                "limits.slot.enter",
                """
                INSERT INTO shared_slots (gate, ticket, is_held, expires_at)
                VALUES (\(self.gate), \(ticket), false, \(now + ttl))
                """)
            try await transaction.execute(
                "limits.slot.number",
                "UPDATE shared_gates SET last_ticket = \(ticket) WHERE name = \(self.gate)")
            return ticket
        }
    }

    /// Takes a place when there is one beyond those that are kept for whoever came before.
    func look(
        _ ticket: Int64, starts: GCRA?, atOnce: Int?, ttl: Duration, lineTTL: Duration
    ) async throws -> Answer {
        try await write { transaction in
            let gate = try await lock(in: transaction)
            let now = try await now(in: transaction)
            let counts = try await counts(before: ticket, at: now, in: transaction)
            guard counts.isMine else { return .lost }
            let nanoseconds = now.microseconds * 1_000
            var wait: Duration?
            var arrival = gate.arrival
            if let starts {
                // Those before take theirs first: this one needs as many tokens as there are of them, and one.
                let needed = min(starts.burst, counts.before + 1)
                switch starts.decide(arrival: gate.arrival, now: nanoseconds, amount: needed) {
                case .refused(let after, _): wait = .nanoseconds(after ?? starts.interval)
                case .granted:
                    if counts.before >= starts.burst {
                        wait = .nanoseconds(starts.interval * Int64(counts.before + 1 - starts.burst))
                    } else if case .granted(let next, _, _) = starts.decide(arrival: gate.arrival, now: nanoseconds) {
                        arrival = next
                    }
                }
            }
            if wait == nil, let atOnce, counts.held + counts.before >= atOnce {
                // Nobody knows when a place becomes free; the further behind, the less often it is worth a look.
                wait = .milliseconds(100 + 20 * min(counts.before, 100))
            }
            if let wait {
                _ = try await extend(ticket, isHeld: false, until: now + lineTTL, in: transaction)
                return .waits(wait)
            }
            _ = try await extend(ticket, isHeld: true, until: now + ttl, in: transaction)
            try await transaction.execute(
                "limits.slot.start", "UPDATE shared_gates SET arrival = \(arrival) WHERE name = \(self.gate)")
            return .taken
        }
    }

    func renew(_ ticket: Int64, for ttl: Duration) async throws -> Bool {
        try await write { transaction in
            let now = try await now(in: transaction)
            return try await transaction.execute(
                "limits.slot.renew",
                """
                UPDATE shared_slots SET expires_at = \(now + ttl)
                WHERE gate = \(gate) AND ticket = \(ticket) AND is_held AND expires_at > \(now)
                """) > 0
        }
    }

    func leave(_ ticket: Int64) async throws {
        try await storage.writer(bypassingTenant: LimitsSchema.slotCapability).execute(
            "limits.slot.leave", "DELETE FROM shared_slots WHERE gate = \(gate) AND ticket = \(ticket)")
    }

    func usage() async throws -> (held: Int, waiting: Int) {
        try await write { transaction in
            let now = try await now(in: transaction)
            let counts = try await counts(before: .max, at: now, in: transaction)
            return (counts.held, counts.waiting)
        }
    }

    // MARK: Parts of a decision

    private func lock(in transaction: WriteTransaction) async throws(StorageError) -> GateRow {
        let rows = try await transaction.returning(
            GateRow.self, "limits.slot.lock",
            """
            INSERT INTO shared_gates AS g (name, last_ticket, arrival) VALUES (\(gate), 0, 0)
            ON CONFLICT (name) DO UPDATE SET last_ticket = g.last_ticket RETURNING last_ticket, arrival
            """, limit: 1)
        guard let row = rows.first else { throw StorageError(.notOne, "the gate \(gate) gave no row") }
        return row
    }

    /// Drops what is over, and counts what holds and what waits.
    private func counts(
        before ticket: Int64, at now: Timestamp, in transaction: WriteTransaction
    ) async throws(StorageError) -> CountRow {
        try await transaction.execute(
            "limits.slot.expire", "DELETE FROM shared_slots WHERE gate = \(gate) AND expires_at <= \(now)")
        return try await transaction.aggregate(
            CountRow.self, "limits.slot.count",
            """
            SELECT count(CASE WHEN is_held THEN 1 END), count(CASE WHEN NOT is_held THEN 1 END),
                count(CASE WHEN NOT is_held AND ticket < \(ticket) THEN 1 END),
                count(CASE WHEN NOT is_held AND ticket = \(ticket) THEN 1 END)
            FROM shared_slots WHERE gate = \(gate)
            """)
    }

    private func extend(
        _ ticket: Int64, isHeld: Bool, until: Timestamp, in transaction: WriteTransaction
    ) async throws(StorageError) -> Int {
        try await transaction.execute(
            "limits.slot.extend",
            """
            UPDATE shared_slots SET is_held = \(isHeld), expires_at = \(until)
            WHERE gate = \(gate) AND ticket = \(ticket)
            """)
    }

    private struct GateRow: RowDecodable {
        let lastTicket: Int64
        let arrival: Int64

        init(row: SQLRow) throws(StorageError) {
            lastTicket = try row.value(at: 0)
            arrival = try row.value(at: 1)
        }
    }

    private struct CountRow: RowDecodable {
        let held: Int
        let waiting: Int
        let before: Int
        let isMine: Bool

        init(row: SQLRow) throws(StorageError) {
            held = try row.value(at: 0)
            waiting = try row.value(at: 1)
            before = try row.value(at: 2)
            let mine: Int = try row.value(at: 3)
            isMine = mine > 0
        }
    }

    private struct TimeRow: RowDecodable {
        let time: Timestamp

        init(row: SQLRow) throws(StorageError) { time = try row.value(at: 0) }
    }
}
