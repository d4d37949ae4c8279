import Base
import Foundation

/// What the text of an application says: findings, questions, and what was not looked at.
struct SourcePass {
    /// What a pass gives to the report.
    struct Result: Sendable {
        var findings: [Finding] = []
        var good: [KeepNote] = []
        var questions: [Question] = []
        var notJudged: [NotJudged] = []
        var examined: [Finding.Quantity] = []
        /// Calls to the database, for the join with its statistics.
        var sites: [QuerySite] = []
        var schema = SchemaShape()
    }

    /// A call to the database, and where it is.
    struct QuerySite: Sendable, Hashable {
        var query: QueryText
        var file: String
        var line: Int
        var text: String
    }

    private enum Bounds {
        /// Places that one finding names.
        static let places = 20
        static let sites = 200_000
        static let matches = 50_000
        static let keepPlaces = 12
        static let excerptCharacters = 600
    }

    let book: RuleBook
    let program: AstGrep
    let only: Set<String>?

    /// Searches a folder; `working` is a folder of its own for what is written on the way.
    func run(
        _ tree: SourceTree, working: URL, progress: (String) -> Void
    ) async throws -> Result {
        var result = Result()
        var matches: [String: [Match]] = [:]
        var roles: [String: [Match]] = [:]
        var declared: [Match] = []
        var count = 0
        progress("searching \(tree.files(.script).count) scripts")
        let wanted = only.map { $0.union(Self.facts) }
        try await program.scan(tree.root, with: book, only: wanted, in: working) { match in
            if match.rule == "fact-query" {
                guard result.sites.count < Bounds.sites, let query = QueryText(call: match.text) else { return }
                result.sites.append(QuerySite(query: query, file: match.file, line: match.line, text: match.text))
            } else if match.rule == "fact-drizzle-table" {
                declared.append(match)
            } else if let role = match.role {
                roles["\(match.rule):\(role)", default: []].append(match)
            } else if count < Bounds.matches {
                count += 1
                matches[match.rule, default: []].append(match)
            }
        }
        var drizzle = DrizzleSchema()
        for match in declared.sorted(by: Match.isBefore) { drizzle.read(match) }
        // Threads of ast-grep print as they finish: the order of places is the files'.
        matches = matches.mapValues { $0.sorted(by: Match.isBefore) }
        roles = roles.mapValues { $0.sorted(by: Match.isBefore) }
        result.sites.sort { ($0.file, $0.line, $0.text) < ($1.file, $1.line, $1.text) }
        if count == Bounds.matches {
            result.notJudged.append(
                NotJudged(
                    rule: "source", reason: "more than \(Bounds.matches) places matched; the rest was not looked at",
                    remedy: "audit parts of the tree, or one rule at a time with --only"))
        }
        progress("reading schemas and migrations")
        let swift = SwiftPass(tree: tree)
        let product = swift.run()
        result.sites += product.sites
        var schema = SchemaPass(tree: tree, drizzle: drizzle)
        schema.read(product.schema)
        result.schema = schema.shape
        let judge = SourceJudge(schema: schema.shape, sites: result.sites, knowsVectors: schema.knowsVectors)
        let deployment = Deployment(tree)
        for rule in book.rules.values.sorted(by: { $0.rule < $1.rule }) where only?.contains(rule.rule) ?? true {
            let found = Self.single(judge.keep(matches[rule.rule] ?? [], of: rule))
            decide(rule, found, roles, judge, deployment, &result)
        }
        if let rule = book.rules["function-timeout"], only?.contains(rule.rule) ?? true {
            result.findings += deployment.findings(rule)
        }
        result.findings += schema.findings(sites: result.sites, book: book, only: only)
        result.findings += swift.findings(product, schema.shape, book: book, only: only)
        if product.partial > 0 {
            result.notJudged.append(
                NotJudged(
                    rule: "statements",
                    reason: "\(product.partial) of \(product.statements) statements in Swift are put together of parts",
                    remedy: "give the database as well: what is sent is seen there"))
        }
        result.good += schema.good(sites: result.sites, book: book, only: only)
        result.notJudged += schema.notJudged
        result.examined = examined(tree, result, schema)
        result.findings = Self.distinct(result.findings)
        return result
    }

    /// What becomes of a rule's matches: findings, a question, or a note that one place answers it for all.
    private func decide(
        _ rule: AuditRule, _ found: [Match], _ roles: [String: [Match]], _ judge: SourceJudge, _ deployment: Deployment,
        _ result: inout Result
    ) {
        let absolved = roles["\(rule.rule):absolved"] ?? []
        result.good += note(rule, Self.single(judge.inPlace(roles["\(rule.rule):keep"] ?? [], of: rule)))
        if let answer = deployment.answer(to: rule), rule.scope == .question || !found.isEmpty {
            result.good.append(
                KeepNote(
                    rule: rule.rule, text: "The application stands on \(answer.package)", places: [answer.file],
                    count: 1))
        } else if rule.scope == .question {
            result.questions += question(rule, absolved: absolved)
        } else if absolved.isEmpty || found.isEmpty {
            result.findings += findings(rule, found, judge)
            if absolved.isEmpty { result.questions += question(rule, asked: roles["\(rule.rule):question"] ?? []) }
        } else {
            result.good.append(
                KeepNote(
                    rule: rule.rule, text: "“\(rule.title)” is answered in one place for all",
                    places: places(absolved, Bounds.keepPlaces), count: absolved.count))
        }
    }

