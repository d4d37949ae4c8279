import Base
public import Storage

/// The module's part of the database.
public enum AccountsSchema {
    /// How long audit entries are kept: 400 days.
    public static let auditAge = Duration.seconds(400 * 86_400)

    /// Tables and their history.
    public static let module = SchemaModule(
        name: "accounts",
        tables: [
            TableDeclaration("people", .system),
            TableDeclaration("tenants", .system),
            TableDeclaration("session_epochs", .system),
            TableDeclaration("personal_requests", .system),
            TableDeclaration("memberships"),
            TableDeclaration("api_keys"),
            TableDeclaration("audit_entries", retention: .after(column: "made_at", age: auditAge)),
        ] + notificationTables + invitationTables,
        migrations: [
            Migration(1, "people, tenants, memberships, keys, audit", people + tenants + keys + audit),
            Migration(2, "requests for personal data", requests),
            Migration(3, "notifications and push", notifications),
            Migration(4, "invitations", invitations),
        ])

    /// The rights of this module to work across tenants.
    public static let capabilities = [peopleCapability, tenantsCapability, keysCapability, pushCapability]

    static let peopleCapability = SystemCapability(
        name: "accounts.people", reason: "A person belongs to the installation and may enter several tenants.")
    static let tenantsCapability = SystemCapability(
        name: "accounts.tenants", reason: "Which tenant a host belongs to is asked before any tenant is known.")
    static let keysCapability = SystemCapability(
        name: "accounts.keys", reason: "Which tenant an API key belongs to is what looking it up answers.")

    private static let people: [Migration.Step] = [
        .both(
            """
            CREATE TABLE people (
                id uuid NOT NULL PRIMARY KEY,
                email text NOT NULL, name text NOT NULL, password text NOT NULL,
                is_operator boolean NOT NULL, verified_at timestamptz, banned_at timestamptz,
                created_at timestamptz NOT NULL)
            """),
        .both("CREATE UNIQUE INDEX people_by_email ON people (email)"),
        .both(
            """
            CREATE TABLE session_epochs (
                person_id uuid NOT NULL PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
                version bigint NOT NULL CHECK (version > 0), changed_at timestamptz NOT NULL)
            """),
        .both("CREATE INDEX session_epochs_by_change ON session_epochs (changed_at, person_id)"),
    ]

    private static let tenants: [Migration.Step] = [
        .both(
            """
            CREATE TABLE tenants (
                id uuid NOT NULL PRIMARY KEY,
                slug text NOT NULL, host text, name text NOT NULL,
                joining text NOT NULL CHECK (joining IN ('open', 'invited')),
                state text NOT NULL CHECK (state IN ('active', 'suspended')),
                created_at timestamptz NOT NULL, changed_at timestamptz NOT NULL)
            """),
        .both("CREATE UNIQUE INDEX tenants_by_slug ON tenants (slug)"),
        .both("CREATE UNIQUE INDEX tenants_by_host ON tenants (host) WHERE host IS NOT NULL"),
        .both("CREATE INDEX tenants_by_change ON tenants (changed_at, id)"),
        .both(
            """
            CREATE TABLE memberships (
                tenant_id uuid NOT NULL, person_id uuid NOT NULL,
                role text NOT NULL CHECK (role IN ('member', 'moderator', 'administrator')),
                is_owner boolean NOT NULL, banned_at timestamptz, joined_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, person_id),
                FOREIGN KEY (person_id) REFERENCES people (id) ON DELETE CASCADE)
            """),
        .both("CREATE INDEX memberships_by_person ON memberships (person_id)"),
    ]

    private static let requests: [Migration.Step] = [
        .both(
            """
            CREATE TABLE personal_requests (
                id uuid NOT NULL PRIMARY KEY, person_id uuid NOT NULL, pseudonym uuid NOT NULL,
                asked_in uuid NOT NULL, kind text NOT NULL CHECK (kind IN ('export', 'erasure')),
                state text NOT NULL CHECK (state IN ('running', 'settling', 'done')),
                requested_at timestamptz NOT NULL, due_at timestamptz, finished_at timestamptz, note text)
            """),
        .both("CREATE UNIQUE INDEX personal_requests_one ON personal_requests (person_id) WHERE kind = 'erasure'"),
        .both("CREATE INDEX personal_requests_of_person ON personal_requests (person_id, requested_at, id)"),
        .both("CREATE INDEX personal_requests_due ON personal_requests (due_at) WHERE due_at IS NOT NULL"),
        // Who leaves is found in the trail by what was done, and by what was done to them.
        .index(
            name: "audit_entries_by_actor", on: "audit_entries",
            definition: "(tenant_id, actor_id, made_at, id) WHERE actor_id IS NOT NULL"),
        .index(
            name: "audit_entries_by_person", on: "audit_entries",
            definition: "(tenant_id, subject_id) WHERE subject_kind = 'person'"),
    ]

    private static let keys: [Migration.Step] = [
        .both(
            """
            CREATE TABLE api_keys (
                tenant_id uuid NOT NULL, id uuid NOT NULL,
                prefix text NOT NULL, hash bytea NOT NULL, name text NOT NULL, scopes text NOT NULL,
                made_by uuid, created_at timestamptz NOT NULL,
                expires_at timestamptz, revoked_at timestamptz, last_used_at timestamptz,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE UNIQUE INDEX api_keys_by_prefix ON api_keys (prefix)"),
    ]

    private static let audit: [Migration.Step] = [
        .both(
            """
            CREATE TABLE audit_entries (
                tenant_id uuid NOT NULL, id uuid NOT NULL,
                made_at timestamptz NOT NULL, actor_kind text NOT NULL, actor_id uuid, action text NOT NULL,
                subject_kind text NOT NULL, subject_id text NOT NULL, detail jsonb NOT NULL,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE INDEX audit_entries_by_time ON audit_entries (tenant_id, made_at, id)"),
        // The sweep that drops old entries knows no tenant.
        .both("CREATE INDEX audit_entries_by_age ON audit_entries (made_at)"),
    ]
}
