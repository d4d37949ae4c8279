import Base
import Foundation
import Storage
import StoragePostgres

/// What a database says: its catalogue, its counters, and the plans of its hot statements.
struct DatabasePass {
    /// What the pass gives to the report.
    struct Result: Sendable {
        var findings: [Finding] = []
        var good: [KeepNote] = []
        var questions: [Question] = []
        var notJudged: [NotJudged] = []
        var examined: [Finding.Quantity] = []
        var assumptions: [Report.Assumption] = []
        var catalogue = Catalogue()
    }

    let address: Secret<String>
    let book: RuleBook
    let only: Set<String>?
    let clock: any WallClock
    var checksFunctions = false

    func run(progress: (String) -> Void) async throws -> Result {
        progress("reading the catalogue")
        do {
            let inspection = try await PostgresInspection.open(address)
            do {
                let result = try await look(inspection, progress: progress)
                await inspection.close()
                return result
            } catch {
                await inspection.close()
                throw error
            }
        } catch let error as StorageError {
            throw AuditError(.database, "the database could not be looked at: \(error.message)", underlying: error)
        }
    }

    private func look(_ inspection: PostgresInspection, progress: (String) -> Void) async throws -> Result {
        var result = Result()
        let catalogue = try await CatalogueReader(
            inspection: inspection, checksFunctions: checksFunctions
        ).read()
        result.catalogue = catalogue
        let judge = CatalogueJudge(catalogue: catalogue, book: book)
        result.findings = judge.findings()
        progress("planning \(min(catalogue.statements.count, StatementJudge.Bounds.planned)) hot statements")
        let planner = Planner(catalogue: catalogue, inspection: inspection)
        result.findings = await tried(result.findings, judge.uncovered(), planner)
        let statements = StatementJudge(catalogue: catalogue, book: book, planner: planner)
        let judged = await statements.judge()
        result.findings += judged.findings
        result.notJudged += judged.notJudged + judge.notJudged()
        if let only { result.findings.removeAll { !only.contains($0.rule) } }
        let locks = await inspection.strongLocks().sorted()
        result.examined = [
            Finding.Quantity(name: "tables", value: Double(catalogue.tables.count), unit: "tables"),
            Finding.Quantity(name: "indexes", value: Double(catalogue.indexes.count), unit: "indexes"),
            Finding.Quantity(name: "statements", value: Double(catalogue.statements.count), unit: "statements"),
            Finding.Quantity(name: "plans", value: Double(judged.planned), unit: "plans"),
            Finding.Quantity(name: "MB of database", value: catalogue.databaseBytes / 1_000_000, unit: "MB"),
            Finding.Quantity(
                name: "locks above ACCESS SHARE", value: Double(locks.count),
                unit: locks.isEmpty ? "kinds" : locks.joined(separator: ", ")),
        ]
        result.assumptions = [
            Report.Assumption(
                name: "counters", value: (catalogue.counterSeconds / 86_400 * 100).rounded() / 100, unit: "days",
                origin: "measured: stats_reset of pg_stat_database")
        ]
        return result
    }

    /// Findings about keys, with what their index would change; one that the planner would not use is left out.
    private func tried(
        _ findings: [Finding], _ missing: [CatalogueJudge.Uncovered], _ planner: Planner
    ) async -> [Finding] {
        guard planner.canTry else { return findings }
        var byID: [String: CatalogueJudge.Uncovered] = [:]
        for entry in missing { byID["missing-index:\(entry.object)@\(Fingerprint.of(entry.object))"] = entry }
        var kept: [Finding] = []
        for finding in findings {
            guard let entry = byID[finding.id], kept.count < Bounds.trials,
                let trial = await planner.tryIndex(entry.proposal.hypothetical, for: entry.statement)
            else {
                kept.append(finding)
                continue
            }
            var copy = finding
            copy.trial = trial.trial(on: entry.table, in: planner.catalogue)
            // A plan that stays as it is says that reading all of so small a table costs as little.
            if trial.after >= trial.before { copy.severity = .low }
            kept.append(copy)
        }
        return kept
    }

    private enum Bounds {
        static let trials = 1_000
    }
}

/// Makes findings out of a rule and what a database said.
struct DatabaseFinding {
    let rule: AuditRule
    let window: String

    func make(
        object: String, fingerprint: String = "", severity: Severity, summary: String, numbers: [Finding.Quantity],
        command: String, table: String?, statement: String? = nil, projection: Projection? = nil,
        fix: Finding.Fix? = nil, trial: Finding.Trial? = nil
    ) -> Finding {
        Finding(
            id: "\(rule.rule):\(object)@\(fingerprint.isEmpty ? Fingerprint.of(object) : fingerprint)", rule: rule.rule,
            severity: severity, component: rule.component, title: rule.title,
            location: Finding.Location(file: nil, line: nil, table: table, statement: statement, route: nil),
            observation: Finding.Observation(
                summary: summary, numbers: numbers, command: command, window: window, excerpt: statement),
            projection: projection ?? .unmeasured(rule.law, with: rule.driver, exhausting: rule.resource), cost: nil,
            fix: fix
                ?? Finding.Fix(
                    summary: rule.fix, code: rule.fixCode, undo: nil, isShape: rule.fixCode == nil ? nil : true),
            trial: trial, effort: rule.effort,
            confidence: .measured, covers: rule.covers, suppression: nil)
    }
}