    /// One match a line: two documents of a rule may see the same place.
    private static func single(_ matches: [Match]) -> [Match] {
        var seen: Set<String> = []
        return matches.filter { seen.insert("\($0.file):\($0.line)").inserted }
    }

    static let facts: Set<String> = ["fact-query", "fact-drizzle-table"]

    private func examined(_ tree: SourceTree, _ result: Result, _ schema: SchemaPass) -> [Finding.Quantity] {
        [
            Finding.Quantity(name: "scripts", value: Double(tree.files(.script).count), unit: "files"),
            Finding.Quantity(name: "lines of source", value: Double(tree.scriptLines()), unit: "lines"),
            Finding.Quantity(name: "calls to the database", value: Double(result.sites.count), unit: "calls"),
            Finding.Quantity(name: "tables in schemas", value: Double(schema.shape.tables.count), unit: "tables"),
            Finding.Quantity(name: "statements of migrations", value: Double(schema.statements), unit: "statements"),
        ]
    }

    // MARK: Findings

    private func findings(_ rule: AuditRule, _ matches: [Match], _ judge: SourceJudge) -> [Finding] {
        guard !matches.isEmpty else { return [] }
        switch rule.scope {
        case .site: return matches.map { finding(rule, [$0], judge) }
        case .file:
            return Dictionary(grouping: matches, by: \.file).sorted { $0.key < $1.key }.map {
                finding(rule, $0.value, judge)
            }
        case .tree: return [finding(rule, matches, judge)]
        case .question, .keep, .fact: return []
        }
    }

    private func finding(_ rule: AuditRule, _ matches: [Match], _ judge: SourceJudge) -> Finding {
        let first = matches[0]
        let query = QueryText(call: first.text)
        let table = query.map { judge.schema.table($0.table)?.name ?? $0.table }
        let object = rule.scope == .tree ? "tree" : first.file + (table.map { "#\($0)" } ?? "")
        let fingerprint = Fingerprint.of(rule.scope == .tree ? rule.rule : first.text)
        var summary =
            matches.count == 1
            ? rule.title
            : "\(rule.title): \(matches.count) places, \(places(matches, Bounds.places).joined(separator: ", "))"
        if let remark = judge.remark(rule, query) { summary += "; \(remark)" }
        return Finding(
            id: "\(rule.rule):\(object)@\(fingerprint)", rule: rule.rule,
            severity: judge.severity(rule, matches), component: rule.component, title: rule.title,
            location: Finding.Location(
                file: first.file, line: first.line, table: table, statement: query?.statement,
                route: Route.of(first.file)),
            observation: Finding.Observation(
                summary: summary,
                numbers: [Finding.Quantity(name: "places", value: Double(matches.count), unit: "places")],
                command: "capstan audit . --only \(rule.rule)", window: nil,
                excerpt: String(first.lines.prefix(Bounds.excerptCharacters))),
            projection: .unmeasured(rule.law, with: rule.driver, exhausting: rule.resource), cost: nil,
            fix: Finding.Fix(
                summary: rule.fix, code: rule.fixCode, undo: nil, isShape: rule.fixCode == nil ? nil : true),
            trial: nil, effort: rule.effort, confidence: rule.confidence, covers: rule.covers, suppression: nil)
    }

    // MARK: Notes and questions

    private func note(_ rule: AuditRule, _ matches: [Match]) -> [KeepNote] {
        guard !matches.isEmpty, let keep = rule.keep else { return [] }
        return [
            KeepNote(rule: rule.rule, text: keep, places: places(matches, Bounds.keepPlaces), count: matches.count)
        ]
    }

    private func question(_ rule: AuditRule, absolved: [Match]) -> [Question] {
        guard absolved.isEmpty, let text = rule.question else { return [] }
        return [Question(rule: rule.rule, text: text, seen: "nothing in the source answers it")]
    }

    private func question(_ rule: AuditRule, asked: [Match]) -> [Question] {
        guard !asked.isEmpty, let text = rule.question else { return [] }
        return [
            Question(rule: rule.rule, text: text, seen: places(asked, Bounds.keepPlaces).joined(separator: ", "))
        ]
    }

    private func places(_ matches: [Match], _ count: Int) -> [String] {
        var seen: Set<String> = []
        let all = matches.map { "\($0.file):\($0.line)" }.filter { seen.insert($0).inserted }
        return Array(all.prefix(count)) + (all.count > count ? ["and \(all.count - count) more"] : [])
    }

    /// Two findings of one name get numbers, in the order of their places.
    static func distinct(_ findings: [Finding]) -> [Finding] {
        var counts: [String: Int] = [:]
        return findings.map { finding in
            let count = counts[finding.id, default: 0] + 1
            counts[finding.id] = count
            guard count > 1 else { return finding }
            var copy = finding
            copy.id += "-\(count)"
            return copy
        }
    }
}

/// The address that a file answers at, where its folder says so.
enum Route {
    static func of(_ file: String) -> String? {
        let parts = file.split(separator: "/").map(String.init)
        guard let app = parts.lastIndex(where: { $0 == "app" || $0 == "pages" }), app < parts.count - 1 else {
            return nil
        }
        let name = parts[parts.count - 1].prefix { $0 != "." }
        guard parts[app] == "pages" ? parts.dropFirst(app + 1).first == "api" : name == "route" || name == "page" else {
            return nil
        }
        let steps =
            parts[(app + 1)..<(parts.count - 1)].filter { !$0.hasPrefix("(") }
            + (parts[app] == "pages" && name != "index" ? [String(name)] : [])
        return "/" + steps.joined(separator: "/")
    }
}
