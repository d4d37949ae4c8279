import Base
import Storage
public import Web

/// The routes of invitations: the pages that links lead to, and all of it as JSON for programs.
public struct InvitationRoutes: Sendable {
    let invitations: Invitations
    let doorkeeper: Doorkeeper
    let directory: TenantDirectory
    let home: String

    /// Takes what the routes call.
    ///
    /// - Parameters:
    ///   - invitations: The invitations.
    ///   - doorkeeper: Lets people in.
    ///   - directory: The tenants, for their names.
    ///   - home: Where one goes after joining. Defaults to `/`.
    public init(invitations: Invitations, doorkeeper: Doorkeeper, directory: TenantDirectory, home: String = "/") {
        self.invitations = invitations
        self.doorkeeper = doorkeeper
        self.directory = directory
        self.home = home
    }

    /// All routes.
    public var routes: [Route] { pages + [list, give, withdraw, join] }

    static let gone = [
        Failure(
            AccountsError.Code.invitationUnknown.rawValue, 404, "There is no such invitation, or a newer one was given."
        ),
        Failure(AccountsError.Code.invitationUsed.rawValue, 410, "The invitation was accepted already."),
        Failure(AccountsError.Code.invitationWithdrawn.rawValue, 410, "The invitation was taken back."),
        Failure(AccountsError.Code.invitationExpired.rawValue, 410, "The invitation's seven days are over."),
    ]

    private static let tooHigh = Failure(
        AccountsError.Code.roleTooHigh.rawValue, 403, "The role is above that of who invites.")

    // MARK: For who invites

    private struct InvitationsOutput: Output {
        struct Line: Encodable {
            let id: ID<Invitation>
            let email: String
            let role: Role
            let state: Invitation.State.RawValue
            let invitedBy: ID<Person>
            let inviterName: String
            let createdAt: Timestamp
            let expiresAt: Timestamp
        }

        static let shape = Shape.object([
            .body(
                "invitations",
                .list(
                    .object([
                        .body("id", .id), .body("email", .text), .body("role", .choice(Role.self)),
                        .body("state", .choice(Invitation.State.self)), .body("invitedBy", .id),
                        .body("inviterName", .text), .body("createdAt", .timestamp), .body("expiresAt", .timestamp),
                    ])))
        ])

        let invitations: [Line]
    }

    private var list: Route {
        Route(
            .get, "/api/invitations", "accounts.listInvitations", "Lists invitations that wait to be accepted.",
            policy: .role(.moderator), limit: AccountsRoutes.readLimit, budget: 1
        ) { [invitations] (request: Request<NoInput>) in
            InvitationsOutput(
                invitations: try await invitations.waiting(of: request.tenant).map {
                    InvitationsOutput.Line(
                        id: $0.id, email: $0.email.text, role: $0.role,
                        state: $0.state(at: request.receivedAt).rawValue, invitedBy: $0.invitedBy,
                        inviterName: $0.inviterName, createdAt: $0.createdAt, expiresAt: $0.expiresAt)
                })
        }
    }

    private struct GiveInput: Input {
        static let fields: [Field] = [
            .body("email", .text(1...320), "Whom; the address by which they sign in."),
            .body("role", .choice(RoleInput.Given.self), "What they may do; not more than who invites."),
        ]

        let email: String
        let role: RoleInput.Given
    }

    private struct GivenOutput: Output {
        static let shape = Shape.object([
            .body("id", .id), .body("link", .text, "What is handed over; it is shown this once."),
        ])

        let id: ID<Invitation>
        let link: String
    }

    private var give: Route {
        Route(
            .post, "/api/invitations", "accounts.giveInvitation",
            "Invites somebody by address; an earlier invitation of the address is good no longer.",
            policy: .role(.moderator), limit: AccountsRoutes.changeLimit, budget: 3, status: 201,
            failures: [
                Self.tooHigh,
                Failure(AccountsError.Code.emailInvalid.rawValue, 400, "The e-mail address is none."),
                Failure(AccountsError.Code.alreadyMember.rawValue, 409, "Somebody with this address is a member."),
                Failure(AccountsError.Code.tooManyInvitations.rawValue, 409, "As many are open as may be."),
                Failure(AccountsError.Code.limited.rawValue, 429, "Too many invitations within an hour."),
            ]
        ) { [invitations] (request: Request<GiveInput>) in
            let (id, token) = try await invitations.invite(
                request.input.email, as: request.input.role.role, by: request.person(),
                authority: request.principal.role ?? .member, to: request.tenant)
            return GivenOutput(id: id, link: Invitations.address(of: token, at: request.context.ownOrigin))
        }
    }

