import Base
import Storage

/// The words of messages.
struct SearchStore: Sendable {
    let storage: Storage

    /// Messages of a company that hold all words and pass a filter, the newest first: one statement.
    func page(
        _ words: MessageWords, _ filter: SearchFilter = SearchFilter(), for agent: Agent, after cursor: Cursor?,
        limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<FoundMessage> {
        let match: SQL =
            storage.dialect == .postgres
            ? "w.words @@ to_tsquery('simple', \(words.postgresQuery(in: tenant)))"
            : "inbox_words MATCH \(words.sqliteQuery(in: tenant))"
        return try await storage.reader(for: tenant).page(
            FoundMessage.self, "search.page",
            """
            SELECT \(sql: Message.columns), c.contact_name FROM inbox_words w
            JOIN inbox_messages m ON m.tenant_id = \(tenant) AND m.id = w.message_id
            JOIN inbox_conversations c ON c.tenant_id = \(tenant) AND c.id = m.conversation_id
            WHERE \(sql: match)\(sql: condition(filter, agent, tenant))
            """, order: .descending("m.id"), after: cursor, limit: limit)
    }

    private func condition(_ filter: SearchFilter, _ agent: Agent, _ tenant: Tenant) -> SQL {
        var more = ConversationStore.visible(agent)
        if let channel = filter.channel { more = more.appending(" AND c.channel_id = \(channel)") }
        if let person = filter.person { more = more.appending(" AND m.person_id = \(person)") }
        if let since = filter.since { more = more.appending(" AND m.sent_at >= \(since)") }
        if let until = filter.until { more = more.appending(" AND m.sent_at < \(until)") }
        switch filter.role {
        case .anybody: break
        case .customers: more = more.appending(" AND m.role = 'customer'")
        case .agents: more = more.appending(" AND m.role = 'agent'")
        case .notes: more = more.appending(" AND m.role = 'note'")
        }
        if let tag = filter.tag {
            more = more.appending(
                """
                 AND EXISTS (SELECT 1 FROM inbox_tagged t WHERE t.tenant_id = \(tenant) AND t.tag_id = \(tag)
                    AND t.conversation_id = c.id)
                """)
        }
        return more
    }
}

/// Which messages of all history are looked at.
struct SearchFilter: Sendable, Hashable {
    /// Who said it.
    enum Role: String, Sendable, Hashable, Codable, CaseIterable {
        case anybody, customers, agents, notes
    }

    var role = Role.anybody
    var channel: ID<Channel>?
    var tag: ID<Tag>?
    var person: ID<Person>?
    var since: Timestamp?
    var until: Timestamp?
}

/// A message that was found, with whose conversation it is in.
struct FoundMessage: RowDecodable {
    let message: Message
    let name: String

    init(row: SQLRow) throws(StorageError) {
        message = try Message(row: row)
        name = try row.value(at: Message.columnCount)
    }
}

/// Writes with the rest of what a transaction writes last which words messages hold, or that they hold none any more.
enum WordsOutbox: Outbox {
    static let name = "inboxWords"
    static let rowsPerStatement = 500
    static let rowsMax = 4_000

    struct Row: Sendable {
        let message: ID<Message>
        /// The words; `nil` for a message that is no longer found.
        let words: String?

        /// What names the row of the index on SQLite: the part of the id that is chance.
        var number: Int64 { Int64(bitPattern: message.low & 0x3FFF_FFFF_FFFF_FFFF) }
    }

    /// Of each message the last word counts.
    static func prepared(_ rows: [Row]) throws(StorageError) -> [Row] {
        var last: [ID<Message>: Row] = [:]
        for row in rows { last[row.message] = row }
        return last.values.sorted { $0.message < $1.message }
    }

    static func steps(for rows: [Row], in context: OutboxContext) -> [OutboxStep] {
        guard let tenant = context.scope.tenant else {
            preconditionFailure("messages are found within one company at a time")
        }
        let owner = MessageWords.owner(tenant)
        let (kept, gone) = (rows.filter { $0.words != nil }, rows.filter { $0.words == nil })
        var steps: [OutboxStep] = []
        if !gone.isEmpty {
            steps.append(
                OutboxStep(
                    "removed_words",
                    context.dialect == .postgres
                        ? "DELETE FROM inbox_words WHERE message_id IN (\(rows: SQLRows(gone.map(\.message))))"
                        : "DELETE FROM inbox_words WHERE rowid IN (\(rows: SQLRows(gone.map(\.number))))"))
        }
        guard !kept.isEmpty else { return steps }
        if context.dialect == .postgres {
            let input = SQLRows(kept, { $0.message }, { $0.words ?? "" })
            steps.append(
                OutboxStep(
                    "added_words",
                    """
                    INSERT INTO inbox_words (message_id, words)
                    SELECT i.message_id, to_tsvector('simple', \(owner) || ' ' || i.words)
                    FROM (WITH v(message_id, words) AS (\(rows: input)) SELECT * FROM v) i WHERE true
                    ON CONFLICT (message_id) DO UPDATE SET words = excluded.words
                    """))
        } else {
            let input = SQLRows(kept, { $0.number }, { $0.message }, { $0.words ?? "" })
            steps.append(
                OutboxStep(
                    "added_words",
                    """
                    INSERT OR REPLACE INTO inbox_words (rowid, owner, body, message_id)
                    SELECT i.number, \(owner), i.words, i.message_id
                    FROM (WITH v(number, message_id, words) AS (\(rows: input)) SELECT * FROM v) i WHERE true
                    """))
        }
        return steps
    }

    static func hints(for rows: [Row]) -> [String] { [] }
}

extension WriteTransaction {
    /// Has messages be found by their words, or no longer be found.
    func find(_ messages: [Message]) throws(StorageError) {
        var rows: [WordsOutbox.Row] = []
        for message in messages where message.role != .event {
            let words = message.isHidden ? "" : MessageWords.folded(message.body)
            rows.append(WordsOutbox.Row(message: message.id, words: words.isEmpty ? nil : words))
        }
        try add(rows, to: WordsOutbox.self)
    }
}
