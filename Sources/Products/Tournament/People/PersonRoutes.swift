import Base
import Web

/// People's numbers and follows over HTTP.
struct PersonRoutes: Sendable {
    let house: Playhouse

    var routes: [Route] { [stats, follow, unfollow] }

    static let unknown = Failure("tournament.notFound", 404, "There is no such person here, or not any more.")
    static let invalid = Failure("tournament.followInvalid", 422, "Nobody follows themselves.")

    struct OfPerson: Input {
        static let fields: [Field] = [.path("id", .id, "The person.")]

        let id: ID<Person>
    }

    private struct StatsAnswer: Output {
        static let shape = Shape.object([
            .body("id", .id), .body("name", .text), .body("points", .integer), .body("votesCast", .integer),
            .body("weightCast", .integer), .body("votesToday", .integer), .body("weightToday", .integer),
            .body("clips", .integer), .body("wins", .integer), .body("streakDays", .integer),
            .body("streakBest", .integer), .body("followers", .integer), .body("following", .integer),
            .body("isFollowed", .boolean),
        ])

        let id: ID<Person>
        let name: String
        let points: Int
        let votesCast: Int
        let weightCast: Int
        let votesToday: Int
        let weightToday: Int
        let clips: Int
        let wins: Int
        let streakDays: Int
        let streakBest: Int
        let followers: Int
        let following: Int
        let isFollowed: Bool

        init(_ person: ID<Person>, name: String, _ stats: PersonStats) {
            let tally = stats.tally
            id = person
            self.name = name
            points = tally.points
            votesCast = tally.votesCast
            weightCast = tally.weightCast
            votesToday = stats.today.votes
            weightToday = stats.today.weight
            clips = tally.clips
            wins = tally.wins
            streakDays = tally.streakDays
            streakBest = tally.streakBest
            followers = tally.followers
            following = tally.following
            isFollowed = stats.isFollowed
        }
    }

    private var stats: Route {
        Route(
            .get, "/people/{id}/stats", "tournament.readStats",
            "Tells what a person has done, today's votes among it.", policy: .voter,
            limit: .per(.voter, "tournament.read", 120), budget: 1, failures: [Self.unknown]
        ) { [people = house.people] (request: Request<OfPerson>) in
            let person = request.input.id
            let (name, stats) = try await refusing {
                try await people.profile(of: person, seenBy: request.principal.person, in: request.tenant)
            }
            return StatsAnswer(person, name: name, stats)
        }
    }

    private var follow: Route { setFollow(.put, "tournament.followPerson", "Follows a person.", true) }
    private var unfollow: Route {
        setFollow(.delete, "tournament.unfollowPerson", "Follows a person no longer.", false)
    }

    private func setFollow(_ method: Method, _ name: String, _ summary: String, _ wanted: Bool) -> Route {
        Route(
            method, "/people/{id}/follow", name, summary, policy: .signedIn, limit: CommentRoutes.acting, budget: 2,
            status: 204, failures: [Self.unknown, Self.invalid]
        ) { [people = house.people] (request: Request<OfPerson>) in
            try await refusing {
                try await people.setFollow(wanted, of: request.input.id, by: request.person(), in: request.tenant)
            }
            return NoContent()
        }
    }
}