    private struct OneInput: Input {
        static let fields: [Field] = [.path("invitation", .id, "Which invitation.")]

        let invitation: ID<Invitation>
    }

    private var withdraw: Route {
        Route(
            .delete, "/api/invitations/{invitation}", "accounts.withdrawInvitation", "Takes an invitation back.",
            policy: .role(.moderator), limit: AccountsRoutes.changeLimit, budget: 2, status: 204,
            failures: [Self.tooHigh, AccountsRoutes.notFound]
        ) { [invitations] (request: Request<OneInput>) in
            try await invitations.withdraw(
                request.input.invitation, of: request.tenant, by: request.person(),
                authority: request.principal.role ?? .member)
            return NoContent()
        }
    }

    // MARK: For who is invited

    private struct JoinInput: Input {
        static let fields: [Field] = [
            .body("token", .text(1...100), "The last part of the invitation's link."),
            .body("password", .text(1...1_024), "The password."),
            .body(
                "name", optional: .text(1...200), "The name that others see: makes an account; without it one signs in."
            ),
        ]

        let token: String
        let password: String
        let name: String?
    }

    private var join: Route {
        Route(
            .post, "/api/invitations/acceptances", "accounts.acceptInvitation",
            "Signs in, or up with a name, by the address of an invitation, and joins the tenant.", policy: .anyone,
            limit: AccountsRoutes.enterLimit, budget: 11, bodyLimit: .kibibytes(16), status: 201,
            failures: Self.gone + [
                Failure(AccountsError.Code.refused.rawValue, 401, "Address and password do not belong together."),
                Failure(AccountsError.Code.banned.rawValue, 403, "The person is banned."),
                Failure(AccountsError.Code.emailTaken.rawValue, 409, "There is an account of this address: sign in."),
                Failure(AccountsError.Code.nameInvalid.rawValue, 400, "The name is empty, too long or not plain text."),
                Failure(AccountsError.Code.passwordInvalid.rawValue, 400, "The password is too short or too long."),
                Failure(AccountsError.Code.limited.rawValue, 429, "Too many attempts."),
                AccountsRoutes.busy,
            ]
        ) { [doorkeeper] (request: Request<JoinInput>) in
            let input = request.input
            let (token, password) = (Secret(input.token), Secret(input.password))
            let welcome: Welcome
            if let name = input.name {
                welcome = try Self.welcome(
                    await doorkeeper.signUp(
                        name: name, password: password, by: token, into: request.tenant, from: request.clientAddress))
            } else {
                welcome = try Self.welcome(
                    await doorkeeper.signIn(
                        password: password, by: token, into: request.tenant, from: request.clientAddress))
            }
            return Reply(PersonOutput(welcome), cookies: [try await Self.cookie(welcome, request.context)])
        }
    }

    static func cookie(_ welcome: Welcome, _ context: RequestContext) async throws -> Cookie {
        try await context.signIn(welcome.profile.id, role: welcome.role, version: welcome.version)
    }

    private static func welcome(_ outcome: SignInOutcome) throws -> Welcome {
        switch outcome {
        case .welcome(let welcome): return welcome
        case .refused: throw AccountsRoutes.problem(.refused, "Address and password do not belong together.")
        case .banned: throw AccountsRoutes.problem(.banned, "This account is banned here.")
        case .limited(let wait):
            throw AccountsRoutes.problem(
                .limited, "Too many attempts. Try again in \(AccountsRoutes.words(wait)).", wait)
        }
    }

    private static func welcome(_ outcome: SignUpOutcome) throws -> Welcome {
        switch outcome {
        case .welcome(let welcome): return welcome
        case .emailTaken, .closed:
            throw AccountsRoutes.problem(.emailTaken, "There is an account of this address already: sign in by it.")
        case .invalid(let code, let reason): throw AccountsRoutes.problem(code, reason)
        case .limited(let wait):
            throw AccountsRoutes.problem(
                .limited, "Too many accounts. Try again in \(AccountsRoutes.words(wait)).", wait)
        }
    }
}

extension RequestContext {
    /// Where the client has reached this installation, without a slash at its end.
    var ownOrigin: String { "\(isSecure ? "https" : "http")://\(header("host") ?? host)" }
}
