import Base
import Blobs
import Storage
import Web

/// Exports that are made beside requests, over HTTP; for administrators and owners alone.
struct OrderedExportRoutes: Sendable {
    let office: Office

    var routes: [Route] { [order, list, show, manifest, file] }

    private static let notReady = Failure("inbox.exportNotReady", 409, "The files are not whole.")
    private static let expired = Failure("inbox.exportExpired", 410, "The seven days of the files are over.")

    /// An export as the API tells of it.
    struct ExportOutput: Output {
        struct FileLine: Encodable {
            let noun: ExportNoun
            let rows: Int
            let bytes: Int
            let sha256: String
        }

        static let fields: [Field] = [
            .body("id", .id), .body("personId", .id), .body("nouns", .list(.choice(ExportNoun.self))),
            .body("state", .choice(Export.State.self)),
            .body("writing", optional: .choice(ExportNoun.self), "What is written at the moment."),
            .body("rowsWritten", .integer), .body("bytesWritten", .integer),
            .body(
                "files",
                .list(
                    .object([
                        .body("noun", .choice(ExportNoun.self)), .body("rows", .integer), .body("bytes", .integer),
                        .body("sha256", .text),
                    ])), "The files that are whole."),
            .body("failure", optional: .text), .body("createdAt", .timestamp),
            .body("finishedAt", optional: .timestamp), .body("expiresAt", optional: .timestamp),
        ]
        static let shape = Shape.object(fields)

        let id: ID<Export>
        let personId: ID<Person>
        let nouns: [ExportNoun]
        let state: Export.State
        let writing: ExportNoun?
        let rowsWritten: Int
        let bytesWritten: Int
        let files: [FileLine]
        let failure: String?
        let createdAt: Timestamp
        let finishedAt: Timestamp?
        let expiresAt: Timestamp?

        init(_ export: Export) {
            id = export.id
            personId = export.personID
            nouns = export.nouns
            state = export.state
            writing = export.state.isUnderWay ? export.noun : nil
            rowsWritten = export.rowsWritten
            bytesWritten = export.bytesWritten
            files = export.files.map { FileLine(noun: $0.noun, rows: $0.rows, bytes: $0.bytes, sha256: $0.sha256) }
            failure = export.failure
            createdAt = export.createdAt
            finishedAt = export.finishedAt
            expiresAt = export.expiresAt
        }
    }

    private struct OrderInput: Input {
        static let fields: [Field] = [
            .body("nouns", .list(.choice(ExportNoun.self), 1...ExportNoun.allCases.count), "What is to be exported.")
        ]

        let nouns: [ExportNoun]
    }

    private var order: Route {
        Route(
            .post, "/exports", "inbox.orderExport",
            "Asks for files of everything that is there now; the work is done beside requests.", policy: .signedIn,
            limit: .per(.person, "inbox.export", 10), budget: 3, status: 202,
            failures: [Failures.notAllowed, Failures.limit, Failures.setting]
        ) { [office] (request: Request<OrderInput>) in
            try await refusing {
                let person = try request.context.person(atLeast: .admin)
                return ExportOutput(
                    try await office.exports.order(request.input.nouns, by: person, in: request.tenant))
            }
        }
    }

    private struct ExportsOutput: Output {
        static let shape = Shape.object([.body("exports", .list(.object(ExportOutput.fields)))])

        let exports: [ExportOutput]
    }

    private var list: Route {
        Route(
            .get, "/exports", "inbox.listExports", "Lists the company's newest exports.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.notAllowed]
        ) { [office] (request: Request<NoInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                return ExportsOutput(
                    exports: try await office.exports.store.newest(in: request.tenant).map(ExportOutput.init))
            }
        }
    }

    private struct OfExport: Input {
        static let fields: [Field] = [.path("id", .id, "The export.")]

        let id: ID<Export>
    }

    private var show: Route {
        Route(
            .get, "/exports/{id}", "inbox.getExport", "Tells how far an export is.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.notAllowed, Failures.missing]
        ) { [office] (request: Request<OfExport>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                return ExportOutput(try await office.exports.export(request.input.id, in: request.tenant))
            }
        }
    }

    private struct ManifestOutput: Output {
        struct PartLine: Encodable {
            let number: Int
            let rows: Int
            let bytes: Int
            let sha256: String
        }

        struct FileLine: Encodable {
            let noun: ExportNoun
            let rows: Int
            let bytes: Int
            let sha256: String
            let columns: [String]
            let parts: [PartLine]
        }

        private static let counted: [Field] = [
            .body("rows", .integer), .body("bytes", .integer), .body("sha256", .text),
        ]
        static let shape = Shape.object([
            .body("id", .id), .body("createdAt", .timestamp, "Rows that came later are not in it."),
            .body("finishedAt", optional: .timestamp),
            .body(
                "files",
                .list(
                    .object(
                        [.body("noun", .choice(ExportNoun.self)), .body("columns", .list(.text))] + counted + [
                            .body(
                                "parts",
                                .list(.object([.body("number", .integer)] + counted), 0...Export.Bounds.parts),
                                "Spans of the file's bytes, one behind the other, by which a cut download is checked.")
                        ]))),
        ])

        let id: ID<Export>
        let createdAt: Timestamp
        let finishedAt: Timestamp?
        let files: [FileLine]

        init(_ export: Export, _ parts: [ExportPart]) {
            id = export.id
            createdAt = export.createdAt
            finishedAt = export.finishedAt
            files = export.files.map { file in
                FileLine(
                    noun: file.noun, rows: file.rows, bytes: file.bytes, sha256: file.sha256,
                    columns: file.noun.columns,
                    parts: parts.filter { $0.noun == file.noun }.map {
                        PartLine(number: $0.number, rows: $0.rows, bytes: $0.bytes, sha256: $0.sha256)
                    })
            }
        }
    }

    private var manifest: Route {
        Route(
            .get, "/exports/{id}/manifest", "inbox.getExportManifest",
            "Tells what the files hold: counts, and the hashes of files and their parts.", policy: .signedIn,
            limit: Rates.reading, budget: 2,
            failures: [Failures.notAllowed, Failures.missing, Self.notReady, Self.expired]
        ) { [office] (request: Request<OfExport>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let found = try await office.exports.manifest(of: request.input.id, in: request.tenant)
                return ManifestOutput(found.export, found.parts)
            }
        }
    }

    private struct OfFile: Input {
        static let fields: [Field] = [.path("id", .id, "The export."), .path("noun", .choice(ExportNoun.self))]

        let id: ID<Export>
        let noun: ExportNoun
    }

    private var file: Route {
        Route(
            .get, "/exports/{id}/files/{noun}", "inbox.getExportFile", "Downloads a file, or a part of it.",
            policy: .signedIn, limit: Rates.reading, budget: 1, cache: .privateRevalidate, deadline: .seconds(600),
            failures: [Failures.notAllowed, Failures.missing, Self.notReady, Self.expired]
        ) { [office] (request: Request<OfFile>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let noun = request.input.noun
                let found = try await office.exports.file(noun, of: request.input.id, in: request.tenant)
                return Reply(
                    BlobAnswer(found.key, of: request.tenant, in: office.exports.blobs),
                    headers: [
                        ("content-disposition", "attachment; filename=\"\(noun.fileName).csv\""),
                        ("x-export-rows", "\(found.file.rows)"), ("x-export-sha256", found.file.sha256),
                    ])
            }
        }
    }
}
