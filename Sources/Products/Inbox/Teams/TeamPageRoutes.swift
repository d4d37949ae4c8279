import Accounts
import Base
import Web

/// The page of people, teams, hours and service levels, with its forms for teams.
struct TeamPageRoutes: Sendable {
    let office: Office

    var routes: [Route] {
        [show, make, change, remove, setMember, removeMember] + HoursPageRoutes(office: office).routes
            + InvitationPageRoutes(office: office).routes + RetentionPageRoutes(office: office).routes
    }

    private struct Query: Input {
        static let fields: [Field] = [.query("said", optional: .text(1...60))]

        let said: String?
    }

    private var show: Route {
        Route(
            .get, PathTemplate(Addresses.team), "inbox.showTeam", "Shows who answers, when, and how soon.",
            policy: .signedIn, limit: Rates.reading, budget: 2
        ) { [office] (request: Request<Query>) in
            let tenant = request.tenant
            let isAdmin = request.principal.has(Seat.admin.role)
            let colleagues = try await office.notices.colleagues(in: tenant)
            let parts = TeamPage.Parts(
                colleagues: colleagues,
                present: Set(office.topics.present(among: colleagues.map(\.person), in: tenant)),
                teams: try await office.teams.teams(in: tenant), hours: try await office.teams.hours(in: tenant),
                levels: try await office.promises.levels(in: tenant),
                channels: try await office.channels.channels(in: tenant),
                invitations: isAdmin ? try await office.invitations.waiting(of: tenant) : [],
                retention: try await office.retention.record(in: tenant), now: office.clock.now())
            let frame = try await office.frames.frame(.team, for: request.context)
            return InboxPages.page(
                "Team", "team", TeamPage(frame, parts), styles: ["work.css"], said: request.input.said)
        }
    }

    private struct MakeSent: Input {
        static let fields: [Field] = [.body("name", .text(0...200)), .body("channel", optional: .list(.id, 0...100))]

        let name: String
        let channel: [ID<Channel>]?
    }

    private var make: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/teams"), "inbox.sendTeam", "Makes a team by form.",
            policy: .signedIn, limit: Rates.writing, budget: 4, accepts: .form, status: 303
        ) { [office] (request: Request<MakeSent>) in
            try await Said.after(Addresses.team, anchor: "teams") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    _ = try await office.teams.make(
                        TeamDesk.TeamDraft(name: request.input.name, channels: request.input.channel ?? []),
                        in: request.tenant)
                }
                return "teamMade"
            }
        }
    }

    private struct ChangeSent: Input {
        static let fields: [Field] = [
            .path("id", .id), .body("name", .text(0...200)), .body("channel", optional: .list(.id, 0...100)),
        ]

        let id: ID<Team>
        let name: String
        let channel: [ID<Channel>]?
    }

    private var change: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/teams/{id}"), "inbox.sendTeamChange", "Changes a team by form.",
            policy: .signedIn, limit: Rates.writing, budget: 5, accepts: .form, status: 303
        ) { [office] (request: Request<ChangeSent>) in
            let input = request.input
            return try await Said.after(Addresses.team, anchor: "teams") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    let team = try await office.teams.store.all(in: request.tenant).first { $0.id == input.id }
                    guard let team else { throw InboxError.missing("team") }
                    _ = try await office.teams.change(
                        input.id,
                        to: TeamDesk.TeamDraft(
                            name: input.name, channels: input.channel ?? [], members: team.members),
                        in: request.tenant)
                }
                return "teamChanged"
            }
        }
    }

    private var remove: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/teams/{id}/remove"), "inbox.sendTeamRemoval",
            "Removes a team by form.", policy: .signedIn, limit: Rates.writing, budget: 3, accepts: .form, status: 303
        ) { [office] (request: Request<ByID<Team>>) in
            try await Said.after(Addresses.team, anchor: "teams") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.teams.remove(request.input.id, in: request.tenant)
                }
                return "teamRemoved"
            }
        }
    }

    private struct MemberSent: Input {
        static let fields: [Field] = [
            .path("id", .id), .body("person", .id), .body("cap", .text(0...5)),
        ]

        let id: ID<Team>
        let person: ID<Person>
        let cap: String
    }

    private var setMember: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/teams/{id}/members"), "inbox.sendMember",
            "Has somebody be in a team with a cap by form.", policy: .signedIn, limit: Rates.writing, budget: 5,
            accepts: .form, status: 303
        ) { [office] (request: Request<MemberSent>) in
            let input = request.input
            return try await Said.after(Addresses.team, anchor: "teams") {
                guard let cap = Int(input.cap.trimmed) else { return "chooseNumber" }
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.teams.set(input.person, cap: cap, in: input.id, of: request.tenant)
                }
                return "memberSet"
            }
        }
    }

    private struct LeavingSent: Input {
        static let fields: [Field] = [.path("id", .id), .path("person", .id)]

        let id: ID<Team>
        let person: ID<Person>
    }

    private var removeMember: Route {
        Route(
            .post, PathTemplate(Addresses.team + "/teams/{id}/members/{person}/remove"), "inbox.sendMemberRemoval",
            "Takes somebody out of a team by form.", policy: .signedIn, limit: Rates.writing, budget: 5,
            accepts: .form, status: 303
        ) { [office] (request: Request<LeavingSent>) in
            try await Said.after(Addresses.team, anchor: "teams") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.teams.set(
                        request.input.person, cap: nil, in: request.input.id, of: request.tenant)
                }
                return "memberRemoved"
            }
        }
    }
}
