import Base
import Storage
import Web

/// The statements on people, memberships and session epochs.
struct PeopleStore: Sendable {
    let storage: Storage

    private var capability: SystemCapability { AccountsSchema.peopleCapability }

    // MARK: Reading

    func credentials(of email: EmailAddress, in tenant: Tenant) async throws(StorageError) -> Credentials? {
        try await storage.reader(bypassingTenant: capability).first(
            Credentials.self, "accounts.credentials",
            """
            SELECT \(sql: Profile.columns), p.password, m.role, m.banned_at AS banned_here,
                COALESCE(e.version, 1) AS version
            FROM people p
            LEFT JOIN memberships m ON m.tenant_id = \(tenant) AND m.person_id = p.id
            LEFT JOIN session_epochs e ON e.person_id = p.id
            WHERE p.email = \(email.text)
            """)
    }

    func credentials(of person: ID<Person>, in tenant: Tenant) async throws(StorageError) -> Credentials? {
        try await storage.reader(bypassingTenant: capability).first(
            Credentials.self, "accounts.credentialsByID",
            """
            SELECT \(sql: Profile.columns), p.password, m.role, m.banned_at AS banned_here,
                COALESCE(e.version, 1) AS version
            FROM people p
            LEFT JOIN memberships m ON m.tenant_id = \(tenant) AND m.person_id = p.id
            LEFT JOIN session_epochs e ON e.person_id = p.id
            WHERE p.id = \(person)
            """)
    }

    func members(of tenant: Tenant, after cursor: Cursor?, limit: Int) async throws(StorageError) -> Page<Membership> {
        try await storage.reader(for: tenant).page(
            Membership.self, "accounts.members",
            """
            SELECT m.person_id, m.role, m.is_owner, m.banned_at, m.joined_at, p.name
            FROM memberships m JOIN people p ON p.id = m.person_id
            WHERE m.tenant_id = \(tenant)
            """, order: .ascending("m.person_id"), after: cursor, limit: limit)
    }

    /// Those who are not banned, by name.
    func members(of tenant: Tenant, limit: Int) async throws(StorageError) -> [Membership] {
        try await storage.reader(for: tenant).list(
            Membership.self, "accounts.membersByName",
            """
            SELECT m.person_id, m.role, m.is_owner, m.banned_at, m.joined_at, p.name
            FROM memberships m JOIN people p ON p.id = m.person_id
            WHERE m.tenant_id = \(tenant) AND m.banned_at IS NULL AND p.banned_at IS NULL
            ORDER BY p.name, m.person_id
            """, limit: limit)
    }

    // MARK: Writing

    /// Returns `false` when another person has the address.
    func insert(
        _ person: ID<Person>, email: EmailAddress, name: PersonName, password: PasswordHash, isOperator: Bool,
        at now: Timestamp, in transaction: WriteTransaction
    ) async throws(StorageError) -> Bool {
        try await transaction.execute(
            "accounts.insertPerson",
            """
            INSERT INTO people (id, email, name, password, is_operator, created_at)
            VALUES (\(person), \(email.text), \(name.text), \(password.text), \(isOperator), \(now))
            ON CONFLICT (email) DO NOTHING
            """) == 1
    }

    /// Returns `false` when the person is a member already.
    func join(
        _ person: ID<Person>, _ tenant: Tenant, as role: Role, isOwner: Bool, at now: Timestamp,
        in transaction: WriteTransaction
    ) async throws(StorageError) -> Bool {
        try await transaction.execute(
            "accounts.insertMembership",
            """
            INSERT INTO memberships (tenant_id, person_id, role, is_owner, joined_at)
            VALUES (\(tenant), \(person), \(role.rawValue), \(isOwner), \(now))
            ON CONFLICT (tenant_id, person_id) DO NOTHING
            """) == 1
    }

