import Base
import Blobs
import Web

/// Posters and films of the demo's clips.
struct DemoRoutes: Sendable {
    /// The address of a scene's poster.
    static func poster(_ number: Int) -> String { "\(Addresses.base)/demo/posters/\(number)" }
    /// The address of a scene's film.
    static func film(_ number: Int) -> String { "\(Addresses.base)/demo/films/\(number)" }

    let films: DemoFilmsService
    let blobs: any BlobStore

    struct Number: Input {
        var number: Int

        static let fields: [Field] = [.path("number", .integer(0...9_999), "The scene's number.")]
    }

    var routes: [Route] {
        [
            Route(
                .get, "/tournament/demo/posters/{number}", "tournament.demoPoster", "Draws the poster of a demo scene.",
                policy: .anyone, limit: .exempt(because: "A page shows many, and each is kept for a year."), budget: 0,
                cache: .immutable
            ) { (request: Request<Number>) in
                Bytes(ReadyBytes(ClipScene(number: request.input.number).poster.utf8), mediaType: "image/svg+xml")
            },
            Route(
                .get, "/tournament/demo/films/{number}", "tournament.demoFilm", "Plays the film of a demo scene.",
                policy: .anyone, limit: .exempt(because: "A player asks for many ranges of each."), budget: 0,
                cache: .immutable,
                failures: [
                    Failure("tournament.filmUnavailable", 404, "This server cannot draw films: ffmpeg is missing."),
                    Failure("tournament.filmBusy", 503, "Many films are being waited for."),
                ]
            ) { [films, blobs] (request: Request<Number>) in
                let tenant = request.context.tenant
                switch try await films.film(request.input.number, for: tenant) {
                case .ready(let key): return BlobAnswer(key, of: tenant, in: blobs)
                case .busy:
                    throw Problem(
                        "tournament.filmBusy", "Many films are being waited for: try again in a few seconds.",
                        retryAfter: .seconds(3))
                case .unavailable:
                    throw Problem("tournament.filmUnavailable", "This film cannot be drawn here; its poster remains.")
                }
            },
        ]
    }
}
