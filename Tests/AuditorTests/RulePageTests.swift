import Foundation
import Testing

@testable import Auditor

@Suite struct RulePageTests {
    /// Classes of the register, each with how often the five audits name it.
    private static let classes: Set<String> = [
        "missing-index", "no-cache", "no-monitoring", "no-pool", "bot-detection", "sequential-queries",
        "linear-schedule",
        "n-plus-one", "no-rate-limit", "unbounded-result", "no-cdn", "no-circuit-breaker", "no-read-replica",
        "over-fetching", "per-instance-state", "cache-invalidation", "heavy-bundle", "no-background-job",
        "no-backup-dr",
        "no-cache-warm", "no-cost-tracking", "no-dlq", "no-graceful-degradation", "no-load-balancer",
        "no-precomputed-aggregate", "no-quota", "no-retention", "no-retry", "no-sharding", "per-request-user-lookup",
        "prod-query-log", "single-instance", "unbounded-json", "app-side-aggregate", "cache-key-scan",
        "connection-limit",
        "db-maintenance", "fanout-burst", "fixed-concurrency", "function-timeout", "heavy-join", "in-memory-export",
        "media-weight", "no-alert", "no-authentication", "no-batching", "no-compression", "no-event-queue",
        "no-graceful-shutdown", "no-http-cache", "no-load-test", "no-priority-queue", "no-request-coalescing",
        "no-user-concurrency-limit", "platform-limit", "poll-leak", "race-condition", "realtime-limit",
        "silent-partial-result", "socket-no-limit", "sync-webhook", "uncached-flag", "unfinished-migration",
        "unvirtualised-list", "vector-no-index", "offset-pagination",
    ]

    @Test func `each class of the register has a rule`() throws {
        let known = Set(try RuleBook.shipped().rules.values.map(\.class))
        #expect(Self.classes.subtracting(known) == [])
    }

    @Test func `each finding of the five audits is answered by a rule`() throws {
        let covered = Set(try RuleBook.shipped().rules.values.flatMap(\.covers))
        let all = [("G", 31), ("M", 23), ("A", 18), ("C", 36), ("I", 36)].flatMap { letter, count in
            (1...count).map { "\(letter)\($0)" }
        }
        let open = all.filter { !covered.contains($0) }
        #expect(open == Self.unanswered, "\(open)")
    }

    /// Two that do not hold: a read of 100 is bounded, and a client over HTTP has no pool.
    ///
    /// Fixtures prove the silence.
    private static let unanswered = ["C4", "C15"]

    @Test func `the page about the rules is up to date`() throws {
        let rows = try RuleBook.shipped().rules.values.filter { $0.scope != .fact }.sorted { $0.rule < $1.rule }.map {
            rule in
            let gives =
                switch rule.scope {
                case .question: "question"
                case .keep: "good practice"
                case .site, .file, .tree, .fact: "finding"
                }
            let from = gives == "finding" ? rule.severity.rawValue : ""
            return "| `\(rule.rule)` | \(rule.class) | \(gives) | \(from) | \(rule.needs) | "
                + "\(rule.covers.joined(separator: ", ")) |"
        }
        let table = rows.joined(separator: "\n")
        let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Documentation/Reference/audit-rules.md")
        #expect(
            try String(contentsOf: page, encoding: .utf8).hasSuffix(table + "\n"),
            "Documentation/Reference/audit-rules.md is not up to date; its table should be:\n\(table)")
    }
}
