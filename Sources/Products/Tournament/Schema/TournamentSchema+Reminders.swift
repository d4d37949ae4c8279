import Storage

extension TournamentSchema {
    static let reminderTables = [TableDeclaration("slot_reminders")]

    /// Who wants to be told when a slot opens; a row goes when its person is told.
    static let reminders: [Migration.Step] =
        keyed(
            """
            CREATE TABLE slot_reminders (
                tenant_id uuid NOT NULL, slot_id uuid NOT NULL, person_id uuid NOT NULL,
                asked_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, slot_id, person_id))
            """)
        + [.both("CREATE INDEX slot_reminders_of_person ON slot_reminders (tenant_id, person_id, slot_id)")]
}
