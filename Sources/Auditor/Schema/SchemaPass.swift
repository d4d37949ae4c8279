import Foundation

/// What schemas and migrations say: keys without an index, look-ups without one, tables that only grow.
struct SchemaPass {
    private enum Bounds {
        /// Migrations whose locks are spoken of: what has run has run.
        static let newestMigrations = 3
    }

    let tree: SourceTree
    private let drizzle: DrizzleSchema
    private(set) var shape = SchemaShape()
    private(set) var notJudged: [NotJudged] = []
    private(set) var migrations = Migrations()
    private var newest: Set<String> = []
    private var prismaSource: [String: String] = [:]

    init(tree: SourceTree, drizzle: DrizzleSchema) {
        self.tree = tree
        self.drizzle = drizzle
    }

    var statements: Int { migrations.statements }

    /// Whether migrations say where vectors are kept, and so which have an index.
    var knowsVectors: Bool { !migrations.vectors.isEmpty }

    /// Reads everything; schema files first, since they know how the code calls things.
    ///
    /// - Parameter declared: Statements of a schema that stand in other source, each with its file.
    mutating func read(_ declared: [(file: String, text: String)] = []) {
        for file in tree.files(.prisma) {
            guard let text = tree.text(file) else { continue }
            let schema = PrismaSchema(text, file: file.path)
            prismaSource.merge(schema.source) { $1 }
            shape.enumerations.formUnion(schema.enumerations)
            for table in schema.tables { shape.add(table) }
        }
        for table in drizzle.shapes { shape.add(table) }
        let scripts = tree.files(.sql).filter { !$0.path.contains("seed") }
        for file in scripts {
            guard let text = tree.text(file) else { continue }
            migrations.read(text, file: file.path)
        }
        // What another engine alone reads is no fault of theirs.
        for statement in declared { migrations.read(statement.text, file: statement.file, isOptional: true) }
        newest = Set(scripts.map(\.path).suffix(Bounds.newestMigrations))
        for table in migrations.schema.tables { shape.add(table) }
        if !migrations.unread.isEmpty {
            notJudged.append(
                NotJudged(
                    rule: "migrations",
                    reason:
                        "\(migrations.unread.count) SQL files are not PostgreSQL's, such as \(migrations.unread[0])",
                    remedy: "nothing, when another engine reads them"))
        }
        if shape.tables.isEmpty {
            notJudged.append(
                NotJudged(
                    rule: "missing-index", reason: "no schema was found: neither schema.prisma, Drizzle tables nor SQL",
                    remedy: "give the database as well: capstan audit . --database postgres://…"))
        }
    }

    /// What follows from it.
    func findings(sites: [SourcePass.QuerySite], book: RuleBook, only: Set<String>?) -> [Finding] {
        var findings: [Finding] = []
        for (rule, make) in [
            ("missing-index", { $0 + lookups(sites, $1) + keys(sites, $1) }),
            ("duplicate-index", { $0 + duplicates($1) }),
            ("no-retention", { $0 + growing(sites, $1) }),
            ("unbounded-json", { $0 + blobs($1) }),
            ("unfinished-migration", { $0 + pairs($1) }),
            ("vector-no-index", { $0 + vectors($1) }),
        ] as [(String, ([Finding], AuditRule) -> [Finding])] {
            guard only?.contains(rule) ?? true, let rule = book.rules[rule] else { continue }
            findings = make(findings, rule)
        }
        for remark in migrations.remarks where only?.contains(remark.rule) ?? true {
            guard let rule = book.rules[remark.rule] else { continue }
            guard remark.rule != "migration-locks" || newest.contains(remark.file) else { continue }
            findings.append(finding(remark, rule))
        }
        return findings
    }

    // MARK: Indexes

    /// Foreign keys that no index serves: a delete of the parent reads the whole child.
    ///
    /// When a call looks the key up and orders by another column, that column comes after it: one index serves both.
    private func keys(_ sites: [SourcePass.QuerySite], _ rule: AuditRule) -> [Finding] {
        shape.tables.flatMap { table in
            table.foreignKeys.filter { !$0.columns.isEmpty && table.cover(for: $0.columns) == nil }.map { key in
                var copy = table
                copy.line = key.line
                let follower = follower(of: key.columns, in: table, sites)
                return finding(
                    rule, copy, columns: Self.unique(key.columns + follower), severity: .medium,
                    "the foreign key \(table.name)(\(key.columns.joined(separator: ", "))) to \(key.target) has no index: "
                        + "joins to it, and each delete of a row there, read all of \(table.name)",
                    place: nil)
            }
        }
    }

