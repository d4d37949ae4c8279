import Base
public import Coordination
public import Storage

/// The token bank in PostgreSQL: one statement per call, by the server's time, exact to the nanosecond.
public struct StorageTokenBank: TokenBank {
    private struct Taken: RowDecodable {
        let amount: Int
        let wait: Int64

        init(row: SQLRow) throws(StorageError) {
            amount = try row.value(at: 0)
            wait = try row.value(at: 1)
        }
    }

    private let storage: Storage

    /// Keeps accounts in `storage`, which must be PostgreSQL.
    public init(_ storage: Storage) { self.storage = storage }

    /// Takes up to `amount` tokens.
    public func take(upTo amount: Int, from account: TokenAccount) async throws(CoordinationError) -> TokenBatch {
        precondition(amount >= 0, "an amount of \(amount) tokens cannot be taken")
        try CoordinationBounds.check(name: account.name)
        let (interval, burst) = (account.rate.interval, account.rate.burst)
        let (full, wanted) = (interval * Int64(burst), min(amount, burst))
        let rows = try await storage.coordinating { storage throws(StorageError) in
            try await storage.coordinationWriter(of: account.name).returning(
                Taken.self, "coordination.take",
                """
                INSERT INTO coordination_tokens AS account (account, arrival, taken, wait, expires_at)
                SELECT \(account.name), clock.now + \(interval * Int64(wanted)), \(wanted), 0,
                    \(sql: Self.forgetting("clock.now + \(full)"))
                FROM (SELECT \(sql: Self.now) AS now) AS clock
                ON CONFLICT (account) DO UPDATE SET (arrival, taken, wait, expires_at) = (
                    SELECT CASE WHEN state.taken = 0 THEN account.arrival
                            ELSE state.base + \(interval) * state.taken END,
                        state.taken,
                        CASE WHEN state.taken = 0 AND \(wanted) > 0
                            THEN state.base + \(interval) - state.now - \(full) ELSE 0 END,
                        \(sql: Self.forgetting("state.now + \(full)"))
                    FROM (
                        SELECT clock.now, greatest(account.arrival, clock.now) AS base,
                            least(\(wanted),
                                greatest(0, \(full) - greatest(account.arrival, clock.now) + clock.now) / \(interval)
                            ) AS taken
                        FROM (SELECT \(sql: Self.now) AS now) AS clock
                    ) AS state
                )
                RETURNING taken, wait
                """, limit: 1)
        }
        guard let taken = rows.first else { throw CoordinationError(.unavailable, "An account gave no answer.") }
        return TokenBatch(amount: taken.amount, retryAfter: taken.wait > 0 ? .nanoseconds(taken.wait) : nil)
    }

    /// Gives tokens back.
    public func giveBack(_ amount: Int, to account: TokenAccount) async throws(CoordinationError) {
        precondition(amount >= 0, "an amount of \(amount) tokens cannot be given back")
        try CoordinationBounds.check(name: account.name)
        let returned = account.rate.interval * Int64(min(amount, account.rate.burst))
        _ = try await storage.coordinating { storage throws(StorageError) in
            try await storage.coordinationWriter(of: account.name).execute(
                "coordination.giveBack",
                """
                UPDATE coordination_tokens SET arrival = arrival - \(returned) WHERE account = \(account.name)
                """)
        }
    }

    /// The server's time in nanoseconds, read when the row is locked.
    private static let now: SQL = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000"

    /// When an account that is full by then may be forgotten; in steps of ten minutes, so that the index of this column
    /// is rarely written.
    private static func forgetting(_ full: SQL) -> SQL {
        "to_timestamp(((\(sql: full)) / 600000000000 + 2) * 600)"
    }
}
