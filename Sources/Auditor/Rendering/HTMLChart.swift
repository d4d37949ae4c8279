import Foundation

/// Charts as SVG, with their figures as text, so that they can be read aloud and printed.
enum HTMLChart {
    private enum Bounds {
        static let width = 720.0
        static let row = 30.0
    }

    /// One bar whose parts are counts by severity.
    static func bar(_ values: [(String, Int)], title: String) -> String {
        let sum = values.reduce(0) { $0 + $1.1 }
        guard sum > 0 else { return "" }
        var x = 0.0
        let parts = values.filter { $0.1 > 0 }.map { value in
            let width = Bounds.width * Double(value.1) / Double(sum)
            defer { x += width }
            return
                "<rect class=\"\(value.0)\" x=\"\(figure(x))\" y=\"0\" width=\"\(figure(max(1, width - 2)))\" height=\"14\" rx=\"3\"/>"
        }
        let legend = values.map { "<span><i class=\"dot \($0.0)\"></i>\($0.1) \($0.0)</span>" }.joined()
        let label = values.map { "\($0.1) \($0.0)" }.joined(separator: ", ")
        return """
            <svg role="img" aria-label="\(title): \(label)" viewBox="0 0 720 14" preserveAspectRatio="none" class="bar">\(parts.joined())</svg>\
            <p class="legend">\(legend)</p>
            """
    }

    /// The planner's cost before and after a fix.
    static func trial(_ trial: Finding.Trial?) -> String {
        guard let trial, let before = trial.costBefore, let after = trial.costAfter, before > 0 else { return "" }
        let width = min(480, max(1, after / before * 480))
        return """
            <svg role="img" aria-label="Planner's cost before \(Figures.text(before)), after \(Figures.text(after))" \
            viewBox="0 0 720 58" class="chart"><text x="0" y="18">before</text>\
            <rect class="high" x="90" y="5" width="480" height="18" rx="3"/><text x="580" y="18">\(Figures.text(before))</text>\
            <text x="0" y="46">after</text><rect class="good" x="90" y="33" width="\(figure(width))" height="18" rx="3"/>\
            <text x="\(figure(width + 100))" y="46">\(Figures.text(after))</text></svg>
            """
    }

    /// Where each resource ends, on a scale of powers, with today and the asked number of users.
    static func bands(_ report: Report) -> String {
        guard !report.capacity.isEmpty else { return "" }
        let now = report.assumptions.first { $0.name == "users.now" }?.value ?? 1
        let ends = report.capacity.compactMap(\.to)
        let top = max(report.users, now, ends.max() ?? 1) * 1.3
        let bottom = max(1, min(now, report.users, report.capacity.compactMap(\.earliest).min() ?? now) / 2)
        func x(_ users: Double) -> Double {
            let share = log(max(users, bottom) / bottom) / log(max(top / bottom, 1.0001))
            return 210 + share * (Bounds.width - 230)
        }
        let rows = report.capacity.enumerated().map { index, band in
            let y = Double(index) * Bounds.row + 26
            let end = band.to ?? top
            let early = band.earliest ?? end
            return """
                <text x="0" y="\(figure(y + 14))">\(HTMLReport.escaped(band.name ?? band.resource))</text>\
                <rect class="good" x="210" y="\(figure(y))" width="\(figure(max(1, x(early) - 210)))" height="18" rx="3"/>\
                <rect class="medium" x="\(figure(x(early)))" y="\(figure(y))" width="\(figure(max(1, x(end) - x(early))))" height="18" rx="3"/>\
                <text class="small" x="\(figure(min(x(end) + 4, 640)))" y="\(figure(y + 14))">\(Figures.text(end.rounded()))</text>
                """
        }
        let height = Double(report.capacity.count) * Bounds.row + 34
        let marks = [("today", now), ("asked", report.users)].map { name, users in
            "<line x1=\"\(figure(x(users)))\" x2=\"\(figure(x(users)))\" y1=\"20\" y2=\"\(figure(height))\"/>"
                + "<text class=\"small\" text-anchor=\"\(x(users) > 500 ? "end" : "start")\" x=\"\(figure(x(users)))\" y=\"14\">\(name) \(Figures.text(users))</text>"
        }
        return "<svg role=\"img\" aria-label=\"Users by the resource that ends a band\" "
            + "viewBox=\"0 0 720 \(figure(height))\" class=\"chart\">\(rows.joined())\(marks.joined())</svg>"
    }

    /// Money now, at the asked number of users, and after the fixes.
    static func costs(_ costs: Report.Costs, users: Double) -> String {
        let values = zip(["now", "at \(Figures.text(users)) users", "after the fixes"], costs.totalsMicros)
        let top = max(1, costs.totalsMicros.max() ?? 1)
        guard costs.totalsMicros[1] > 0 else { return "" }
        let rows = values.enumerated().map { index, value in
            let y = Double(index) * Bounds.row
            let width = max(1, Double(value.1) / Double(top) * 400)
            return """
                <text x="0" y="\(figure(y + 18))">\(value.0)</text>\
                <rect class="\(["low", "high", "good"][index])" x="180" y="\(figure(y + 5))" width="\(figure(width))" height="18" rx="3"/>\
                <text x="\(figure(width + 190))" y="\(figure(y + 18))">\(Figures.money(value.1))</text>
                """
        }
        return
            "<svg role=\"img\" aria-label=\"Costs a month\" viewBox=\"0 0 720 92\" class=\"chart\">\(rows.joined())</svg>"
    }

    /// With one digit after the point: more is not seen.
    private static func figure(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return tenths % 10 == 0 ? String(tenths / 10) : "\(tenths / 10).\(abs(tenths % 10))"
    }
}
