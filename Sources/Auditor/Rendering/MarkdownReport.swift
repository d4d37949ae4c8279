/// A report as Markdown.
public struct MarkdownReport {
    private let report: Report

    /// Takes a report.
    public init(_ report: Report) { self.report = report }

    /// The whole text.
    public func text() -> String {
        [
            head, summary, findings, good, capacity, timeline, costs, roadmap, metrics, questions, notJudged,
            assumptions,
        ].filter { !$0.isEmpty }.joined(separator: "\n\n") + "\n"
    }

    // MARK: Sections

    private var head: String {
        let examined = report.examined.map { "\(Figures.text($0.value)) \($0.name)" }.joined(separator: ", ")
        return "# Audit of \(Self.plain(report.target))\n\n\(report.date). Examined: \(examined)."
    }

    private var summary: String {
        var lines =
            ["## Summary", ""] + report.summary.headline.map(Self.plain) + ["", "| Severity | Findings |", "|---|---|"]
        for severity in Severity.allCases.reversed() {
            lines.append("| \(severity.rawValue) | \(report.summary.counts[severity.rawValue] ?? 0) |")
        }
        if report.summary.suppressed > 0 { lines.append("| suppressed | \(report.summary.suppressed) |") }
        lines += ["", "| Part | Grade | Findings |", "|---|---|---|"]
        for grade in report.summary.grades {
            lines.append("| \(grade.component.rawValue) | \(grade.letter) | \(grade.findings.count) |")
        }
        if let comparison = report.comparison {
            lines += [
                "",
                "Since the baseline: \(comparison.new.count) new, \(comparison.fixed.count) gone, "
                    + "\(comparison.remaining.count) remain.",
            ]
        }
        return lines.joined(separator: "\n")
    }

    private var findings: String {
        var parts = ["## Findings"]
        if report.findings.isEmpty { parts.append("None of the rules that could look found anything.") }
        for (index, finding) in report.findings.enumerated() { parts.append(text(of: finding, number: index + 1)) }
        return parts.joined(separator: "\n\n")
    }

    private func text(of finding: Finding, number: Int) -> String {
        var lines = [
            "### \(number). \(finding.severity.rawValue.uppercased()): \(Self.plain(finding.title))", "",
            "- **Id** `\(finding.id)`",
            "- **Where** \(Self.plain(finding.location.text))",
            "- **Observed** \(Self.plain(finding.observation.summary))",
        ]
        for number in finding.observation.numbers where number.name != "places" {
            lines.append("  - \(number.name): \(Figures.text(number.value)) \(number.unit)")
        }
        lines.append(
            "- **Repeat** `\(finding.observation.command)`\(finding.observation.window.map { ", over \($0)" } ?? "")")
        lines.append("- **At scale** \(Self.plain(Self.scale(finding.projection)))")
        if let cost = finding.cost {
            lines.append(
                "- **Cost** \(Figures.text(cost.quantity)) \(cost.unit) = \(Figures.money(cost.micros)) a \(cost.period)"
            )
        }
        lines.append("- **Fix** \(Self.plain(finding.fix.summary)) (\(finding.effort))")
        lines.append("- **Tried** \(Self.trial(finding))")
        lines.append("- **Confidence** \(finding.confidence.rawValue)")
        if let suppression = finding.suppression { lines.append("- **Suppressed** \(Self.plain(suppression.reason))") }
        if let excerpt = finding.observation.excerpt { lines += ["", Self.fence(excerpt, "ts")] }
        if let code = finding.fix.code { lines += ["", Self.label(finding.fix), "", Self.fence(code, "")] }
        if let undo = finding.fix.undo { lines += ["", "Undo:", "", Self.fence(undo, "sql")] }
        return lines.joined(separator: "\n")
    }

    static func label(_ fix: Finding.Fix) -> String { fix.isShape ?? false ? "In this shape:" : "Instead:" }

    static func trial(_ finding: Finding) -> String {
        guard let trial = finding.trial else { return "not tried: only text was read" }
        guard let before = trial.costBefore, let after = trial.costAfter else {
            return "\(trial.method): \(trial.result)"
        }
        return
            "\(trial.method): planner's cost \(Figures.text(before)) before, \(Figures.text(after)) after; \(trial.result)"
    }

    static func scale(_ projection: Projection) -> String {
        var text = "\(projection.law.text) \(projection.driver); first to run out: \(projection.firstResource)."
        guard let measured = projection.measured else { return text + " Not measured, so no figure is given." }
        text += " Measured from \(Figures.text(measured.low)) to \(Figures.text(measured.high)) \(measured.unit)."
        for answer in projection.answers {
            text +=
                " At \(Figures.text(answer.at)): \(Figures.text(answer.low)) to \(Figures.text(answer.high)) \(answer.unit)."
        }
        if !projection.refused.isEmpty {
            let points = projection.refused.map(Figures.text).joined(separator: ", ")
            text += " No answer at \(points): that is beyond twice what was measured."
        }
        return text
    }

