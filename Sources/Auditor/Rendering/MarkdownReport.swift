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
        var lines = ["## Summary", "", "| Severity | Findings |", "|---|---|"]
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
        if let code = finding.fix.code { lines += ["", "Instead:", "", Self.fence(code, "")] }
        return lines.joined(separator: "\n")
    }

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
            ["\(Figures.text(band.from)) to \(band.to.map(Figures.text) ?? "?")", band.resource, band.finding ?? ""]
        }
        guard rows.isEmpty else { return section("Capacity", ["Users", "Ends with", "Finding"], rows) }
        return "## Capacity\n\nNo resource was measured against its limit, so no number of users is given."
    }

    private var timeline: String {
        section(
            "Failure timeline", ["When", "What", "Finding"],
            report.timeline.map { [$0.when, $0.what, "`\($0.finding)`"] })
    }

    private var costs: String {
        var lines = ["## Costs", "", report.costs.note]
        for line in report.costs.now {
            lines.append(
                "- \(line.price): \(Figures.text(line.quantity)) \(line.unit), \(Figures.money(line.micros)) a \(line.period)"
            )
        }
        return lines.joined(separator: "\n")
    }

    private var roadmap: String {
        section(
            "Roadmap", ["Step", "Finding", "Effort", "Effect"],
            report.roadmap.map {
                [String($0.order), "`\($0.finding)`", $0.effort, $0.effect]
            })
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

    private func section(_ title: String, _ head: [String], _ rows: [[String]]) -> String {
        guard !rows.isEmpty else { return "" }
        let lines = rows.map { "| " + $0.map { Self.cell($0) }.joined(separator: " | ") + " |" }
        return
            (["## \(title)", "", "| \(head.joined(separator: " | ")) |", "|" + head.map { _ in "---|" }.joined()]
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

/// Numbers for people.
enum Figures {
    /// Grouped by thousands; few digits after the point, and none for large or whole numbers.
    static func text(_ value: Double) -> String {
        guard value.isFinite else { return "?" }
        let magnitude = abs(value)
        if magnitude >= 100 || magnitude == magnitude.rounded() {
            guard magnitude < 9e18 else { return "over 9e18" }
            return (value < 0 ? "-" : "") + grouped(String(Int64(magnitude.rounded())))
        }
        let scaled = Int64((magnitude * 100).rounded())
        let fraction = scaled % 100
        return (value < 0 ? "-" : "") + grouped(String(scaled / 100)) + "." + (fraction < 10 ? "0" : "")
            + String(fraction)
    }

    /// Millionths of a currency's unit.
    static func money(_ micros: Int64) -> String { text(Double(micros) / 1_000_000) }

    private static func grouped(_ digits: String) -> String {
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text += "," }
            text.append(digit)
        }
        return text
    }
}
