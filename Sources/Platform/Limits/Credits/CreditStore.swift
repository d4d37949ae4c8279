import Base
import Storage

/// A reservation that is asked for.
struct CreditAsk: Sendable {
    var tenant: Tenant
    var id: ID<Reservation>
    var holder: String
    var amount: Int
    var limit: Int
    var window: Range<Timestamp>
    var now: Timestamp
    var expiresAt: Timestamp
    var note: String
}

/// What becomes of a reservation.
enum CreditChange: Sendable {
    case settle(used: Int?)
    case release(amount: Int?)

    var kind: CreditEntry.Kind {
        switch self {
        case .settle: .settle
        case .release: .release
        }
    }
}

/// The state of a reservation, as its row has it.
enum CreditState: String, Sendable, SQLEncodable, SQLDecodable { case open, settled, released, expired }

/// The statements of credit ledgers.
///
/// An account is a row per holder and period. Its row lock orders those who reserve from it: `ON CONFLICT … DO UPDATE …
/// WHERE` reads the row anew under that lock, so that two nodes never both get the last credit.
struct CreditStore: Sendable {
    let storage: Storage
    let ledger: String

    /// Reserves when it fits and the id is not open or settled.
    func reserve(_ ask: CreditAsk, in transaction: WriteTransaction) async throws(StorageError) -> CreditAnswer {
        guard storage.dialect == .postgres else { return try await reserveSQLite(ask, in: transaction) }
        let answer = try await reservePostgres(ask, in: transaction)
        guard answer.isGranted, !answer.isPlaced else { return answer }
        // Another transaction placed the same id meanwhile and has committed: what was taken for this one goes back,
        // and the next statement sees the other's.
        try await giveBack(ask, in: transaction)
        return try await reservePostgres(ask, in: transaction)
    }

    private func reservePostgres(
        _ ask: CreditAsk, in transaction: WriteTransaction
    ) async throws(StorageError) -> CreditAnswer {
        try await transaction.one(
            CreditAnswer.self, "limits.credit.reserve",
            """
            WITH known AS (\(sql: known(ask))), standing AS (\(sql: standing(ask))),
            account AS (\(sql: take(ask)) RETURNING a.starts_at, a.ends_at, a.used, a.held),
            placed AS (
                \(sql: place(ask, startsAt: "account.starts_at", from: "FROM account")) RETURNING r.revision),
            entry AS (
                INSERT INTO credit_entries
                    (tenant_id, ledger, reservation_id, holder, revision, kind, held, used, note, made_at)
                SELECT \(ask.tenant), \(ledger), \(ask.id), \(ask.holder), p.revision, 'reserve', \(ask.amount), 0,
                    \(ask.note), \(ask.now) FROM placed p)
            SELECT k.state, k.expires_at, coalesce(a.ends_at, s.ends_at), coalesce(a.used, s.used, 0),
                coalesce(a.held, s.held, 0), a.ends_at IS NOT NULL, p.revision IS NOT NULL
            FROM (SELECT 1 AS one) AS o LEFT JOIN known k ON true LEFT JOIN standing s ON true
                LEFT JOIN account a ON true LEFT JOIN placed p ON true
            """)
    }

    private func reserveSQLite(
        _ ask: CreditAsk, in transaction: WriteTransaction
    ) async throws(StorageError) -> CreditAnswer {
        let taken = try await transaction.returning(
            TakenRow.self, "limits.credit.take",
            """
            WITH known AS (\(sql: known(ask))), standing AS (\(sql: standing(ask)))
            \(sql: take(ask)) RETURNING starts_at, ends_at, used, held
            """, limit: 1)
        guard let taken = taken.first else {
            return try await transaction.one(
                CreditAnswer.self, "limits.credit.look",
                """
                WITH known AS (\(sql: known(ask))), standing AS (\(sql: standing(ask)))
                SELECT k.state, k.expires_at, s.ends_at, coalesce(s.used, 0), coalesce(s.held, 0), false, false
                FROM (SELECT 1 AS one) AS o LEFT JOIN known k ON true LEFT JOIN standing s ON true
                """)
        }
        let revisions = try await transaction.returning(
            RevisionRow.self, "limits.credit.place",
            "\(sql: place(ask, startsAt: "\(taken.startsAt)", from: "WHERE true")) RETURNING revision", limit: 1)
        let line = CreditLine(
            tenant: ask.tenant.id, ledger: ledger, id: ask.id, holder: ask.holder, startsAt: taken.startsAt,
            freed: -ask.amount, used: 0, was: .open, revision: revisions.first?.revision ?? 1, note: ask.note)
        try await note(.reserve, [line], of: ask.tenant, at: ask.now, in: transaction)
        return CreditAnswer(
            known: nil, knownUntil: nil, endsAt: taken.endsAt, used: taken.used, held: taken.held, isGranted: true,
            isPlaced: true)
    }

    private func known(_ ask: CreditAsk) -> SQL {
        """
        SELECT state, expires_at FROM credit_reservations
        WHERE tenant_id = \(ask.tenant) AND ledger = \(ledger) AND id = \(ask.id) AND holder = \(ask.holder)
            AND state IN ('open', 'settled')
        """
    }

    /// The account's row of this period, or of a later one: a period never begins twice, whatever zone it is asked in.
    private func standing(_ ask: CreditAsk) -> SQL {
        """
        SELECT starts_at, ends_at, used, held FROM credit_accounts
        WHERE tenant_id = \(ask.tenant) AND ledger = \(ledger) AND holder = \(ask.holder)
            AND starts_at >= \(ask.window.lowerBound)
        ORDER BY starts_at DESC LIMIT 1
        """
    }

