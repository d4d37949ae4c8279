import Storage

extension TournamentSchema {
    static let reminderTables = [TableDeclaration("slot_reminders")]

    /// Who wants to be told when a slot opens, a row that goes when its person is told; and of which replies somebody is
    /// to be told.
    static let reminders: [Migration.Step] =
        keyed(
            """
            CREATE TABLE slot_reminders (
                tenant_id uuid NOT NULL, slot_id uuid NOT NULL, person_id uuid NOT NULL,
                asked_at timestamptz NOT NULL,
                PRIMARY KEY (tenant_id, slot_id, person_id))
            """)
        + [
            .both("CREATE INDEX slot_reminders_of_person ON slot_reminders (tenant_id, person_id, slot_id)"),
            // Whether the author of the comment that one replies to was told; nothing is told of what was there before.
            .both("ALTER TABLE comments ADD COLUMN is_told boolean NOT NULL DEFAULT true"),
            .index(
                name: "comments_untold", on: "comments",
                definition: "(tenant_id, id) WHERE parent_id IS NOT NULL AND state = 'approved' AND NOT is_told"),
        ]
}
