import Base
public import Web

/// The routes of accounts: pages to sign up, in and out, and the same as JSON for programs, with members, keys and
/// audit entries for who runs the tenant.
public struct AccountsRoutes: Sendable {
    let doorkeeper: Doorkeeper
    let keys: KeyRing
    let trail: AuditTrail
    let directory: TenantDirectory
    let home: String

    /// Takes what the routes call.
    ///
    /// - Parameters:
    ///   - doorkeeper: Lets people in.
    ///   - keys: The API keys.
    ///   - trail: The audit entries.
    ///   - directory: The tenants.
    ///   - home: Where one goes after signing in or out. Defaults to `/`.
    public init(
        doorkeeper: Doorkeeper, keys: KeyRing, trail: AuditTrail, directory: TenantDirectory, home: String = "/"
    ) {
        self.doorkeeper = doorkeeper
        self.keys = keys
        self.trail = trail
        self.directory = directory
        self.home = home
    }

    /// All routes.
    public var routes: [Route] { entrancePages + accountPages + sessionRoutes + memberRoutes + keyRoutes + auditRoutes }

    /// Templates and styles of the pages.
    public static var bundle: PageBundle { PageBundle("accounts", folder: AccountsResources.folder) }

    static let enterLimit = RouteLimit.per(.address, "accounts.enter", 60)
    static let readLimit = RouteLimit.per(.person, "accounts.read", 300)
    static let changeLimit = RouteLimit.per(.person, "accounts.change", 60)

    static let busy = Failure(
        AccountsError.Code.busy.rawValue, 503, "As many passwords are being checked as may wait; try again.")
    static let enterFailures = [
        Failure(AccountsError.Code.refused.rawValue, 401, "Address and password do not belong together."),
        Failure(AccountsError.Code.banned.rawValue, 403, "The person is banned."),
        Failure(AccountsError.Code.limited.rawValue, 429, "Too many failed attempts."),
        busy,
    ]
    static let joinFailures = [
        Failure(AccountsError.Code.emailTaken.rawValue, 409, "Another person has this e-mail address."),
        Failure(AccountsError.Code.emailInvalid.rawValue, 400, "The e-mail address is none."),
        Failure(AccountsError.Code.nameInvalid.rawValue, 400, "The name is empty, too long or not plain text."),
        Failure(AccountsError.Code.passwordInvalid.rawValue, 400, "The password is too short or too long."),
        Failure(AccountsError.Code.closed.rawValue, 403, "The tenant lets nobody in who was not invited."),
        Failure(AccountsError.Code.limited.rawValue, 429, "Too many sign-ups from this address."),
        busy,
    ]
    static let notFound = Failure(AccountsError.Code.notFound.rawValue, 404, "There is none, or it cannot be changed.")
}

/// What a form leads to: the page again with what was wrong, or elsewhere.
enum FormAnswer: Answerable {
    case page(HTMLPage)
    case redirect(Redirect)

    static let content = Content.html

    func answer(in context: RequestContext) async throws -> Answer {
        switch self {
        case .page(let page): try page.answer(in: context)
        case .redirect(let redirect): redirect.answer(in: context)
        }
    }
}

/// The person behind a session, as programs see it.
struct PersonOutput: Output {
    var id: ID<Person>
    var email: String
    var name: String
    var role: Role
    var isVerified: Bool

    static let shape = Shape.object([
        .body("id", .id), .body("email", .text), .body("name", .text), .body("role", .choice(Role.self)),
        .body("isVerified", .boolean),
    ])

    init(_ welcome: Welcome) {
        id = welcome.profile.id
        email = welcome.profile.email.text
        name = welcome.profile.name
        role = welcome.role
        isVerified = welcome.profile.verifiedAt != nil
    }
}
