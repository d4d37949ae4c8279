/// Decides what in a running server's own records is a fault.
struct RunningJudge {
    private enum Bounds {
        /// Fewer requests say nothing about a route.
        static let requests = 100
        static let rows = 1_000.0
        static let bytes = 500_000.0
        static let errorShare = 0.01
        static let slowMilliseconds = 1_000.0
        static let share = 0.2
        static let lookUps = 1_000
        static let hitRatio = 0.5
    }

    struct Result: Sendable {
        var findings: [Finding] = []
        var good: [KeepNote] = []
        var notJudged: [NotJudged] = []
        var examined: [Finding.Quantity] = []
        var quantities: [Workload.Quantity] = []
    }

    let records: RunningRecords
    let book: RuleBook
    let only: Set<String>?

    func judge() -> Result {
        var result = Result()
        result.findings =
            records.routes.flatMap(route) + records.statements.flatMap(statement)
            + records.caches.flatMap(cache)
        if let only { result.findings.removeAll { !only.contains($0.rule) } }
        let busy = records.routes.filter { $0.count >= Bounds.requests }
        let kept = busy.filter { $0.budget != nil && $0.overBudget == 0 }
        if !kept.isEmpty, let rule = book.rules["good-budget"], let text = rule.keep {
            result.good.append(
                KeepNote(rule: rule.rule, text: text, places: kept.prefix(12).map(\.name), count: kept.count))
        }
        let quiet = records.routes.filter { $0.count > 0 }.count - busy.count
        if quiet > 0 {
            result.notJudged.append(
                NotJudged(
                    rule: "routes",
                    reason: "\(quiet) routes answered fewer than \(Bounds.requests) requests since the start",
                    remedy: "audit a server that has served for a day"))
        }
        result.examined = [
            Finding.Quantity(name: "routes", value: Double(records.routes.count), unit: "routes"),
            Finding.Quantity(
                name: "requests", value: Double(records.routes.reduce(0) { $0 + $1.count }), unit: "requests"),
            Finding.Quantity(name: "named statements", value: Double(records.statements.count), unit: "statements"),
        ]
        result.quantities = quantities()
        return result
    }

    /// What the last day cost, as a month.
    private func quantities() -> [Workload.Quantity] {
        let origin = "measured: /api/console/costs of the last day, times 30"
        func month(_ value: Int) -> Double { Double(value) * Workload.Bounds.daysMonth }
        return [
            Workload.Quantity(
                price: "egress.gigabyte", amount: month(records.costs.reduce(0) { $0 + $1.bytes }) / 1_000_000_000,
                unit: "GB", origin: origin),
            Workload.Quantity(
                price: "model.token", amount: month(records.costs.reduce(0) { $0 + $1.tokens }), unit: "tokens",
                origin: origin),
        ].filter { $0.amount > 0 }
    }

    // MARK: Routes

    private func route(_ line: RunningRecords.Route) -> [Finding] {
        guard line.count >= Bounds.requests else { return [] }
        var findings: [Finding?] = []
        if line.overBudget > 0 {
            findings.append(
                make(
                    "n-plus-one", line.name, severity: line.overBudget * 100 > line.count ? .high : .medium,
                    "\(line.overBudget) of \(line.count) requests sent more statements than the route declares "
                        + "(\(line.budget.map(String.init) ?? "none")): up to \(line.statementsMax)", numbers(line)))
        }
        if line.rowsMean >= Bounds.rows {
            findings.append(
                make(
                    "unbounded-result", line.name, severity: line.rowsMean >= 10_000 ? .high : .medium,
                    "a request reads \(Figures.text(line.rowsMean)) rows on average", numbers(line)))
        }
        if line.bytesMean >= Bounds.bytes {
            findings.append(
                make(
                    "over-fetching", line.name, severity: .medium,
                    "an answer has \(Figures.text(line.bytesMean / 1_000)) kB on average", numbers(line)))
        }
        let share = Double(line.errors) / Double(line.count)
        if share >= Bounds.errorShare {
            findings.append(
                make(
                    "route-errors", line.name, severity: share >= 0.05 ? .high : .medium,
                    "\(Figures.text(share * 100)) % of the requests ended in a fault of the server", numbers(line)))
        }
        if line.p99 >= Bounds.slowMilliseconds {
            findings.append(
                make(
                    "slow-route", line.name, severity: line.p50 >= Bounds.slowMilliseconds ? .high : .medium,
                    "one answer in a hundred takes \(Figures.text(line.p99)) ms or more, half of them "
                        + "\(Figures.text(line.p50)) ms", numbers(line)))
        }
        return findings.compactMap { $0 }
    }