    /// Returns `false` when there is no such member, or it is the owner.
    func setRole(
        _ role: Role, of person: ID<Person>, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws(StorageError) -> Bool {
        try await transaction.execute(
            "accounts.setRole",
            """
            UPDATE memberships SET role = \(role.rawValue)
            WHERE tenant_id = \(tenant) AND person_id = \(person) AND NOT is_owner
            """) == 1
    }

    /// Gives a member a higher role; returns `false` when theirs is as high, or it is the owner.
    func raiseRole(
        to role: Role, of person: ID<Person>, in tenant: Tenant, _ transaction: WriteTransaction
    ) async throws(StorageError) -> Bool {
        let below = Role.allCases.filter { $0 < role }.map(\.rawValue)
        guard !below.isEmpty else { return false }
        return try await transaction.execute(
            "accounts.raiseRole",
            """
            UPDATE memberships SET role = \(role.rawValue)
            WHERE tenant_id = \(tenant) AND person_id = \(person) AND NOT is_owner AND role IN (\(rows: SQLRows(below)))
            """) == 1
    }

    /// Returns `false` when there is no such member, it is the owner, or its role is not below `authority`.
    func setBan(
        _ time: Timestamp?, of person: ID<Person>, in tenant: Tenant, authority: Role, _ transaction: WriteTransaction
    ) async throws(StorageError) -> Bool {
        let below = Role.allCases.filter { $0 < authority }.map(\.rawValue)
        return try await transaction.execute(
            "accounts.setBan",
            """
            UPDATE memberships SET banned_at = \(value: time.sqlValue)
            WHERE tenant_id = \(tenant) AND person_id = \(person) AND NOT is_owner
                AND role IN (\(rows: SQLRows(below)))
            """) == 1
    }

    /// Returns `false` when there is no such person.
    func setBanEverywhere(
        _ time: Timestamp?, of person: ID<Person>, _ transaction: WriteTransaction
    ) async throws(StorageError) -> Bool {
        try await transaction.execute(
            "accounts.setBanEverywhere",
            "UPDATE people SET banned_at = \(value: time.sqlValue) WHERE id = \(person) AND NOT is_operator") == 1
    }

    func verify(
        _ person: ID<Person>, at now: Timestamp, _ transaction: WriteTransaction
    ) async throws(StorageError) -> Bool {
        try await transaction.execute(
            "accounts.verifyPerson",
            "UPDATE people SET verified_at = \(now) WHERE id = \(person) AND verified_at IS NULL") == 1
    }

    func setPassword(
        _ password: PasswordHash, of person: ID<Person>, _ transaction: WriteTransaction
    ) async throws(StorageError) -> Bool {
        try await transaction.execute(
            "accounts.setPassword", "UPDATE people SET password = \(password.text) WHERE id = \(person)") == 1
    }

    /// Stores the same password under another cost, unless it was changed meanwhile.
    func rehash(_ person: ID<Person>, from old: String, to new: PasswordHash) async throws(StorageError) {
        try await storage.writer(bypassingTenant: capability).execute(
            "accounts.rehashPassword",
            "UPDATE people SET password = \(new.text) WHERE id = \(person) AND password = \(old)")
    }

    /// Ends all sessions of a person; returns the version of the sessions from now on.
    func raiseEpoch(
        of person: ID<Person>, at now: Timestamp, _ transaction: WriteTransaction
    ) async throws(StorageError) -> Int {
        let rows = try await transaction.returning(
            Version.self, "accounts.raiseEpoch",
            """
            INSERT INTO session_epochs (person_id, version, changed_at) VALUES (\(person), 2, \(now))
            ON CONFLICT (person_id) DO UPDATE
                SET version = session_epochs.version + 1, changed_at = excluded.changed_at
            RETURNING version
            """, limit: 1)
        guard let version = rows.first?.value else {
            throw StorageError(.notOne, "raising a session epoch gave no version")
        }
        return version
    }

    private struct Version: RowDecodable {
        let value: Int

        init(row: SQLRow) throws(StorageError) { value = try row.value(at: 0) }
    }
}
