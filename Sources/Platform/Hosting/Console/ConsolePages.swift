import Web

/// A table of the console: columns and rows of cells that know how they are shown and sorted.
struct ConsoleTable: Sendable {
    struct Column: Sendable {
        let label: String
        let isNumber: Bool

        init(_ label: String, isNumber: Bool = true) {
            self.label = label
            self.isNumber = isNumber
        }
    }

    /// Where p50, p95 and p99 lie on a logarithmic rail from 0.1 ms to 10 s, in hundredths of its length.
    struct Latency: Sendable {
        let label: String
        let p50: String
        let p95: String
        let p99: String

        init(_ line: ConsoleReport.RouteLine) {
            label =
                "Half within \(Figures.milliseconds(line.p50)), 95 of 100 within \(Figures.milliseconds(line.p95)), "
                + "99 of 100 within \(Figures.milliseconds(line.p99))"
            p50 = Self.place(line.p50)
            p95 = Self.place(line.p95)
            p99 = Self.place(line.p99)
        }

        static func place(_ milliseconds: Double) -> String {
            Figures.decimal(20 * Figures.decades(max(0.1, min(10_000, milliseconds)) * 10), places: 1)
        }
    }

    struct Cell: Sendable {
        var text = ""
        var value: String?
        var style: String?
        var isCode = false
        var latency: Latency?
        var bar: String?

        static func code(_ text: String) -> Cell { Cell(text: text, isCode: true) }

        static func number(_ text: String, _ value: Double, isOver: Bool = false) -> Cell {
            Cell(text: text, value: String(value), style: isOver ? "number over" : "number")
        }

        static func count(_ value: Int, isOver: Bool = false) -> Cell {
            .number(Figures.number(value), Double(value), isOver: isOver)
        }

        static func milliseconds(_ value: Double) -> Cell { .number(Figures.milliseconds(value), value) }

        static func share(_ value: Double) -> Cell {
            Cell(value: String(value), bar: Figures.decimal(100 * value, places: 1))
        }
    }

    struct Row: Sendable {
        let cells: [Cell]
    }

    let caption: String
    let emptyText: String
    let columns: [Column]
    let rows: [Row]
    let isEmpty: Bool

    init(_ caption: String, empty: String, columns: [Column], rows: [[Cell]]) {
        self.caption = caption
        emptyText = empty
        self.columns = columns
        self.rows = rows.map { Row(cells: $0) }
        isEmpty = rows.isEmpty
    }

    // MARK: What there is to show

    static func routes(_ lines: [ConsoleReport.RouteLine]) -> ConsoleTable {
        ConsoleTable(
            "Routes since the start", empty: "No request has been answered yet.",
            columns: [
                Column("Route", isNumber: false), Column("Requests"), Column("Errors"), Column("p50"), Column("p95"),
                Column("p99"), Column("Latency", isNumber: false), Column("Statements"), Column("Most"),
                Column("Budget"), Column("Rows"), Column("Sent"),
            ],
            rows: lines.map { line in
                [
                    .code(line.name), .count(line.count), .count(line.errors, isOver: line.errors > 0),
                    .milliseconds(line.p50), .milliseconds(line.p95), .milliseconds(line.p99),
                    Cell(value: String(line.p99), latency: Latency(line)),
                    .number(Figures.decimal(line.statementsMean, places: 2), line.statementsMean),
                    .count(line.statementsMax, isOver: line.overBudget > 0),
                    line.budget.map { .count($0) } ?? .number("–", -1),
                    .number(Figures.decimal(line.rowsMean, places: 1), line.rowsMean),
                    .number(Figures.bytes(line.bytesMean), line.bytesMean),
                ]
            })
    }

    static func slowest(_ lines: [ConsoleReport.RouteLine]) -> ConsoleTable {
        ConsoleTable(
            "Slowest routes", empty: "No request has been answered yet.",
            columns: [
                Column("Route", isNumber: false), Column("Requests"), Column("p95"), Column("Latency", isNumber: false),
            ],
            rows: lines.sorted { $0.p95 > $1.p95 }.prefix(8).map { line in
                [
                    .code(line.name), .count(line.count), .milliseconds(line.p95),
                    Cell(value: String(line.p99), latency: Latency(line)),
                ]
            })
    }

