import Foundation

/// A report as one file of HTML: no script, nothing loaded, light and dark, made to be printed too.
public struct HTMLReport {
    let report: Report

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
        <header><p class="kind">Audit</p><h1>\(Self.escaped(report.target))</h1><p class="lead">\(headline)</p>
        <p class="fine">\(report.date) · \(examined)</p></header>
        <nav aria-label="Sections">\(contents)</nav>
        <main>
        \(summary)
        \(findings)
        \(sections)
        </main>
        <footer>Made by <code>capstan audit</code>. Only read: nothing of what was audited was run or changed.</footer>
        </body>
        </html>

        """
    }

    private var headline: String { report.summary.headline.map(Self.escaped).joined(separator: "<br>") }

    private var examined: String {
        report.examined.map { "\(Figures.text($0.value)) \(Self.escaped($0.name))" }.joined(separator: " · ")
    }

    private var contents: String {
        [
            ("summary", "Summary"), ("findings", "Findings"), ("good", "Good already"), ("capacity", "Capacity"),
            ("timeline", "Timeline"), ("costs", "Costs"), ("roadmap", "Roadmap"), ("watch", "Watch"),
            ("questions", "Questions"), ("not-examined", "Not examined"), ("assumptions", "Assumptions"),
        ].map { "<a href=\"#\($0.0)\">\($0.1)</a>" }.joined()
    }

    // MARK: First page

    private var summary: String {
        let counts = Severity.allCases.reversed().map { ($0.rawValue, report.summary.counts[$0.rawValue] ?? 0) }
        let grades = report.summary.grades.map { grade in
            "<li class=\"grade-\(grade.letter)\"><b>\(grade.letter)</b> <span>\(grade.component.rawValue)</span>"
                + "<small>\(grade.findings.count == 1 ? "1 finding" : "\(grade.findings.count) findings")</small></li>"
        }.joined()
        let comparison = report.comparison.map {
            "<p>Since the baseline: \($0.new.count) new, \($0.fixed.count) gone, \($0.remaining.count) remain.</p>"
        }
        let suppressed =
            report.summary.suppressed > 0 ? "<p>\(report.summary.suppressed) are kept, each with a reason.</p>" : ""
        return """
            <section id="summary"><h2>Summary</h2><ul class="grades">\(grades)</ul>
            \(HTMLChart.bar(counts, title: "Findings by severity"))
            \(comparison ?? "")\(suppressed)\(ranking)</section>
            """
    }

    private enum Bounds {
        static let ranked = 15
    }

    /// The most urgent findings, each a line that leads to its card.
    private var ranking: String {
        let lines = report.findings.prefix(Bounds.ranked).enumerated().map { index, finding in
            "<li><a href=\"#finding-\(index + 1)\"><span class=\"dot \(finding.severity.rawValue)\"></span>"
                + "\(Self.escaped(finding.title))</a><small>\(Self.escaped(finding.location.text))</small></li>"
        }
        guard !lines.isEmpty else { return "" }
        let rest = report.findings.count - lines.count
        return "<ol class=\"ranking\">\(lines.joined())</ol>"
            + (rest > 0 ? "<p class=\"fine\">and \(rest) more, below</p>" : "")
    }

    // MARK: Findings

    private var findings: String {
        let cards = report.findings.enumerated().map { card($0.element, number: $0.offset + 1) }
        return "<section id=\"findings\"><h2>Findings</h2>"
            + "\(cards.isEmpty ? "<p>None.</p>" : cards.joined(separator: "\n"))</section>"
    }

    private func card(_ finding: Finding, number: Int) -> String {
        var rows = [
            ("Observed", Self.marked(finding.observation.summary)),
            ("At scale", Self.marked(MarkdownReport.scale(finding.projection))),
            ("Fix", Self.marked(finding.fix.summary)),
            ("Tried", Self.marked(MarkdownReport.trial(finding))),
        ]
        if let cost = finding.cost {
            let money =
                "\(Figures.money(cost.micros)) \(Self.escaped(report.costs.currency)) a \(Self.escaped(cost.period))"
            rows.insert(
                ("Cost", "\(money) (\(Figures.text(cost.quantity)) \(Self.escaped(cost.unit)))"), at: 2)
        }
        if let suppression = finding.suppression {
            let until = suppression.until.map { ", until \(Self.escaped($0))" } ?? ""
            rows.append(("Kept", Self.escaped(suppression.reason) + until))
        }
        let list = rows.map { "<dt>\($0.0)</dt><dd>\($0.1)</dd>" }.joined()
        let excerpt = finding.observation.excerpt.map { text in
            "<figure><figcaption>\(Self.escaped(finding.location.text))</figcaption><pre><code>\(Self.escaped(Self.outdented(text)))</code></pre></figure>"
        }
        let state = finding.suppression == nil ? "" : " kept"
        return """
            <article id="finding-\(number)" class="\(finding.severity.rawValue)\(state)">
            <h3><span class="number">\(number)</span><span class="tag">\(finding.severity.rawValue)</span> \(Self.escaped(finding.title))</h3>
            <p class="where">\(Self.escaped(finding.location.text)) · \(finding.component.rawValue) · \(finding.confidence.rawValue) · \(Self.escaped(finding.effort))</p>
            <div class="body"><dl>\(list)</dl>\(numbers(finding))</div>
            \(excerpt ?? "")\(HTMLChart.trial(finding.trial))\(fix(finding.fix))
            <p class="repeat">See it again: <code>\(Self.escaped(finding.observation.command))</code>\(window(finding))</p>
            <p class="id">\(Self.escaped(finding.id))</p></article>
            """
    }

    private func window(_ finding: Finding) -> String {
        finding.observation.window.map { " over \(Self.escaped($0))" } ?? ""
    }

    private func fix(_ fix: Finding.Fix) -> String {
        guard let code = fix.code else { return "" }
        let label = String(MarkdownReport.label(fix).dropLast())
        let undo = fix.undo.map {
            "<figure class=\"undo\"><figcaption>Undo</figcaption><pre><code>\(Self.escaped($0))</code></pre></figure>"
        }
        return
            "<figure class=\"fix\"><figcaption>\(label)</figcaption><pre><code>\(Self.escaped(code))</code></pre></figure>"
            + (undo ?? "")
    }

    private func numbers(_ finding: Finding) -> String {
        let items = finding.observation.numbers.filter { $0.name != "places" }.map {
            "<tr><th scope=\"row\">\(Self.escaped($0.name))</th><td>\(Figures.text($0.value)) \(Self.escaped($0.unit))</td></tr>"
        }
        return items.isEmpty ? "" : "<table class=\"numbers\">\(items.joined())</table>"
    }

    /// Text whose back-ticks are code.
    static func marked(_ text: String) -> String {
        escaped(text).components(separatedBy: "`").enumerated().map { index, part in
            index % 2 == 0 ? part : "<code>\(part)</code>"
        }.joined()
    }

    /// Lines without the white space that all of them begin with.
    static func outdented(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let indents = lines.filter { !$0.allSatisfy(\.isWhitespace) }.map { $0.prefix(while: \.isWhitespace).count }
        let common = indents.min() ?? 0
        return lines.map { $0.dropFirst(min(common, $0.prefix(while: \.isWhitespace).count)) }.joined(separator: "\n")
    }

    /// Text as HTML shows it: what an audited application wrote cannot become marks.
    static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
            .replacing("\"", with: "&quot;")
    }
}
