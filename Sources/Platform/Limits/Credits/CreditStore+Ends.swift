import Base
import Storage

extension CreditStore {
    /// Reservations given back by one transaction of the sweep.
    static let batchRows = 500

    /// Settles or gives back, and says what was found.
    func finish(
        _ change: CreditChange, _ id: ID<Reservation>, for tenant: Tenant, at now: Timestamp,
        in transaction: WriteTransaction
    ) async throws(StorageError) -> Settlement {
        let found =
            storage.dialect == .postgres
            ? try await finishPostgres(change, id, for: tenant, at: now, in: transaction)
            : try await finishSQLite(change, id, for: tenant, at: now, in: transaction)
        switch (found.was, found.state) {
        case (.open, _): return .settled
        case (.expired, _): return .late
        case (nil, .settled): return .repeated
        default: return .unknown
        }
    }

    private func finishPostgres(
        _ change: CreditChange, _ id: ID<Reservation>, for tenant: Tenant, at now: Timestamp,
        in transaction: WriteTransaction
    ) async throws(StorageError) -> FoundRow {
        try await transaction.one(
            FoundRow.self, "limits.credit.finish",
            """
            WITH done AS (
                \(sql: update(change, id, for: tenant, at: now))
                RETURNING holder, starts_at, freed, used, was, revision, note),
            account AS (
                UPDATE credit_accounts a SET held = a.held - d.freed, used = a.used + d.used FROM done d
                WHERE a.tenant_id = \(tenant) AND a.ledger = \(ledger) AND a.holder = d.holder
                    AND a.starts_at = d.starts_at),
            entry AS (
                INSERT INTO credit_entries
                    (tenant_id, ledger, reservation_id, holder, revision, kind, held, used, note, made_at)
                SELECT \(tenant), \(ledger), \(id), d.holder, d.revision, \(change.kind), -d.freed, d.used, d.note,
                    \(now) FROM done d)
            SELECT (SELECT d.was FROM done d LIMIT 1), (\(sql: state(of: id, for: tenant)))
            """)
    }

    private func finishSQLite(
        _ change: CreditChange, _ id: ID<Reservation>, for tenant: Tenant, at now: Timestamp,
        in transaction: WriteTransaction
    ) async throws(StorageError) -> FoundRow {
        let lines = try await transaction.returning(
            CreditLine.self, "limits.credit.finish",
            "\(sql: update(change, id, for: tenant, at: now)) RETURNING \(sql: CreditLine.columns)",
            limit: CreditLedger.Bounds.claims)
        guard let first = lines.first else {
            return try await transaction.one(
                FoundRow.self, "limits.credit.state", "SELECT NULL, (\(sql: state(of: id, for: tenant)))")
        }
        try await charge(lines, of: tenant, in: transaction)
        try await note(change.kind, lines, of: tenant, at: now, in: transaction)
        return FoundRow(was: first.was, state: nil)
    }

    private func state(of id: ID<Reservation>, for tenant: Tenant) -> SQL {
        """
        SELECT r.state FROM credit_reservations r
        WHERE r.tenant_id = \(tenant) AND r.ledger = \(ledger) AND r.id = \(id) LIMIT 1
        """
    }

    /// Changes the rows of a reservation; what was held before the change is left in `freed`.
    private func update(
        _ change: CreditChange, _ id: ID<Reservation>, for tenant: Tenant, at now: Timestamp
    ) -> SQL {
        let whose: SQL = "WHERE tenant_id = \(tenant) AND ledger = \(ledger) AND id = \(id)"
        switch change {
        case .settle(let used):
            return """
                UPDATE credit_reservations SET was = state, freed = CASE WHEN state = 'open' THEN amount ELSE 0 END,
                    used = coalesce(\(used), amount), state = 'settled', revision = revision + 1, finished_at = \(now)
                \(sql: whose) AND state IN ('open', 'expired')
                """
        case .release(nil):
            return """
                UPDATE credit_reservations SET was = state, freed = CASE WHEN state = 'open' THEN amount ELSE 0 END,
                    used = 0, state = 'released', revision = revision + 1, finished_at = \(now)
                \(sql: whose) AND state IN ('open', 'expired')
                """
        case .release(let part?):
            return """
                UPDATE credit_reservations SET was = state, freed = CASE WHEN amount < \(part) THEN amount ELSE \(part) END,
                    amount = amount - CASE WHEN amount < \(part) THEN amount ELSE \(part) END, revision = revision + 1
                \(sql: whose) AND state = 'open'
                """
        }
    }

    func renew(
        _ id: ID<Reservation>, for tenant: Tenant, until expiresAt: Timestamp, in transaction: WriteTransaction
    ) async throws(StorageError) -> Bool {
        try await transaction.execute(
            "limits.credit.renew",
            """
            UPDATE credit_reservations SET expires_at = \(expiresAt)
            WHERE tenant_id = \(tenant) AND ledger = \(ledger) AND id = \(id) AND state = 'open'
            """) > 0
    }

