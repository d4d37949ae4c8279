/// What follows the findings.
extension HTMLReport {
    var sections: String {
        [good, capacity, timeline, costs, roadmap, watch, questions, notExamined, assumptions].joined(separator: "\n")
    }

    private var good: String {
        let rows = report.good.map { note in
            [
                Self.escaped(note.text),
                note.places.map { "<code>\(Self.escaped($0))</code>" }.joined(separator: " ")
                    + (note.count > note.places.count ? " and \(note.count - note.places.count) more" : ""),
            ]
        }
        return section(
            "good", "What is already good", table(["Practice", "Seen at"], rows),
            otherwise: "Nothing of what the rules know as good practice was seen.")
    }

    private var capacity: String {
        let rows = report.capacity.map { band in
            [
                "\(Figures.text(band.from.rounded())) to \(band.to.map { Figures.text($0.rounded()) } ?? "?")",
                Self.escaped(band.resource), MarkdownReport.certainty(band.certainty), link(band.finding),
            ]
        }
        return section(
            "capacity", "Capacity",
            HTMLChart.bands(report) + table(["Users", "Ends with", "Said", "Spared by"], rows),
            otherwise: Self.escaped(MarkdownReport.noCapacity), isEmpty: rows.isEmpty)
    }

    private var timeline: String {
        let rows = report.timeline.map { row in
            "<li\(row.isReached ?? false ? " class=\"reached\"" : "")><b>\(Self.escaped(row.when))</b> "
                + "\(Self.escaped(row.what)) \(link(row.finding))</li>"
        }
        return section(
            "timeline", "Failure timeline at \(Figures.text(report.users)) users",
            "<ol class=\"timeline\">\(rows.joined())</ol>", otherwise: "Nothing was found that fails.",
            isEmpty: rows.isEmpty)
    }

    private var costs: String {
        let lists = [report.costs.now, report.costs.atUsers, report.costs.afterFixes]
        var rows = report.costs.now.map { line in
            [Self.escaped(line.price), "\(Figures.text(line.quantity)) \(Self.escaped(line.unit))"]
                + lists.map { list in list.first { $0.price == line.price }.map { Figures.money($0.micros) } ?? "" }
        }
        if !rows.isEmpty {
            let isKnown = !report.costs.atUsers.isEmpty
            rows.append(
                ["<b>together</b>", ""]
                    + report.costs.totalsMicros.enumerated().map {
                        $0.offset == 0 || isKnown ? "<b>\(Figures.money($0.element))</b>" : ""
                    })
        }
        let head = ["Price", "Quantity", "Now", "At \(Figures.text(report.users)) users", "After the fixes"]
        return section(
            "costs", "Costs, \(Self.escaped(report.costs.currency)) a month",
            HTMLChart.costs(report.costs, users: report.users) + table(head, rows, numbersFrom: 1)
                + "<p class=\"fine\">\(Self.escaped(report.costs.note))</p>",
            otherwise: Self.escaped(report.costs.note), isEmpty: rows.isEmpty)
    }

    private var roadmap: String {
        let numbers = order
        let titles = Dictionary(report.findings.map { ($0.id, $0.title) }) { first, _ in first }
        let parts = Report.Step.Phase.allCases.map { phase in
            let steps = report.roadmap.filter { $0.phase == phase }
            guard !steps.isEmpty else { return "" }
            let lines = steps.map { step in
                "<li value=\"\(step.order)\"><a href=\"#finding-\(numbers[step.finding] ?? 0)\">"
                    + "\(Self.escaped(titles[step.finding] ?? step.finding))</a> "
                    + "<small>\(Self.escaped(step.effort)) · \(Self.escaped(step.effect))</small></li>"
            }
            return "<h3>\(MarkdownReport.title(of: phase))</h3><ol class=\"steps\">\(lines.joined())</ol>"
        }.joined()
        return section("roadmap", "Roadmap", parts, otherwise: "There is nothing to do.", isEmpty: parts.isEmpty)
    }

    private var watch: String {
        let rows = report.metrics.map { [Self.escaped($0.name), Self.escaped($0.threshold), "\($0.findings.count)"] }
        return section(
            "watch", "What to watch", table(["Figure", "Act when", "Findings"], rows),
            otherwise: "Nothing was found that a figure would watch.", isEmpty: rows.isEmpty)
    }

    private var questions: String {
        let rows = report.questions.map { "<li>\(Self.escaped($0.text)) <small>\(Self.escaped($0.seen))</small></li>" }
        return section(
            "questions", "Questions that only the owner can answer", "<ul>\(rows.joined())</ul>",
            otherwise: "None.", isEmpty: rows.isEmpty)
    }

    private var notExamined: String {
        section(
            "not-examined", "What was not examined, and why",
            table(
                ["What", "Why", "Remedy"],
                report.notJudged.map {
                    [Self.escaped($0.rule), Self.escaped($0.reason), "<code>\(Self.escaped($0.remedy))</code>"]
                }), otherwise: "Everything that the rules look at was examined.", isEmpty: report.notJudged.isEmpty)
    }

    private var assumptions: String {
        section(
            "assumptions", "Assumptions",
            "<p class=\"fine\">Every number of the sections above that is not a finding's own stands here, once.</p>"
                + table(
                    ["Name", "Value", "Origin"],
                    report.assumptions.map {
                        [
                            "<code>\(Self.escaped($0.name))</code>",
                            "\(Figures.text($0.value)) \(Self.escaped($0.unit))", Self.escaped($0.origin),
                        ]
                    }), otherwise: "None.")
    }

    // MARK: Parts

    /// The number of each finding's card.
    private var order: [String: Int] {
        Dictionary(report.findings.enumerated().map { ($0.element.id, $0.offset + 1) }) { first, _ in first }
    }

    private func link(_ id: String?) -> String {
        guard let id, let number = order[id] else { return "" }
        return "<a class=\"to\" href=\"#finding-\(number)\">finding \(number)</a>"
    }

    private func section(
        _ id: String, _ title: String, _ body: String, otherwise: String, isEmpty: Bool? = nil
    ) -> String {
        let text = isEmpty ?? body.isEmpty ? "<p>\(otherwise)</p>" : body
        return "<section id=\"\(id)\"><h2>\(title)</h2>\(text)</section>"
    }

    /// Cells are marks already.
    private func table(_ head: [String], _ rows: [[String]], numbersFrom first: Int = .max) -> String {
        guard !rows.isEmpty else { return "" }
        let heads = head.enumerated().map {
            "<th scope=\"col\"\($0.offset >= first ? " class=\"n\"" : "")>\($0.element)</th>"
        }
        let body = rows.map { row in
            "<tr>"
                + row.enumerated().map { "<td\($0.offset >= first ? " class=\"n\"" : "")>\($0.element)</td>" }.joined()
                + "</tr>"
        }
        return
            "<div class=\"wide\"><table><thead><tr>\(heads.joined())</tr></thead><tbody>\(body.joined(separator: "\n"))"
            + "</tbody></table></div>"
    }
}
