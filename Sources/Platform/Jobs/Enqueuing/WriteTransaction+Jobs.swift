public import Base
import Foundation
public import Storage

/// Bounds of jobs on their way in.
public enum JobBounds {
    /// Bytes of an encoded input: hand over ids, not documents.
    public static let inputBytes = 256 * 1_024
    /// Bytes of a unique key.
    public static let keyBytes = 512
    /// Jobs that one transaction enqueues.
    public static let perTransaction = 10_000
    /// Jobs that one job comes after.
    public static let predecessors = 100
    /// The longest delay.
    public static let delay = Duration.seconds(366 * 86_400)
}

extension WriteTransaction {
    /// Adds a job that exists when the transaction commits, and never when it does not.
    ///
    /// No statement of its own: everything that a transaction enqueues leaves as one combined statement right before the
    /// commit.
    ///
    /// - Parameters:
    ///   - kind: What is to be done.
    ///   - input: With what; at most ``JobBounds/inputBytes`` when encoded.
    ///   - key: For unique kinds: which jobs are the same; the encoded input when not given. At most
    ///     ``JobBounds/keyBytes``.
    ///   - after: How long it waits at least. Defaults to not at all; up to ``JobBounds/delay``.
    ///   - priority: Its place among the tenant's jobs of the lane. Defaults to ``JobPriority/normal``.
    ///   - limitKey: Which key the kind's limits are counted for; at most 120 bytes without `|`.
    ///   - parent: Whose child it is: the parent learns how its children ended.
    ///   - predecessors: Jobs enqueued earlier in the same transaction that must be done first, at most
    ///     ``JobBounds/predecessors``. One that becomes a dead letter holds this job back until it is retried or
    ///     discarded; one that is cancelled or discarded cancels this job.
    ///   - id: Its own id, made before by `makeID()` where children are enqueued before their parent.
    ///   - tenant: Whose job it is, in a transaction across tenants; elsewhere the transaction's.
    /// - Returns: The job's id. When its kind is unique and its key is taken, no such job comes to be.
    /// - Throws: `storage.invalidValue` when input, key or limit key cannot be stored, `storage.tooLarge` for more than
    ///   ``JobBounds/perTransaction`` jobs, `storage.tenantMissing` in a transaction across tenants without `tenant`.
    @discardableResult
    public func enqueue<Input>(
        _ kind: JobKind<Input>, _ input: Input, key: String? = nil, after: Duration? = nil,
        priority: JobPriority = .normal, limitKey: String? = nil, parent: ID<Job>? = nil,
        following predecessors: [ID<Job>] = [], id: ID<Job>? = nil, for tenant: Tenant? = nil
    ) throws(StorageError) -> ID<Job> {
        let order = JobOrder(
            key: key, delay: after, priority: priority, limitKey: limitKey, parent: parent, predecessors: predecessors,
            id: id)
        let row = try jobRow(kind, input, order, for: tenant)
        try add([row], to: JobOutbox.self)
        return row.id
    }

    /// Adds a job for each input, at most ``JobBounds/perTransaction`` in a transaction.
    ///
    /// - Parameters:
    ///   - kind: What is to be done.
    ///   - inputs: With what, one job each.
    ///   - after: How long each waits at least.
    ///   - priority: Their place among the tenant's jobs of the lane.
    ///   - limitKey: Which key the kind's limits are counted for, by input.
    ///   - parent: Whose children they are.
    ///   - tenant: Whose jobs they are, in a transaction across tenants.
    /// - Returns: The jobs' ids, in order.
    /// - Throws: As ``enqueue(_:_:key:after:priority:limitKey:parent:following:id:for:)``.
    @discardableResult
    public func enqueue<Input>(
        _ kind: JobKind<Input>, each inputs: some Collection<Input>, after: Duration? = nil,
        priority: JobPriority = .normal, limitKey: ((Input) -> String?)? = nil, parent: ID<Job>? = nil,
        for tenant: Tenant? = nil
    ) throws(StorageError) -> [ID<Job>] {
        var rows: [JobRow] = []
        rows.reserveCapacity(inputs.count)
        for input in inputs {
            let order = JobOrder(
                delay: after, priority: priority, limitKey: limitKey?(input), parent: parent)
            rows.append(try jobRow(kind, input, order, for: tenant))
        }
        try add(rows, to: JobOutbox.self)
        return rows.map(\.id)
    }