    /// Gives back what nobody settled in time, of one tenant or of all and of every ledger; returns how many rows.
    func expire(
        of tenant: Tenant?, at now: Timestamp, in transaction: WriteTransaction
    ) async throws(StorageError) -> Int {
        var mine: SQL = ""
        if let tenant { mine = " AND tenant_id = \(tenant)" }
        let lock: SQL = storage.dialect == .postgres ? " FOR UPDATE SKIP LOCKED" : ""
        let lines = try await transaction.returning(
            CreditLine.self, "limits.credit.expire",
            """
            WITH due (of_tenant, of_ledger, of_id, of_holder) AS MATERIALIZED (
                SELECT tenant_id, ledger, id, holder FROM credit_reservations
                WHERE state = 'open' AND expires_at <= \(now)\(sql: mine)
                ORDER BY expires_at LIMIT \(Self.batchRows)\(sql: lock))
            UPDATE credit_reservations SET was = state, freed = amount, state = 'expired', revision = revision + 1,
                finished_at = \(now)
            FROM due WHERE tenant_id = of_tenant AND ledger = of_ledger AND id = of_id AND holder = of_holder
            RETURNING \(sql: CreditLine.columns)
            """, limit: Self.batchRows)
        guard !lines.isEmpty else { return 0 }
        try await charge(lines, of: tenant, in: transaction)
        try await note(.expire, lines, of: tenant, at: now, in: transaction)
        return lines.count
    }

    /// Whether any tenant has a reservation that is overdue.
    func isAnyOverdue(at now: Timestamp) async throws(StorageError) -> Bool {
        try await storage.reader(bypassingTenant: LimitsSchema.sweepCapability).first(
            OverdueRow.self, "limits.credit.overdue",
            """
            SELECT expires_at FROM credit_reservations WHERE state = 'open' AND expires_at <= \(now)
            ORDER BY expires_at
            """) != nil
    }

    // MARK: What follows from a change

    /// Takes what lines have freed and used into their accounts.
    private func charge(
        _ lines: [CreditLine], of tenant: Tenant?, in transaction: WriteTransaction
    ) async throws(StorageError) {
        var mine: SQL = ""
        if let tenant { mine = " AND tenant_id = \(tenant)" }
        // One row for each account: an update that meets a row twice changes it once.
        var sums: [CreditLine.Account: (freed: Int, used: Int)] = [:]
        for line in lines {
            sums[line.account, default: (0, 0)].freed += line.freed
            sums[line.account, default: (0, 0)].used += line.used
        }
        let sorted = sums.sorted { $0.key < $1.key }
        let rows = SQLRows(
            sorted, { $0.key.tenant }, { $0.key.ledger }, { $0.key.holder }, { $0.key.startsAt }, { $0.value.freed },
            { $0.value.used })
        try await transaction.execute(
            "limits.credit.charge",
            """
            WITH input (of_tenant, of_ledger, of_holder, of_start, freed, charged) AS (\(rows: rows))
            UPDATE credit_accounts SET held = held - i.freed, used = used + i.charged FROM input i
            WHERE tenant_id = i.of_tenant AND ledger = i.of_ledger AND holder = i.of_holder
                AND starts_at = i.of_start\(sql: mine)
            """)
    }

    /// Writes lines into the journal.
    func note(
        _ kind: CreditEntry.Kind, _ lines: [CreditLine], of tenant: Tenant?, at now: Timestamp,
        in transaction: WriteTransaction
    ) async throws(StorageError) {
        var mine: SQL = ""
        if let tenant { mine = " WHERE i.of_tenant = \(tenant)" }
        let rows = SQLRows(
            lines, { $0.tenant }, { $0.ledger }, { $0.id }, { $0.holder }, { $0.revision }, { -$0.freed }, { $0.used },
            { $0.note })
        try await transaction.execute(
            "limits.credit.note",
            """
            WITH input (of_tenant, of_ledger, of_id, of_holder, number, held, used, note) AS (\(rows: rows))
            INSERT INTO credit_entries
                (tenant_id, ledger, reservation_id, holder, revision, kind, held, used, note, made_at)
            SELECT i.of_tenant, i.of_ledger, i.of_id, i.of_holder, i.number, \(kind), i.held, i.used, i.note, \(now)
            FROM input i\(sql: mine)
            """)
    }

    private struct FoundRow: RowDecodable {
        /// The state before the change, when it was changed.
        let was: CreditState?
        let state: CreditState?

        init(was: CreditState?, state: CreditState?) {
            self.was = was
            self.state = state
        }

        init(row: SQLRow) throws(StorageError) {
            was = try row.optional(at: 0)
            state = try row.optional(at: 1)
        }
    }
}

/// What a change did to one row of a reservation.
struct CreditLine: Sendable, RowDecodable {
    /// Which account's row it belongs to.
    struct Account: Hashable, Comparable {
        var tenant: ID<Tenant>
        var ledger: String
        var holder: String
        var startsAt: Timestamp

        static func < (left: Self, right: Self) -> Bool {
            (left.tenant, left.ledger, left.holder, left.startsAt)
                < (right.tenant, right.ledger, right.holder, right.startsAt)
        }
    }

    static let columns: SQL = "tenant_id, ledger, id, holder, starts_at, freed, used, was, revision, note"

    var tenant: ID<Tenant>
    var ledger: String
    var id: ID<Reservation>
    var holder: String
    var startsAt: Timestamp
    var freed: Int
    var used: Int
    var was: CreditState
    var revision: Int
    var note: String

    var account: Account { Account(tenant: tenant, ledger: ledger, holder: holder, startsAt: startsAt) }
}

extension CreditLine {
    init(row: SQLRow) throws(StorageError) {
        tenant = try row.value(at: 0)
        ledger = try row.value(at: 1)
        id = try row.value(at: 2)
        holder = try row.value(at: 3)
        startsAt = try row.value(at: 4)
        freed = try row.value(at: 5)
        used = try row.value(at: 6)
        was = try row.value(at: 7)
        revision = try row.value(at: 8)
        note = try row.value(at: 9)
    }
}

private struct OverdueRow: RowDecodable {
    init(row: SQLRow) throws(StorageError) {}
}