    /// The column that calls with this key order by, or bound.
    private func follower(of key: [String], in table: TableShape, _ sites: [SourcePass.QuerySite]) -> [String] {
        for site in sites where shape.table(site.query.table)?.name == table.name {
            let equal = site.query.equal.compactMap { table.column($0)?.name }
            guard Set(key).isSubset(of: Set(equal)) else { continue }
            if let column = Self.second(site.query, table) { return [column] }
        }
        return []
    }

    private static func second(_ query: QueryText, _ table: TableShape) -> String? {
        (query.order.first?.column ?? query.ranged.first).flatMap { table.column($0)?.name }
    }

    /// Look-ups in the code whose columns no index narrows.
    private func lookups(_ sites: [SourcePass.QuerySite], _ rule: AuditRule) -> [Finding] {
        var findings: [Finding] = []
        var seen: Set<String> = []
        for site in sites where !SourceJudge.isByHand(site.file) {
            guard let table = shape.table(site.query.table) else { continue }
            let compared = (site.query.equal + site.query.listed).compactMap { table.column($0) }.filter {
                !shape.isRelation($0) && !$0.isList
            }
            let second = Self.second(site.query, table)
            // Kinds of which there are few are worth an index only in front of an order.
            guard compared.contains(where: { !shape.isFlag($0) }) || (second != nil && !compared.isEmpty) else {
                continue
            }
            let isByKind = compared.allSatisfy(shape.isFlag)
            let equal = Self.unique(
                compared.filter { isByKind ? !["boolean", "bool"].contains($0.type.lowercased()) : !shape.isFlag($0) }
                    .map(\.name))
            guard !equal.isEmpty, !table.isUnique(equal), !table.isPartlyCovered(for: equal) else { continue }
            // A column of few values in front is no obstacle where it is compared as well.
            let all = Set(compared.map(\.name))
            guard
                !table.indexes.contains(where: { index in
                    Set(equal).isSubset(of: index.columns.prefix { all.contains($0) })
                })
            else { continue }
            if let index = table.narrowing(for: equal) {
                findings += narrowed(equal, by: index, in: table, at: site, rule, &seen)
                continue
            }
            // The key is a finding of its own.
            guard !table.foreignKeys.contains(where: { !Set($0.columns).isDisjoint(with: equal) }) else { continue }
            let columns = Self.unique(equal + [second].compactMap { $0 })
            let name = isByKind ? columns : equal.sorted()
            guard seen.insert("\(table.name)(\(name.joined(separator: ",")))").inserted else { continue }
            let others = table.indexes.filter { index in index.columns.contains { equal.contains($0) } }
            let hint = others.first.map { index in
                "; the index on (\(index.columns.joined(separator: ", "))) begins with another column"
            }
            findings.append(
                finding(
                    rule, table, columns: columns, severity: isByKind || site.query.isOpen ? .medium : .high,
                    "\(site.file):\(site.line) looks \(table.name) up by \(equal.joined(separator: ", ")), "
                        + "which no index begins with\(hint ?? "")",
                    place: site))
        }
        return findings
    }

    /// A look-up by more columns than its best index has: rows of the first are read to keep some.
    private func narrowed(
        _ equal: [String], by index: TableShape.Index, in table: TableShape, at site: SourcePass.QuerySite,
        _ rule: AuditRule, _ seen: inout Set<String>
    ) -> [Finding] {
        let best = table.indexes.max { left, right in
            left.columns.prefix { equal.contains($0) }.count < right.columns.prefix { equal.contains($0) }.count
        }
        let served = Set((best ?? index).columns.prefix { equal.contains($0) })
        let rest = equal.filter { !served.contains($0) }
        // Two indexes of one column each are put together by the planner.
        let isMet = rest.contains { column in table.indexes.contains { $0.columns.first == column } }
        guard !rest.isEmpty, !isMet, !site.query.isOpen, site.query.listed.isEmpty, served.count < 2,
            !index.isUnique || index.columns.count > 1,
            seen.insert("\(table.name)(\(equal.sorted().joined(separator: ",")))").inserted
        else { return [] }
        return [
            finding(
                rule, table, columns: Self.unique(served.sorted() + rest), severity: .low,
                "\(site.file):\(site.line) looks \(table.name) up by \(equal.joined(separator: ", ")); an index narrows it by "
                    + "\(served.sorted().joined(separator: ", ")) alone, the rest is read and left out",
                place: site)
        ]
    }

