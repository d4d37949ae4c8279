import Base

/// Bounds of a ``WriteCombiner``.
public struct CombinerSettings: Sendable, Hashable {
    /// Inputs in one flush.
    ///
    /// Defaults to 1,000; 1 to ``SQLRows/Bounds/rows``.
    public var groupMax = 1_000
    /// Flushes that run at the same time.
    ///
    /// Defaults to 2 on PostgreSQL, where the next group travels while the last one commits, and to 1 on SQLite, which
    /// has one writer. 1 to 64.
    public var inFlightMax: Int
    /// Inputs that wait, of all tenants together; one more is refused with `storage.exhausted`.
    ///
    /// Defaults to 20,000; 1 to 1,000,000.
    public var waitingMax = 20_000
    /// Inputs that wait of one tenant, so that a flood of one leaves room for the others.
    ///
    /// Defaults to 10,000; 1 to ``waitingMax``.
    public var tenantWaitingMax = 10_000

    /// The defaults for an engine.
    public init(for dialect: Dialect) { inFlightMax = dialect == .sqlite ? 1 : 2 }

    func check(_ name: StaticString) {
        precondition(
            (1...SQLRows.Bounds.rows).contains(groupMax),
            "\(name) groups \(groupMax) inputs, of 1 to \(SQLRows.Bounds.rows)")
        precondition((1...64).contains(inFlightMax), "\(name) has \(inFlightMax) flushes in flight, of 1 to 64")
        precondition(
            (1...1_000_000).contains(waitingMax), "\(name) lets \(waitingMax) inputs wait, of 1 to 1,000,000")
        precondition(
            (1...waitingMax).contains(tenantWaitingMax),
            "\(name) lets \(tenantWaitingMax) inputs of a tenant wait, of 1 to \(waitingMax)")
    }
}
