import Base
import Web

extension InvitationRoutes {
    /// The pages that the link of an invitation leads to; they work without script.
    var pages: [Route] { [show, signUp, signIn, accept] }

    private struct LinkInput: Input {
        /// How the visitor wants to enter.
        enum Way: String, CaseIterable, Decodable, Sendable {
            case signIn, signUp
        }

        static let fields: [Field] = [
            .path("token", .text(1...100), "The text of the link."),
            .query("way", optional: .choice(Way.self), "Whether there is an account."),
            .query("next", optional: .text(0...512), "Where to go afterwards, a path of this site."),
        ]

        let token: String
        let way: Way?
        let next: String?
    }

    private var show: Route {
        Route(
            .get, "/invitations/{token}", "accounts.showInvitation", "Shows what an invitation is to.",
            policy: .voter, limit: AccountsRoutes.enterLimit, budget: 2, failures: Self.gone
        ) { [self] (request: Request<LinkInput>) in
            let input = request.input
            let invitation = try await doorkeeper.invitation(Secret(input.token), in: request.tenant)
            let place = Place(self, invitation, input.token, next: input.next, in: request.tenant)
            guard let person = request.principal.person else {
                return input.way == .signIn ? place.signInPage() : place.signUpPage()
            }
            let own = try await doorkeeper.profile(of: person, in: request.tenant)?.profile
            return own?.email == invitation.email ? place.acceptPage() : place.strangerPage(own?.email.text)
        }
    }

    private struct SignUpSent: Input {
        static let fields: [Field] = [
            .path("token", .text(1...100), "The text of the link."),
            .body("name", .text(0...200), "The name that others see."),
            .body("password", .text(0...1_024), "The password, 10 characters or more."),
            .body("next", optional: .text(0...512), "Where to go afterwards, a path of this site."),
        ]

        let token: String
        let name: String
        let password: String
        let next: String?
    }

    private var signUp: Route {
        Route(
            .post, "/invitations/{token}/sign-up", "accounts.submitInvitedSignUp",
            "Makes an account by form for who was invited.", policy: .voter, limit: AccountsRoutes.enterLimit,
            budget: 9, bodyLimit: .kibibytes(16), accepts: .form, status: 303,
            failures: Self.gone + AccountsRoutes.joinFailures
        ) { [self] (request: Request<SignUpSent>) -> FormAnswer in
            let input = request.input
            let outcome = try await doorkeeper.signUp(
                name: input.name, password: Secret(input.password), by: Secret(input.token), into: request.tenant,
                from: request.clientAddress)
            func again(_ status: Int, failure: String? = nil, _ errors: [String: String] = [:]) async throws
                -> FormAnswer
            {
                let invitation = try await doorkeeper.invitation(Secret(input.token), in: request.tenant)
                var page = Place(self, invitation, input.token, next: input.next, in: request.tenant).signUpPage(
                    name: input.name, failure: failure, errors: errors)
                page.status = status
                return .page(page)
            }
            switch outcome {
            case .welcome(let welcome): return .redirect(try await entered(welcome, input.next, request.context))
            case .emailTaken, .closed:
                return try await again(
                    409, failure: "There is an account of this address already: sign in by it instead.")
            case .invalid(.nameInvalid, let reason): return try await again(400, ["name": reason])
            case .invalid(_, let reason): return try await again(400, ["password": reason])
            case .limited(let wait):
                return try await again(
                    429, failure: "Too many accounts. Try again in \(AccountsRoutes.words(wait)).")
            }
        }
    }

    private struct SignInSent: Input {
        static let fields: [Field] = [
            .path("token", .text(1...100), "The text of the link."),
            .body("password", .text(0...1_024), "The password."),
            .body("next", optional: .text(0...512), "Where to go afterwards, a path of this site."),
        ]

        let token: String
        let password: String
        let next: String?
    }

    private var signIn: Route {
        Route(
            .post, "/invitations/{token}/sign-in", "accounts.submitInvitedSignIn",
            "Signs somebody in by form who was invited.", policy: .voter, limit: AccountsRoutes.enterLimit, budget: 11,
            bodyLimit: .kibibytes(16), accepts: .form, status: 303, failures: Self.gone + AccountsRoutes.enterFailures
        ) { [self] (request: Request<SignInSent>) -> FormAnswer in
            let input = request.input
            let outcome = try await doorkeeper.signIn(
                password: Secret(input.password), by: Secret(input.token), into: request.tenant,
                from: request.clientAddress)
            func again(_ failure: String, _ status: Int) async throws -> FormAnswer {
                let invitation = try await doorkeeper.invitation(Secret(input.token), in: request.tenant)
                var page = Place(self, invitation, input.token, next: input.next, in: request.tenant).signInPage(
                    failure: failure)
                page.status = status
                return .page(page)
            }
            switch outcome {
            case .welcome(let welcome): return .redirect(try await entered(welcome, input.next, request.context))
            case .refused: return try await again("This is not the password of the account of this address.", 401)
            case .banned: return try await again("This account is banned here.", 403)
            case .limited(let wait):
                return try await again("Too many attempts. Try again in \(AccountsRoutes.words(wait)).", 429)
            }
        }
    }

