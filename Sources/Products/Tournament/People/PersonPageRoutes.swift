import Base
import Storage
import Web

/// Pages of people.
struct PersonPageRoutes {
    let house: Playhouse

    var routes: [Route] { [me, profile, follow] }

    private var people: PersonDesk { house.people }

    private struct Own: Input {
        let votes: Cursor?
        let comments: Cursor?
        let said: String?

        static let fields: [Field] = [
            .query("votes", optional: .cursor, "Where the page of votes begins."),
            .query("comments", optional: .cursor, "Where the page of comments begins."),
            .query("said", optional: .text(1...40), "What the form before has led to."),
        ]
    }

    private var me: Route {
        Route(
            .get, "/tournament/people/me", "tournament.showMe",
            "Shows one's own numbers, clips, votes and comments.", policy: .signedIn,
            limit: .per(.person, "tournament.read", 120), budget: 5
        ) { [self] (request: Request<Own>) in
            let (person, tenant, input) = (try request.person(), request.tenant, request.input)
            let (name, stats) = try await refusing { try await people.profile(of: person, seenBy: person, in: tenant) }
            let votes = try await house.votes.store.own(
                Voter(person: person, in: tenant).id, after: input.votes, limit: PersonDesk.Bounds.page, in: tenant)
            let comments = try await house.comments.store.own(
                of: person, after: input.comments, limit: PersonDesk.Bounds.page, in: tenant)
            let voted = try await house.timetable.clips.clips(Array(Set(votes.items.map(\.clipID))), in: tenant)
            let own = PersonPage.Own(
                votes: votes.items,
                titles: Dictionary(voted.map { ($0.id, $0.title) }, uniquingKeysWith: { first, _ in first }),
                votesNext: votes.next?.description,
                comments: comments.items, commentsNext: comments.next?.description)
            let clips = try await people.store.clips(
                of: person, all: true, limit: PersonDesk.Bounds.clips, in: tenant)
            var page = TournamentPages.page(
                PersonPage(
                    person, name: name, stats: stats, clips: clips, own: own, viewer: person, at: house.clock.now()))
            page.flash = input.said.flatMap(TournamentPages.flash)
            return page
        }
    }

    private struct OfPerson: Input {
        let id: ID<Person>
        let said: String?

        static let fields: [Field] = [
            .path("id", .id), .query("said", optional: .text(1...40), "What the form before has led to."),
        ]
    }

    private var profile: Route {
        Route(
            .get, "/tournament/people/{id}", "tournament.showPerson", "Shows what a person has done.", policy: .voter,
            limit: CommentRoutes.reading, budget: 2, failures: [PersonRoutes.unknown]
        ) { [self] (request: Request<OfPerson>) in
            let (person, tenant, viewer) = (request.input.id, request.tenant, request.principal.person)
            let (name, stats) = try await refusing {
                try await people.profile(of: person, seenBy: viewer, in: tenant)
            }
            let clips = try await people.store.clips(
                of: person, all: false, limit: PersonDesk.Bounds.clips, in: tenant)
            var page = TournamentPages.page(
                PersonPage(
                    person, name: name, stats: stats, clips: clips, own: nil, viewer: viewer, at: house.clock.now()))
            page.flash = request.input.said.flatMap(TournamentPages.flash)
            return page
        }
    }

    private struct FollowSent: Input {
        let id: ID<Person>
        let wanted: String

        static let fields: [Field] = [.path("id", .id), .body("wanted", .choice(["follow", "unfollow"]))]
    }

    private var follow: Route {
        Route(
            .post, "/tournament/people/{id}/follow", "tournament.sendFollow", "Follows a person by form, or no longer.",
            policy: .signedIn, limit: CommentRoutes.acting, budget: 2, accepts: .form, status: 303
        ) { [people] (request: Request<FollowSent>) in
            let input = request.input
            return try await Said.after(Addresses.person(input.id), anchor: "main") {
                try await refusing {
                    try await people.setFollow(
                        input.wanted == "follow", of: input.id, by: request.person(), in: request.tenant)
                }
                return input.wanted == "follow" ? "followed" : "unfollowed"
            }
        }
    }
}
