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

    /// How statements are planned.
    ///
    /// They are bounded and short: where the planner overrates one, compiling it takes longer than running it. And they
    /// read by key: a table that dead rows have swollen, which the planner takes for empty, would be read as a whole
    /// while a random page is thought to cost four others, as on disks that turn.
    private static let planning = [("jit", "off"), ("random_page_cost", "1.1")]

    /// Sets the scope of one transaction.
    static let scopeText =
        "SELECT pg_catalog.set_config('capstan.tenant', $1, true), pg_catalog.set_config('capstan.system', $2, true)"

    init(_ options: PostgresOptions, isReadOnly: Bool) {
        keepsSession = options.pooling == .direct
        let timeouts = [
            ("statement_timeout", options.statementTimeout), ("lock_timeout", options.lockTimeout),
            ("idle_in_transaction_session_timeout", options.idleTransactionTimeout),
        ]
        let settings = timeouts.map { ($0.0, "\(max(1, $0.1.milliseconds))") } + Self.planning
        var startup = settings.map { "-c \($0.0)=\($0.1)" }
        if isReadOnly { startup.append("-c default_transaction_read_only=on") }
        startupOptions = startup.joined(separator: " ")
        flightText =
            Self.scopeText
            + settings.map { ", pg_catalog.set_config('\($0.0)', '\($0.1)', true)" }.joined()
        readOnlyFlightText = flightText + ", pg_catalog.set_config('transaction_read_only', 'on', true)"
    }
}
