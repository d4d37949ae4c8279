public import Coordination

/// How much of a kind may run in the whole cluster.
///
/// Limits of the same name are one limit, whichever kinds carry them: a vendor allows so many calls, not so many per
/// kind.
public struct JobLimit: Sendable, Hashable {
    /// What the limit is counted for.
    public enum Scope: String, Sendable, Hashable {
        /// For each `limitKey` that jobs are enqueued with, across tenants: a vendor's account.
        case key
        /// For each tenant.
        case tenant
        /// For all jobs together.
        case installation
    }

    enum Measure: Sendable, Hashable {
        case concurrency(Int)
        case rate(GCRA)
    }

    /// Names the limit: 1 to 60 letters, digits, dots and hyphens.
    public let name: String
    /// What it is counted for.
    public let scope: Scope
    let measure: Measure

    /// At most `max` (1 to 10,000) jobs run at once, exactly: each holds a numbered slot in the database.
    public static func concurrency(_ name: String, max: Int, per scope: Scope = .key) -> JobLimit {
        precondition((1...10_000).contains(max), "\(name) lets \(max) jobs run at once: 1 to 10,000 are possible")
        return JobLimit(name: name, scope: scope, measure: .concurrency(max))
    }

    /// Jobs start at this rate, shared by all nodes through the token bank in small batches.
    public static func rate(_ name: String, _ rate: GCRA, per scope: Scope = .key) -> JobLimit {
        JobLimit(name: name, scope: scope, measure: .rate(rate))
    }

    private init(name: String, scope: Scope, measure: Measure) {
        precondition(
            (1...60).contains(name.utf8.count) && name.utf8.allSatisfy(isNameByte),
            "a limit cannot be named \(name): use 1 to 60 letters, digits, dots and hyphens")
        self.name = name
        self.scope = scope
        self.measure = measure
    }
}

/// Whether a byte may stand in the name of a kind or limit.
func isNameByte(_ byte: UInt8) -> Bool {
    (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == 46 || byte == 45
}

/// How many jobs of a kind one worker process runs at once.
public enum JobConcurrency: Sendable, Hashable {
    /// As many as the lane has room for.
    case lane
    /// At most so many.
    case fixed(Int)
    /// Between the bounds, after what is seen: grows by one while handlers are quick and succeed, halves when they are
    /// throttled or fail. See ``AdaptiveMachine``.
    case adaptive(ClosedRange<Int>)
}

/// When a second job of the same kind, tenant and key is not wanted.
public enum UniqueJobs: Sendable, Hashable {
    /// Any number.
    case none
    /// One at a time waits; once a worker has taken it, the next one may wait.
    case whilePending
    /// One at a time waits or runs.
    case whilePendingOrRunning
    /// One in this time, whatever becomes of it.
    case within(Duration)
}
