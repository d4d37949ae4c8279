import Foundation

/// Decides about what text alone cannot: whether a shape that was found is the fault, and how urgent it is.
struct SourceJudge {
    let schema: SchemaShape
    let sites: [SourcePass.QuerySite]
    /// Whether migrations say which vectors have an index: then they are asked, not the calls.
    let knowsVectors: Bool

    /// Tables that stay small whatever the product does: rank by kind, never by a guess in rows.
    private static let small: Set<String> = [
        "plan", "plans", "role", "roles", "category", "categories", "country", "countries", "currency", "currencies",
        "setting", "settings", "config", "configs", "flag", "flags", "feature_flags", "featureflag", "genre", "genres",
        "season", "seasons", "week", "weeks", "language", "languages",
    ]

    /// Folders of what is run by hand or once.
    private static let byHand = [
        "scripts", "script", "seed", "seeds", "tools", "migrations", "migration", "bin", "examples", "docs", "test",
        "tests", "testing", "fixtures", "mocks",
    ]

    /// The matches that stand in files that the rule is for, and not in what people run by hand.
    func inPlace(_ matches: [Match], of rule: AuditRule) -> [Match] {
        let kept = matches.filter { !Self.isByHand($0.file) }
        // A rule's own test reads its pattern.
        guard let path = rule.path, let pattern = try? Regex(path) else { return kept }
        return kept.filter { $0.file.contains(pattern) }
    }

    /// What is said beside a rule's title about a call of this kind.
    func remark(_ rule: AuditRule, _ query: QueryText?) -> String? {
        switch (rule.rule, query?.dialect) {
        case ("unbounded-result", .supabase):
            "this client's answer ends at 1,000 rows unless the project raised that, so rows are missing without a word"
        case ("n-plus-one", .prisma): "a relation under `include` is one statement for all rows, and not counted here"
        default: nil
        }
    }

    /// The matches that are the fault.
    func keep(_ matches: [Match], of rule: AuditRule) -> [Match] {
        let kept = inPlace(matches, of: rule)
        switch rule.rule {
        case "sequential-queries": return kept.filter(isIndependent)
        case "unbounded-result": return kept.filter { !isBounded($0) && !Self.isPart($0) }
        case "n-plus-one": return kept.filter { !Self.isPage($0) }
        case "vector-no-index": return knowsVectors ? [] : kept
        case "no-graceful-degradation": return kept.filter { !Self.isInBrowser($0.file) }
        default: return kept
        }
    }

    /// How urgent, when only text was read.
    func severity(_ rule: AuditRule, _ matches: [Match]) -> Severity {
        if rule.rule == "in-memory-export", Route.of(matches[0].file) == nil { return rule.severity.lowered }
        if rule.rule == "no-graceful-degradation" {
            // A person waits for an answer that a route gives.
            return matches.contains { Route.of($0.file) != nil } ? rule.severity : rule.severity.lowered
        }
        if rule.rule == "per-instance-state" {
            // A cache that is everybody's own is late; a limit or a session that is everybody's own does not hold.
            let isCache = matches.allSatisfy { Self.isCache($0.text) }
            return isCache ? rule.severity.lowered : rule.severity
        }
        if rule.rule == "per-request-user-lookup" { return Self.share(of: matches, rule.severity) }
        guard rule.rule == "unbounded-result" || rule.rule == "n-plus-one", let query = QueryText(call: matches[0].text)
        else { return rule.severity }
        let table = schema.table(query.table)
        let names = [query.table, table?.name, table?.model].compactMap { $0?.lowercased() }
        let isOfAll = [query.table, table?.name].compactMap { $0 }.map(SchemaPass.words).contains { words in
            ["site", "app", "system", "global", "feature"].contains(words.first ?? "")
                && Self.small.contains(words.last ?? "")
        }
        if isOfAll || names.contains(where: { Self.small.contains($0) }) { return .low }
        guard rule.rule == "unbounded-result" else {
            // Writes of what one request brought are as many as it brought; inside a transaction they hold its locks.
            let isHeld = matches.contains { $0.text.hasPrefix("tx.") || $0.text.hasPrefix("trx.") }
            let reads = matches.contains { QueryText(call: $0.text)?.isRead ?? true }
            return reads || isHeld ? rule.severity : rule.severity.lowered
        }
        // What one parent owns grows slower than what everybody owns.
        let isNarrow = query.equal.contains { name in
            Self.isKey(name) || table?.column(name).map(schema.isRelation) ?? false
        }
        // Both ends of a window bound its rows by how many fall into it.
        let isWindow = query.ranged.count > Set(query.ranged).count
        return query.isOpen || isNarrow || isWindow ? rule.severity.lowered : rule.severity
    }

