public import Jobs
public import Limits

/// Gives back the credits of reservations that nobody settled in time.
///
/// Nobody waits for it to reserve: who is refused sweeps the tenant's own overdue reservations first.
public struct CreditJobs: Sendable {
    private let sweeper: CreditSweeper

    private static let kind = JobKind<NoJobInput>(
        "limits.credits.sweep", lane: .bulk, timeout: .seconds(1_800), unique: .whilePendingOrRunning, isKept: false)

    /// Sweeps with `sweeper`.
    public init(_ sweeper: CreditSweeper) { self.sweeper = sweeper }

    /// One sweep of all tenants.
    public var handlers: [JobHandler] { [Self.kind.handler { [sweeper] _, _ in try await sweeper.sweep() }] }

    /// Every half a minute, where something is overdue.
    public var schedules: [JobSchedule] {
        [
            JobSchedule(
                "limits.credits.sweep", every: .seconds(30), Self.kind, NoJobInput(),
                onlyIf: { [sweeper] in try await sweeper.isAnyOverdue() })
        ]
    }
}
