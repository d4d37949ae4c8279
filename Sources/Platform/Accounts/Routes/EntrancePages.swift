import Base
import Web

/// A field of a form as the template `web/field` shows it.
struct FieldModel: Sendable {
    var name: String
    var label: String
    var type: String
    var value: String?
    var autocomplete: String?
    var isRequired = true
    var maximum: Int?
    var hint: String?
    var error: String?
}

/// What the pages to sign in and up show.
struct EntranceModel: Sendable {
    var heading: String
    var lead: String?
    var action: String
    var button: String
    var fields: [FieldModel]
    var next: String?
    var otherHref: String?
    var otherQuestion: String?
    var otherLabel: String?
    var failure: String?
}

struct SignInForm: Input {
    var email: String
    var password: String
    var next: String?

    static let fields: [Field] = [
        .body("email", .text(1...320), "The person's e-mail address."),
        .body("password", .text(1...1_024), "The password."),
        .body("next", optional: .text(0...512), "Where to go afterwards, a path of this site."),
    ]
}

struct SignUpForm: Input {
    var email: String
    var name: String
    var password: String
    var next: String?

    static let fields: [Field] = [
        .body("email", .text(1...320), "The e-mail address to sign in by."),
        .body("name", .text(1...200), "The name that others see."),
        .body("password", .text(1...1_024), "The password, 10 characters or more."),
        .body("next", optional: .text(0...512), "Where to go afterwards, a path of this site."),
    ]
}

struct EntranceQuery: Input {
    var next: String?

    static let fields: [Field] = [
        .query("next", optional: .text(0...512), "Where to go afterwards, a path of this site.")
    ]
}

extension AccountsRoutes {
    var entrancePages: [Route] {
        [
            Route(
                .get, "/sign-in", "accounts.showSignIn", "Shows the page to sign in.", policy: .voter,
                limit: Self.enterLimit, budget: 0
            ) { [self] (request: Request<EntranceQuery>) in
                if request.principal.person != nil {
                    return FormAnswer.redirect(Redirect(to: request.input.next ?? home))
                }
                return .page(signInPage(in: request.tenant, next: request.input.next))
            },
            Route(
                .post, "/sign-in", "accounts.submitSignIn", "Signs in by form.", policy: .voter,
                limit: Self.enterLimit, budget: 3, bodyLimit: .kibibytes(16), accepts: .form, status: 303,
                failures: Self.enterFailures, handle: submitSignIn),
            Route(
                .get, "/sign-up", "accounts.showSignUp", "Shows the page to sign up.", policy: .voter,
                limit: Self.enterLimit, budget: 0
            ) { [self] (request: Request<EntranceQuery>) in
                if request.principal.person != nil {
                    return FormAnswer.redirect(Redirect(to: request.input.next ?? home))
                }
                return .page(signUpPage(in: request.tenant, next: request.input.next))
            },
            Route(
                .post, "/sign-up", "accounts.submitSignUp", "Signs up by form.", policy: .voter,
                limit: Self.enterLimit, budget: 3, bodyLimit: .kibibytes(16), accepts: .form, status: 303,
                failures: Self.joinFailures, handle: submitSignUp),
            Route(
                .post, "/sign-out", "accounts.submitSignOut", "Signs this browser out by form.", policy: .voter,
                limit: Self.enterLimit, budget: 0, accepts: .form, status: 303
            ) { [home] (request: Request<NoInput>) in Redirect(to: home, cookies: [request.context.signOut]) },
        ]
    }

    private func submitSignIn(_ request: Request<SignInForm>) async throws -> FormAnswer {
        let input = request.input
        func again(_ failure: String, _ status: Int) -> FormAnswer {
            var page = signInPage(in: request.tenant, next: input.next, email: input.email, failure: failure)
            page.status = status
            return .page(page)
        }
        let outcome = try await doorkeeper.signIn(
            email: input.email, password: Secret(input.password), into: request.tenant, from: request.clientAddress)
        switch outcome {
        case .welcome(let welcome):
            return .redirect(Redirect(to: input.next ?? home, cookies: [try await cookie(welcome, request.context)]))
        case .refused: return again("E-mail address and password do not belong together.", 401)
        case .banned: return again("This account is banned here.", 403)
        case .limited(let wait): return again("Too many attempts. Try again in \(Self.words(wait)).", 429)
        }
    }

