import Base
import Storage

/// The table of requests for data, and what leaving changes in the other tables of this module.
struct PersonalDataStore: Sendable {
    enum Bounds {
        /// Tenants of one person that an export or an erasure looks at.
        static let tenants = 1_000
        /// Audit entries that one step of an erasure changes.
        static let entries = 500
    }

    let storage: Storage

    private var capability: SystemCapability { AccountsSchema.peopleCapability }
    private var reader: Reader { storage.reader(bypassingTenant: capability) }
    private var writer: Writer { storage.writer(bypassingTenant: capability) }

    // MARK: Requests

    /// Writes a request; `false` when the person has asked for an erasure before.
    func insert(
        _ request: PersonalRequest, dueAt: Timestamp?, through writing: some Writing
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "personalRequest.insert",
            """
            INSERT INTO personal_requests (id, person_id, pseudonym, asked_in, kind, state, requested_at, due_at)
            VALUES (\(request.id), \(request.person), \(request.pseudonym), \(request.tenant.id), \(request.kind),
                \(request.state), \(request.requestedAt), \(dueAt))
            ON CONFLICT DO NOTHING
            """) == 1
    }

    func insert(_ request: PersonalRequest) async throws(StorageError) {
        _ = try await insert(request, dueAt: nil, through: writer)
    }

    /// A person's requests, the newest first.
    func requests(of person: ID<Person>, limit: Int) async throws(StorageError) -> [PersonalRequest] {
        try await reader.list(
            PersonalRequest.self, "personalRequest.ofPerson",
            """
            SELECT \(sql: PersonalRequest.columns) FROM personal_requests
            WHERE person_id = \(person) ORDER BY requested_at DESC, id DESC
            """, limit: limit)
    }

    /// Whether any request is due.
    func isAnyDue(at now: Timestamp) async throws(StorageError) -> Bool {
        try await reader.first(
            DueRow.self, "personalRequest.due",
            "SELECT due_at FROM personal_requests WHERE due_at <= \(now) ORDER BY due_at") != nil
    }

    /// Takes the erasure that has waited longest for itself, until `leaseEnd`, when another may take it over.
    func claim(at now: Timestamp, until leaseEnd: Timestamp) async throws(StorageError) -> PersonalRequest? {
        let skip: SQL = storage.dialect == .postgres ? " FOR UPDATE SKIP LOCKED" : ""
        return try await writer.returning(
            PersonalRequest.self, "personalRequest.claim",
            """
            UPDATE personal_requests SET due_at = \(leaseEnd) WHERE id IN (
                SELECT r.id FROM personal_requests r WHERE r.due_at <= \(now) ORDER BY r.due_at LIMIT 1\(sql: skip))
            RETURNING \(sql: PersonalRequest.columns)
            """, limit: 1
        ).first
    }

    /// Says when a request is to be looked at again, and what it waits for.
    func postpone(
        _ id: ID<PersonalRequest>, to time: Timestamp, note: String?
    ) async throws(StorageError) {
        try await writer.execute(
            "personalRequest.postpone",
            "UPDATE personal_requests SET due_at = \(time), note = \(note) WHERE id = \(id) AND due_at IS NOT NULL")
    }

    /// Puts a request into another state.
    func advance(
        _ id: ID<PersonalRequest>, to state: PersonalRequest.State, dueAt: Timestamp?, finishedAt: Timestamp,
        note: String?
    ) async throws(StorageError) {
        try await writer.execute(
            "personalRequest.advance",
            """
            UPDATE personal_requests SET state = \(state), due_at = \(dueAt), finished_at = \(finishedAt),
                note = \(note) WHERE id = \(id)
            """)
    }

    // MARK: What is exported

    /// The places of a person, in order of the tenants.
    func memberships(of person: ID<Person>) async throws(StorageError) -> [PlaceOfPerson] {
        try await reader.list(
            PlaceOfPerson.self, "personalData.memberships",
            """
            SELECT m.tenant_id, m.role, m.is_owner, m.joined_at, t.name
            FROM memberships m LEFT JOIN tenants t ON t.id = m.tenant_id
            WHERE m.person_id = \(person) ORDER BY m.tenant_id
            """, limit: Bounds.tenants)
    }

    /// Hands over what the person did in a tenant as its audit trail tells, in chunks.
    func entries(
        of person: ID<Person>, in tenant: Tenant, _ body: ([AuditEntry]) async throws -> Void
    ) async throws {
        try await storage.read(for: tenant) { transaction in
            try await transaction.stream(
                "personalData.audit",
                """
                SELECT \(sql: AuditEntry.columns) FROM audit_entries
                WHERE tenant_id = \(tenant) AND actor_id = \(person) AND actor_kind = 'person' ORDER BY made_at, id
                """, chunkRows: 500
            ) { rows in
                var entries: [AuditEntry] = []
                for index in 0..<rows.rowCount {
                    entries.append(try AuditEntry(row: SQLRow(source: rows, index: index)))
                }
                try await body(entries)
            }
        }
    }

    // MARK: What leaving changes

    /// Takes everything out of a person's row by which the person could be known or could come back; `false` when
    /// there is no such person, or it runs the installation or owns a tenant.
    func blank(_ person: ID<Person>, at now: Timestamp, through writing: some Writing) async throws(StorageError)
        -> Bool
    {
        try await writing.execute(
            "personalData.blank",
            """
            UPDATE people SET email = \("erased-\(person)@erased.invalid"), name = 'Erased person', password = '',
                verified_at = NULL, banned_at = \(now)
            WHERE id = \(person) AND NOT is_operator AND NOT EXISTS (
                SELECT 1 FROM memberships m WHERE m.person_id = \(person) AND m.is_owner)
            """) == 1
    }

    /// Deletes the invitations to an address, in whichever tenant.
    func forgetInvitations(
        to address: EmailAddress, through writing: some Writing
    ) async throws(StorageError) {
        try await writing.execute(
            "personalData.invited", "DELETE FROM invitations WHERE email = \(address.text)")
    }

    /// Puts the pseudonym in the person's place in some entries of a tenant's audit trail; returns how many, fewer than
    /// ``Bounds/entries`` twice over when none are left.
    func pseudonymise(_ leaver: Leaver, in tenant: Tenant) async throws(StorageError) -> Int {
        let writer = storage.writer(for: tenant)
        let done = try await writer.execute(
            "personalData.pseudonymiseActor",
            """
            UPDATE audit_entries SET actor_id = \(leaver.pseudonym) WHERE tenant_id = \(tenant) AND id IN (
                SELECT e.id FROM audit_entries e
                WHERE e.tenant_id = \(tenant) AND e.actor_id = \(leaver.person) AND e.actor_kind = 'person'
                LIMIT \(Bounds.entries))
            """)
        return try await done
            + writer.execute(
                "personalData.pseudonymiseSubject",
                """
                UPDATE audit_entries SET subject_id = \(leaver.pseudonym.description)
                WHERE tenant_id = \(tenant) AND id IN (
                    SELECT e.id FROM audit_entries e WHERE e.tenant_id = \(tenant)
                        AND e.subject_id = \(leaver.person.description) AND e.subject_kind = 'person'
                    LIMIT \(Bounds.entries))
                """)
    }

    /// Takes the person from the tenant's keys, which stay the tenant's, and from its members.
    func leave(_ leaver: Leaver, _ tenant: Tenant) async throws {
        try await storage.write(for: tenant) { transaction in
            try await transaction.execute(
                "personalData.keys",
                """
                UPDATE api_keys SET made_by = NULL WHERE tenant_id = \(tenant) AND made_by = \(leaver.person)
                """)
            try await transaction.execute(
                "personalData.invitations",
                """
                DELETE FROM invitations
                WHERE tenant_id = \(tenant) AND (invited_by = \(leaver.person) OR accepted_by = \(leaver.person))
                """)
            try await transaction.execute(
                "personalData.leave",
                "DELETE FROM memberships WHERE tenant_id = \(tenant) AND person_id = \(leaver.person)")
        }
    }

    /// Removes the bare number that was left of a person, and the person from the requests.
    func forget(_ request: PersonalRequest) async throws {
        try await storage.write(bypassingTenant: capability) { transaction in
            try await transaction.execute("personalData.forget", "DELETE FROM people WHERE id = \(request.person)")
            try await transaction.execute(
                "personalRequest.forget",
                """
                UPDATE personal_requests SET person_id = \(request.pseudonym), state = 'done', due_at = NULL
                WHERE person_id = \(request.person)
                """)
        }
    }
}

/// A person's place in a tenant, as an export tells of it.
struct PlaceOfPerson: Sendable, RowDecodable {
    let tenant: Tenant
    let role: String
    let isOwner: Bool
    let joinedAt: Timestamp
    let tenantName: String?

    init(row: SQLRow) throws(StorageError) {
        tenant = Tenant(try row.value(at: 0))
        role = try row.value(at: 1)
        isOwner = try row.value(at: 2)
        joinedAt = try row.value(at: 3)
        tenantName = try row.optional(at: 4)
    }
}

private struct DueRow: RowDecodable {
    init(row: SQLRow) throws(StorageError) {}
}
