import Base

/// The settings under which statements run: made once per connection, or with each flight where a pooler stands between.
struct SessionSettings: Sendable {
    /// Whether the connection is ours alone, so that what is set or prepared stays.
    let keepsSession: Bool
    /// What the server is told at the start of a session of ours alone.
    let startupOptions: String
    /// Sets the scope and the time-outs of one transaction.
    let flightText: String
    /// The same, and has it refuse writes.
    let readOnlyFlightText: String

    /// Sets the scope of one transaction.
    static let scopeText =
        "SELECT pg_catalog.set_config('capstan.tenant', $1, true), pg_catalog.set_config('capstan.system', $2, true)"

    init(_ options: PostgresOptions, isReadOnly: Bool) {
        keepsSession = options.pooling == .direct
        let timeouts = [
            ("statement_timeout", options.statementTimeout), ("lock_timeout", options.lockTimeout),
            ("idle_in_transaction_session_timeout", options.idleTransactionTimeout),
        ]
        // Statements here are bounded and short; where the planner overrates one, compiling it takes longer than running it.
        var startup = timeouts.map { "-c \($0.0)=\(max(1, $0.1.milliseconds))" } + ["-c jit=off"]
        if isReadOnly { startup.append("-c default_transaction_read_only=on") }
        startupOptions = startup.joined(separator: " ")
        flightText =
            Self.scopeText
            + timeouts.map { ", pg_catalog.set_config('\($0.0)', '\(max(1, $0.1.milliseconds))', true)" }.joined()
            + ", pg_catalog.set_config('jit', 'off', true)"
        readOnlyFlightText = flightText + ", pg_catalog.set_config('transaction_read_only', 'on', true)"
    }
}