    private func submitSignUp(_ request: Request<SignUpForm>) async throws -> FormAnswer {
        let input = request.input
        func again(_ status: Int, failure: String? = nil, errors: [String: String] = [:]) -> FormAnswer {
            var page = signUpPage(
                in: request.tenant, next: input.next, email: input.email, name: input.name, failure: failure,
                errors: errors)
            page.status = status
            return .page(page)
        }
        let outcome = try await doorkeeper.signUp(
            email: input.email, password: Secret(input.password), name: input.name, into: request.tenant,
            from: request.clientAddress)
        switch outcome {
        case .welcome(let welcome):
            return .redirect(Redirect(to: input.next ?? home, cookies: [try await cookie(welcome, request.context)]))
        case .emailTaken: return again(409, errors: ["email": "Somebody has signed up with this address already."])
        case .invalid(.emailInvalid, let reason): return again(400, errors: ["email": reason])
        case .invalid(.nameInvalid, let reason): return again(400, errors: ["name": reason])
        case .invalid(_, let reason): return again(400, errors: ["password": reason])
        case .closed: return again(403, failure: "One enters here by invitation only.")
        case .limited(let wait): return again(429, failure: "Too many accounts. Try again in \(Self.words(wait)).")
        }
    }

    func cookie(_ welcome: Welcome, _ context: RequestContext) async throws -> Cookie {
        try await context.signIn(welcome.profile.id, role: welcome.role, version: welcome.version)
    }

    private func signInPage(
        in tenant: Tenant, next: String?, email: String? = nil, failure: String? = nil
    ) -> HTMLPage {
        let isOpen = directory.record(of: tenant)?.joining == .open
        let model = EntranceModel(
            heading: "Sign in", lead: nil, action: "/sign-in", button: "Sign in",
            fields: [
                FieldModel(
                    name: "email", label: "E-mail address", type: "email", value: email, autocomplete: "username",
                    maximum: EmailAddress.bytesMax),
                FieldModel(
                    name: "password", label: "Password", type: "password", autocomplete: "current-password",
                    maximum: PasswordRule.bytesMax),
            ],
            next: next, otherHref: isOpen ? Self.link("/sign-up", next) : nil,
            otherQuestion: isOpen ? "New here?" : nil, otherLabel: isOpen ? "Make an account" : nil, failure: failure)
        return page("Sign in", model)
    }

    private func signUpPage(
        in tenant: Tenant, next: String?, email: String? = nil, name: String? = nil, failure: String? = nil,
        errors: [String: String] = [:]
    ) -> HTMLPage {
        let model = EntranceModel(
            heading: "Make an account", lead: "An address to sign in by, and a name that others see.",
            action: "/sign-up", button: "Make the account",
            fields: [
                FieldModel(
                    name: "name", label: "Name", type: "text", value: name, autocomplete: "nickname",
                    maximum: PersonName.charactersMax, hint: "Shown to others.", error: errors["name"]),
                FieldModel(
                    name: "email", label: "E-mail address", type: "email", value: email, autocomplete: "username",
                    maximum: EmailAddress.bytesMax, hint: "Shown to nobody.", error: errors["email"]),
                FieldModel(
                    name: "password", label: "Password", type: "password", autocomplete: "new-password",
                    maximum: PasswordRule.bytesMax,
                    hint: "\(PasswordRule.charactersMin) characters or more; a few words are best.",
                    error: errors["password"]),
            ],
            next: next, otherHref: Self.link("/sign-in", next), otherQuestion: "Have an account?",
            otherLabel: "Sign in", failure: failure)
        return page("Make an account", model)
    }

    private func page(_ title: String, _ model: EntranceModel) -> HTMLPage {
        var page = HTMLPage(title, template: "accounts/entrance", model: model)
        page.mainClass = "narrow"
        return page
    }

    /// A path with `next` behind it, percent-encoded.
    static func link(_ path: String, _ next: String?) -> String {
        guard let next, !next.isEmpty else { return path }
        var text = ""
        for byte in next.utf8 {
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 47, 95, 126: text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
            }
        }
        return "\(path)?next=\(text)"
    }

    static func words(_ wait: Duration) -> String {
        let seconds = max(1, Int((wait.inSeconds).rounded(.up)))
        if seconds < 120 { return seconds == 1 ? "one second" : "\(seconds) seconds" }
        return "\((seconds + 59) / 60) minutes"
    }
}
