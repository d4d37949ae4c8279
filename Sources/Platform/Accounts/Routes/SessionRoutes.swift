import Base
import Web

struct SignInInput: Input {
    var email: String
    var password: String

    static let fields: [Field] = [
        .body("email", .text(1...320), "The person's e-mail address."),
        .body("password", .text(1...1_024), "The password."),
    ]
}

struct SignUpInput: Input {
    var email: String
    var name: String
    var password: String

    static let fields: [Field] = [
        .body("email", .text(1...320), "The e-mail address to sign in by."),
        .body("name", .text(1...200), "The name that others see."),
        .body("password", .text(1...1_024), "The password, 10 characters or more."),
    ]
}

extension AccountsRoutes {
    var sessionRoutes: [Route] {
        [
            Route(
                .post, "/api/session", "accounts.signIn", "Signs in; the session is in a cookie.", policy: .anyone,
                limit: Self.enterLimit, budget: 3, bodyLimit: .kibibytes(16), failures: Self.enterFailures
            ) { [self] (request: Request<SignInInput>) in
                let outcome = try await doorkeeper.signIn(
                    email: request.input.email, password: Secret(request.input.password), into: request.tenant,
                    from: request.clientAddress)
                return try await reply(outcome, in: request.context)
            },
            Route(
                .post, "/api/people", "accounts.signUp", "Makes an account and signs in.", policy: .anyone,
                limit: Self.enterLimit, budget: 3, bodyLimit: .kibibytes(16), status: 201,
                failures: Self.joinFailures
            ) { [self] (request: Request<SignUpInput>) in
                let outcome = try await doorkeeper.signUp(
                    email: request.input.email, password: Secret(request.input.password), name: request.input.name,
                    into: request.tenant, from: request.clientAddress)
                return try await reply(outcome, in: request.context)
            },
            Route(
                .get, "/api/session", "accounts.showSession", "Tells who is signed in.", policy: .signedIn,
                limit: Self.readLimit, budget: 1, failures: [Self.notFound]
            ) { [self] (request: Request<NoInput>) in PersonOutput(try await own(request.context)) },
            Route(
                .delete, "/api/session", "accounts.signOut", "Signs this client out.", policy: .signedIn,
                limit: Self.readLimit, budget: 0, status: 204
            ) { (request: Request<NoInput>) in Reply(NoContent(), cookies: [request.context.signOut]) },
            Route(
                .delete, "/api/sessions", "accounts.signOutEverywhere", "Ends one's own sessions everywhere.",
                policy: .signedIn, limit: Self.changeLimit, budget: 2, status: 204
            ) { [self] (request: Request<NoInput>) in
                let person = try request.person()
                try await doorkeeper.signOutEverywhere(person, by: .person(person), in: request.tenant)
                return Reply(NoContent(), cookies: [request.context.signOut])
            },
        ]
    }

    private func reply(_ outcome: SignInOutcome, in context: RequestContext) async throws -> Reply<PersonOutput> {
        switch outcome {
        case .welcome(let welcome):
            return Reply(PersonOutput(welcome), cookies: [try await cookie(welcome, context)])
        case .refused: throw Self.problem(.refused, "E-mail address and password do not belong together.")
        case .banned: throw Self.problem(.banned, "This account is banned here.")
        case .limited(let wait):
            throw Self.problem(.limited, "Too many attempts. Try again in \(Self.words(wait)).", wait)
        }
    }

    private func reply(_ outcome: SignUpOutcome, in context: RequestContext) async throws -> Reply<PersonOutput> {
        switch outcome {
        case .welcome(let welcome):
            return Reply(PersonOutput(welcome), cookies: [try await cookie(welcome, context)])
        case .emailTaken: throw Self.problem(.emailTaken, "Somebody has signed up with this address already.")
        case .invalid(let code, let reason): throw Self.problem(code, reason)
        case .closed: throw Self.problem(.closed, "One enters here by invitation only.")
        case .limited(let wait):
            throw Self.problem(.limited, "Too many accounts. Try again in \(Self.words(wait)).", wait)
        }
    }

    static func problem(_ code: AccountsError.Code, _ detail: String, _ retryAfter: Duration? = nil) -> Problem {
        Problem(code.rawValue, detail, retryAfter: retryAfter)
    }
}
