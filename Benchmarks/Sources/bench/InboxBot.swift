import Foundation

/// How soon a visitor of the widget sees that the bot writes, and what it answers: to a question whose answer was prepared,
/// and to one that the bot waits with until the visitor has stopped writing.
///
/// `--visitors N` takes another number than 100. The built-in model answers, so that all of it is ours.
enum InboxBot {
    /// What every company is asked, of which the demo's documents answer some.
    private static let common = ["Prices", "Opening hours", "Returns"]
    /// How long the bot lets a visitor go on writing.
    private static let quietMilliseconds = 1_500.0

    struct Times {
        var typing: [Double]
        var answer: [Double]
        var accepted: [Double]
        /// Who saw no sign of typing, or no answer.
        var missed: Int
    }

    static func run() async throws -> [(String, String)] {
        let count = try CommandLine.number("--visitors", or: 100)
        let workspace = try await Workspace("bench_inbox_bot", api: "/api/inbox")
        defer { workspace.capstan.server.stop() }
        let tenant = try workspace.tenant()
        guard
            let channel = try workspace.database.sql(
                "SELECT id FROM inbox_channels WHERE tenant_id = '\(tenant)' AND kind = 'widget'"
            ).first
        else { throw Impossible("the demo has no widget") }
        let question = try await prepared(workspace, tenant, channel)
        let known = try visit(workspace, channel, count, "known", question)
        let others = try visit(workspace, channel, max(5, count / 10), "other", "Could you tell me about \(question)?")
        var table = Table("The bot on the widget, ms behind the accepted question", "median", "99th percentile")
        func row(_ title: String, _ times: [Double]) { table.row(title, times.median.shown(0), p99(times).shown(0)) }
        row("prepared: typing is shown", known.typing)
        row("prepared: the answer is there", known.answer)
        row("not prepared: typing is shown", others.typing)
        row(
            "not prepared: the answer, without the \(Int(quietMilliseconds)) ms of quiet",
            others.answer.map { $0 - quietMilliseconds })
        row("a question is accepted (from its first byte)", known.accepted)
        table.show()
        print("\(known.missed + others.missed) saw no typing or no answer (bars: both within 300 ms).\n")
        return [
            ("prepared_p50_ms", known.answer.median.shown(0)), ("prepared_p99_ms", p99(known.answer).shown(0)),
            ("typing_p99_ms", p99(known.typing).shown(0)), ("bot_missed", "\(known.missed + others.missed)"),
        ]
    }

    private static func p99(_ times: [Double]) -> Double {
        times.isEmpty ? .nan : times[min(times.count - 1, times.count * 99 / 100)]
    }

    /// Waits until answers have been prepared, and gives a question that has one.
    private static func prepared(_ workspace: Workspace, _ tenant: String, _ channel: String) async throws -> String {
        // A policy that is set anew has the answers be prepared anew, half a minute later.
        var policy = try workspace.ask("GET", "/bot/policy")
        policy["number"] = nil
        policy["isStandIn"] = nil
        let body = try JSONSerialization.data(withJSONObject: policy["policy"] ?? policy)
        try workspace.ask("PUT", "/bot/policy", json: String(decoding: body, as: UTF8.self))
        let count = """
            SELECT count(*) FROM inbox_prepared WHERE tenant_id = '\(tenant)'
                AND made_at > now() - interval '5 minutes'
            """
        for _ in 0..<240 {
            if try workspace.database.sql(count).first != "0" { break }
            try await Task.sleep(for: .milliseconds(500))
        }
        for question in common {
            _ = try visit(workspace, channel, 1, "try-" + question.prefix(2), question)
            let answered = try workspace.database.sql(
                """
                SELECT count(*) FROM inbox_prepared p JOIN inbox_messages b ON b.tenant_id = p.tenant_id
                    AND b.role = 'bot' AND b.body = p.answer
                JOIN inbox_messages m ON m.tenant_id = b.tenant_id AND m.conversation_id = b.conversation_id
                    AND m.sequence = 1 AND m.body = '\(question)' AND b.sequence = 2
                WHERE p.tenant_id = '\(tenant)'
                """)
            if answered.first != "0" { return question }
        }
        throw Impossible("none of \(common) has an answer that was prepared")
    }

    private static func visit(
        _ workspace: Workspace, _ channel: String, _ count: Int, _ prefix: String, _ question: String
    ) throws -> Times {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Peers/inbox_visitors.py").path
        guard let address = URL(string: workspace.capstan.server.address), let port = address.port else {
            throw Impossible("the server has no port")
        }
        let lines = try Command.run(
            "python3", [script, "127.0.0.1", "\(port)", channel, "\(count)", prefix, question]
        ).split(separator: "\n").map { $0.split(separator: " ").compactMap { Double($0) } }.filter { $0.count == 3 }
        guard lines.count == count else { throw Impossible("\(lines.count) of \(count) visitors told what they saw") }
        return Times(
            typing: lines.map { $0[0] }.filter { $0 >= 0 }.sorted(),
            answer: lines.map { $0[1] }.filter { $0 >= 0 }.sorted(), accepted: lines.map { $0[2] }.sorted(),
            missed: lines.count { $0[0] < 0 || $0[1] < 0 })
    }
}