    /// Whether a column names one of many, as an id does, and not a kind of which there are few, as a status does.
    private static func isKey(_ column: String) -> Bool {
        let name = column.lowercased()
        return ["id", "email", "slug", "token", "key", "handle", "domain", "name", "hash", "path"].contains {
            name.hasSuffix($0)
        }
    }

    /// A look-up at each verification of a token is made by every request; elsewhere the number of files says how many do.
    private static func share(of matches: [Match], _ severity: Severity) -> Severity {
        if matches.contains(where: { $0.ruleId.contains("~0") }) { return severity }
        return Set(matches.map(\.file)).count >= 3 ? severity.lowered : severity.lowered.lowered
    }

    /// Folders whose code runs in the browser, where a person gives up by going elsewhere.
    private static func isInBrowser(_ file: String) -> Bool {
        file.lowercased().split(separator: "/").contains { ["components", "ui", "hooks"].contains(String($0)) }
    }

    static func isByHand(_ file: String) -> Bool {
        let parts = file.lowercased().split(separator: "/")
        guard let name = parts.last else { return false }
        return parts.dropLast().contains { byHand.contains(String($0)) || $0.hasPrefix("test-") }
            || name.hasPrefix("seed.")
    }

    /// Whether the second read uses nothing of the first.
    private func isIndependent(_ match: Match) -> Bool {
        guard let first = match.variable("FIRST"),
            let equals = match.text.firstIndex(of: "=")
        else { return true }
        let names = Self.boundNames(first)
        return names.isDisjoint(with: match.text[equals...].identifiers)
    }

    /// The names that `{ data: brand, error }` or `[job]` or `job` makes.
    static func boundNames(_ pattern: String) -> Set<String> {
        guard pattern.hasPrefix("{") else { return pattern.identifiers }
        return Set(
            ScriptText(pattern).properties().flatMap { property in
                property.value.prefix { $0 != "=" }.identifiers
            })
    }

    private static func isCache(_ text: String) -> Bool {
        let name = text.prefix { $0 != "=" }.lowercased()
        return (name.contains("cache") || name.contains("store"))
            && !["session", "limit", "attempt", "bucket"].contains(where: name.contains)
    }

    /// Whether a call is a part of another statement: a fragment, or a query that is kept to stand in one.
    private static func isPart(_ match: Match) -> Bool {
        if match.text.hasPrefix("sql") {
            let body = match.text.drop { $0 != "`" }.dropFirst().drop { $0.isWhitespace }.prefix(6).lowercased()
            return !body.hasPrefix("select") && !body.hasPrefix("with")
        }
        guard let query = QueryText(call: match.text), query.dialect == .drizzle, query.method.hasPrefix("select")
        else {
            return false
        }
        let line = match.lines.prefix { $0 != "\n" }
        let isKept = line.contains("const ") || line.contains("let ")
        return isKept && !line.contains("await") && !line.contains("=>")
    }

    /// Whether a call in a loop is one page of a read that goes on from where it stopped.
    private static func isPage(_ match: Match) -> Bool {
        guard let query = QueryText(call: match.text), query.isRead else { return false }
        let text = match.text.lowercased()
        return ["take:", "limit"].contains(where: text.contains)
            && ["cursor", "after", "skip", "offset", "lastid"].contains(where: text.contains)
    }

    /// Whether a key makes the read one row, or a list of keys bounds it.
    private func isBounded(_ match: Match) -> Bool {
        guard let query = QueryText(call: match.text) else { return false }
        if !query.listed.isEmpty { return true }
        guard let table = schema.table(query.table) else { return false }
        return table.isUnique(query.equal.map { table.column($0)?.name ?? $0 })
    }
}
