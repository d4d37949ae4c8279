import Foundation

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
            Figures.decimal(20 * log10(max(0.1, min(10_000, milliseconds)) * 10), places: 1)
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
    /// What is to be known of the whole table.
    let note: String?
    let emptyText: String
    let columns: [Column]
    let rows: [Row]
    let isEmpty: Bool

    init(_ caption: String, empty: String, note: String? = nil, columns: [Column], rows: [[Cell]]) {
        self.caption = caption
        self.note = note
        emptyText = empty
        self.columns = columns
        self.rows = rows.map { Row(cells: $0) }
        isEmpty = rows.isEmpty
    }

    // MARK: What there is to show

    /// What the process stands on, and how it does.
    static func parts(
        _ database: ConsoleReport.DatabaseLine, _ coordination: ConsoleReport.CoordinationLine
    ) -> ConsoleTable {
        let store =
            switch coordination.store {
            case "redis": "Redis"
            case "postgres": "PostgreSQL"
            default: "one process"
            }
        let state =
            coordination.isReachable
            ? "shared"
            : "away for \(Figures.number(coordination.secondsSince)) s: limits and caches are this node's own"
        return ConsoleTable(
            "What the process stands on", empty: "",
            columns: [
                Column("Part", isNumber: false), Column("By", isNumber: false), Column("State", isNumber: false),
                Column("Failures"),
            ],
            rows: [
                [
                    Cell(text: "Database"), Cell(text: database.engine == "postgres" ? "PostgreSQL" : "SQLite"),
                    Cell(text: database.isAvailable ? "answers" : "does not answer"), .count(database.reconnects),
                ],
                [
                    Cell(text: "Shared by nodes"), Cell(text: store),
                    Cell(text: coordination.store == "process" ? "alone" : state), .count(coordination.failures),
                ],
            ])
    }

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

    static func caches(_ lines: [ConsoleReport.CacheLine], _ note: String? = nil) -> ConsoleTable {
        ConsoleTable(
            "Caches", empty: "No cache is entered.", note: note,
            columns: [
                Column("Cache", isNumber: false), Column("Values"), Column("Hits"), Column("Misses"), Column("Loads"),
                Column("Shared"), Column("Hit ratio"), Column("Share of hits", isNumber: false),
            ],
            rows: lines.map { line in
                [
                    .code(line.name), .count(line.entries), .count(line.hits), .count(line.misses), .count(line.loads),
                    line.isShared ? .count(line.sharedHits) : .number("–", -1),
                    line.hitRatio.map { .number(Figures.decimal(100 * $0, places: 1) + " %", $0) } ?? .number("–", -1),
                    .share(line.hitRatio ?? 0),
                ]
            })
    }

    static func limits(_ lines: [ConsoleReport.LimitLine], _ note: String? = nil) -> ConsoleTable {
        ConsoleTable(
            "Limits", empty: "No limit has been asked yet.", note: note,
            columns: [
                Column("Limit", isNumber: false), Column("Allowed"), Column("Per", isNumber: false), Column("Granted"),
                Column("Refused"), Column("Keys"), Column("Counted", isNumber: false),
            ],
            rows: lines.map { line in
                [
                    .code(line.name), .count(line.limit), Cell(text: line.period), .count(line.granted),
                    .count(line.refused, isOver: line.refused > 0), .count(line.keys),
                    Cell(text: line.isLeased ? "over all nodes" : "here"),
                ]
            })
    }
}
