import Foundation

/// Decides about what text alone cannot: whether a shape that was found is the fault, and how urgent it is.
struct SourceJudge {
    let schema: SchemaShape
    let sites: [SourcePass.QuerySite]
    let hasVectorIndexes: Bool

    /// Tables that stay small whatever the product does: rank by kind, never by a guess in rows.
    private static let small = [
        "plan", "plans", "role", "roles", "tag", "tags", "category", "categories", "country", "countries", "currency",
        "currencies", "setting", "settings", "config", "configs", "flag", "flags", "feature_flags", "featureflag",
        "genre",
        "genres", "season", "seasons", "week", "weeks", "template", "templates", "language", "languages", "permission",
        "permissions", "bucket", "buckets",
    ]

    /// Folders of what is run by hand or once.
    private static let byHand = ["scripts", "seed", "seeds", "tools", "migrations", "bin", "examples", "docs"]

    /// The matches that are the fault.
    func keep(_ matches: [Match], of rule: AuditRule) -> [Match] {
        var kept = matches.filter { !Self.isByHand($0.file) }
        if let path = rule.path, let pattern = try? Regex(path) {  // A rule's own test reads its pattern.
            kept = kept.filter { $0.file.contains(pattern) }
        }
        switch rule.rule {
        case "sequential-queries": return kept.filter(isIndependent)
        case "unbounded-result": return kept.filter { !isBounded($0) }
        case "vector-no-index": return hasVectorIndexes ? [] : kept
        default: return kept
        }
    }

    /// How urgent, when only text was read.
    func severity(_ rule: AuditRule, _ matches: [Match]) -> Severity {
        guard rule.rule == "unbounded-result" || rule.rule == "n-plus-one", let query = QueryText(call: matches[0].text)
        else { return rule.severity }
        let table = schema.table(query.table)
        let names = [query.table, table?.name, table?.model].compactMap { $0?.lowercased() }
        if names.contains(where: { Self.small.contains($0) }) { return .low }
        guard rule.rule == "unbounded-result" else { return rule.severity }
        // What one parent owns grows slower than what everybody owns.
        return query.equal.isEmpty ? rule.severity : rule.severity.lowered
    }

    static func isByHand(_ file: String) -> Bool {
        let parts = file.lowercased().split(separator: "/")
        guard let name = parts.last else { return false }
        return parts.dropLast().contains { byHand.contains(String($0)) } || name.hasPrefix("seed.")
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

    /// Whether a key makes the read one row, or a list of keys bounds it.
    private func isBounded(_ match: Match) -> Bool {
        guard let query = QueryText(call: match.text) else { return false }
        if !query.listed.isEmpty { return true }
        guard let table = schema.table(query.table) else { return false }
        return table.isUnique(query.equal.map { table.column($0)?.name ?? $0 })
    }
}
