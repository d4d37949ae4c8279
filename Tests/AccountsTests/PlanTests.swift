import Base
import BaseTestKit
import Logging
import Storage
import StorageBackends
import StorageTestKit
import Testing
import Web

@testable import Accounts

@Suite(.databases) struct PlanTests {
    /// 50,000 people, members, keys and entries, 20,000 tenants and revocations.
    private func fill(_ installation: Installation) async throws {
        let start = installation.clock.now()
        let tenant = installation.open
        try await installation.storage.write(bypassingTenant: AccountsSchema.peopleCapability) { transaction in
            try await transaction.execute(
                "test.people",
                """
                INSERT INTO people (id, email, name, password, is_operator, created_at)
                SELECT gen_random_uuid(), 'p' || g || '@example.com', 'P', 'x', false, \(start)
                FROM generate_series(1, 50000) g
                """)
            try await transaction.execute(
                "test.memberships",
                """
                INSERT INTO memberships (tenant_id, person_id, role, is_owner, joined_at)
                SELECT \(tenant), id, 'member', false, \(start) FROM people
                """)
            try await transaction.execute(
                "test.epochs",
                """
                INSERT INTO session_epochs (person_id, version, changed_at)
                SELECT id, 2, \(start - .seconds(30 * 86_400)) FROM people LIMIT 20000
                """)
            try await transaction.execute(
                "test.tenants",
                """
                INSERT INTO tenants (id, slug, name, joining, state, created_at, changed_at)
                SELECT gen_random_uuid(), 't' || g, 'T', 'open', 'active', \(start), \(start - .seconds(86_400))
                FROM generate_series(1, 20000) g
                """)
            try await transaction.execute(
                "test.keys",
                """
                INSERT INTO api_keys (tenant_id, id, prefix, hash, name, scopes, created_at)
                SELECT gen_random_uuid(), gen_random_uuid(), 'cap_' || g, '\\x00', 'K', 'a.b', \(start)
                FROM generate_series(1, 50000) g
                """)
            try await transaction.execute(
                "test.audit",
                """
                INSERT INTO audit_entries (tenant_id, id, made_at, actor_kind, action, subject_kind, subject_id, detail)
                SELECT \(tenant), gen_random_uuid(), \(start) + g * interval '1 second', 'system', 'a.b', 'x', 'y', '{}'
                FROM generate_series(1, 50000) g
                """)
            try await transaction.execute(
                "test.invitations",
                """
                INSERT INTO invitations (tenant_id, id, email, role, hash, invited_by, created_at, expires_at, withdrawn_at)
                SELECT \(tenant), gen_random_uuid(), 'i' || g || '@example.com', 'member', sha256(g::text::bytea),
                    gen_random_uuid(), \(start), \(start), CASE WHEN g > 100 THEN \(start) END
                FROM generate_series(1, 20000) g
                """)
        }
        try await PlanInspector.analyse(installation.storage.driver)
    }

    @Test(arguments: Backend.all.filter { $0.name == "postgres" })
    func `no statement looks at a whole table`(backend: Backend) async throws {
        let installation = try await Installation(backend)
        try await fill(installation)
        let recorded = RecordedStatements()
        installation.storage.setRecorder(recorded)
        let (doorkeeper, tenant) = (installation.doorkeeper, installation.open)
        let ada = try await installation.signUp("ada@example.net").profile.id
        _ = try await installation.signIn("ada@example.net")
        _ = try await doorkeeper.profile(of: ada, in: tenant)
        let page = try await doorkeeper.members(of: tenant, limit: 50)
        _ = try await doorkeeper.members(of: tenant, after: page.next, limit: 50)
        try await doorkeeper.setRole(.moderator, of: ada, in: tenant, by: .system)
        try await doorkeeper.ban(ada, in: tenant, by: .system, authority: .operator, reason: "x")
        try await doorkeeper.verify(ada, in: tenant, by: .system)
        let (key, text) = try await installation.keys.create(name: "k", scopes: ["a.b"], for: tenant, by: ada)
        _ = try await installation.keys.grant(for: text)
        try await installation.keys.flushUses()
        _ = try await installation.keys.page(of: tenant)
        _ = try await installation.keys.revoke(key.id, of: tenant, by: ada)
        let invitations = installation.invitations
        let (given, token) = try await invitations.invite(
            "ada@example.net", as: .administrator, by: ada, authority: .operator, to: tenant)
        _ = try await invitations.find(token, in: tenant)
        #expect(try await invitations.waiting(of: tenant).count == 101)
        try await invitations.withdraw(given, of: tenant, by: ada, authority: .operator)
        let address = try #require(EmailAddress("i7@example.com"))
        try await installation.storage.write(bypassingTenant: AccountsSchema.peopleCapability) { transaction in
            try await PersonalDataStore(storage: installation.storage).forgetInvitations(
                to: address, through: transaction)
        }
        let entries = try await installation.trail.page(of: tenant)
        _ = try await installation.trail.page(of: tenant, after: entries.next)
        let now = installation.clock.now()
        try await installation.trail.export(of: tenant, in: now..<now + .seconds(60)) { _ in }
        try await installation.epochs.refresh()
        try await installation.directory.refresh()
        try await installation.directory.setState(.suspended, of: installation.invited)
        let retention = Retention(
            storage: installation.storage, modules: [AccountsSchema.module], clock: installation.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(try await retention.sweep() == 0)
        installation.storage.setRecorder(nil)
        let inspector = PlanInspector(
            driver: installation.storage.driver,
            largeTables: Set(AccountsSchema.module.tables.map(\.name))
                .subtracting(AccountsSchema.notificationTables.map(\.name)))
        let findings = try await inspector.findings(in: recorded)
        #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n\n"))")
        #expect(recorded.distinct.count >= 20)
    }

    @Test(arguments: Backend.all) func `audit entries go when they are old, and no others`(backend: Backend)
        async throws
    {
        let installation = try await Installation(backend)
        let tenant = installation.open
        try await installation.trail.append("note.written", by: .system, on: ("note", "old"), for: tenant)
        installation.clock.advance(by: AccountsSchema.auditAge - .seconds(60))
        try await installation.trail.append("note.written", by: .system, on: ("note", "new"), for: tenant)
        installation.clock.advance(by: .seconds(61))
        let retention = Retention(
            storage: installation.storage, modules: [AccountsSchema.module], clock: installation.clock,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        #expect(try await retention.sweep() == 1)
        #expect(try await installation.trail.page(of: tenant).items.map(\.subjectID) == ["new"])
    }
}