    private func numbers(_ line: RunningRecords.Route) -> [Finding.Quantity] {
        [
            Finding.Quantity(name: "requests", value: Double(line.count), unit: "requests"),
            Finding.Quantity(name: "statements a request", value: line.statementsMean, unit: "statements"),
            Finding.Quantity(name: "rows a request", value: line.rowsMean, unit: "rows"),
            Finding.Quantity(name: "bytes an answer", value: line.bytesMean, unit: "bytes"),
            Finding.Quantity(name: "p50", value: line.p50, unit: "ms"),
            Finding.Quantity(name: "p99", value: line.p99, unit: "ms"),
        ]
    }

    // MARK: Statements and caches

    private func statement(_ line: RunningRecords.Statement) -> [Finding] {
        guard line.count >= Bounds.requests, line.share >= Bounds.share else { return [] }
        return [
            make(
                "hot-statement", line.name, severity: line.share >= 0.5 ? .high : .medium,
                "the statement \(line.name) takes \(Figures.text(line.share * 100)) % of the time that is waited for the database",
                [
                    Finding.Quantity(name: "calls", value: Double(line.count), unit: "calls"),
                    Finding.Quantity(name: "mean", value: line.millisecondsMean, unit: "ms"),
                    Finding.Quantity(name: "rows a call", value: line.rowsMean, unit: "rows"),
                ], path: "/api/console/statements")
        ].compactMap { $0 }
    }

    private func cache(_ line: RunningRecords.Cache) -> [Finding] {
        guard line.hits + line.misses >= Bounds.lookUps, let ratio = line.hitRatio, ratio < Bounds.hitRatio else {
            return []
        }
        return [
            make(
                "cold-cache", line.name, severity: .low,
                "the cache \(line.name) serves \(Figures.text(ratio * 100)) % of its look-ups",
                [
                    Finding.Quantity(name: "hits", value: Double(line.hits), unit: "look-ups"),
                    Finding.Quantity(name: "misses", value: Double(line.misses), unit: "look-ups"),
                    Finding.Quantity(name: "entries", value: Double(line.entries), unit: "entries"),
                ], path: "/api/console/caches")
        ].compactMap { $0 }
    }

    private func make(
        _ name: String, _ object: String, severity: Severity, _ summary: String, _ numbers: [Finding.Quantity],
        path: String = "/api/console/routes"
    ) -> Finding? {
        guard let rule = book.rules[name] else { return nil }
        return Finding(
            id: "\(rule.rule):route \(object)@\(Fingerprint.of(object))", rule: rule.rule, severity: severity,
            component: rule.component, title: rule.title,
            location: Finding.Location(route: object),
            observation: Finding.Observation(
                summary: summary, numbers: numbers,
                command: "curl --cookie \"$SESSION\" \"$SERVER\(path)\"",
                window: "since the server's start"),
            projection: .unmeasured(rule.law, with: rule.driver, exhausting: rule.resource), cost: nil,
            fix: Finding.Fix(
                summary: rule.fix, code: rule.fixCode, undo: nil, isShape: rule.fixCode == nil ? nil : true),
            trial: nil, effort: rule.effort, confidence: .measured, covers: rule.covers, suppression: nil)
    }
}
