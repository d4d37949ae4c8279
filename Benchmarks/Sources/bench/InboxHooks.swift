import Foundation

/// A channel of Messenger that is delivered to.
struct InboxHooks {
    private static let secret = "what the deliveries of the benchmark are signed with"
    private static let account = "1020304050"

    let workspace: Workspace
    /// Where deliveries go.
    let address: String
    let channel: String

    /// Connects the channel; its bot writes what agents may send, so that nothing leaves for the vendor.
    init(_ workspace: Workspace) throws {
        self.workspace = workspace
        try workspace.ask(
            "PUT", "/bot/policy",
            json: """
                {"mode":"suggests","temperature":0.3,"tokensMax":200,"threshold":0,"passages":5,"keywords":[],
                "tone":"short","unsure":"I am not sure.","closed":"We are closed.","tokensPerDay":900000000,
                "tokensPerMonth":900000000}
                """)
        let made = try workspace.ask(
            "POST", "/channels",
            json: """
                {"kind":"messenger","account":"\(Self.account)","name":"Bench","isBotFirst":true,
                "signingSecrets":["\(Self.secret)"]}
                """)
        guard let hook = made["hook"] as? String, let id = made["id"] as? String else {
            throw Impossible("no channel was connected: \(made)")
        }
        address = workspace.capstan.server.address + hook
        channel = id
    }

    /// Writes signed deliveries to a file; those of another name are other ones.
    func deliveries(_ count: Int, users: Int, named name: String) throws -> URL {
        let file = try Command.temporaryFolder().appendingPathComponent("deliveries.txt")
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Peers/inbox_hooks.py").path
        try Command.run(
            "python3", [script, "\(count)", "\(users)", Self.secret, Self.account, file.path, name])
        return file
    }

    /// Delivers them, each once at most, for some seconds; each connection pauses for so many milliseconds between two.
    func deliver(_ file: URL, seconds: Int, connections: Int, pause: Int = 0) throws -> Load {
        try Wrk.run(
            address, seconds: seconds, connections: connections,
            script: """
                local lines = {}
                for line in io.lines("\(file.path)") do lines[#lines + 1] = line end
                local turn = 0
                \(pause > 0 ? "function delay() return \(pause) end" : "")
                wrk.method = "POST"
                wrk.headers["Content-Type"] = "application/json"
                request = function()
                    turn = turn + 1
                    local line = lines[turn]
                    if line == nil then wrk.thread:stop() line = lines[1] end
                    local tab = line:find("\\t", 1, true)
                    wrk.headers["X-Hub-Signature-256"] = line:sub(1, tab - 1)
                    return wrk.format(nil, nil, nil, line:sub(tab + 1))
                end
                """)
    }

    /// Receipts of the channel in a state.
    func receipts(_ state: String? = nil) throws -> Int {
        try number(
            "SELECT count(*) FROM inbox_receipts WHERE channel_id = '\(channel)'"
                + (state.map { " AND state = '\($0)'" } ?? ""))
    }

    /// Messages that have come over the channel.
    func messages() throws -> Int {
        try number("SELECT count(*) FROM inbox_messages WHERE channel_id = '\(channel)' AND role = 'customer'")
    }

    /// The database's time.
    func now() throws -> String { try workspace.database.sql("SELECT clock_timestamp()").first ?? "" }

    /// The 99th percentile of the milliseconds from a delivery to its message in the thread, of what came since a time.
    func seen(since time: String) throws -> Double {
        try workspace.database.sql(
            """
            SELECT percentile_cont(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM handled_at - received_at) * 1000)
            FROM inbox_receipts WHERE channel_id = '\(channel)' AND received_at >= '\(time)' AND state = 'done'
            """
        ).first.flatMap { Double($0) } ?? 0
    }

    /// Turns of the bot that have begun.
    func turns() throws -> Int {
        try number(
            """
            SELECT count(*) FROM inbox_bot_turns t JOIN inbox_conversations c
                ON c.tenant_id = t.tenant_id AND c.id = t.conversation_id WHERE c.channel_id = '\(channel)'
            """)
    }

    /// Waits until everything that was kept is in its thread; the seconds it took.
    func settle(within limit: Double) throws -> Double {
        let start = ContinuousClock.now
        while try receipts("waiting") > 0 {
            guard (ContinuousClock.now - start) / .seconds(1) < limit else {
                throw Impossible("\(try receipts("waiting")) deliveries still wait after \(limit) s")
            }
            Thread.sleep(forTimeInterval: 0.1)
        }
        return (ContinuousClock.now - start) / .seconds(1)
    }

    /// Conversations and cursors whose figures differ from a recount of their messages.
    func faults() throws -> Int {
        try number(
            """
            SELECT (SELECT count(*) FROM inbox_conversations c LEFT JOIN (
                    SELECT tenant_id, conversation_id, max(sequence) AS last, count(*) AS number,
                        count(*) FILTER (WHERE role = 'customer') AS customers, max(customer_index) AS indexed
                    FROM inbox_messages GROUP BY 1, 2) m ON m.tenant_id = c.tenant_id AND m.conversation_id = c.id
                WHERE (c.last_sequence, c.last_sequence, c.customer_total, c.customer_total)
                    IS DISTINCT FROM (m.last, m.number, m.customers, m.indexed))
                + (SELECT count(*) FROM inbox_cursors r WHERE r.read_customer <> (SELECT count(*) FROM inbox_messages m
                    WHERE m.tenant_id = r.tenant_id AND m.conversation_id = r.conversation_id
                        AND m.sequence <= r.read_sequence AND m.role = 'customer'))
            """)
    }

    private func number(_ text: String) throws -> Int {
        try workspace.database.sql(text).first.flatMap { Int($0) } ?? 0
    }
}
