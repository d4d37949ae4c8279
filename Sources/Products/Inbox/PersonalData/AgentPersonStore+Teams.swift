import Base
import Storage

/// What a person has in teams and reports.
extension AgentPersonStore {
    /// Takes them out of teams, removes their own texts, and gives what counts about them to the pseudonym; returns how many
    /// rows changed.
    func dropTeamwork(
        _ person: ID<Person>, _ pseudonym: ID<Person>, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Int {
        var changed = 0
        changed += try await writing.execute(
            "ownData.dropMemberships",
            "DELETE FROM inbox_team_members WHERE tenant_id = \(tenant) AND person_id = \(person)")
        changed += try await writing.execute(
            "ownData.dropReplies",
            "DELETE FROM inbox_canned_replies WHERE tenant_id = \(tenant) AND owner_id = \(person)")
        changed += try await writing.execute(
            "ownData.giveRatings",
            """
            UPDATE inbox_ratings SET person_id = \(pseudonym) WHERE tenant_id = \(tenant) AND id IN (
                SELECT r.id FROM inbox_ratings r WHERE r.tenant_id = \(tenant) AND r.person_id = \(person)
                LIMIT \(Bounds.step))
            """)
        changed += try await writing.execute(
            "ownData.giveTimes",
            """
            UPDATE inbox_day_times SET scope_id = \(pseudonym)
            WHERE tenant_id = \(tenant) AND scope = 'person' AND scope_id = \(person)
            """)
        return changed
    }

    /// Hands over the texts that a person uses again.
    func exportReplies(
        _ person: ID<Person>, in tenant: Tenant,
        _ emit: (_ kind: String, _ value: any Encodable & Sendable) async throws -> Void
    ) async throws {
        let replies = try await storage.reader(for: tenant).list(
            CannedReply.self, "ownData.replies",
            """
            SELECT \(sql: CannedReply.columns) FROM inbox_canned_replies r
            WHERE r.tenant_id = \(tenant) AND r.owner_id = \(person) ORDER BY r.id
            """, limit: CannedReply.Bounds.replies)
        for reply in replies { try await emit("reply", ReplyRecord(shortcut: reply.shortcut, body: reply.body)) }
    }
}

private struct ReplyRecord: Encodable, Sendable {
    let shortcut: String
    let body: String
}
