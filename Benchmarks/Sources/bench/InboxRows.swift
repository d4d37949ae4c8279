import Foundation

/// Conversations of Inbox that are put in past the API, for whoever is signed in to a workspace.
struct InboxRows {
    /// Messages of each; every second one is the customer's.
    static let messagesEach = 10

    let workspace: Workspace
    let tenant: String
    let channel: String

    init(_ workspace: Workspace) throws {
        self.workspace = workspace
        tenant = try workspace.tenant()
        guard
            let channel = try workspace.database.sql(
                "SELECT id FROM inbox_channels WHERE tenant_id = '\(tenant)' AND kind = 'messenger'"
            ).first
        else { throw Impossible("the demo has no channel") }
        self.channel = channel
    }

    /// How many conversations there are.
    func count() throws -> Int {
        try workspace.database.sql("SELECT count(*) FROM inbox_conversations WHERE tenant_id = '\(tenant)'").first
            .flatMap { Int($0) } ?? 0
    }

    /// Brings the company to so many conversations, all of the new ones open, each with its contact.
    func fill(to count: Int) throws {
        let first = try self.count() + 1
        let numbers = "FROM generate_series(\(first), \(count)) n"
        // Ids in the order of time, as those are that the program makes.
        func id(_ mark: String, _ number: String) -> String {
            "('\(mark)-0000-7000-8000-' || lpad(to_hex(\(number)), 12, '0'))::uuid"
        }
        try workspace.database.sql(
            """
            INSERT INTO inbox_contacts (tenant_id, id, name, search_name, email, created_at)
            SELECT '\(tenant)', \(id("01900001", "n")), 'Customer No. ' || n, 'customer no. ' || n,
                'customer' || n || '@example.org', now() \(numbers);
            INSERT INTO inbox_contact_points (tenant_id, id, contact_id, channel_id, external_user_id, created_at)
            SELECT '\(tenant)', \(id("01900002", "n")), \(id("01900001", "n")), '\(channel)', 'bench' || n, now() \(numbers);
            INSERT INTO inbox_conversations (tenant_id, id, contact_id, contact_point_id, channel_id, contact_name, state,
                bot, last_sequence, customer_total, reply_sequence, last_message_at, last_customer_at, preview,
                preview_at, preview_sequence, opened_at, created_at)
            SELECT '\(tenant)', \(id("01900003", "n")), \(id("01900001", "n")), \(id("01900002", "n")), '\(channel)',
                'Customer No. ' || n, 'open', 'human', \(Self.messagesEach), \(Self.messagesEach / 2),
                \(Self.messagesEach), now() - n * interval '1 second', now() - n * interval '1 second',
                'Where is my order no. ' || n || '? It should have been here yesterday.', now(), \(Self.messagesEach),
                now() - n * interval '2 second', now() - n * interval '2 second' \(numbers);
            INSERT INTO inbox_messages (tenant_id, conversation_id, sequence, id, channel_id, role, body, customer_index,
                delivery, sent_at, created_at)
            SELECT '\(tenant)', \(id("01900003", "n")), s, \(id("01900004", "n * 16 + s")), '\(channel)',
                CASE WHEN s % 2 = 1 THEN 'customer' ELSE 'agent' END,
                'Message ' || s || ' of conversation ' || n || ', as long as people write on their way.', (s + 1) / 2,
                CASE WHEN s % 2 = 1 THEN 'received' ELSE 'read' END, now() - n * interval '1 second',
                now() - n * interval '1 second'
            \(numbers), generate_series(1, \(Self.messagesEach)) s;
            VACUUM ANALYZE inbox_contacts, inbox_contact_points, inbox_conversations, inbox_messages;
            """)
    }

