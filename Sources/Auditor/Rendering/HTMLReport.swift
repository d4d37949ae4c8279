/// A report as one file of HTML: no script, nothing loaded, light and dark, made to be printed too.
public struct HTMLReport {
    private let report: Report

    /// Takes a report.
    public init(_ report: Report) { self.report = report }

    /// The whole page.
    public func text() -> String {
        """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <title>Audit of \(Self.escaped(report.target))</title>
        <style>\(HTMLStyle.text)</style>
        </head>
        <body>
        <header><h1>Audit of \(Self.escaped(report.target))</h1><p>\(report.date) · \(examined)</p></header>
        <main>
        \(summary)
        \(findings)
        \(sections)
        </main>
        </body>
        </html>

        """
    }

    private var examined: String {
        report.examined.map { "\(Figures.text($0.value)) \(Self.escaped($0.name))" }.joined(separator: " · ")
    }

    // MARK: First page

    private var summary: String {
        let counts = Severity.allCases.reversed().map { ($0.rawValue, report.summary.counts[$0.rawValue] ?? 0) }
        let grades = report.summary.grades.map { grade in
            "<div class=\"grade \(grade.letter)\"><b>\(grade.letter)</b><span>\(grade.component.rawValue)</span></div>"
        }.joined()
        let comparison = report.comparison.map {
            "<p>Since the baseline: \($0.new.count) new, \($0.fixed.count) gone, \($0.remaining.count) remain.</p>"
        }
        return """
            <section><h2>Summary</h2><div class="grades">\(grades)</div>
            \(HTMLChart.bars(counts, title: "Findings by severity"))
            \(comparison ?? "")</section>
            """
    }

    // MARK: Findings

    private var findings: String {
        let cards = report.findings.enumerated().map { card($0.element, number: $0.offset + 1) }
        return "<section><h2>Findings</h2>\(cards.isEmpty ? "<p>None.</p>" : cards.joined(separator: "\n"))</section>"
    }

    private func card(_ finding: Finding, number: Int) -> String {
        var rows = [
            ("Where", Self.escaped(finding.location.text)),
            ("Observed", Self.escaped(finding.observation.summary) + numbers(finding)),
            ("Repeat", "<code>\(Self.escaped(finding.observation.command))</code>"),
            ("At scale", Self.escaped(MarkdownReport.scale(finding.projection))),
            ("Fix", Self.escaped(finding.fix.summary) + " <i>(\(Self.escaped(finding.effort)))</i>"),
            ("Tried", Self.escaped(MarkdownReport.trial(finding))),
            ("Confidence", finding.confidence.rawValue),
        ]
        if let cost = finding.cost {
            rows.insert(("Cost", "\(Figures.money(cost.micros)) a \(Self.escaped(cost.period))"), at: 4)
        }
        if let suppression = finding.suppression { rows.append(("Suppressed", Self.escaped(suppression.reason))) }
        let list = rows.map { "<dt>\($0.0)</dt><dd>\($0.1)</dd>" }.joined()
        let excerpt = finding.observation.excerpt.map { "<pre>\(Self.escaped($0))</pre>" } ?? ""
        let code = finding.fix.code.map { "<p>Instead:</p><pre>\(Self.escaped($0))</pre>" } ?? ""
        let trial = HTMLChart.trial(finding.trial)
        return """
            <article id="finding-\(number)" class="\(finding.severity.rawValue)">
            <h3><span class="tag">\(finding.severity.rawValue)</span> \(Self.escaped(finding.title))</h3>
            <dl>\(list)</dl>\(excerpt)\(trial)\(code)<p class="id">\(Self.escaped(finding.id))</p></article>
            """
    }

    private func numbers(_ finding: Finding) -> String {
        let items = finding.observation.numbers.filter { $0.name != "places" }.map {
            "<li>\(Self.escaped($0.name)): \(Figures.text($0.value)) \(Self.escaped($0.unit))</li>"
        }
        return items.isEmpty ? "" : "<ul>\(items.joined())</ul>"
    }

    // MARK: Tables

    private var sections: String {
        [
            table(
                "What is already good", ["Practice", "Seen at"],
                report.good.map { [$0.text, $0.places.joined(separator: ", ")] }),
            HTMLChart.bands(report.capacity),
            table("Failure timeline", ["When", "What"], report.timeline.map { [$0.when, $0.what] }),
            "<section><h2>Costs</h2><p>\(Self.escaped(report.costs.note))</p></section>",
            table(
                "Roadmap", ["Step", "Finding", "Effort", "Effect"],
                report.roadmap.map {
                    [String($0.order), $0.finding, $0.effort, $0.effect]
                }),
            table("What to watch", ["Figure", "Act when"], report.metrics.map { [$0.name, $0.threshold] }),
            table("Questions", ["Question", "Seen"], report.questions.map { [$0.text, $0.seen] }),
            table(
                "Not examined", ["What", "Why", "Remedy"], report.notJudged.map { [$0.rule, $0.reason, $0.remedy] }),
            table(
                "Assumptions", ["Name", "Value", "Origin"],
                report.assumptions.map {
                    [$0.name, "\(Figures.text($0.value)) \($0.unit)", $0.origin]
                }),
        ].joined(separator: "\n")
    }

