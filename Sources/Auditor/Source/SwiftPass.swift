/// What the statements of a product on this platform say: reads without a bound, and statements in loops.
struct SwiftPass {
    struct Result {
        var sites: [SourcePass.QuerySite] = []
        /// Statements that declare the schema, in the order of files.
        var schema: [(file: String, text: String)] = []
        var loops: [Place] = []
        var reads: [Place] = []
        var statements = 0
        var partial = 0
    }

    /// A statement with where it is.
    struct Place {
        var file: String
        var statement: SwiftStatements.Found
        var shape: StatementShape
    }

    let tree: SourceTree

    /// Calls of the platform that put the bound on a read, or give one row.
    private static let bounding: Set<String> = ["one", "first", "list", "page", "aggregate"]

    func run() -> Result {
        var result = Result()
        for file in tree.files(.swift) where !Self.isTest(file.path) {
            guard let text = tree.text(file), text.contains("import Storage") else { continue }
            for found in SwiftStatements(text).found {
                result.statements += 1
                if found.text.hasPrefix("CREATE") {
                    result.schema.append((file.path, found.text))
                    continue
                }
                guard !found.isPartial, let shape = StatementShape(found.text) else {
                    result.partial += 1
                    continue
                }
                read(Place(file: file.path, statement: found, shape: shape), into: &result)
            }
        }
        return result
    }

    private func read(_ place: Place, into result: inout Result) {
        var query = QueryText(dialect: .sql, table: place.shape.table, method: place.shape.verb)
        (query.equal, query.listed) = (place.shape.equal, place.shape.listed)
        (query.ranged, query.order, query.isOpen) = (place.shape.ranged, place.shape.order, place.shape.isOpen)
        query.statement = place.statement.text
        result.sites.append(
            SourcePass.QuerySite(
                query: query, file: place.file, line: place.statement.line, text: place.statement.text))
        if place.statement.isInLoop { result.loops.append(place) }
        if place.shape.verb == "select", !Self.bounding.contains(place.statement.call), !place.shape.isBounded {
            result.reads.append(place)
        }
    }

    private static func isTest(_ path: String) -> Bool {
        path.split(separator: "/").contains { $0.hasSuffix("Tests") || $0.hasSuffix("TestKit") || $0 == "Benchmarks" }
            || path.hasSuffix("Package.swift")
    }

    /// Findings about them; keys and lists of keys bound a read.
    func findings(_ result: Result, _ schema: SchemaShape, book: RuleBook, only: Set<String>?) -> [Finding] {
        var findings: [Finding] = []
        if only?.contains("n-plus-one") ?? true, let rule = book.rules["n-plus-one"] {
            findings += result.loops.map { make(rule, $0, severity: .high) }
        }
        if only?.contains("unbounded-result") ?? true, let rule = book.rules["unbounded-result"] {
            findings += result.reads.filter { !isBounded($0, schema) }.map { place in
                // What one parent owns grows slower than what everybody owns.
                let isNarrow =
                    place.shape.isOpen || !place.shape.ranged.isEmpty
                    || place.shape.equal.contains { $0 != "tenant_id" && $0.hasSuffix("_id") }
                return make(rule, place, severity: isNarrow ? .medium : .high)
            }
        }
        return findings
    }

    private func isBounded(_ place: Place, _ schema: SchemaShape) -> Bool {
        if !place.shape.listed.isEmpty { return true }
        guard let table = schema.table(place.shape.table) else { return false }
        return table.isUnique(place.shape.equal)
    }

    private func make(_ rule: AuditRule, _ place: Place, severity: Severity) -> Finding {
        let text = place.statement.text
        return Finding(
            id: "\(rule.rule):\(place.file)#\(place.shape.table)@\(SQLTree.fingerprint(text) ?? Fingerprint.of(text))",
            rule: rule.rule, severity: severity, component: rule.component, title: rule.title,
            location: Finding.Location(
                file: place.file, line: place.statement.line, table: place.shape.table, statement: text),
            observation: Finding.Observation(
                summary: rule.title, numbers: [], command: "capstan audit . --only \(rule.rule)",
                excerpt: String(text.prefix(600))),
            projection: .unmeasured(rule.law, with: rule.driver, exhausting: rule.resource), cost: nil,
            fix: Finding.Fix(summary: rule.fix), trial: nil, effort: rule.effort, confidence: rule.confidence,
            covers: rule.covers, suppression: nil)
    }
}
