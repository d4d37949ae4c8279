import Base
import Storage
import Web

/// The exports centre and its forms.
struct ExportPageRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [page, order, cancel] }

    private struct PageQuery: Input {
        let after: Cursor?
        let said: String?

        static let fields: [Field] = [
            .query("after", optional: .cursor), .query("said", optional: .text(1...40)),
        ]
    }

    private var page: Route {
        Route(
            .get, "/discovery/exports", "discovery.showExports", "Shows my exports.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [room] (request: Request<PageQuery>) in
            try await refusing {
                let page = try await room.exports.store.page(
                    of: try request.person(), after: request.input.after, limit: ExportDesk.Bounds.page,
                    in: request.tenant)
                return DiscoveryPages.listPage(
                    "Exports", "exports",
                    ExportsPage(
                        page.items, next: page.next?.description, isFirst: request.input.after == nil,
                        at: room.clock.now()), scripts: ["exports.js"], said: request.input.said)
            }
        }
    }

    private struct OrderSent: Input {
        let source: Export.Source
        let sourceId: ID<ExportSource>
        let format: Export.Format

        static let fields: [Field] = [
            .body("source", .choice(Export.Source.self)), .body("sourceId", .id),
            .body("format", optional: .choice(Export.Format.self), default: "csv"),
        ]
    }

    private var order: Route {
        Route(
            .post, "/discovery/exports", "discovery.sendExport", "Orders a file by form.", policy: .signedIn,
            limit: .per(.person, "discovery.export", 20), budget: 6, accepts: .form, status: 303
        ) { [room] (request: Request<OrderSent>) in
            let input = request.input
            return try await Said.after(Addresses.exports) {
                try await refusing {
                    let wish = ExportDesk.Wish(source: input.source, id: input.sourceId, format: input.format)
                    switch try await room.exports.order(wish, by: try request.asker(), in: request.tenant) {
                    case .file: return "exportReady"
                    case .queued: return "exportQueued"
                    }
                }
            }
        }
    }

    private var cancel: Route {
        Route(
            .post, "/discovery/exports/{id}/cancel", "discovery.sendExportCancellation", "Stops an export by form.",
            policy: .signedIn, limit: Rates.writing, budget: 4, accepts: .form, status: 303
        ) { [room] (request: Request<ExportRoutes.IDInput>) in
            try await Said.after(Addresses.exports) {
                try await refusing {
                    try await room.exports.cancel(
                        request.input.id, of: try request.person(), in: request.tenant)
                }
                return "exportCancelled"
            }
        }
    }
}
