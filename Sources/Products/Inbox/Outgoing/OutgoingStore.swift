import Base
import Storage

/// The endpoints of companies, and what they are told.
struct OutgoingStore: Sendable {
    let storage: Storage
    let box: SecretBox
    let randomness: any Randomness

    /// The secrets of an endpoint, the newest first; a former one until its time is over.
    struct Secrets: Codable, Sendable {
        var current: String
        var former: String?
        var formerUntil: Timestamp?

        func all(at now: Timestamp) -> [Secret<String>] {
            [Secret(current)]
                + (formerUntil.map { $0 > now } ?? false ? [former].compactMap { $0.map { Secret($0) } } : [])
        }
    }

    private static func place(_ id: ID<OutgoingEndpoint>, _ tenant: Tenant) -> String {
        "inbox.endpoint/\(tenant.id)/\(id)"
    }

    private func seal(
        _ secrets: Secrets, of id: ID<OutgoingEndpoint>, in tenant: Tenant
    ) throws(StorageError) -> String {
        let text = try StoredJSON.text(secrets)
        return box.seal(Secret(Array(text.utf8)), for: Self.place(id, tenant), using: randomness)
    }

    // MARK: Endpoints

    /// Writes an endpoint; `false` when there are as many as there may be.
    func insert(
        _ endpoint: OutgoingEndpoint, _ secrets: Secrets, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "endpoint.insert",
            """
            INSERT INTO inbox_endpoints (tenant_id, id, address, events, sealed, state, created_at)
            SELECT \(tenant), \(endpoint.id), \(endpoint.address), \(try StoredJSON.text(endpoint.events)),
                \(try seal(secrets, of: endpoint.id, in: tenant)), \(endpoint.state), \(endpoint.createdAt)
            WHERE (SELECT count(*) FROM inbox_endpoints e WHERE e.tenant_id = \(tenant))
                < \(OutgoingEndpoint.Bounds.endpoints)
            """) == 1
    }

    func all(in tenant: Tenant) async throws(StorageError) -> [OutgoingEndpoint] {
        try await storage.reader(for: tenant).list(
            OutgoingEndpoint.self, "endpoint.all",
            """
            SELECT \(sql: OutgoingEndpoint.columns) FROM inbox_endpoints e WHERE e.tenant_id = \(tenant) ORDER BY e.id
            """, limit: OutgoingEndpoint.Bounds.endpoints)
    }

    /// The secrets of an endpoint; `nil` without one, or when they cannot be opened.
    func secrets(
        of id: ID<OutgoingEndpoint>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> Secrets? {
        let row = try await reading.first(
            SealedRow.self, "endpoint.secrets",
            "SELECT e.sealed FROM inbox_endpoints e WHERE e.tenant_id = \(tenant) AND e.id = \(id)")
        guard let row, let opened = box.open(row.sealed, for: Self.place(id, tenant)) else { return nil }
        return try opened.reveal { bytes throws(StorageError) in
            try StoredJSON.read(String(decoding: bytes, as: UTF8.self)) as Secrets
        }
    }

    func set(
        _ secrets: Secrets, of id: ID<OutgoingEndpoint>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "endpoint.setSecrets",
            """
            UPDATE inbox_endpoints SET sealed = \(try seal(secrets, of: id, in: tenant))
            WHERE tenant_id = \(tenant) AND id = \(id)
            """) == 1
    }

    func delete(
        _ id: ID<OutgoingEndpoint>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "endpoint.delete", "DELETE FROM inbox_endpoints WHERE tenant_id = \(tenant) AND id = \(id)") == 1
    }

    /// Lets an endpoint go on, or rest.
    func set(
        _ state: OutgoingEndpoint.State, _ reason: String?, of id: ID<OutgoingEndpoint>, through writing: some Writing,
        in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "endpoint.setState",
            """
            UPDATE inbox_endpoints SET state = \(state), reason = \(reason), failures = 0
            WHERE tenant_id = \(tenant) AND id = \(id)
            """) == 1
    }

    /// Notes how an attempt ended; returns the endpoint as it is then.
    ///
    /// Failures are counted one after the other, by the row itself: attempts of several nodes are all counted.
    func note(
        _ status: Int?, isGood: Bool, isGone: Bool, of id: ID<OutgoingEndpoint>, at time: Timestamp,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> OutgoingEndpoint? {
        let most = OutgoingEndpoint.Bounds.failures
        return try await writing.returning(
            OutgoingEndpoint.self, "endpoint.note",
            """
            UPDATE inbox_endpoints SET last_status = \(status), last_at = \(time),
                failures = CASE WHEN \(isGood) THEN 0 ELSE failures + 1 END,
                state = CASE WHEN \(isGone) OR (NOT \(isGood) AND failures + 1 >= \(most)) THEN 'paused' ELSE state END,
                reason = CASE WHEN \(isGone) THEN 'gone' WHEN NOT \(isGood) AND failures + 1 >= \(most) THEN 'failures'
                    ELSE reason END
            WHERE tenant_id = \(tenant) AND id = \(id)
            RETURNING id, address, events, state, reason, failures, last_status, last_at, created_at
            """, limit: 1
        ).first
    }

    // MARK: Hooks

    func insert(
        _ hooks: [OutgoingHook], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        guard !hooks.isEmpty else { return }
        let input = SQLRows(
            hooks, { $0.id }, { $0.endpointID }, { $0.kind.rawValue }, { $0.body }, { $0.createdAt })
        try await writing.execute(
            "outgoing.insert",
            """
            WITH input (id, endpoint_id, kind, body, created_at) AS (\(rows: input))
            INSERT INTO inbox_outgoing (tenant_id, id, endpoint_id, kind, body, state, created_at)
            SELECT \(tenant), i.id, i.endpoint_id, i.kind, i.body, 'waiting', i.created_at FROM input i WHERE true
            """)
    }

    func hook(
        _ id: ID<OutgoingHook>, through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> OutgoingHook? {
        try await reading.first(
            OutgoingHook.self, "outgoing.byID",
            "SELECT \(sql: OutgoingHook.columns) FROM inbox_outgoing o WHERE o.tenant_id = \(tenant) AND o.id = \(id)")
    }

    /// The newest of what an endpoint was told.
    func page(
        of endpoint: ID<OutgoingEndpoint>, after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<OutgoingHook> {
        try await storage.reader(for: tenant).page(
            OutgoingHook.self, "outgoing.page",
            """
            SELECT \(sql: OutgoingHook.columns) FROM inbox_outgoing o
            WHERE o.tenant_id = \(tenant) AND o.endpoint_id = \(endpoint)
            """, order: .descending("o.id"), after: cursor, limit: limit)
    }

    func settle(
        _ id: ID<OutgoingHook>, as state: OutgoingHook.State, _ status: Int?, _ reason: String?, at time: Timestamp,
        through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        let end: Timestamp? = state == .waiting ? nil : time
        try await writing.execute(
            "outgoing.settle",
            """
            UPDATE inbox_outgoing SET state = \(state), attempts = attempts + 1, status = \(status), reason = \(reason),
                settled_at = \(end)
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'waiting'
            """)
    }

    /// Has something be told again that could not be told; `false` when there is no such thing.
    func revive(
        _ id: ID<OutgoingHook>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "outgoing.revive",
            """
            UPDATE inbox_outgoing SET state = 'waiting', attempts = 0, settled_at = NULL
            WHERE tenant_id = \(tenant) AND id = \(id) AND state = 'failed'
            """) == 1
    }
}

extension OutgoingEndpoint: RowDecodable {
    static let columns: SQL =
        "e.id, e.address, e.events, e.state, e.reason, e.failures, e.last_status, e.last_at, e.created_at"

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), address: try row.value(at: 1), events: try StoredJSON.read(try row.value(at: 2)),
            state: try row.value(at: 3), reason: try row.optional(at: 4), failures: try row.value(at: 5),
            lastStatus: try row.optional(at: 6), lastAt: try row.optional(at: 7), createdAt: try row.value(at: 8))
    }
}

extension OutgoingHook: RowDecodable {
    static let columns: SQL =
        "o.id, o.endpoint_id, o.kind, o.body, o.state, o.attempts, o.status, o.reason, o.created_at"

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), endpointID: try row.value(at: 1), kind: try row.value(at: 2),
            body: try row.value(at: 3), state: try row.value(at: 4), attempts: try row.value(at: 5),
            status: try row.optional(at: 6), reason: try row.optional(at: 7), createdAt: try row.value(at: 8))
    }
}

private struct SealedRow: RowDecodable {
    let sealed: String

    init(row: SQLRow) throws(StorageError) { sealed = try row.value(at: 0) }
}