    static func statements(_ lines: [ConsoleReport.StatementLine]) -> ConsoleTable {
        ConsoleTable(
            "Statements since the start", empty: "No statement has been sent yet.",
            columns: [
                Column("Statement", isNumber: false), Column("Calls"), Column("Failures"), Column("Rows per call"),
                Column("Mean"), Column("Slowest"), Column("Share of time", isNumber: false),
            ],
            rows: lines.map { line in
                [
                    .code(line.name), .count(line.count), .count(line.failures, isOver: line.failures > 0),
                    .number(Figures.decimal(line.rowsMean, places: 1), line.rowsMean),
                    .milliseconds(line.millisecondsMean), .milliseconds(line.millisecondsMax), .share(line.share),
                ]
            })
    }

    static func heaviest(_ lines: [ConsoleReport.StatementLine]) -> ConsoleTable {
        ConsoleTable(
            "Statements that take the most time", empty: "No statement has been sent yet.",
            columns: [
                Column("Statement", isNumber: false), Column("Calls"), Column("Mean"),
                Column("Share", isNumber: false),
            ],
            rows: lines.prefix(8).map { line in
                [.code(line.name), .count(line.count), .milliseconds(line.millisecondsMean), .share(line.share)]
            })
    }

    static func caches(_ lines: [ConsoleReport.CacheLine]) -> ConsoleTable {
        ConsoleTable(
            "Caches", empty: "No cache is entered.",
            columns: [
                Column("Cache", isNumber: false), Column("Values"), Column("Hits"), Column("Misses"), Column("Loads"),
                Column("Hit ratio"), Column("", isNumber: false),
            ],
            rows: lines.map { line in
                [
                    .code(line.name), .count(line.entries), .count(line.hits), .count(line.misses), .count(line.loads),
                    line.hitRatio.map { .number(Figures.decimal(100 * $0, places: 1) + " %", $0) } ?? .number("–", -1),
                    .share(line.hitRatio ?? 0),
                ]
            })
    }

    static func limits(_ lines: [ConsoleReport.LimitLine]) -> ConsoleTable {
        ConsoleTable(
            "Limits", empty: "No limit has been asked yet.",
            columns: [
                Column("Limit", isNumber: false), Column("Allowed"), Column("Per", isNumber: false), Column("Granted"),
                Column("Refused"), Column("Keys"),
            ],
            rows: lines.map { line in
                [
                    .code(line.name), .count(line.limit), Cell(text: line.period), .count(line.granted),
                    .count(line.refused, isOver: line.refused > 0), .count(line.keys),
                ]
            })
    }
}

/// How the console prints numbers.
enum Figures {
    /// Thousands grouped: `61,204`.
    static func number(_ value: Int) -> String {
        let digits = Array(String(value.magnitude))
        var text = value < 0 ? "−" : ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    /// With a fixed number of places, as in `0.50`; up to 4.
    static func decimal(_ value: Double, places: Int) -> String {
        let scale = [1.0, 10, 100, 1_000, 10_000][places]
        guard value.isFinite, abs(value) < 1e12 else { return "–" }
        let scaled = Int((abs(value) * scale).rounded())
        let whole = number(scaled / Int(scale))
        let sign = value < 0 && scaled > 0 ? "−" : ""
        guard places > 0 else { return sign + whole }
        let rest = String(scaled % Int(scale))
        return "\(sign)\(whole).\(String(repeating: "0", count: places - rest.count))\(rest)"
    }

    /// Milliseconds with three digits that matter: `0.42 ms`, `12.1 ms`, `1.20 s`.
    static func milliseconds(_ value: Double) -> String {
        switch value {
        case ..<10: decimal(value, places: 2) + " ms"
        case ..<100: decimal(value, places: 1) + " ms"
        case ..<1_000: decimal(value, places: 0) + " ms"
        default: decimal(value / 1_000, places: 2) + " s"
        }
    }

    /// Bytes in the unit that fits: `812 B`, `4.1 KiB`, `1.2 MiB`.
    static func bytes(_ value: Double) -> String {
        switch value {
        case ..<1_024: decimal(value, places: 0) + " B"
        case ..<1_048_576: decimal(value / 1_024, places: 1) + " KiB"
        default: decimal(value / 1_048_576, places: 1) + " MiB"
        }
    }

    /// The logarithm to base 10 of a number that is at least one.
    static func decades(_ value: Double) -> Double {
        // From the exponent and the fraction, so that no mathematics library is imported for a chart.
        var rest = max(1, value)
        var whole = 0.0
        while rest >= 10 {
            rest /= 10
            whole += 1
        }
        var step = 0.5
        var fraction = 0.0
        for _ in 0..<12 {
            rest *= rest
            if rest >= 10 {
                rest /= 10
                fraction += step
            }
            step /= 2
        }
        return whole + fraction
    }
}
