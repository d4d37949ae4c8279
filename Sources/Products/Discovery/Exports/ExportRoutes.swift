import Base
import Blobs
import Storage
import Web

/// Exports over HTTP.
struct ExportRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [order, list, show, cancel, file, manifest] }

    private var desk: ExportDesk { room.exports }

    private static let notReady = Failure("discovery.exportNotReady", 409, "The file is not complete.")
    private static let expired = Failure("discovery.exportExpired", 410, "The file's seven days are over.")
    private static let ordering = [
        Failures.missing, Failure("discovery.exportLimit", 429, "Three files of the workspace are in the making."),
        Failure("discovery.exportTooLarge", 422, "The file would have more than a million rows."),
    ]

    /// An export as the API tells of it.
    struct ExportOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("title", .text), .body("source", .choice(Export.Source.self)),
            .body("sourceId", .id), .body("format", .choice(Export.Format.self)),
            .body("state", .choice(Export.State.self)), .body("rowsPlanned", .integer), .body("rowsWritten", .integer),
            .body("bytes", .integer), .body("sha256", optional: .text), .body("failure", optional: .text),
            .body("createdAt", .timestamp), .body("finishedAt", optional: .timestamp), .body("expiresAt", .timestamp),
        ]
        static let shape = Shape.object(fields)

        let id: ID<Export>
        let title: String
        let source: Export.Source
        let sourceId: ID<ExportSource>
        let format: Export.Format
        let state: Export.State
        let rowsPlanned: Int
        let rowsWritten: Int
        let bytes: Int
        let sha256: String?
        let failure: String?
        let createdAt: Timestamp
        let finishedAt: Timestamp?
        let expiresAt: Timestamp

        init(_ export: Export) {
            id = export.id
            title = export.title
            source = export.source
            sourceId = export.sourceID
            format = export.format
            state = export.state
            rowsPlanned = export.rowsPlanned
            rowsWritten = export.rowsWritten
            bytes = export.bytesWritten
            sha256 = export.sha256
            failure = export.failure
            createdAt = export.createdAt
            finishedAt = export.finishedAt
            expiresAt = export.expiresAt
        }
    }

    // MARK: Ordering

    private struct OrderInput: Input {
        let source: Export.Source
        let sourceId: ID<ExportSource>
        let format: Export.Format
        let inline: Bool
        let platform: Platform?
        let followersMin: Int64?
        let followersMax: Int64?
        let engagementMin: Int64?
        let country: String?
        let language: String?
        let email: MatchFilter.Email?
        let includesUnknown: Bool?
        let keyword: Int?

        static let fields: [Field] =
            [
                .body("source", .choice(Export.Source.self)), .body("sourceId", .id),
                .body("format", optional: .choice(Export.Format.self), default: "csv"),
                .body(
                    "inline", optional: .boolean, default: .boolean(true),
                    "Whether up to 1,000 rows come with the answer, which is then the file and not JSON."),
            ] + FilterInput.fields

        var wish: ExportDesk.Wish {
            ExportDesk.Wish(
                source: source, id: sourceId, format: format,
                filter: MatchFilter(
                    platform: platform, followersMin: followersMin, followersMax: followersMax,
                    engagementMin: engagementMin, country: country, language: language, email: email,
                    includesUnknown: includesUnknown ?? false, keyword: keyword), isInline: inline)
        }
    }

    private var order: Route {
        Route(
            .post, "/exports", "discovery.createExport",
            "Fixes what a file holds and makes it: small ones come with the answer, others by job.", policy: .signedIn,
            limit: .per(.person, "discovery.export", 20), budget: 5, status: 201, failures: Self.ordering
        ) { [desk] (request: Request<OrderInput>) -> Either<ExportOutput, Reply<Bytes>> in
            try await refusing {
                switch try await desk.order(request.input.wish, by: try request.asker(), in: request.tenant) {
                case .queued(let export): return .first(ExportOutput(export))
                case .file(let export, let bytes):
                    return .second(
                        Reply(
                            Bytes(ReadyBytes(bytes), mediaType: export.format.mediaType),
                            headers: Self.headers(export)))
                }
            }
        }
    }

    /// What tells whether a file came whole, beside its length.
    private static func headers(_ export: Export) -> [(name: String, value: String)] {
        [
            ("content-disposition", "attachment; filename=\"\(export.fileName)\""),
            ("x-export-id", export.id.description), ("x-export-rows", "\(export.rowsWritten)"),
            ("x-export-sha256", export.sha256 ?? ""),
        ]
    }

    // MARK: Looking

    private struct PageInput: Input {
        let after: Cursor?
        let limit: Int

        static let fields: [Field] = [
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 20),
        ]
    }

    private struct PageAnswer: Output {
        static let shape = Shape.object([
            .body("exports", .list(.object(ExportOutput.fields))), .body("next", optional: .cursor),
        ])

        let exports: [ExportOutput]
        let next: String?
    }

    private var list: Route {
        Route(
            .get, "/exports", "discovery.listExports", "Lists my exports, the newest first.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [desk] (request: Request<PageInput>) in
            try await refusing {
                let page = try await desk.store.page(
                    of: try request.person(), after: request.input.after, limit: request.input.limit, in: request.tenant
                )
                return PageAnswer(exports: page.items.map(ExportOutput.init), next: page.next?.description)
            }
        }
    }

    struct IDInput: Input {
        let id: ID<Export>

        static let fields: [Field] = [.path("id", .id, "The export.")]
    }

    private var show: Route {
        Route(
            .get, "/exports/{id}", "discovery.getExport", "Tells how far an export is.", policy: .signedIn,
            limit: Rates.reading, budget: 1, cache: .privateRevalidate, failures: [Failures.missing]
        ) { [desk] (request: Request<IDInput>) in
            try await refusing {
                ExportOutput(
                    try await desk.export(request.input.id, of: try request.person(), in: request.tenant))
            }
        }
    }

    private var cancel: Route {
        Route(
            .post, "/exports/{id}/cancellation", "discovery.cancelExport", "Stops an export that is being made.",
            policy: .signedIn, limit: Rates.writing, budget: 4, status: 204,
            failures: [Failures.missing, Failure("discovery.exportEnded", 409, "The export has ended already.")]
        ) { [desk] (request: Request<IDInput>) in
            try await refusing {
                try await desk.cancel(request.input.id, of: try request.person(), in: request.tenant)
                return NoContent()
            }
        }
    }

    // MARK: Files

    private var file: Route {
        Route(
            .get, "/exports/{id}/file", "discovery.getExportFile", "Downloads a file, or a part of it.",
            policy: .signedIn, limit: Rates.reading, budget: 1, cache: .privateRevalidate, deadline: .seconds(60),
            failures: [Failures.missing, Self.notReady, Self.expired]
        ) { [desk] (request: Request<IDInput>) in
            try await refusing {
                let (export, key) = try await desk.file(
                    request.input.id, of: try request.person(), in: request.tenant)
                return Reply(BlobAnswer(key, of: request.tenant, in: desk.blobs), headers: Self.headers(export))
            }
        }
    }

    private struct ManifestOutput: Output {
        static let shape = Shape.object([
            .body("rows", .integer), .body("bytes", .integer), .body("sha256", .text), .body("columns", .list(.text)),
            .body("filter", .any), .body("mark", .list(.text), "Up to where each part was exported, as id:sequence."),
            .body("title", .text), .body("source", .choice(Export.Source.self)), .body("sourceId", .id),
            .body("format", .choice(Export.Format.self)), .body("time", .timestamp),
        ])

        let manifest: ExportManifest

        func encode(to encoder: any Encoder) throws { try manifest.encode(to: encoder) }
    }

    private var manifest: Route {
        Route(
            .get, "/exports/{id}/manifest", "discovery.getExportManifest", "Tells what a file holds, and its hash.",
            policy: .signedIn, limit: Rates.reading, budget: 1,
            failures: [Failures.missing, Self.notReady, Self.expired]
        ) { [desk] (request: Request<IDInput>) in
            try await refusing {
                ManifestOutput(
                    manifest: try await desk.file(
                        request.input.id, of: try request.person(), in: request.tenant
                    ).export.manifest)
            }
        }
    }
}