    private func take(_ ask: CreditAsk) -> SQL {
        """
        INSERT INTO credit_accounts AS a (tenant_id, ledger, holder, starts_at, ends_at, used, held)
        SELECT \(ask.tenant), \(ledger), \(ask.holder), coalesce(s.starts_at, \(ask.window.lowerBound)),
            coalesce(s.ends_at, \(ask.window.upperBound)), 0, \(ask.amount)
        FROM (SELECT 1 AS one) AS o LEFT JOIN standing s ON true
        WHERE \(ask.amount) <= \(ask.limit) AND NOT EXISTS (SELECT 1 FROM known)
        ON CONFLICT (tenant_id, ledger, holder, starts_at) DO UPDATE SET held = a.held + excluded.held
            WHERE a.used + a.held + excluded.held <= \(ask.limit)
        """
    }

    private func place(_ ask: CreditAsk, startsAt: SQL, from: SQL) -> SQL {
        """
        INSERT INTO credit_reservations AS r (tenant_id, ledger, id, holder, starts_at, amount, used, freed, state, was,
            revision, note, made_at, expires_at)
        SELECT \(ask.tenant), \(ledger), \(ask.id), \(ask.holder), \(sql: startsAt), \(ask.amount), 0, 0, 'open',
            'open', 1, \(ask.note), \(ask.now), \(ask.expiresAt) \(sql: from)
        ON CONFLICT (tenant_id, ledger, id, holder) DO UPDATE SET starts_at = excluded.starts_at,
            amount = excluded.amount, used = 0, freed = 0, state = 'open', was = r.state, revision = r.revision + 1,
            note = excluded.note, made_at = excluded.made_at, expires_at = excluded.expires_at, finished_at = NULL
            WHERE r.state IN ('released', 'expired')
        """
    }

    private func giveBack(_ ask: CreditAsk, in transaction: WriteTransaction) async throws(StorageError) {
        try await transaction.execute(
            "limits.credit.giveBack",
            """
            UPDATE credit_accounts SET held = held - \(ask.amount)
            WHERE tenant_id = \(ask.tenant) AND ledger = \(ledger) AND holder = \(ask.holder)
                AND starts_at = (SELECT s.starts_at FROM (\(sql: standing(ask))) AS s)
            """)
    }

    // MARK: Reading

    func usage(
        of holder: String, since start: Timestamp, for tenant: Tenant
    ) async throws(StorageError) -> CreditUsage? {
        try await storage.reader(for: tenant).first(
            UsageRow.self, "limits.credit.usage",
            """
            SELECT used, held, ends_at FROM credit_accounts
            WHERE tenant_id = \(tenant) AND ledger = \(ledger) AND holder = \(holder) AND starts_at >= \(start)
            ORDER BY starts_at DESC
            """)?.usage
    }

    func entries(
        of tenant: Tenant, after cursor: Cursor?, limit: Int
    ) async throws(StorageError) -> Page<CreditEntry> {
        try await storage.reader(for: tenant).page(
            CreditEntry.self, "limits.credit.entries",
            """
            SELECT \(sql: CreditEntry.columns) FROM credit_entries
            WHERE tenant_id = \(tenant) AND ledger = \(ledger)
            """, order: .descending("made_at", "reservation_id", "holder", "revision"), after: cursor, limit: limit)
    }

    func entries(of id: ID<Reservation>, in tenant: Tenant) async throws(StorageError) -> [CreditEntry] {
        try await storage.reader(for: tenant).list(
            CreditEntry.self, "limits.credit.history",
            """
            SELECT \(sql: CreditEntry.columns) FROM credit_entries
            WHERE tenant_id = \(tenant) AND ledger = \(ledger) AND reservation_id = \(id)
            ORDER BY reservation_id, holder, revision
            """, limit: 500)
    }
}

/// What the statement that reserves tells.
struct CreditAnswer: Sendable, RowDecodable {
    /// The state of a reservation of that id which is open or settled.
    var known: CreditState?
    var knownUntil: Timestamp?
    var endsAt: Timestamp?
    var used: Int
    var held: Int
    /// Whether the account had room; whether the reservation was placed.
    var isGranted: Bool
    var isPlaced: Bool

    var isKnown: Bool { known != nil }
}

extension CreditAnswer {
    init(row: SQLRow) throws(StorageError) {
        known = try row.optional(at: 0)
        knownUntil = try row.optional(at: 1)
        endsAt = try row.optional(at: 2)
        used = try row.value(at: 3)
        held = try row.value(at: 4)
        isGranted = try row.value(at: 5)
        isPlaced = try row.value(at: 6)
    }
}

private struct TakenRow: RowDecodable {
    let startsAt: Timestamp
    let endsAt: Timestamp
    let used: Int
    let held: Int

    init(row: SQLRow) throws(StorageError) {
        startsAt = try row.value(at: 0)
        endsAt = try row.value(at: 1)
        used = try row.value(at: 2)
        held = try row.value(at: 3)
    }
}

private struct RevisionRow: RowDecodable {
    let revision: Int

    init(row: SQLRow) throws(StorageError) { revision = try row.value(at: 0) }
}

private struct UsageRow: RowDecodable {
    let usage: CreditUsage

    init(row: SQLRow) throws(StorageError) {
        usage = CreditUsage(
            used: try row.value(at: 0), held: try row.value(at: 1), endsAt: try row.value(at: 2))
    }
}
