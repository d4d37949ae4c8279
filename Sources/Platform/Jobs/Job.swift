import Storage

/// A unit of durable work: the entity that `ID<Job>` names.
public enum Job {}

/// Where a job is in its life.
public enum JobState: String, Sendable, Hashable, Codable, CaseIterable {
    /// It may be taken by a worker now.
    case waiting
    /// It waits for its time: a delay, the pause before another attempt.
    case scheduled
    /// It waits for other jobs: its children, or what it comes after.
    case blocked
    /// A worker has it.
    case running
    /// It was handled.
    case done
    /// It was given up: a dead letter, which can be tried again or discarded.
    case failed
    /// It was cancelled before it was done.
    case cancelled
}

/// How urgent a kind of work is against other kinds, and what it shares workers with.
///
/// Each lane has workers of its own, so that a flood of one cannot hold up another.
public enum JobLane: Int, Sendable, Hashable, CaseIterable, Codable {
    /// Somebody waits for it.
    case interactive = 0
    /// Nobody looks, but soon somebody will.
    case `default` = 1
    /// May take as long as it takes.
    case bulk = 2

    /// The name for people and for the command line.
    public var name: String {
        switch self {
        case .interactive: "interactive"
        case .default: "default"
        case .bulk: "bulk"
        }
    }

    /// How soon what its jobs ask of the database is needed.
    var urgency: Urgency {
        switch self {
        case .interactive: .prompt
        case .default: .ordinary
        case .bulk: .bulk
        }
    }

    /// The lane of a name.
    public init?(name: String) {
        guard let lane = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = lane
    }
}

/// Which jobs of a tenant's lane are taken first.
public enum JobPriority: Int, Sendable, Hashable, CaseIterable, Codable, Comparable {
    /// Before all others.
    case high = 0
    /// As everything else.
    case normal = 1
    /// After all others.
    case low = 2

    /// Orders the more urgent before the less urgent.
    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// How many of a parent's children came to which end.
public struct JobCounts: Sendable, Hashable, Codable {
    /// Children in all.
    public var total: Int
    /// Handled.
    public var done: Int
    /// Given up.
    public var failed: Int
    /// Cancelled.
    public var cancelled: Int

    /// Counts children.
    public init(total: Int = 0, done: Int = 0, failed: Int = 0, cancelled: Int = 0) {
        self.total = total
        self.done = done
        self.failed = failed
        self.cancelled = cancelled
    }

    /// Children that have come to an end.
    public var ended: Int { done + failed + cancelled }
}
