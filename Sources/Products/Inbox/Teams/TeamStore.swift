import Base
import Storage

/// Teams and who is in them.
struct TeamStore: Sendable {
    let storage: Storage

    /// All teams of a company with their members, by name: one statement.
    func all(in tenant: Tenant) async throws(StorageError) -> [Team] {
        let rows = try await storage.reader(for: tenant).list(
            MemberRow.self, "team.all",
            """
            SELECT t.id, t.name, t.channels, m.person_id, m.cap FROM inbox_teams t
            LEFT JOIN inbox_team_members m ON m.tenant_id = \(tenant) AND m.team_id = t.id
            WHERE t.tenant_id = \(tenant) ORDER BY t.name, t.id, m.person_id
            """, limit: Team.Bounds.teams * Team.Bounds.members)
        var teams: [Team] = []
        for row in rows {
            if teams.last?.id != row.team.id { teams.append(row.team) }
            if let member = row.member { teams[teams.count - 1].members.append(member) }
        }
        return teams
    }

    /// Writes a team; `false` when there are as many as there may be.
    func insert(
        _ team: Team, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "team.insert",
            """
            INSERT INTO inbox_teams (tenant_id, id, name, channels, created_at)
            SELECT \(tenant), \(team.id), \(team.name), \(try StoredJSON.text(team.channels)), \(time)
            WHERE (SELECT count(*) FROM inbox_teams o WHERE o.tenant_id = \(tenant)) < \(Team.Bounds.teams)
            """) == 1
    }

    /// Changes name and channels; `false` when there is no such team.
    func update(_ team: Team, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Bool {
        try await writing.execute(
            "team.update",
            """
            UPDATE inbox_teams SET name = \(team.name), channels = \(try StoredJSON.text(team.channels))
            WHERE tenant_id = \(tenant) AND id = \(team.id)
            """) == 1
    }

    /// Has exactly these members be in a team; whoever stays keeps their turn.
    func setMembers(of team: Team, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        var others: SQL = ""
        if !team.members.isEmpty {
            others = " AND person_id NOT IN (\(rows: SQLRows(team.members.map(\.person).sorted())))"
        }
        try await writing.execute(
            "team.dropMembers",
            "DELETE FROM inbox_team_members WHERE tenant_id = \(tenant) AND team_id = \(team.id)\(sql: others)")
        guard !team.members.isEmpty else { return }
        let input = SQLRows(team.members.sorted { $0.person < $1.person }, { $0.person }, { $0.cap })
        try await writing.execute(
            "team.setMembers",
            """
            WITH input (person_id, cap) AS (\(rows: input))
            INSERT INTO inbox_team_members (tenant_id, team_id, person_id, cap)
            SELECT \(tenant), \(team.id), i.person_id, i.cap FROM input i WHERE true
            ON CONFLICT (tenant_id, team_id, person_id) DO UPDATE SET cap = excluded.cap
            """)
    }

    /// Removes a team with its members, `false` when there is none; what it had stays without one.
    func delete(_ id: ID<Team>, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Bool {
        try await writing.execute(
            "team.deleteMembers", "DELETE FROM inbox_team_members WHERE tenant_id = \(tenant) AND team_id = \(id)")
        return try await writing.execute(
            "team.delete", "DELETE FROM inbox_teams WHERE tenant_id = \(tenant) AND id = \(id)") == 1
    }
}

private struct MemberRow: RowDecodable {
    let team: Team
    let member: Team.Member?

    init(row: SQLRow) throws(StorageError) {
        team = Team(
            id: try row.value(at: 0), name: try row.value(at: 1),
            channels: try StoredJSON.read(try row.value(at: 2)), members: [])
        let person: ID<Person>? = try row.optional(at: 3)
        let cap: Int? = try row.optional(at: 4)
        member = person.map { Team.Member(person: $0, cap: cap ?? 0) }
    }
}
