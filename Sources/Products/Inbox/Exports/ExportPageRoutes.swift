import Base
import Web

/// The page of exports: what was asked for, how far it is, and the files.
struct ExportPageRoutes: Sendable {
    let office: Office

    var routes: [Route] { [show, order] }

    private struct Query: Input {
        static let fields: [Field] = [.query("said", optional: .text(1...60))]

        let said: String?
    }

    private var show: Route {
        Route(
            .get, PathTemplate(Addresses.exports), "inbox.showExports", "Shows the company's exports.",
            policy: .signedIn, limit: Rates.reading, budget: 2, failures: [Failures.notAllowed]
        ) { [office] (request: Request<Query>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let tenant = request.tenant
                let exports = try await office.exports.store.newest(in: tenant)
                let page = ExportsPage(
                    try await office.frames.frame(nil, for: request.context), exports,
                    names: try await office.names.names(of: exports.map(\.personID), in: tenant),
                    now: office.clock.now())
                return InboxPages.page("Exports", "exports", page, styles: ["work.css"], said: request.input.said)
            }
        }
    }

    private struct OrderSent: Input {
        static let fields: [Field] = [
            .body("noun", optional: .list(.choice(ExportNoun.self), 0...ExportNoun.allCases.count))
        ]

        let noun: [ExportNoun]?
    }

    private var order: Route {
        Route(
            .post, PathTemplate(Addresses.exports), "inbox.sendExport", "Asks for an export by form.",
            policy: .signedIn, limit: .per(.person, "inbox.export", 10), budget: 3, accepts: .form, status: 303
        ) { [office] (request: Request<OrderSent>) in
            try await Said.after(Addresses.exports) {
                guard let nouns = request.input.noun, !nouns.isEmpty else { return "chooseNouns" }
                try await refusing {
                    let person = try request.context.person(atLeast: .admin)
                    _ = try await office.exports.order(nouns, by: person, in: request.tenant)
                }
                return "exportOrdered"
            }
        }
    }
}

/// What was asked for, how far it is, and the files.
struct ExportsPage: Sendable {
    struct Link: Sendable {
        let href: String
        let label: String
        let note: String
    }

    struct Line: Sendable {
        let title: String
        let state: String
        let mood: String
        let text: String
        let files: [Link]
        let hasFiles: Bool
        let manifestHref: String
    }

    struct Choice: Sendable {
        let value: String
        let label: String
    }

    let frame: Frame
    let lines: [Line]
    let hasLines: Bool
    let isWaiting: Bool
    let choices = ExportNoun.allCases.map { Choice(value: $0.rawValue, label: Wording.title($0.rawValue)) }
    let action = Addresses.exports
    let days = RetentionRules.exportDays

    init(_ frame: Frame, _ exports: [Export], names: [ID<Person>: String], now: Timestamp) {
        self.frame = frame
        lines = exports.map { Line($0, by: names[$0.personID] ?? NameKeeper.nobody, now: now) }
        hasLines = !lines.isEmpty
        isWaiting = exports.contains { $0.state.isUnderWay }
    }
}

extension ExportsPage.Line {
    init(_ export: Export, by name: String, now: Timestamp) {
        let isOver = export.state == .expired || (export.state == .ready && export.expiresAt.map { now >= $0 } ?? true)
        let path = "\(Addresses.api)/exports/\(export.id)"
        let asked = "asked for by \(name) on \(Wording.day(export.createdAt, now: now))"
        let rows = Wording.count(export.rowsWritten, "row")
        let text: String
        switch export.state {
        case .queued: text = "waits, \(asked)"
        case .running: text = "\(rows) so far\(export.noun.map { ", writing \($0.rawValue)" } ?? ""), \(asked)"
        case .ready where !isOver:
            text = "\(rows), \(asked), kept until \(Wording.day(export.expiresAt ?? now, now: now))"
        case .ready, .expired: text = "\(rows), \(asked); the files are gone"
        case .failed: text = "\(export.failure ?? "") \(Wording.title(asked))."
        }
        self.init(
            title: Wording.title(export.nouns.map(\.rawValue).joined(separator: ", ")),
            state: isOver ? "over" : export.state.rawValue,
            mood: export.state == .failed ? "bad" : export.state == .ready && !isOver ? "good" : "", text: text,
            files: export.state == .ready && !isOver
                ? export.files.map {
                    ExportsPage.Link(
                        href: "\(path)/files/\($0.noun.rawValue)", label: Wording.title($0.noun.rawValue),
                        note: "\(Wording.count($0.rows, "row")), \(Wording.size($0.bytes))")
                } : [], hasFiles: export.state == .ready && !isOver, manifestHref: "\(path)/manifest")
    }
}
