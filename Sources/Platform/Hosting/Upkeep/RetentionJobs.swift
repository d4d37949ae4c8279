public import Jobs
public import Storage

/// Deletes rows past their tables' retention, as a job: once in the cluster, seen by operators, tried again when it fails.
public struct RetentionJobs: Sendable {
    private let retention: Retention

    private static let kind = JobKind<NoJobInput>(
        "storage.retention", lane: .bulk, timeout: .seconds(3_600), unique: .whilePendingOrRunning, isKept: false)

    /// Sweeps by the declarations that `retention` was made of.
    public init(_ retention: Retention) { self.retention = retention }

    /// Every ten minutes.
    public static let schedules = [
        JobSchedule("storage.retention", every: .seconds(600), kind, NoJobInput())
    ]

    /// One sweep of all tables.
    public var handlers: [JobHandler] { [Self.kind.handler { [retention] _, _ in try await retention.sweep() }] }
}
