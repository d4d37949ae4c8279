public import Base
public import Storage

/// What is known of a job.
public struct JobStatus: Sendable, Hashable {
    /// The job.
    public let id: ID<Job>
    /// Whose it is.
    public let tenant: Tenant
    /// What is done.
    public let kind: String
    /// What it shares workers with.
    public let lane: JobLane
    /// Its place among others.
    public let priority: JobPriority
    /// Where it is in its life.
    public let state: JobState
    /// Attempts that were begun.
    public let attempts: Int
    /// When it may be taken, was taken, or ended: the time that belongs to its state. `nil` while it waits.
    public let at: Timestamp?
    /// How far a running job is, when it tells.
    public let done: Int?
    /// Of how much.
    public let total: Int?
    /// Why the last attempt failed, or the job was given up.
    public let reason: String?
    /// What it resulted in, as JSON.
    public let result: String?
    /// The input, as JSON; `nil` for one that has ended well, whose input is not kept.
    public let input: String?
}

extension JobStatus: RowDecodable {
    /// Reads a row of the statements about jobs.
    public init(row: SQLRow) throws(StorageError) {
        let text: String = try row.value(at: 2)
        let name: String = try row.value(at: 3)
        guard let queue = QueueName(text), let state = JobState(rawValue: name) else {
            throw StorageError(.rowMismatch, "a job is in a queue or state that is none: \(text), \(name)")
        }
        self.init(
            id: try row.value(at: 1), tenant: Tenant(try row.value(at: 0)), kind: queue.kind, lane: queue.lane,
            priority: queue.priority, state: state, attempts: try row.value(at: 4), at: try row.optional(at: 5),
            done: try row.optional(at: 6), total: try row.optional(at: 7), reason: try row.optional(at: 8),
            result: try row.optional(at: 9), input: try row.optional(at: 10))
    }
}

/// How a queue is doing: the jobs of one kind.
public struct QueueReport: Sendable, Hashable, Codable {
    /// The kind.
    public var kind: String
    /// The lane.
    public var lane: JobLane
    /// Jobs that may be taken now; counted up to ``Jobs/countMax``.
    public var waiting = 0
    /// When the oldest of them was enqueued.
    public var oldest: Timestamp?
    /// Jobs that wait for their time.
    public var scheduled = 0
    /// Jobs that workers have.
    public var running = 0
    /// Dead letters.
    public var failed = 0
    /// Jobs that were done on this node since it started.
    public var done = 0
}