    private static func unique(_ names: [String]) -> [String] {
        var seen: Set<String> = []
        return names.filter { seen.insert($0).inserted }
    }

    private func duplicates(_ rule: AuditRule) -> [Finding] {
        shape.tables.flatMap { table -> [Finding] in
            table.indexes.enumerated().compactMap { position, index in
                guard !index.isUnique, index.predicate == nil,
                    let other = table.indexes.enumerated().first(where: { entry in
                        let other = entry.element
                        let isLonger =
                            other.columns.count > index.columns.count
                            || (other.columns.count == index.columns.count
                                && (other.isUnique || entry.offset < position))
                        return entry.offset != position && isLonger && other.predicate == nil
                            && other.method == index.method
                            && Array(other.columns.prefix(index.columns.count)) == index.columns
                    })?.element
                else { return nil }
                var found = finding(
                    rule, table, columns: index.columns, severity: .low,
                    "the index on \(table.name)(\(index.columns.joined(separator: ", "))) is the beginning of "
                        + "(\(other.columns.joined(separator: ", "))), which serves the same look-ups", place: nil)
                found.fix = Finding.Fix(
                    summary: rule.fix, code: index.name.map { "DROP INDEX CONCURRENTLY \($0);" }, undo: nil)
                found.trial = nil
                return found
            }
        }
    }

    // MARK: Tables

    private func growing(_ sites: [SourcePass.QuerySite], _ rule: AuditRule) -> [Finding] {
        let words = ["log", "logs", "event", "events", "audit", "webhook", "webhooks", "history", "visit", "visits"]
        let deleted = Set(
            sites.filter { ["delete", "deleteMany", "del"].contains($0.query.method) }.compactMap {
                shape.table($0.query.table)?.name
            })
        return shape.tables.compactMap { table in
            // The last word says what a row is: an `event_type` is no event.
            let isLog = [Self.words(table.name).last, Self.words(table.model).last].contains { last in
                last.map { words.contains($0) || words.contains(String($0.dropLast())) } ?? false
            }
            guard isLog, !deleted.contains(table.name),
                table.columns.contains(where: { Self.words($0.name).contains("created") || $0.name == "timestamp" })
            else { return nil }
            return finding(
                rule, table, columns: [], severity: rule.severity,
                "rows of \(table.name) are written and nothing in the source deletes them", place: nil,
                code: Self.sweep(table))
        }
    }

    /// Deletes what is old in batches, where key and time are known.
    static func sweep(_ table: TableShape, schema: String? = nil) -> String? {
        let time = table.columns.first { words($0.name).contains("created") || $0.name == "timestamp" }
        let key = table.indexes.first { $0.isUnique && $0.columns.count == 1 && $0.predicate == nil }
        guard let time = time?.name, let key = key?.columns.first else { return nil }
        let name = (schema.map { "\(quoted($0))." } ?? "") + quoted(table.name)
        return """
            DELETE FROM \(name) WHERE \(quoted(key)) IN (
                SELECT \(quoted(key)) FROM \(name) WHERE \(quoted(time)) < now() - interval '90 days'
                ORDER BY \(quoted(time)) LIMIT 1000);
            """
    }

    private func blobs(_ rule: AuditRule) -> [Finding] {
        let words = ["messages", "items", "results", "creators", "events", "history", "entries", "logs", "comments"]
        return shape.tables.flatMap { table in
            table.columns.filter { column in
                ["json", "jsonb"].contains(column.type.lowercased()) && words.contains(column.field.lowercased())
            }.map { column in
                finding(
                    rule, table, columns: [column.name], severity: .medium,
                    "\(table.name).\(column.name) holds a list in JSON: each append writes it anew", place: nil)
            }
        }
    }

    private func pairs(_ rule: AuditRule) -> [Finding] {
        shape.tables.compactMap { table in
            guard
                let end = ["_v2", "V2", "_new"].first(where: { table.name.hasSuffix($0) || table.model.hasSuffix($0) }),
                let old = shape.table(String(table.name.dropLast(table.name.hasSuffix(end) ? end.count : 0))),
                old.name != table.name
            else { return nil }
            return finding(
                rule, old, columns: [], severity: rule.severity, "\(old.name) and \(table.name) are both there",
                place: nil)
        }
    }

