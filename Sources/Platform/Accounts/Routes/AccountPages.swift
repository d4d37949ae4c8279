import Base
import Web

/// What the page of one's own account shows.
struct AccountModel: Sendable {
    var name: String
    var email: String
    var role: String
    var isVerified: Bool
    var isAdministrator: Bool
    var passwordFields: [FieldModel]
    var failure: String?
}

struct PasswordForm: Input {
    var old: String
    var new: String

    static let fields: [Field] = [
        .body("old", .text(1...1_024), "The password until now."),
        .body("new", .text(1...1_024), "The password from now on, 10 characters or more."),
    ]
}

extension AccountsRoutes {
    var accountPages: [Route] {
        [
            Route(
                .get, "/account", "accounts.showAccount", "Shows one's own account.", policy: .signedIn,
                limit: Self.readLimit, budget: 1, failures: [Self.notFound]
            ) { [self] (request: Request<NoInput>) in
                accountPage(try await own(request.context))
            },
            Route(
                .post, "/account/password", "accounts.submitPassword", "Changes one's own password by form.",
                policy: .signedIn, limit: Self.changeLimit, budget: 5, bodyLimit: .kibibytes(16), accepts: .form,
                status: 303, failures: Self.enterFailures + [Self.notFound], handle: submitPassword),
            Route(
                .post, "/account/sign-out-everywhere", "accounts.submitSignOutEverywhere",
                "Ends one's own sessions in all browsers by form.", policy: .signedIn, limit: Self.changeLimit,
                budget: 2, accepts: .form, status: 303
            ) { [self] (request: Request<NoInput>) in
                let person = try request.person()
                try await doorkeeper.signOutEverywhere(person, by: .person(person), in: request.tenant)
                return Redirect(to: "/sign-in", cookies: [request.context.signOut])
            },
        ]
    }

    /// Who is signed in, read from the database.
    func own(_ context: RequestContext) async throws -> Welcome {
        guard let welcome = try await doorkeeper.profile(of: context.person(), in: context.tenant) else {
            throw AccountsError(.notFound, "The account is no longer there, or no longer a member; sign in again.")
        }
        return welcome
    }

    private func submitPassword(_ request: Request<PasswordForm>) async throws -> FormAnswer {
        let person = try request.person()
        func again(_ status: Int, old: String? = nil, new: String? = nil, failure: String? = nil) async throws
            -> FormAnswer
        {
            var page = accountPage(try await own(request.context), old: old, new: new, failure: failure)
            page.status = status
            return .page(page)
        }
        let outcome: SignInOutcome
        do {
            outcome = try await doorkeeper.changePassword(
                of: person, from: Secret(request.input.old), to: Secret(request.input.new), in: request.tenant,
                at: request.clientAddress)
        } catch let error as AccountsError where error.code == .passwordInvalid {
            return try await again(400, new: error.message)
        }
        switch outcome {
        case .welcome(let welcome):
            let cookie = try await cookie(welcome, request.context)
            return .redirect(Redirect(to: "/account", cookies: [cookie]))
        case .refused, .banned: return try await again(401, old: "This is not the password.")
        case .limited(let wait):
            return try await again(429, failure: "Too many attempts. Try again in \(Self.words(wait)).")
        }
    }

    private func accountPage(
        _ welcome: Welcome, old: String? = nil, new: String? = nil, failure: String? = nil
    ) -> HTMLPage {
        let model = AccountModel(
            name: welcome.profile.name, email: welcome.profile.email.text, role: welcome.role.rawValue,
            isVerified: welcome.profile.verifiedAt != nil, isAdministrator: welcome.role >= .administrator,
            passwordFields: [
                FieldModel(
                    name: "old", label: "Password until now", type: "password", autocomplete: "current-password",
                    maximum: PasswordRule.bytesMax, error: old),
                FieldModel(
                    name: "new", label: "New password", type: "password", autocomplete: "new-password",
                    maximum: PasswordRule.bytesMax, hint: "\(PasswordRule.charactersMin) characters or more.",
                    error: new),
            ], failure: failure)
        var page = HTMLPage("Account", template: "accounts/account", model: model)
        page.mainClass = "narrow"
        return page
    }
}
