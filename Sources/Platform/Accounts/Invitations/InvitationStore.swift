import Base
import Storage
import Web

/// The statements on invitations.
struct InvitationStore: Sendable {
    let storage: Storage

    private static let givers: SQL = """
        LEFT JOIN people p ON p.id = i.invited_by
        LEFT JOIN memberships m ON m.tenant_id = i.tenant_id AND m.person_id = i.invited_by
        """

    // MARK: Reading

    func find(
        _ hash: [UInt8], in tenant: Tenant, through reading: any Reading
    ) async throws(StorageError) -> Invitation? {
        try await reading.first(
            Invitation.self, "accounts.invitationByToken",
            """
            SELECT \(sql: Invitation.columns) FROM invitations i \(sql: Self.givers)
            WHERE i.tenant_id = \(tenant) AND i.hash = \(hash)
            """)
    }

    /// Those that nobody has accepted or taken back, the newest first; so those that are over come last.
    func waiting(of tenant: Tenant, limit: Int) async throws(StorageError) -> [Invitation] {
        try await storage.reader(for: tenant).list(
            Invitation.self, "accounts.invitations",
            """
            SELECT \(sql: Invitation.columns) FROM invitations i \(sql: Self.givers)
            WHERE i.tenant_id = \(tenant) AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL
            ORDER BY i.created_at DESC, i.id DESC
            """, limit: limit)
    }

    /// What somebody with this address may do in the tenant already; `nil` for who has no place there.
    func role(
        of email: EmailAddress, in tenant: Tenant, through reading: any Reading
    ) async throws(StorageError) -> Role? {
        try await reading.first(
            RoleRow.self, "accounts.roleOfAddress",
            """
            SELECT m.role FROM people p JOIN memberships m ON m.tenant_id = \(tenant) AND m.person_id = p.id
            WHERE p.email = \(email.text)
            """)?.role
    }

    // MARK: Writing

    /// Gives an invitation, in the place of an earlier one that waits; `nil` when as many are open as may be, or an open one
    /// is to a role above `authority`.
    ///
    /// The bound is checked by the insertion itself; two at once may pass it by one.
    func give(
        _ id: ID<Invitation>, to email: EmailAddress, as role: Role, hash: [UInt8], by person: ID<Person>,
        authority: Role, at now: Timestamp, openMax: Int, in tenant: Tenant, through writing: any Writing
    ) async throws(StorageError) -> ID<Invitation>? {
        try await writing.returning(
            IDRow.self, "accounts.giveInvitation",
            """
            INSERT INTO invitations (tenant_id, id, email, role, hash, invited_by, created_at, expires_at)
            SELECT \(tenant), \(id), \(email.text), \(role.rawValue), \(hash), \(person), \(now),
                \(now + Invitation.lifetime)
            WHERE (SELECT count(*) FROM invitations o WHERE o.tenant_id = \(tenant) AND o.accepted_at IS NULL
                AND o.withdrawn_at IS NULL AND o.expires_at > \(now) AND o.email <> \(email.text)) < \(openMax)
            ON CONFLICT (tenant_id, email) WHERE accepted_at IS NULL AND withdrawn_at IS NULL DO UPDATE SET
                role = excluded.role, hash = excluded.hash, invited_by = excluded.invited_by,
                created_at = excluded.created_at, expires_at = excluded.expires_at
            WHERE invitations.expires_at <= \(now)
                OR invitations.role IN (\(rows: SQLRows(Self.roles(upTo: authority))))
            RETURNING id
            """, limit: 1
        ).first?.id
    }

    /// Whether an open invitation to this address is to a role above `authority`.
    func isHigherWaiting(
        _ email: EmailAddress, than authority: Role, at now: Timestamp, in tenant: Tenant,
        through reading: any Reading
    ) async throws(StorageError) -> Bool {
        try await reading.exists(
            "accounts.higherInvitation",
            """
            SELECT i.id FROM invitations i WHERE i.tenant_id = \(tenant) AND i.email = \(email.text)
                AND i.accepted_at IS NULL AND i.withdrawn_at IS NULL AND i.expires_at > \(now)
                AND i.role NOT IN (\(rows: SQLRows(Self.roles(upTo: authority))))
            """)
    }

    private static func roles(upTo authority: Role) -> [String] {
        Role.allCases.filter { $0 <= authority }.map(\.rawValue)
    }

    /// Takes an invitation back that waits; `nil` when there is none of this id.
    func withdraw(
        _ id: ID<Invitation>, at now: Timestamp, in tenant: Tenant, through writing: any Writing
    ) async throws(StorageError) -> Role? {
        try await writing.returning(
            RoleRow.self, "accounts.withdrawInvitation",
            """
            UPDATE invitations SET withdrawn_at = \(now)
            WHERE tenant_id = \(tenant) AND id = \(id) AND accepted_at IS NULL AND withdrawn_at IS NULL
            RETURNING role
            """, limit: 1
        ).first?.role
    }

    /// Uses an invitation up; `false` when it was used, taken back or given anew meanwhile, or its time is over.
    func claim(
        _ id: ID<Invitation>, hash: [UInt8], for person: ID<Person>, at now: Timestamp, in tenant: Tenant,
        through writing: any Writing
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "accounts.acceptInvitation",
            """
            UPDATE invitations SET accepted_at = \(now), accepted_by = \(person)
            WHERE tenant_id = \(tenant) AND id = \(id) AND hash = \(hash) AND accepted_at IS NULL
                AND withdrawn_at IS NULL AND expires_at > \(now)
            """) == 1
    }

    private struct IDRow: RowDecodable {
        let id: ID<Invitation>

        init(row: SQLRow) throws(StorageError) { id = try row.value(at: 0) }
    }

    private struct RoleRow: RowDecodable {
        let role: Role

        init(row: SQLRow) throws(StorageError) { role = try Role(column: row.value(at: 0)) }
    }
}
