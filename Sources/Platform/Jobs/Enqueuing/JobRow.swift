import Base

/// A job on its way into the database.
struct JobRow: Sendable {
    /// What a unique job holds.
    struct Hold: Sendable {
        let kind: String
        let key: String
        let until: Timestamp
    }

    /// Marks in the column `ties`.
    enum Ties {
        /// Other jobs wait for this one.
        static let awaited = 1
    }

    let tenant: Tenant
    let queue: QueueName
    let id: ID<Job>
    let input: String
    let parent: ID<Job>?
    /// The key that is given free at the end, or when the job is taken; `nil` for one that is held for a time.
    let key: String?
    let hold: Hold?
    /// When it may be taken; `nil` at once, or when it is blocked.
    let dueAt: Timestamp?
    let isParent: Bool
    let predecessors: [ID<Job>]
    /// Whether other jobs of the transaction come after this one.
    var isAwaited = false

    var isBlocked: Bool { isParent || !predecessors.isEmpty }
    var isLater: Bool { dueAt != nil || isBlocked }
}

extension Timestamp {
    /// The end of the year 9999: for what is held until it is given free.
    static let never = Timestamp(microseconds: 253_402_300_799_000_000)
}
