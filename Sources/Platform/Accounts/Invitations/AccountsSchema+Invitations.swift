import Base
import Storage

extension AccountsSchema {
    static let invitationTables = [
        TableDeclaration("invitations", retention: .after(column: "created_at", age: Invitation.age))
    ]

    static let invitations: [Migration.Step] = [
        .both(
            """
            CREATE TABLE invitations (
                tenant_id uuid NOT NULL, id uuid NOT NULL, email text NOT NULL,
                role text NOT NULL CHECK (role IN ('member', 'moderator', 'administrator')), hash bytea NOT NULL,
                invited_by uuid NOT NULL, created_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
                accepted_at timestamptz, accepted_by uuid, withdrawn_at timestamptz,
                PRIMARY KEY (tenant_id, id))
            """),
        .both("CREATE UNIQUE INDEX invitations_by_hash ON invitations (tenant_id, hash)"),
        // One address has one invitation that waits: a new one takes the place of the old.
        .both(
            """
            CREATE UNIQUE INDEX invitations_waiting ON invitations (tenant_id, email)
            WHERE accepted_at IS NULL AND withdrawn_at IS NULL
            """),
        .both(
            """
            CREATE INDEX invitations_newest ON invitations (tenant_id, created_at, id)
            WHERE accepted_at IS NULL AND withdrawn_at IS NULL
            """),
        // Who leaves is found by what they gave and took.
        .both("CREATE INDEX invitations_by_giver ON invitations (tenant_id, invited_by)"),
        .both(
            "CREATE INDEX invitations_by_taker ON invitations (tenant_id, accepted_by) WHERE accepted_by IS NOT NULL"),
        // Invitations to the address of who leaves go with it, in whichever tenant.
        .both("CREATE INDEX invitations_by_address ON invitations (email)"),
        // The sweep that drops old rows knows no tenant.
        .both("CREATE INDEX invitations_by_age ON invitations (created_at)"),
    ]
}
