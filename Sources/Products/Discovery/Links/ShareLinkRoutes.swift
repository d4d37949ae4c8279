import Base
import Storage
import Web

/// Links to lists over HTTP.
struct ShareLinkRoutes {
    let room: WorkroomDesk

    var routes: [Route] { [create, revoke] }

    private struct CreateInput: Input {
        let id: ID<CreatorList>
        let days: Int

        static let fields: [Field] = [
            .path("id", .id, "The list."),
            .body(
                "days", optional: .integer(ShareLink.Bounds.days),
                default: .integer(Int64(ShareLink.Bounds.daysByDefault)),
                "How long it is good for."),
        ]
    }

    private struct LinkOutput: Output {
        static let shape = Shape.object([
            .body("id", .id), .body("path", .text, "Where the list is seen; told once."),
            .body("expiresAt", .timestamp),
        ])

        let id: ID<ShareLink>
        let path: String
        let expiresAt: Timestamp
    }

    private var create: Route {
        Route(
            .post, "/lists/{id}/links", "discovery.shareList", "Makes a link by which anybody may read a list.",
            policy: .signedIn, limit: Rates.writing, budget: 4, status: 201,
            failures: [Failures.missing, Failures.notAllowed, ListRoutes.limit]
        ) { [room] (request: Request<CreateInput>) in
            try await refusing {
                let (link, token) = try await room.links.create(
                    for: request.input.id, days: request.input.days, by: try request.asker(atLeast: .editor),
                    in: request.tenant)
                return LinkOutput(id: link.id, path: Addresses.shared(token), expiresAt: link.expiresAt)
            }
        }
    }

    private struct RevokeInput: Input {
        let id: ID<CreatorList>
        let linkId: ID<ShareLink>?

        static let fields: [Field] = [
            .path("id", .id, "The list."), .query("linkId", optional: .id, "One link; all of the list when not given."),
        ]
    }

    private var revoke: Route {
        Route(
            .delete, "/lists/{id}/links", "discovery.revokeLinks", "Takes links to a list back.", policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 204, failures: [Failures.missing, Failures.notAllowed]
        ) { [room] (request: Request<RevokeInput>) in
            try await refusing {
                try await room.links.revoke(
                    request.input.linkId, of: request.input.id, by: try request.asker(atLeast: .editor),
                    in: request.tenant)
                return NoContent()
            }
        }
    }
}
