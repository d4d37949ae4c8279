import Base
import Storage

/// The rules of companies, and when they fired.
struct RuleStore: Sendable {
    let storage: Storage

    /// All rules of a company in their order.
    func all(in tenant: Tenant) async throws(StorageError) -> [Rule] {
        try await storage.reader(for: tenant).list(
            Rule.self, "rule.all",
            "SELECT \(sql: Rule.columns) FROM inbox_rules u WHERE u.tenant_id = \(tenant) ORDER BY u.place, u.id",
            limit: Rule.Bounds.rules)
    }

    /// Writes a rule behind the others; `false` when there are as many as there may be.
    func insert(
        _ rule: Rule, by person: ID<Person>, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "rule.insert",
            """
            INSERT INTO inbox_rules (tenant_id, id, name, event, conditions, actions, place, is_paused, person_id,
                created_at)
            SELECT \(tenant), \(rule.id), \(rule.name), \(rule.event), \(try StoredJSON.text(rule.conditions)),
                \(try StoredJSON.text(rule.actions)),
                coalesce((SELECT max(o.place) FROM inbox_rules o WHERE o.tenant_id = \(tenant)), 0) + 1, \(rule.isPaused),
                \(person), \(time)
            WHERE (SELECT count(*) FROM inbox_rules o WHERE o.tenant_id = \(tenant)) < \(Rule.Bounds.rules)
            """) == 1
    }

    /// Pauses a rule or lets it go on; `false` when there is none.
    func pause(
        _ id: ID<Rule>, _ isPaused: Bool, _ reason: String?, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        try await writing.execute(
            "rule.pause",
            """
            UPDATE inbox_rules SET is_paused = \(isPaused), reason = \(reason)
            WHERE tenant_id = \(tenant) AND id = \(id)
            """) == 1
    }

    /// Has two rules change places.
    func swap(_ one: Rule, _ other: Rule, through writing: some Writing, in tenant: Tenant) async throws(StorageError) {
        try await writing.execute(
            "rule.swap",
            """
            UPDATE inbox_rules SET place = CASE WHEN id = \(one.id) THEN \(other.place) ELSE \(one.place) END
            WHERE tenant_id = \(tenant) AND id IN (\(rows: SQLRows([one.id, other.id])))
            """)
    }

    func delete(_ id: ID<Rule>, through writing: some Writing, in tenant: Tenant) async throws(StorageError) -> Bool {
        try await writing.execute(
            "rule.delete", "DELETE FROM inbox_rules WHERE tenant_id = \(tenant) AND id = \(id)") == 1
    }

    /// How often rules have fired in a conversation since a time.
    func firings(
        in conversation: ID<Conversation>, since time: Timestamp, through reading: some Reading, of tenant: Tenant
    ) async throws(StorageError) -> Int {
        try await reading.aggregate(
            CountRow.self, "rule.firings",
            """
            SELECT count(*) FROM inbox_rule_firings f WHERE f.tenant_id = \(tenant)
                AND f.conversation_id = \(conversation) AND f.fired_at > \(time)
            """
        ).count
    }

    /// Notes that rules have fired at an event; `false` when they had already.
    func note(
        _ rules: [ID<Rule>], _ event: RuleEvent, at time: Timestamp, through writing: some Writing, in tenant: Tenant
    ) async throws(StorageError) -> Bool {
        guard !rules.isEmpty else { return true }
        let input = SQLRows(rules.sorted())
        let written = try await writing.execute(
            "rule.note",
            """
            WITH input (rule_id) AS (\(rows: input))
            INSERT INTO inbox_rule_firings (tenant_id, event_id, rule_id, conversation_id, fired_at)
            SELECT \(tenant), \(event.id), i.rule_id, \(event.conversation), \(time) FROM input i WHERE true
            ON CONFLICT (tenant_id, event_id, rule_id) DO NOTHING
            """)
        guard written == rules.count else { return false }
        try await writing.execute(
            "rule.count",
            """
            UPDATE inbox_rules SET fired = fired + 1
            WHERE tenant_id = \(tenant) AND id IN (\(rows: input))
            """)
        return true
    }
}

extension Rule: RowDecodable {
    static let columns: SQL =
        "u.id, u.name, u.event, u.conditions, u.actions, u.place, u.is_paused, u.reason, u.fired"

    init(row: SQLRow) throws(StorageError) {
        self.init(
            id: try row.value(at: 0), name: try row.value(at: 1), event: try row.value(at: 2),
            conditions: try StoredJSON.read(try row.value(at: 3)), actions: try StoredJSON.read(try row.value(at: 4)),
            place: try row.value(at: 5), isPaused: try row.value(at: 6), reason: try row.optional(at: 7),
            fired: try row.value(at: 8))
    }
}

private struct CountRow: RowDecodable {
    let count: Int

    init(row: SQLRow) throws(StorageError) { count = try row.value(at: 0) }
}
