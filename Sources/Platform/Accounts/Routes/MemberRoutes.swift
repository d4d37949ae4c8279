import Base
import Storage
import Web

struct PageQuery: Input {
    var after: Cursor?
    var limit: Int

    static let fields: [Field] = [
        .query("after", optional: .cursor, "The position that an earlier page gave."),
        .query("limit", optional: .integer(1...200), default: 50, "How many."),
    ]
}

struct MemberOutput: Output {
    var person: ID<Person>
    var name: String
    var role: Role
    var isOwner: Bool
    var isBanned: Bool
    var joinedAt: Timestamp

    static let shape = Shape.object([
        .body("person", .id), .body("name", .text), .body("role", .choice(Role.self)), .body("isOwner", .boolean),
        .body("isBanned", .boolean), .body("joinedAt", .timestamp),
    ])

    init(_ membership: Membership) {
        person = membership.person
        name = membership.name
        role = membership.role
        isOwner = membership.isOwner
        isBanned = membership.bannedAt != nil
        joinedAt = membership.joinedAt
    }
}

struct MembersOutput: Output {
    var members: [MemberOutput]
    var next: Cursor?

    static let shape = Shape.object([.body("members", .list(MemberOutput.shape)), .body("next", optional: .cursor)])
}

struct RoleInput: Input {
    /// The roles that can be given in a tenant.
    enum Given: String, CaseIterable, Decodable, Sendable {
        case member, moderator, administrator

        var role: Role {
            switch self {
            case .member: .member
            case .moderator: .moderator
            case .administrator: .administrator
            }
        }
    }

    var person: ID<Person>
    var role: Given

    static let fields: [Field] = [
        .path("person", .id, "Whose role."), .body("role", .choice(Given.self), "The role from now on."),
    ]
}

struct BanInput: Input {
    var person: ID<Person>
    var reason: String

    static let fields: [Field] = [
        .path("person", .id, "Who is banned."), .body("reason", .text(1...500), "Why; kept in the audit entry."),
    ]
}

struct MemberPath: Input {
    var person: ID<Person>

    static let fields: [Field] = [.path("person", .id, "Which person.")]
}

extension AccountsRoutes {
    var memberRoutes: [Route] {
        [
            Route(
                .get, "/api/members", "accounts.listMembers", "Lists the tenant's members.", policy: .role(.moderator),
                limit: Self.readLimit, budget: 1
            ) { [doorkeeper] (request: Request<PageQuery>) in
                let page = try await doorkeeper.members(
                    of: request.tenant, after: request.input.after, limit: request.input.limit)
                return MembersOutput(members: page.items.map(MemberOutput.init), next: page.next)
            },
            Route(
                .put, "/api/members/{person}/role", "accounts.setRole", "Gives a member another role.",
                policy: .role(.administrator), limit: Self.changeLimit, budget: 3, status: 204,
                failures: [Self.notFound]
            ) { [doorkeeper] (request: Request<RoleInput>) in
                try await doorkeeper.setRole(
                    request.input.role.role, of: request.input.person, in: request.tenant, by: .person(request.person())
                )
                return NoContent()
            },
            Route(
                .put, "/api/members/{person}/ban", "accounts.ban", "Bans a member and ends all sessions.",
                policy: .role(.moderator), limit: Self.changeLimit, budget: 3, status: 204, failures: [Self.notFound]
            ) { [doorkeeper] (request: Request<BanInput>) in
                try await doorkeeper.ban(
                    request.input.person, in: request.tenant, by: .person(request.person()),
                    authority: request.principal.role ?? .member, reason: request.input.reason)
                return NoContent()
            },
            Route(
                .delete, "/api/members/{person}/ban", "accounts.unban", "Lifts a member's ban.",
                policy: .role(.moderator), limit: Self.changeLimit, budget: 3, status: 204, failures: [Self.notFound]
            ) { [doorkeeper] (request: Request<MemberPath>) in
                try await doorkeeper.unban(
                    request.input.person, in: request.tenant, by: .person(request.person()),
                    authority: request.principal.role ?? .member)
                return NoContent()
            },
        ]
    }
}
