import Base
import Web

/// Reports over HTTP, to look at and to take home.
struct ReportRoutes: Sendable {
    let office: Office

    var routes: [Route] { [show, export] }

    struct ReportInput: Input {
        static let fields: [Field] = [
            .path("kind", .choice(Report.Kind.self), "About what."),
            .query("days", optional: .integer(1...CountDesk.Bounds.days), default: 30, "How many days back."),
        ]

        let kind: Report.Kind
        let days: Int
    }

    private struct ReportOutput: Output {
        static let shape = Shape.object([
            .body("kind", .choice(Report.Kind.self)), .body("days", .integer),
            .body("columns", .list(.text)), .body("rows", .list(.list(.any), 0...5_000)),
        ])

        /// A cell in JSON.
        enum Value: Encodable, Sendable {
            case text(String), number(Int64), share(Double), nothing

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .text(let text): try container.encode(text)
                case .number(let number): try container.encode(number)
                case .share(let share): try container.encode(share)
                case .nothing: try container.encodeNil()
                }
            }
        }

        let kind: String
        let days: Int
        let columns: [String]
        let rows: [[Value]]

        init(_ report: Report) {
            kind = report.kind.rawValue
            days = report.days
            columns = report.columns.map(\.name)
            rows = report.rows.map { row in
                row.map { cell in
                    switch cell {
                    case .text(let text): .text(text)
                    case .number(let number): .number(number)
                    case .hundredths(let value): .share(Double(value) / 100)
                    case .nothing: .nothing
                    }
                }
            }
        }
    }

    private var show: Route {
        Route(
            .get, "/reports/{kind}", "inbox.getReport", "Tells a report about the last days, made from the counts.",
            policy: .signedIn, limit: .per(.person, "inbox.dashboard", 50), budget: 1
        ) { [office] (request: Request<ReportInput>) in
            ReportOutput(
                try await office.reports.report(request.input.kind, days: request.input.days, in: request.tenant))
        }
    }

    private var export: Route {
        Route(
            .get, "/reports/{kind}/file", "inbox.exportReport",
            "Streams a report as CSV, with the number of its rows and its hash at the end.", policy: .signedIn,
            limit: .per(.person, "inbox.dashboard", 50), budget: 1
        ) { [office] (request: Request<ReportInput>) in
            let report = try await office.reports.report(
                request.input.kind, days: request.input.days, in: request.tenant)
            return CSVExport("inbox-\(report.kind.rawValue)", columns: report.columns.map(\.name)) { output in
                for row in report.rows {
                    for cell in row {
                        switch cell {
                        case .text(let text): output.text(text)
                        case .number(let number): output.integer(number)
                        case .hundredths: output.text(cell.text)
                        case .nothing: output.empty()
                        }
                    }
                    try await output.endRow()
                }
            }
        }
    }
}