    private struct AcceptSent: Input {
        static let fields: [Field] = [
            .path("token", .text(1...100), "The text of the link."),
            .body("next", optional: .text(0...512), "Where to go afterwards, a path of this site."),
        ]

        let token: String
        let next: String?
    }

    private var accept: Route {
        Route(
            .post, "/invitations/{token}/acceptance", "accounts.submitAcceptance",
            "Accepts an invitation by form for who is signed in.", policy: .signedIn,
            limit: AccountsRoutes.changeLimit, budget: 9, accepts: .form, status: 303,
            failures: Self.gone + [
                Failure(
                    AccountsError.Code.invitationForAnother.rawValue, 403, "The invitation is for another address."),
                Failure(AccountsError.Code.banned.rawValue, 403, "The person is banned."),
            ]
        ) { [self] (request: Request<AcceptSent>) in
            let welcome = try await doorkeeper.accept(
                Secret(request.input.token), by: request.person(), in: request.tenant)
            return try await entered(welcome, request.input.next, request.context)
        }
    }

    private func entered(_ welcome: Welcome, _ next: String?, _ context: RequestContext) async throws -> Redirect {
        let place = next.flatMap { $0.isEmpty ? nil : $0 } ?? home
        return Redirect(to: place, cookies: [try await Self.cookie(welcome, context)])
    }

    /// What the pages of one invitation say.
    private struct Place {
        let path: String
        let next: String?
        let company: String
        let lead: String
        let email: String

        init(_ routes: InvitationRoutes, _ invitation: Invitation, _ token: String, next: String?, in tenant: Tenant) {
            path = "/invitations/\(token)"
            self.next = next.flatMap { $0.isEmpty ? nil : $0 }
            company = routes.directory.record(of: tenant)?.name ?? "this place"
            email = invitation.email.text
            lead = "\(invitation.inviterName) invites you, by the address \(invitation.email.text)."
        }

        private var password: FieldModel {
            FieldModel(
                name: "password", label: "Password", type: "password", autocomplete: "current-password",
                maximum: PasswordRule.bytesMax)
        }

        func signUpPage(name: String? = nil, failure: String? = nil, errors: [String: String] = [:]) -> HTMLPage {
            var chosen = password
            chosen.autocomplete = "new-password"
            chosen.hint = "\(PasswordRule.charactersMin) characters or more; a few words are best."
            chosen.error = errors["password"]
            return page(
                EntranceModel(
                    heading: "Join \(company)", lead: lead + " Make an account to enter.", action: path + "/sign-up",
                    button: "Make the account and join",
                    fields: [
                        FieldModel(
                            name: "name", label: "Name", type: "text", value: name, autocomplete: "nickname",
                            maximum: PersonName.charactersMax, hint: "Shown to others.", error: errors["name"]),
                        chosen,
                    ],
                    next: next, otherHref: way("signIn"), otherQuestion: "Have an account of this address?",
                    otherLabel: "Sign in", failure: failure))
        }

        func signInPage(failure: String? = nil) -> HTMLPage {
            page(
                EntranceModel(
                    heading: "Join \(company)", lead: lead + " Sign in to enter.", action: path + "/sign-in",
                    button: "Sign in and join", fields: [password], next: next, otherHref: way("signUp"),
                    otherQuestion: "New here?", otherLabel: "Make an account", failure: failure))
        }

        func acceptPage() -> HTMLPage {
            page(
                EntranceModel(
                    heading: "Join \(company)", lead: lead, action: path + "/acceptance", button: "Join", fields: [],
                    next: next))
        }

        func strangerPage(_ own: String?) -> HTMLPage {
            let who = own.map { " You are signed in as \($0)." } ?? ""
            var page = page(
                EntranceModel(
                    heading: "This invitation is for somebody else", lead: nil, action: "/sign-out",
                    button: "Sign out", fields: [],
                    failure: "It is for the address \(email).\(who) Sign out, then open the link again."))
            page.status = 403
            return page
        }

        private func way(_ name: String) -> String {
            let link = path + "?way=" + name
            guard let next else { return link }
            return link + "&" + AccountsRoutes.link("", next).dropFirst()
        }

        private func page(_ model: EntranceModel) -> HTMLPage {
            var page = HTMLPage("Join \(company)", template: "accounts/entrance", model: model)
            page.mainClass = "narrow"
            return page
        }
    }
}
