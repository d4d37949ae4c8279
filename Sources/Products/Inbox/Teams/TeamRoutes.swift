import Base
import Web

/// Teams over HTTP.
struct TeamRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list, make, change, remove, handOut] }

    private struct TeamOutput: Output {
        struct MemberLine: Encodable {
            let personId: ID<Person>
            let cap: Int
        }

        static let fields: [Field] = [
            .body("id", .id), .body("name", .text), .body("channelIds", .list(.id)),
            .body("members", .list(.object([.body("personId", .id), .body("cap", .integer)]))),
        ]
        static let shape = Shape.object(fields)

        let id: ID<Team>
        let name: String
        let channelIds: [ID<Channel>]
        let members: [MemberLine]

        init(_ team: Team) {
            id = team.id
            name = team.name
            channelIds = team.channels
            members = team.members.map { MemberLine(personId: $0.person, cap: $0.cap) }
        }
    }

    private struct TeamsOutput: Output {
        static let shape = Shape.object([.body("teams", .list(.object(TeamOutput.fields)))])

        let teams: [TeamOutput]
    }

    private var list: Route {
        Route(
            .get, "/teams", "inbox.listTeams", "Lists the company's teams with their members.", policy: .signedIn,
            limit: Rates.reading, budget: 1
        ) { [office] (request: Request<NoInput>) in
            TeamsOutput(teams: try await office.teams.teams(in: request.tenant).map(TeamOutput.init))
        }
    }

    private static let draftFields: [Field] = [
        .body("name", .text(1...Team.Bounds.nameCharacters)),
        .body(
            "channelIds", optional: .list(.id, 0...Team.Bounds.channels),
            "Whose conversations come to it; all without."),
        .body(
            "members",
            optional: .list(
                .object([.body("personId", .id), .body("cap", .integer(Team.Bounds.cap))]), 0...Team.Bounds.members),
            "Each with how many conversations may be open with them before nothing is given to them by itself."),
    ]

    private struct MemberInput: Decodable, Sendable {
        let personId: ID<Person>
        let cap: Int
    }

    private struct MakeInput: Input {
        static let fields = draftFields

        let name: String
        let channelIds: [ID<Channel>]?
        let members: [MemberInput]?

        var draft: TeamDesk.TeamDraft {
            TeamDesk.TeamDraft(
                name: name, channels: channelIds ?? [],
                members: (members ?? []).map { Team.Member(person: $0.personId, cap: $0.cap) })
        }
    }

    private struct ChangeInput: Input {
        static let fields = [Field.path("id", .id, "The team.")] + draftFields

        let id: ID<Team>
        let name: String
        let channelIds: [ID<Channel>]?
        let members: [MemberInput]?

        var draft: TeamDesk.TeamDraft {
            MakeInput(name: name, channelIds: channelIds, members: members).draft
        }
    }

    private static let failures = [Failures.notAllowed, Failures.setting, Failures.named]

    private var make: Route {
        Route(
            .post, "/teams", "inbox.makeTeam", "Makes a team.", policy: .signedIn, limit: Rates.writing, budget: 4,
            status: 201, failures: Self.failures + [Failures.limit]
        ) { [office] (request: Request<MakeInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                return TeamOutput(try await office.teams.make(request.input.draft, in: request.tenant))
            }
        }
    }

    private var change: Route {
        Route(
            .put, "/teams/{id}", "inbox.changeTeam", "Changes a team and who is in it.", policy: .signedIn,
            limit: Rates.writing, budget: 4, failures: Self.failures + [Failures.missing]
        ) { [office] (request: Request<ChangeInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                return TeamOutput(
                    try await office.teams.change(request.input.id, to: request.input.draft, in: request.tenant))
            }
        }
    }

    private struct OfTeam: Input {
        static let fields: [Field] = [.path("id", .id, "The team.")]

        let id: ID<Team>
    }

    private var remove: Route {
        Route(
            .delete, "/teams/{id}", "inbox.removeTeam", "Removes a team; its conversations stay.", policy: .signedIn,
            limit: Rates.writing, budget: 3, status: 204, failures: [Failures.notAllowed, Failures.missing]
        ) { [office] (request: Request<OfTeam>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.teams.remove(request.input.id, in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct HandedOut: Output {
        static let shape = Shape.object([.body("assigneeId", optional: .id)])

        let assigneeId: ID<Person>?
    }

    private var handOut: Route {
        Route(
            .post, "/conversations/{id}/assignment", "inbox.handOutConversation",
            "Gives a conversation that waits to whoever of its team is present and has hands free; to nobody when "
                + "there is none.", policy: .signedIn, limit: Rates.writing, budget: 14,
            failures: [Failures.notAllowed]
        ) { [office] (request: Request<ConversationRoutes.OfConversation>) in
            try await refusing {
                _ = try request.context.person(atLeast: .agent)
                let outcome = try await office.assignments.handOut(
                    request.input.id, among: try await office.assignments.present(in: request.tenant), attempt: 1,
                    in: request.tenant)
                if case .given(let person) = outcome { return HandedOut(assigneeId: person) }
                return HandedOut(assigneeId: nil)
            }
        }
    }
}