    private func table(_ title: String, _ head: [String], _ rows: [[String]]) -> String {
        guard !rows.isEmpty else { return "" }
        let heads = head.map { "<th scope=\"col\">\($0)</th>" }.joined()
        let body = rows.map { "<tr>" + $0.map { "<td>\(Self.escaped($0))</td>" }.joined() + "</tr>" }.joined(
            separator: "\n")
        return
            "<section><h2>\(title)</h2><table><thead><tr>\(heads)</tr></thead><tbody>\(body)</tbody></table></section>"
    }

    /// Text as HTML shows it: what an audited application wrote cannot become marks.
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}

/// Charts as SVG, with their figures as text, so that they can be read aloud and printed.
enum HTMLChart {
    private static let row = 26

    static func bars(_ values: [(String, Int)], title: String) -> String {
        let largest = max(1, values.map(\.1).max() ?? 1)
        let bars = values.enumerated().map { index, value in
            let y = index * row
            let width = value.1 * 300 / largest
            return """
                <text x="0" y="\(y + 17)">\(value.0)</text>\
                <rect class="\(value.0)" x="90" y="\(y + 4)" width="\(width)" height="18" rx="3"/>\
                <text x="\(96 + width)" y="\(y + 17)">\(value.1)</text>
                """
        }
        return """
            <svg role="img" aria-label="\(title)" viewBox="0 0 450 \(values.count * row)" width="450">\(bars.joined())</svg>
            """
    }

    /// The planner's cost before and after a fix.
    static func trial(_ trial: Finding.Trial?) -> String {
        guard let trial, let before = trial.costBefore, let after = trial.costAfter, before > 0 else { return "" }
        let width = max(1, Int(after / before * 300))
        return """
            <svg role="img" aria-label="Planner's cost before and after" viewBox="0 0 450 52" width="450">\
            <text x="0" y="17">before</text><rect class="high" x="90" y="4" width="300" height="18" rx="3"/>\
            <text x="396" y="17">\(Figures.text(before))</text>\
            <text x="0" y="43">after</text><rect class="low" x="90" y="30" width="\(min(300, width))" height="18" rx="3"/>\
            <text x="\(96 + min(300, width))" y="43">\(Figures.text(after))</text></svg>
            """
    }

    static func bands(_ bands: [Report.Band]) -> String {
        guard !bands.isEmpty else {
            return "<section><h2>Capacity</h2><p>No resource was measured against its limit.</p></section>"
        }
        let rows = bands.map { band in
            "<tr><td>\(Figures.text(band.from)) to \(band.to.map(Figures.text) ?? "?")</td>"
                + "<td>\(HTMLReport.escaped(band.resource))</td></tr>"
        }
        return """
            <section><h2>Capacity</h2><table><thead><tr><th scope="col">Users</th><th scope="col">Ends with</th></tr></thead>\
            <tbody>\(rows.joined())</tbody></table></section>
            """
    }
}

enum HTMLStyle {
    static let text = """
        :root{color-scheme:light dark;--ink:#1b1f24;--paper:#fff;--soft:#f3f4f6;--line:#d5d9de;--critical:#a40e26;--high:#c4501b;--medium:#9a6700;--low:#3a6ea5}
        @media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--paper:#15181c;--soft:#1f2429;--line:#3a4149;--critical:#ff7b8b;--high:#ff9d66;--medium:#e3b341;--low:#79b8ff}}
        body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:0 auto;padding:1rem}
        h1,h2,h3{line-height:1.25}section{margin:2rem 0}table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid var(--line);padding:.35rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
        article{border:1px solid var(--line);border-left-width:6px;border-radius:6px;padding:.5rem 1rem;margin:1rem 0}
        article.critical{border-left-color:var(--critical)}article.high{border-left-color:var(--high)}article.medium{border-left-color:var(--medium)}article.low{border-left-color:var(--low)}
        .tag{font-size:.75rem;text-transform:uppercase;letter-spacing:.05em;border:1px solid currentColor;border-radius:4px;padding:.1rem .4rem}
        dl{display:grid;grid-template-columns:7rem 1fr;gap:.25rem .75rem}dt{font-weight:600}dd{margin:0;overflow-wrap:anywhere}
        pre{background:var(--soft);padding:.75rem;border-radius:6px;overflow:auto;font-size:.85rem}.id{font-size:.75rem;opacity:.7;overflow-wrap:anywhere}
        .grades{display:flex;flex-wrap:wrap;gap:.75rem;margin-bottom:1rem}.grade{background:var(--soft);border-radius:8px;padding:.5rem 1rem;text-align:center;min-width:6rem}.grade b{display:block;font-size:1.75rem}
        svg{max-width:100%;height:auto}svg text{fill:var(--ink);font-size:14px}rect.critical{fill:var(--critical)}rect.high{fill:var(--high)}rect.medium{fill:var(--medium)}rect.low{fill:var(--low)}
        @media(max-width:40rem){dl{grid-template-columns:1fr}}
        @media print{body{max-width:none;font-size:11pt}article{break-inside:avoid}pre{white-space:pre-wrap}}
        """
}
