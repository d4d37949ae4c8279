import Base
import Limits
public import Web

extension ConsoleReport {
    /// A vendor or store that this process calls.
    public struct VendorLine: Output {
        /// Its name.
        public var name: String
        /// What the breaker lets through: `closed` is everything.
        public var breaker: String
        /// Seconds for which it is still left alone because it asked for that; 0 when it is not.
        public var pausedSeconds: Int
        /// Requests sent, further attempts included.
        public var attempts: Int
        /// Attempts after the first.
        public var retries: Int
        /// Attempts that failed for the other side's fault.
        public var failures: Int
        /// Calls that were not made.
        public var refusals: Int
        /// How many calls may run at once now; `nil` where that is not found by trying.
        public var limit: Int?
        /// Calls that run, where their number is limited.
        public var running: Int
        /// Calls that wait for their turn.
        public var waiting: Int

        /// The declaration of each member.
        public static let shape = Shape.object([
            .body("name", .text), .body("breaker", .choice(CircuitState.allCases.map(\.rawValue))),
            .body("pausedSeconds", .integer), .body("attempts", .integer), .body("retries", .integer),
            .body("failures", .integer), .body("refusals", .integer), .body("limit", optional: .integer),
            .body("running", .integer), .body("waiting", .integer),
        ])
    }

    /// The vendors, by name.
    public var vendorLines: [VendorLine] {
        limits.dependencies.map { vendor in
            VendorLine(
                name: vendor.name, breaker: vendor.state.rawValue,
                pausedSeconds: Int((vendor.pausedFor ?? .zero).milliseconds + 999) / 1_000,
                attempts: vendor.attempts, retries: vendor.retries, failures: vendor.failures,
                refusals: vendor.refusals, limit: vendor.limit, running: vendor.running, waiting: vendor.waiting)
        }
    }

    /// What the nodes leave alone at present, in a sentence; `nil` when that is nothing.
    var pauseLine: String? {
        let pauses = limits.pauses.pauses
        guard !pauses.isEmpty else { return nil }
        let each = pauses.prefix(20).map { pause in
            "\(pause.name) for \(Figures.number(Int(pause.remaining.milliseconds + 999) / 1_000)) s (\(pause.reason))"
        }
        return "All nodes leave alone: \(each.joined(separator: ", "))."
    }
}

extension ConsoleTable {
    static func vendors(_ lines: [ConsoleReport.VendorLine], _ note: String? = nil) -> ConsoleTable {
        ConsoleTable(
            "Vendors", empty: "Nothing outside is called.", note: note,
            columns: [
                Column("Vendor", isNumber: false), Column("State", isNumber: false), Column("Attempts"),
                Column("Retries"), Column("Failures"), Column("Not made"), Column("At once"), Column("Running"),
                Column("Waiting"),
            ],
            rows: lines.map { line in
                [
                    .code(line.name), Cell(text: state(line)), .count(line.attempts), .count(line.retries),
                    .count(line.failures, isOver: line.failures > 0), .count(line.refusals),
                    line.limit.map { .count($0) } ?? .number("–", -1), .count(line.running), .count(line.waiting),
                ]
            })
    }

    private static func state(_ line: ConsoleReport.VendorLine) -> String {
        if line.pausedSeconds > 0 { return "asked to wait \(Figures.number(line.pausedSeconds)) s" }
        return switch line.breaker {
        case "open": "left alone"
        case "halfOpen": "asked carefully"
        default: "answers"
        }
    }
}
