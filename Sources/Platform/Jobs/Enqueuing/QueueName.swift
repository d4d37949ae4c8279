/// The queue in which a tenant's job waits: jobs of one queue are alike for whoever picks among queues.
///
/// Its text is the middle of the claim table's key, so that the table is sorted by tenant, lane and priority, and each
/// queue's jobs stand together, oldest first.
struct QueueName: Sendable, Hashable, Comparable, CustomStringConvertible {
    private enum Bounds {
        static let gateBytes = 120
    }

    let lane: JobLane
    let priority: JobPriority
    /// Whether its jobs have waited for their time before: these go first, and stand by themselves, so that the place
    /// from which fresh jobs are read never has to move back.
    let isAgain: Bool
    let kind: String
    /// Which key the kind's limits are counted for; empty where there is none.
    let gate: String

    init(lane: JobLane, priority: JobPriority, isAgain: Bool = false, kind: String, gate: String = "") {
        self.lane = lane
        self.priority = priority
        self.isAgain = isAgain
        self.kind = kind
        self.gate = gate
    }

    init?(_ text: String) {
        let parts = text.split(separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { return nil }
        let digits = parts[0].utf8.map { Int($0) - 48 }
        guard digits.count == 3, let lane = JobLane(rawValue: digits[0]),
            let priority = JobPriority(rawValue: digits[1])
        else { return nil }
        self.init(
            lane: lane, priority: priority, isAgain: digits[2] == 0, kind: String(parts[1]), gate: String(parts[2]))
    }

    var description: String { "\(lane.rawValue)\(priority.rawValue)\(isAgain ? 0 : 1)|\(kind)|\(gate)" }

    /// The same queue for jobs that come back.
    var again: QueueName {
        QueueName(lane: lane, priority: priority, isAgain: true, kind: kind, gate: gate)
    }

    static func < (left: Self, right: Self) -> Bool { left.description < right.description }

    /// A limit's key as part of a name; `nil` when it is too long.
    static func gate(_ key: String) -> String? { key.utf8.count <= Bounds.gateBytes ? key : nil }
}
