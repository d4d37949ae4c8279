import Base
import Storage

/// The words of messages.
struct SearchStore: Sendable {
    let storage: Storage
    /// How many matches are put in the order of relevance.
    var ranked = Bounds.ranked

    enum Bounds {
        /// Matches that are put in the order of relevance: the newest ones.
        static let ranked = 5_000
    }

    private static let spans: [SQL] = ["today", "recent", "year", "older"]

    /// Messages of a company that hold all words and pass a filter, the newest first: one statement.
    func page(
        _ words: MessageWords, _ filter: SearchFilter = SearchFilter(), for agent: Agent, after cursor: Cursor?,
        limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<FoundMessage> {
        let condition = condition(filter, agent, tenant)
        return try await storage.reader(for: tenant).page(
            FoundMessage.self, "search.page", order: .descending("m.id"), after: cursor, limit: limit
        ) { bounds in
            """
            WITH \(sql: matches(words, condition, enough: limit + 1, score: nil, tail: bounds, in: tenant))
            SELECT \(sql: Message.columns), c.contact_name FROM (\(sql: Self.together("f.id"))) f
            CROSS JOIN inbox_messages m CROSS JOIN inbox_conversations c
            WHERE m.tenant_id = \(tenant) AND m.id = f.id
                AND c.tenant_id = \(tenant) AND c.id = m.conversation_id\(sql: bounds)
            """
        }
    }

    /// Messages of a company that hold all words and pass a filter, those first that say them most and little else: one
    /// statement over the newest ``ranked`` that match.
    ///
    /// - Parameters:
    ///   - words: What must be there.
    ///   - filter: Which messages are meant.
    ///   - agent: Who looks.
    ///   - time: What came later is left out, so that pages of one search do not move.
    ///   - cursor: Where the page begins.
    ///   - limit: Rows in the page.
    ///   - tenant: Whose history.
    /// - Returns: The page, each match with among how many it was chosen.
    /// - Throws: `storage.invalidCursor` for a cursor of another list.
    func best(
        _ words: MessageWords, _ filter: SearchFilter = SearchFilter(), for agent: Agent, asOf time: Timestamp,
        after cursor: Cursor?, limit: Int, in tenant: Tenant
    ) async throws(StorageError) -> Page<RankedMessage> {
        let condition = condition(filter, agent, tenant).appending(" AND m.created_at <= \(time)")
        let score: SQL =
            storage.dialect == .postgres
            ? ", ts_rank(w.words, to_tsquery('simple', \(words.postgresQuery)), 1)"
            // What names the company weighs nothing; the least number is the best.
            : ", -bm25(inbox_words, 0.0, 1.0)"
        let tail: SQL = " ORDER BY m.id DESC LIMIT \(ranked)"
        return try await storage.reader(for: tenant).page(
            RankedMessage.self, "search.best", order: .ascending("r.place"), after: cursor, limit: limit
        ) { bounds in
            """
            WITH \(sql: matches(words, condition, enough: ranked, score: score, tail: tail, in: tenant)),
            found (id, score) AS MATERIALIZED (
                SELECT f.id, f.score FROM (\(sql: Self.together("f.id, f.score"))) f
                ORDER BY f.id DESC LIMIT \(ranked)),
            ranked (id, place, considered) AS MATERIALIZED (
                SELECT f.id, row_number() OVER (ORDER BY f.score DESC, f.id DESC), count(*) OVER () FROM found f)
            SELECT \(sql: Message.columns), c.contact_name, r.considered, r.place
            FROM (SELECT r.id, r.place, r.considered FROM ranked r WHERE true\(sql: bounds)) r
            CROSS JOIN inbox_messages m CROSS JOIN inbox_conversations c
            WHERE m.tenant_id = \(tenant) AND m.id = r.id
                AND c.tenant_id = \(tenant) AND c.id = m.conversation_id\(sql: bounds)
            """
        }
    }

    /// What matches in each span of history, as one table for each: a span is looked at as long as the newer ones have not
    /// given enough.
    ///
    /// Joined in this order on both engines: SQLite's planner does not know how much an index of words costs.
    private func matches(
        _ words: MessageWords, _ condition: SQL, enough: Int, score: SQL?, tail: SQL, in tenant: Tenant
    ) -> SQL {
        let isPostgres = storage.dialect == .postgres
        let key: SQL = isPostgres ? "w.message_id" : "m.id"
        var text: SQL = ""
        var (before, looked): (SQL, [SQL]) = ("", [])
        for (name, window) in zip(Self.spans, SearchWindow.all(of: tenant, at: storage.now)) {
            var condition = condition
            if let start = window.start { condition = condition.appending(" AND \(sql: key) >= \(start)") }
            if let end = window.end { condition = condition.appending(" AND \(sql: key) < \(end)") }
            let match: SQL =
                isPostgres
                ? "w.words @@ to_tsquery('simple', \(words.postgresQuery(window)))"
                : "inbox_words MATCH \(words.sqliteQuery(window))"
            let columns: SQL = score == nil ? "(id)" : "(id, score)"
            if window.end != nil { text = text.appending(", ") }
            text = text.appending(
                """
                \(sql: name) \(sql: columns) AS MATERIALIZED (SELECT m.id\(sql: score ?? "") FROM inbox_words w
                    CROSS JOIN inbox_messages m CROSS JOIN inbox_conversations c
                    WHERE \(sql: match) AND m.tenant_id = \(tenant) AND m.id = w.message_id
                        AND c.tenant_id = \(tenant) AND c.id = m.conversation_id\(sql: before)\(sql: condition)\(sql: tail))
                """)
            looked.append(name)
            before = Self.fewer(than: enough, in: looked)
        }
        return text
    }

    /// Whether spans together have given fewer matches than are wanted.
    private static func fewer(than enough: Int, in spans: [SQL]) -> SQL {
        var sum: SQL = ""
        for (index, span) in spans.enumerated() {
            sum = sum.appending(index == 0 ? "" : " + ").appending("(SELECT count(*) FROM \(sql: span))")
        }
        return " AND \(sql: sum) < \(enough)"
    }

    private static func together(_ columns: SQL) -> SQL {
        var text: SQL = ""
        for (index, span) in spans.enumerated() {
            text = text.appending(index == 0 ? "" : " UNION ALL ").appending(
                "SELECT \(sql: columns) FROM \(sql: span) f")
        }
        return text
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
        for tag in filter.tags + (filter.tag.map { [$0] } ?? []) {
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
    /// Beside the former: all of them must be there.
    var tags: [ID<Tag>] = []
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

/// A message that was found, and among how many the best were chosen.
struct RankedMessage: RowDecodable {
    let found: FoundMessage
    let considered: Int

    init(row: SQLRow) throws(StorageError) {
        found = try FoundMessage(row: row)
        considered = try row.value(at: Message.columnCount + 1)
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
            let input = SQLRows(
                kept, { $0.message }, { MessageWords.marks(of: $0.message, in: tenant) + " " + ($0.words ?? "") })
            steps.append(
                OutboxStep(
                    "added_words",
                    """
                    INSERT INTO inbox_words (message_id, words)
                    SELECT i.message_id, to_tsvector('simple', i.words)
                    FROM (WITH v(message_id, words) AS (\(rows: input)) SELECT * FROM v) i WHERE true
                    ON CONFLICT (message_id) DO UPDATE SET words = excluded.words
                    """))
        } else {
            let input = SQLRows(
                kept, { $0.number }, { $0.message }, { MessageWords.marks(of: $0.message, in: tenant) },
                { $0.words ?? "" })
            steps.append(
                OutboxStep(
                    "added_words",
                    """
                    INSERT OR REPLACE INTO inbox_words (rowid, owner, body, message_id)
                    SELECT i.number, i.marks, i.words, i.message_id
                    FROM (WITH v(number, message_id, marks, words) AS (\(rows: input)) SELECT * FROM v) i WHERE true
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
