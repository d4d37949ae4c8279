import Base
import Blobs
import Web

/// The files by which clips are played, under addresses that contain the hash of what they name.
struct MediaRoutes: Sendable {
    let blobs: any BlobStore

    /// The address of a file by its name.
    static func address(of name: String) -> String { "\(Addresses.base)/files/\(name)" }

    private struct OfFile: Input {
        static let fields: [Field] = [.path("name", .text(1...80), "The file.")]

        let name: String
    }

    var routes: [Route] {
        [
            Route(
                .get, "/tournament/files/{name}", "tournament.playFile",
                "Gives a clip's film or still, whole or in part.", policy: .anyone,
                limit: .exempt(because: "A player asks for many ranges of each, and caches in front keep them a year."),
                budget: 0, cache: .immutable,
                failures: [Failure("tournament.notFound", 404, "There is no such file.")]
            ) { [blobs] (request: Request<OfFile>) in
                // What is no name of a file is none that exists.
                guard let key = MediaSteps.key(of: request.input.name) else {
                    throw Problem(TournamentError(.notFound, "There is no such file."))
                }
                return BlobAnswer(key, of: request.context.tenant, in: blobs)
            }
        ]
    }
}