    private func jobRow<Input>(
        _ kind: JobKind<Input>, _ input: Input, _ order: JobOrder, for named: Tenant?
    ) throws(StorageError) -> JobRow {
        guard let tenant = named ?? scope.tenant else {
            throw StorageError(
                .tenantMissing, "a job of \(kind.name) was enqueued in a transaction across tenants: name its tenant")
        }
        guard scope.tenant == nil || scope.tenant == tenant else {
            throw StorageError(
                .tenantMissing, "a job of \(kind.name) was enqueued for another tenant than the transaction's")
        }
        return try JobRow(
            kind.rule, input: try JobCoding.encode(input, of: kind.name), order: order, tenant: tenant,
            id: order.id ?? makeID(), now: now)
    }
}

/// What an enqueued job is told beside its input.
struct JobOrder {
    var key: String?
    var delay: Duration?
    var priority = JobPriority.normal
    var limitKey: String?
    var parent: ID<Job>?
    var predecessors: [ID<Job>] = []
    var id: ID<Job>?
}

extension JobRow {
    init(
        _ rule: JobRule, input: String, order: JobOrder, tenant: Tenant, id: ID<Job>, now: Timestamp
    ) throws(StorageError) {
        let limitKey = order.limitKey ?? ""
        guard let gate = QueueName.gate(limitKey), !limitKey.contains("|") else {
            throw StorageError(.invalidValue, "a limit key of \(rule.name) is longer than 120 bytes or holds |")
        }
        let delay = order.delay ?? .zero
        guard delay <= JobBounds.delay else {
            throw StorageError(.invalidValue, "a job of \(rule.name) was enqueued for later than a year")
        }
        guard order.predecessors.count <= JobBounds.predecessors else {
            throw StorageError(.invalidValue, "a job of \(rule.name) comes after more than 100 jobs")
        }
        self.tenant = tenant
        queue = QueueName(
            lane: rule.lane, priority: order.priority, kind: rule.name, gate: rule.limits.isEmpty ? "" : gate)
        self.id = id
        self.input = input
        parent = order.parent
        dueAt = delay > .zero ? now + delay : nil
        isParent = rule.waitsForChildren
        predecessors = order.predecessors
        let text = order.key ?? input
        guard rule.unique == .none || text.utf8.count <= JobBounds.keyBytes else {
            throw StorageError(
                .invalidValue, "the key of a unique job of \(rule.name) is longer than 512 bytes: give a shorter one")
        }
        switch rule.unique {
        case .none: (key, hold) = (nil, nil)
        case .whilePending, .whilePendingOrRunning:
            (key, hold) = (text, Hold(kind: rule.name, key: text, until: .never))
        case .within(let window): (key, hold) = (nil, Hold(kind: rule.name, key: text, until: now + window))
        }
    }
}

/// How inputs and results are written.
enum JobCoding {
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()
    private static let decoder = JSONDecoder()

    static func encode<Value: Encodable>(_ value: Value, of kind: String) throws(StorageError) -> String {
        if value is NoJobInput { return "{}" }
        let data: Data
        do {
            data = try encoder.encode(value)
        } catch {
            throw StorageError(
                .invalidValue, "the input of a job of \(kind) cannot be written as JSON", underlying: error)
        }
        guard data.count <= JobBounds.inputBytes else {
            throw StorageError(
                .invalidValue, "the input of a job of \(kind) takes \(data.count) bytes: store it and hand over its id")
        }
        return String(decoding: data, as: UTF8.self)
    }

    static func decode<Value: Decodable>(_ type: Value.Type, from text: String, of kind: String) throws(JobsError)
        -> Value
    {
        if let nothing = NoJobInput() as? Value { return nothing }
        do {
            return try decoder.decode(type, from: Data(text.utf8))
        } catch {
            throw JobsError(
                .inputMismatch, "the input of a job of \(kind) is not what its kind takes now", underlying: error)
        }
    }
}
