import Base
import Blobs
import Web

/// The files by which clips are played, under addresses that contain the hash of what they name.
struct MediaRoutes: Sendable {
    let blobs: any BlobStore

    /// The address of a file on this site, by its name.
    static func address(of name: String) -> String { FileAddresses.address(of: name) }

    private struct OfFile: Input {
        static let fields: [Field] = [.path("name", .text(1...80), "The file.")]

        let name: String
    }

    private struct OfTenantFile: Input {
        static let fields: [Field] = [
            .path("tenant", .id, "The stage."), .path("name", .text(1...80), "The file."),
        ]

        let tenant: ID<Tenant>
        let name: String
    }

    private static let missing = Failure("tournament.notFound", 404, "There is no such file.")
    private static let limit = RouteLimit.exempt(
        because: "A player asks for many ranges of each, and caches in front keep them a year.")

    var routes: [Route] { [play, deliver] }

    private var play: Route {
        Route(
            .get, "/tournament/files/{name}", "tournament.playFile",
            "Gives a clip's film or still, whole or in part.", policy: .anyone, limit: Self.limit, budget: 0,
            cache: .immutable, failures: [Self.missing]
        ) { (request: Request<OfFile>) in
            try answer(request.input.name, of: request.context.tenant)
        }
    }

    /// The same for a delivery network, which asks under one name for all tenants.
    private var deliver: Route {
        Route(
            .get, "/tournament/files/{tenant}/{name}", "tournament.deliverFile",
            "Gives a clip's film or still to a delivery network, which serves them under an address of its own.",
            policy: .anyone, limit: Self.limit, budget: 0, cache: .immutable, failures: [Self.missing]
        ) { (request: Request<OfTenantFile>) in
            try answer(request.input.name, of: Tenant(request.input.tenant))
        }
    }

    private func answer(_ name: String, of tenant: Tenant) throws -> BlobAnswer {
        // What is no name of a file is none that exists.
        guard let key = MediaSteps.key(of: name) else {
            throw Problem(TournamentError(.notFound, "There is no such file."))
        }
        return BlobAnswer(key, of: tenant, in: blobs)
    }
}