    private func vectors(_ rule: AuditRule) -> [Finding] {
        migrations.vectors.compactMap { vector in
            guard let table = migrations.schema.table(vector.table),
                !table.indexes.contains(where: {
                    ["hnsw", "ivfflat", "diskann"].contains($0.method) && $0.columns.contains(vector.column)
                })
            else { return nil }
            var copy = table
            (copy.file, copy.line) = (vector.file, vector.line)
            var found = finding(
                rule, copy, columns: [vector.column], severity: rule.severity,
                "\(table.name).\(vector.column) holds vectors and has no index for them", place: nil)
            let proposal = IndexProposal(
                table: table.name, columns: [vector.column], method: ("hnsw", "vector_cosine_ops"))
            (found.fix.code, found.fix.undo, found.fix.isShape) = (proposal.code, proposal.undo, nil)
            return found
        }
    }

    /// The words of a name in snake or camel case, in small letters.
    static func words(_ name: String) -> [String] {
        var words: [String] = [""]
        for character in name {
            if character == "_" || character.isUppercase { words.append("") }
            if character != "_" { words[words.count - 1].append(contentsOf: character.lowercased()) }
        }
        return words.filter { !$0.isEmpty }
    }

    // MARK: Findings

    private func finding(
        _ rule: AuditRule, _ table: TableShape, columns: [String], severity: Severity, _ summary: String,
        place: SourcePass.QuerySite?, code made: String? = nil
    ) -> Finding {
        let proposal = IndexProposal(table: table.name, columns: columns, taken: Set(table.indexes.compactMap(\.name)))
        let code = rule.rule == "missing-index" ? proposal.code : made ?? rule.fixCode
        let trial =
            rule.rule == "missing-index" && SQLTree(code ?? "") != nil
            ? Finding.Trial(
                method:
                    "PostgreSQL's own parser read the statement; its columns are in the schema in this order of use",
                result: "not tried against data: give --database for plans and sizes")
            : nil
        return Finding(
            id:
                "\(rule.rule):\(table.name)(\(columns.joined(separator: ",")))@\(Fingerprint.of(table.name + columns.joined()))",
            rule: rule.rule, severity: severity, component: rule.component, title: rule.title,
            location: Finding.Location(
                file: place?.file ?? table.file, line: place?.line ?? table.line, table: table.name,
                statement: place?.query.statement, route: place.flatMap { Route.of($0.file) }),
            observation: Finding.Observation(
                summary: summary,
                numbers: [
                    Finding.Quantity(name: "indexes of the table", value: Double(table.indexes.count), unit: "indexes")
                ], command: "capstan audit . --only \(rule.rule)", window: nil,
                excerpt: place.map { String($0.text.prefix(400)) }),
            projection: .unmeasured(rule.law, with: rule.driver, exhausting: rule.resource), cost: nil,
            fix: Finding.Fix(
                summary: rule.fix, code: code,
                undo: rule.rule == "missing-index" ? proposal.undo : nil,
                isShape: rule.rule == "missing-index" || made != nil || rule.fixCode == nil ? nil : true),
            trial: trial, effort: rule.effort, confidence: rule.confidence, covers: rule.covers, suppression: nil)
    }

    private func finding(_ remark: Migrations.Remark, _ rule: AuditRule) -> Finding {
        Finding(
            id:
                "\(rule.rule):\(remark.table)@\(SQLTree.fingerprint(remark.statement) ?? Fingerprint.of(remark.statement))",
            rule: rule.rule, severity: remark.severity, component: rule.component, title: rule.title,
            location: Finding.Location(
                file: remark.file, line: remark.line, table: remark.table, statement: remark.statement, route: nil),
            observation: Finding.Observation(
                summary: remark.summary, numbers: [], command: "capstan audit . --only \(rule.rule)", window: nil,
                excerpt: String(remark.statement.prefix(600))),
            projection: .unmeasured(rule.law, with: rule.driver, exhausting: rule.resource), cost: nil,
            fix: Finding.Fix(summary: remark.fix, code: remark.code, undo: nil), trial: nil, effort: rule.effort,
            confidence: rule.confidence, covers: rule.covers, suppression: nil)
    }

    /// A name as PostgreSQL takes it: quoted when it would be folded otherwise.
    static func quoted(_ name: String) -> String {
        name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 0x5F }
            ? name : "\"\(name.replacing("\"", with: "\"\""))\""
    }
}
