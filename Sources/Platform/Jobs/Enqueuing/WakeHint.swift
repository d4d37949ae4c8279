import Base

/// Where jobs have come into a queue: what workers are told so that they need not look.
struct WakeHint: Sendable, Hashable, CustomStringConvertible {
    let tenant: Tenant
    let queue: QueueName
    /// The first of them, or when `dueAt` is given, any.
    let first: ID<Job>
    /// When they may be taken; `nil` for now. Blocked jobs have none either and are found by who ends.
    let dueAt: Timestamp?

    init(tenant: Tenant, queue: QueueName, first: ID<Job>, dueAt: Timestamp? = nil) {
        self.tenant = tenant
        self.queue = queue
        self.first = first
        self.dueAt = dueAt
    }

    init(_ row: JobRow) {
        self.init(
            tenant: row.tenant, queue: row.isLater ? row.queue.again : row.queue, first: row.id,
            dueAt: row.isBlocked ? .never : row.dueAt)
    }

    func isSameHead(as other: WakeHint) -> Bool {
        tenant == other.tenant && queue == other.queue && (dueAt == nil) == (other.dueAt == nil)
    }

    func earlier(_ other: WakeHint) -> WakeHint {
        let due = dueAt.flatMap { own in other.dueAt.map { min(own, $0) } }
        return WakeHint(tenant: tenant, queue: queue, first: min(first, other.first), dueAt: due)
    }

    var description: String {
        "\(tenant.id) \(first) \(dueAt.map { String($0.microseconds) } ?? "-") \(queue)"
    }

    init?(_ text: String) {
        let parts = text.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, let tenant = ID<Tenant>(parts[0]), let first = ID<Job>(parts[1]),
            let queue = QueueName(parts[3])
        else { return nil }
        var dueAt: Timestamp?
        if parts[2] != "-" {
            guard let microseconds = Int64(parts[2]) else { return nil }
            dueAt = Timestamp(microseconds: microseconds)
        }
        self.init(tenant: Tenant(tenant), queue: queue, first: first, dueAt: dueAt)
    }
}
