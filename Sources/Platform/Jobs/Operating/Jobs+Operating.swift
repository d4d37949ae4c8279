public import Base
public import Storage

/// What owners and operators do to jobs.
extension Jobs {
    private enum Bounds {
        static let batch = 500
        static let batches = 2_000
        static let listed = 500
    }

    // MARK: One tenant's

    /// Cancels a job: at once when it has not begun, else by ending its handler, on whichever node it runs.
    ///
    /// - Throws: `jobs.notFound` when it has ended or never was.
    public func cancel(_ id: ID<Job>, for tenant: Tenant) async throws {
        guard try await cancelIfLive(JobKey(tenant: tenant, id: id)) else { throw Self.notFound("be cancelled") }
    }

    private func cancelIfLive(_ key: JobKey) async throws -> Bool {
        let found = try await storage.write(for: key.tenant) { transaction in
            try await store.cancel(key, period: options.endPeriod, through: transaction)
        }
        switch found {
        case .done(let hints): wakes.tell(hints)
        case .asked:
            wakes.tellCancelled([key])
            wakes.callCancelled(key)
        case nil: return false
        }
        return true
    }

    /// Ends a job's handler on whichever node it runs, without a statement.
    ///
    /// For jobs that find out by themselves that they are not wanted any more: this spares them the time until then.
    /// Word that is lost costs that time and nothing else.
    public func interrupt(_ id: ID<Job>, for tenant: Tenant) {
        let key = JobKey(tenant: tenant, id: id)
        wakes.tellCancelled([key])
        wakes.callCancelled(key)
    }

    /// Cancels the children of a job that have not ended; returns how many, at most 1,000,000.
    @discardableResult
    public func cancelChildren(of parent: ID<Job>, for tenant: Tenant) async throws -> Int {
        var count = 0
        for _ in 0..<Bounds.batches {
            let children = try await store.liveChildren(of: parent, tenant: tenant, limit: Bounds.batch)
            for child in children where try await cancelIfLive(child) { count += 1 }
            if children.count < Bounds.batch { break }
        }
        return count
    }

    /// How a job's children have ended so far.
    public func children(of parent: ID<Job>, for tenant: Tenant) async throws -> JobCounts {
        try await store.children(of: parent, tenant: tenant)
    }

    /// Has a dead letter tried again, with all attempts before it.
    ///
    /// - Throws: `jobs.notFound` when it is no dead letter.
    public func retry(_ id: ID<Job>, for tenant: Tenant) async throws {
        let hints = try await storage.write(for: tenant) { transaction in
            try await store.retry([JobKey(tenant: tenant, id: id)], through: transaction)
        }
        guard !hints.isEmpty else { throw Self.notFound("be tried again") }
        wakes.tell(hints)
    }

    /// Forgets a dead letter; jobs that wait for it are cancelled.
    ///
    /// - Throws: `jobs.notFound` when it is no dead letter.
    public func discard(_ id: ID<Job>, for tenant: Tenant) async throws {
        let (count, hints) = try await storage.write(for: tenant) { transaction in
            try await store.discard(
                [JobKey(tenant: tenant, id: id)], period: options.endPeriod, through: transaction)
        }
        guard count == 1 else { throw Self.notFound("be discarded") }
        wakes.tell(hints)
    }

    private static func notFound(_ what: String) -> JobsError {
        JobsError(.notFound, "the job is not there, or not in a state in which it could \(what)")
    }

    // MARK: The installation's

    /// How the queues are doing, by lane and kind; counts end at ``countMax``.
    public func reports() async throws -> [QueueReport] { try await store.reports() }

    /// Dead letters of all tenants, the newest first.
    public func failures(after cursor: Cursor?, limit: Int) async throws -> Page<JobStatus> {
        try await store.failures(
            after: cursor, limit: limit, through: storage.reader(bypassingTenant: JobsSchema.operation))
    }

    /// Jobs in a state, at most `limit` (1 to 500), those of a kind where one is given.
    ///
    /// Of a kind that is rare among many others, those among the first 10,000 jobs of the state.
    public func list(_ state: JobState, kind: String? = nil, limit: Int = 50) async throws -> [JobStatus] {
        precondition(
            (1...Bounds.listed).contains(limit), "\(limit) jobs are listed: 1 to \(Bounds.listed) are possible")
        return try await store.list(state, kind: kind, limit: limit)
    }

    /// Has dead letters tried again, the oldest first, those of a kind where one is given; returns how many.
    ///
    /// - Parameters:
    ///   - kind: Which kind; `nil` for all.
    ///   - limit: How many at most. Defaults to 1,000,000; up to 500 take six statements.
    /// - Returns: How many.
    /// - Throws: Errors of storage.
    @discardableResult
    public func retryAll(kind: String? = nil, limit: Int = 1_000_000) async throws -> Int {
        try await eachFailure(kind: kind, limit: limit) { keys, transaction in
            let hints = try await self.store.retry(keys, through: transaction)
            return (hints.count, hints)
        }
    }

    /// Forgets dead letters, the oldest first, those of a kind where one is given; returns how many.
    ///
    /// - Parameters:
    ///   - kind: Which kind; `nil` for all.
    ///   - limit: How many at most. Defaults to 1,000,000.
    /// - Returns: How many.
    /// - Throws: Errors of storage.
    @discardableResult
    public func discardAll(kind: String? = nil, limit: Int = 1_000_000) async throws -> Int {
        try await eachFailure(kind: kind, limit: limit) { keys, transaction in
            try await self.store.discard(keys, period: self.options.endPeriod, through: transaction)
        }
    }

    private func eachFailure(
        kind: String?, limit: Int, _ body: ([JobKey], WriteTransaction) async throws -> (Int, [WakeHint])
    ) async throws -> Int {
        var total = 0
        for _ in 0..<Bounds.batches {
            let found = Array(try await store.failed(kind: kind, limit: 10_000).prefix(limit - total))
            guard !found.isEmpty else { break }
            for start in stride(from: 0, to: found.count, by: Bounds.batch) {
                let keys = Array(found[start..<min(start + Bounds.batch, found.count)])
                let (count, hints) = try await storage.write(bypassingTenant: JobsSchema.operation) { transaction in
                    try await body(keys, transaction)
                }
                total += count
                wakes.tell(hints)
            }
            if found.count < 10_000 { break }
        }
        return total
    }

    /// Has workers begin nothing on a lane, on all nodes within one beat.
    public func pause(_ lane: JobLane) async throws { try await store.pause(lane) }

    /// Undoes ``pause(_:)``.
    public func resume(_ lane: JobLane) async throws { try await store.resume(lane) }

    /// Lanes on which nothing is begun.
    public func pausedLanes() async throws -> [JobLane] { try await store.pausedLanes() }
}
