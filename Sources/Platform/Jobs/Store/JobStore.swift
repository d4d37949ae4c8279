import Base
import Storage

/// The module's statements.
struct JobStore: Sendable {
    let storage: Storage
    let clock: any WallClock

    var isPostgres: Bool { storage.dialect == .postgres }

    /// Statements of workers, across tenants.
    var writer: Writer { storage.writer(bypassingTenant: JobsSchema.work) }
    var reader: Reader { storage.reader(bypassingTenant: JobsSchema.work) }

    func write<Result: Sendable>(_ body: (WriteTransaction) async throws -> Result) async throws -> Result {
        try await storage.write(bypassingTenant: JobsSchema.work, body)
    }
}

/// What names a job across tenants.
struct JobKey: Sendable, Hashable {
    let tenant: Tenant
    let id: ID<Job>
}

extension TakenJob: RowDecodable {
    static let columns: SQL = "tenant_id, id, queue, input, attempts, parent_id, key, ties"

    init(row: SQLRow) throws(StorageError) {
        let text: String = try row.value(at: 2)
        guard let queue = QueueName(text) else {
            throw StorageError(.rowMismatch, "a job is in a queue that is none: \(text)")
        }
        self.init(
            tenant: Tenant(try row.value(at: 0)), id: try row.value(at: 1), queue: queue, input: try row.value(at: 3),
            attempts: try row.value(at: 4), parent: try row.optional(at: 5), key: try row.optional(at: 6),
            ties: try row.value(at: 7))
    }
}

/// A row of one column.
struct Single<Value: SQLDecodable & Sendable>: RowDecodable {
    let value: Value

    init(row: SQLRow) throws(StorageError) { value = try row.value(at: 0) }
}

/// What running jobs write.
extension JobStore {
    /// Tells how far a running job is.
    func progress(of id: ID<Job>, tenant: Tenant, worker: ID<Worker>, done: Int, total: Int) async throws {
        try await storage.writer(for: tenant).execute(
            "job.progress",
            """
            UPDATE job_runs SET done = \(done), total = \(total)
            WHERE tenant_id = \(tenant) AND id = \(id) AND worker_id = \(worker)
            """)
    }
}