    /// Has all of these contacts be deleted with what was said: in the lane of bulk work, step by step.
    func erase() throws {
        try workspace.database.sql(
            """
            INSERT INTO inbox_contact_words (tenant_id, word, contact_id)
            SELECT k.tenant_id, 'customer', k.id FROM inbox_contacts k
            WHERE k.tenant_id = '\(tenant)' AND k.name LIKE 'Customer No.%' ON CONFLICT DO NOTHING;
            VACUUM ANALYZE inbox_contact_words;
            """)
        try workspace.ask("POST", "/contacts/erasures", json: #"{"words":"customer"}"#)
    }

    /// Contacts that were put in and are there still.
    func left() throws -> Int {
        try workspace.database.sql(
            "SELECT count(*) FROM inbox_contacts WHERE tenant_id = '\(tenant)' AND name LIKE 'Customer No.%'"
        ).first.flatMap { Int($0) } ?? 0
    }

    /// Puts a tag on the two oldest of those that were put in, and has each agent be mentioned there; returns the tag.
    func markOldest(for agents: Int) throws -> String {
        let tag = "01900005-0000-7000-8000-000000000001"
        let oldest = """
            SELECT c.id, c.state, c.last_message_at FROM inbox_conversations c WHERE c.tenant_id = '\(tenant)'
                AND c.state = 'open' ORDER BY c.last_message_at, c.id LIMIT 2
            """
        try workspace.database.sql(
            """
            INSERT INTO inbox_tags (tenant_id, id, label, created_at) VALUES ('\(tenant)', '\(tag)', 'rare', now())
            ON CONFLICT DO NOTHING;
            DELETE FROM inbox_tagged WHERE tenant_id = '\(tenant)' AND tag_id = '\(tag)';
            INSERT INTO inbox_tagged (tenant_id, tag_id, conversation_id, state, last_message_at)
            SELECT '\(tenant)', '\(tag)', o.id, o.state, o.last_message_at FROM (\(oldest)) o;
            DELETE FROM inbox_mentions WHERE tenant_id = '\(tenant)';
            INSERT INTO inbox_mentions (tenant_id, person_id, conversation_id, mentioned_at, state, last_message_at)
            SELECT '\(tenant)', md5('agent' || n)::uuid, o.id, now(), o.state, o.last_message_at
            FROM (\(oldest)) o, generate_series(1, \(agents)) n;
            VACUUM ANALYZE inbox_tagged, inbox_mentions;
            """)
        return tag
    }

    /// The cursor behind so many rows of the list, or somewhat fewer, and behind how many it is; agents take turns.
    func cursor(rowsDown depth: Int, by agents: [Workspace.Visitor]) throws -> (cursor: String, rows: Int) {
        var (next, rows) = ("", 0)
        for turn in 0..<max(1, depth / 100) {
            let agent = agents[turn % agents.count]
            let text = try Command.run(
                "curl",
                [
                    "-sf", "-b", agent.cookie, "-H", "x-forwarded-for: \(agent.address)",
                    workspace.capstan.server.address + "/api/inbox/conversations?limit=100"
                        + (next.isEmpty ? "" : "&after=\(next)"),
                ])
            guard let page = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any],
                let behind = page["next"] as? String
            else { throw Impossible("the list ends after \(rows) rows") }
            (next, rows) = (behind, rows + 100)
        }
        return (next, rows)
    }

    /// The id of one that was put in.
    func conversation(_ number: Int) -> String {
        "01900003-0000-7000-8000-" + String(repeating: "0", count: 12 - String(number, radix: 16).count)
            + String(number, radix: 16)
    }

    /// Signs in so many more agents, each at an address of its own.
    func agents(_ count: Int) throws -> [Workspace.Visitor] {
        try workspace.database.sql(
            """
            INSERT INTO people (id, email, name, password, is_operator, verified_at, created_at)
            SELECT md5('agent' || n)::uuid, 'agent' || n || '@bench.example', 'Agent ' || n, p.password, false, now(), now()
            FROM people p, generate_series(1, \(count)) n WHERE p.email = 'director@example.com';
            INSERT INTO memberships (tenant_id, person_id, role, is_owner, joined_at)
            SELECT '\(tenant)', md5('agent' || n)::uuid, 'member', false, now() FROM generate_series(1, \(count)) n;
            """)
        return try (1...count).map { number in
            let jar = try Command.temporaryFolder().appendingPathComponent("cookies").path
            try Command.run(
                "curl",
                [
                    "-sf", "-o", "/dev/null", "-c", jar, "-H", "content-type: application/json",
                    "-H", "x-forwarded-for: \(Self.address(number))", "-d",
                    "{\"email\":\"agent\(number)@bench.example\",\"password\":\"capstan-demo\"}",
                    workspace.capstan.server.address + "/api/session",
                ])
            let lines = try String(contentsOfFile: jar, encoding: .utf8).split(separator: "\n")
            guard let token = lines.last(where: { $0.contains("capstan_session") })?.split(separator: "\t").last else {
                throw Impossible("agent \(number) was not signed in")
            }
            return Workspace.Visitor(cookie: "capstan_session=\(token)", address: Self.address(number))
        }
    }

    /// No two of them belong to one group of addresses.
    private static func address(_ number: Int) -> String { "10.\(number / 250).\(number % 250).1" }
}
