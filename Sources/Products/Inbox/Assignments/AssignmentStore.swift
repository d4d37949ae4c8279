import Base
import Storage

/// Who may be given a conversation.
struct AssignmentStore: Sendable {
    let storage: Storage

    /// Takes the company's roster until the transaction ends, and the next turn of it: two who give out at once could give
    /// somebody more than their cap.
    func takeTurn(through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Int64 {
        try await writing.returning(
            TurnRow.self, "assignment.takeTurn",
            """
            INSERT INTO inbox_rosters AS o (tenant_id, given) VALUES (\(tenant), 1)
            ON CONFLICT (tenant_id) DO UPDATE SET given = o.given + 1 RETURNING given
            """, limit: 1
        ).first?.given ?? 1
    }

    /// Members of a team who are present and under their cap, whoever was given something longest ago first.
    func free(
        of team: ID<Team>, among present: [ID<Person>], through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> [ID<Person>] {
        guard !present.isEmpty else { return [] }
        return try await writing.returning(
            PersonRow.self, "assignment.free",
            """
            SELECT m.person_id FROM inbox_team_members m
            WHERE m.tenant_id = \(tenant) AND m.team_id = \(team) AND m.person_id IN (\(rows: SQLRows(present)))
                AND (SELECT count(*) FROM inbox_conversations c WHERE c.tenant_id = \(tenant)
                    AND c.assignee_id = m.person_id AND c.state = 'open') < m.cap
            ORDER BY m.turn, m.person_id
            """, limit: Team.Bounds.members
        ).map(\.person)
    }

    /// Notes that somebody was given something, in all teams that they are in.
    func note(
        _ person: ID<Person>, turn: Int64, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) {
        try await writing.execute(
            "assignment.note",
            "UPDATE inbox_team_members SET turn = \(turn) WHERE tenant_id = \(tenant) AND person_id = \(person)")
    }

    /// Who has answered a customer last, in another conversation since a time.
    func lastAgent(
        of contact: ID<Contact>, except conversation: ID<Conversation>, since time: Timestamp,
        through reading: some Reading, in tenant: Tenant
    ) async throws(StorageError) -> ID<Person>? {
        try await reading.first(
            PersonRow.self, "assignment.lastAgent",
            """
            SELECT c.assignee_id FROM inbox_conversations c
            WHERE c.tenant_id = \(tenant) AND c.contact_id = \(contact) AND c.id <> \(conversation)
                AND c.assignee_id IS NOT NULL AND c.last_message_at > \(time)
            ORDER BY c.last_message_at DESC
            """
        )?.person
    }
}

private struct TurnRow: RowDecodable {
    let given: Int64

    init(row: SQLRow) throws(StorageError) { given = try row.value(at: 0) }
}

private struct PersonRow: RowDecodable {
    let person: ID<Person>

    init(row: SQLRow) throws(StorageError) { person = try row.value(at: 0) }
}