    private var good: String {
        section(
            "What is already good", ["Practice", "Seen at"],
            report.good.map { note in
                [
                    note.text,
                    note.places.map { "`\($0)`" }.joined(separator: ", ")
                        + (note.count > note.places.count ? " (\(note.count) in all)" : ""),
                ]
            })
    }

    private var capacity: String {
        let rows = report.capacity.map { band in
            [
                "\(Figures.text(band.from.rounded())) to \(band.to.map { Figures.text($0.rounded()) } ?? "?")",
                band.resource,
                Self.certainty(band.certainty), band.finding.map { "`\($0)`" } ?? "",
            ]
        }
        guard rows.isEmpty else { return section("Capacity", ["Users", "Ends with", "Said", "Spared by"], rows) }
        return "## Capacity\n\n\(Self.noCapacity)"
    }

    static let noCapacity =
        "No number of users is given: that needs a resource that was measured against its limit, and how many users there are "
        + "today (a table of users, or `users.now` in --prices)."

    static func certainty(_ certainty: Report.Band.Certainty) -> String {
        switch certainty {
        case .measured: "measured: so many are there"
        case .projected: "within twice of what was measured"
        case .bound: "a bound: at most so many, perhaps far fewer"
        }
    }

    private var timeline: String {
        section(
            "Failure timeline at \(Figures.text(report.users)) users", ["When", "What", "Reached", "Finding"],
            report.timeline.map { row in
                [
                    row.when, row.what, row.isReached.map { $0 ? "yes" : "no" } ?? "",
                    row.finding.map { "`\($0)`" } ?? "",
                ]
            })
    }

    private var costs: String {
        guard !report.costs.now.isEmpty else { return "## Costs\n\n\(report.costs.note)" }
        let lines = report.costs.now.map { line in
            [line.price, "\(Figures.text(line.quantity)) \(line.unit)"]
                + [report.costs.now, report.costs.atUsers, report.costs.afterFixes].map { list in
                    list.first { $0.price == line.price }.map { Figures.money($0.micros) } ?? ""
                }
        }
        let totals = zip(
            report.costs.totalsMicros, [true, !report.costs.atUsers.isEmpty, !report.costs.atUsers.isEmpty]
        )
        .map { $0.1 ? Figures.money($0.0) : "" }
        return section(
            "Costs, \(report.costs.currency) a month",
            ["Price", "Quantity", "Now", "At \(Figures.text(report.users)) users", "After the fixes"],
            lines + [["together", ""] + totals]) + "\n\n\(report.costs.note)"
    }

    private var roadmap: String {
        let parts = Report.Step.Phase.allCases.map { phase in
            section(
                Self.title(of: phase), ["Step", "Finding", "Effort", "Effect"],
                report.roadmap.filter { $0.phase == phase }.map {
                    [String($0.order), "`\($0.finding)`", $0.effort, $0.effect]
                }, level: "###")
        }.filter { !$0.isEmpty }
        return parts.isEmpty ? "" : (["## Roadmap"] + parts).joined(separator: "\n\n")
    }

    static func title(of phase: Report.Step.Phase) -> String {
        switch phase {
        case .week: "Before the next spike"
        case .month: "Before the next step of growth"
        case .quarter: "When there is time"
        }
    }

    private var metrics: String {
        section(
            "What to watch", ["Figure", "Act when", "Watches"],
            report.metrics.map {
                [$0.name, $0.threshold, "\($0.findings.count) findings"]
            })
    }

    private var questions: String {
        section("Questions", ["Rule", "Question", "Seen"], report.questions.map { [$0.rule, $0.text, $0.seen] })
    }

    private var notJudged: String {
        section("Not examined", ["What", "Why", "Remedy"], report.notJudged.map { [$0.rule, $0.reason, $0.remedy] })
    }

    private var assumptions: String {
        section(
            "Assumptions", ["Name", "Value", "Origin"],
            report.assumptions.map {
                [$0.name, "\(Figures.text($0.value)) \($0.unit)", $0.origin]
            })
    }

    // MARK: Text

    private func section(_ title: String, _ head: [String], _ rows: [[String]], level: String = "##") -> String {
        guard !rows.isEmpty else { return "" }
        let lines = rows.map { "| " + $0.map { Self.cell($0) }.joined(separator: " | ") + " |" }
        return
            (["\(level) \(title)", "", "| \(head.joined(separator: " | ")) |", "|" + head.map { _ in "---|" }.joined()]
            + lines)
            .joined(separator: "\n")
    }

    private static func cell(_ text: String) -> String {
        text.replacing("\n", with: " ").replacing("|", with: "\\|")
    }

    /// Text of the audited application must not become marks of this page.
    static func plain(_ text: String) -> String {
        text.replacing("\n", with: " ").replacing("<", with: "&lt;").replacing("[", with: "\\[")
    }

    /// A block of code, fenced with more back-ticks than it holds.
    static func fence(_ text: String, _ language: String) -> String {
        var longest = 2
        var run = 0
        for character in text {
            run = character == "`" ? run + 1 : 0
            longest = max(longest, run)
        }
        let mark = String(repeating: "`", count: longest + 1)
        return "\(mark)\(language)\n\(text)\n\(mark)"
    }
}
