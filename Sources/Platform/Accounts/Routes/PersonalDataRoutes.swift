import Base
public import Web

/// The routes by which people take their data with them and leave, as pages and for programs.
public struct PersonalDataRoutes: Sendable {
    private let desk: PersonalDataDesk
    private let doorkeeper: Doorkeeper

    /// Takes what the routes call.
    public init(desk: PersonalDataDesk, doorkeeper: Doorkeeper) {
        self.desk = desk
        self.doorkeeper = doorkeeper
    }

    /// All routes: those of the account, and below each product's address the same for that product.
    public var routes: [Route] {
        [showData, submitErasure, showErased] + api(under: "/api/account", "accounts", of: nil)
            + desk.parts.flatMap { api(under: "/api/\($0.product)/account", $0.product, of: $0.product) }
    }

    private static let exportLimit = RouteLimit.per(.person, "accounts.ownData", 10, in: .seconds(3_600))
    private static let eraseLimit = RouteLimit.per(.person, "accounts.leave", 10)
    private static let kept = Failure(
        AccountsError.Code.ownerProtected.rawValue, 409,
        "Who owns a tenant or runs the installation cannot leave before somebody else has taken that over.")
    private static let failures = AccountsRoutes.enterFailures + [AccountsRoutes.notFound]

    // MARK: For programs

    private struct ErasureInput: Input {
        let password: String

        static let fields: [Field] = [.body("password", .text(1...1_024), "The person's password, asked for again.")]
    }

    private struct ErasureAnswer: Output {
        let state: String

        static let shape = Shape.object([.body("state", .choice(["running"]))])
    }

    private func api(under base: String, _ module: String, of product: String?) -> [Route] {
        [
            Route(
                .get, PathTemplate(base + "/export"), "\(module).exportOwnData",
                "Streams everything that is kept about who asks, as lines of JSON that end with a manifest.",
                policy: .signedIn, limit: Self.exportLimit, budget: 60, failures: [AccountsRoutes.notFound]
            ) { [self] (request: Request<NoInput>) in try await export(of: product, for: request.context) },
            Route(
                .delete, PathTemplate(base), "\(module).closeAccount",
                "Closes the account of who asks and removes what that person has done, in all products.",
                policy: .signedIn, limit: Self.eraseLimit, budget: 8, bodyLimit: .kibibytes(16), status: 202,
                failures: Self.failures + [Self.kept]
            ) { [self] (request: Request<ErasureInput>) in
                let outcome = try await desk.erase(
                    request.person(), password: Secret(request.input.password), in: request.tenant,
                    at: request.clientAddress)
                switch outcome {
                case .begun: return Reply(ErasureAnswer(state: "running"), cookies: [request.context.signOut])
                case .refused: throw AccountsRoutes.problem(.refused, Self.wrongPassword)
                case .kept: throw AccountsRoutes.problem(.ownerProtected, Self.keptReason)
                case .limited(let wait):
                    throw AccountsRoutes.problem(
                        .limited, "Too many attempts. Try again in \(AccountsRoutes.words(wait)).", wait)
                }
            },
        ]
    }

    private static let wrongPassword = "This is not the password."
    private static let keptReason =
        "You own this place or run the installation: somebody else has to take that over before you can leave."

    private func export(of product: String?, for context: RequestContext) async throws -> NDJSONExport {
        let person = try context.person()
        guard let welcome = try await doorkeeper.profile(of: person, in: context.tenant) else {
            throw AccountsRoutes.problem(.notFound, "The account is no longer there, or no longer a member.")
        }
        let request = try await desk.beginExport(for: person, in: context.tenant)
        let name = "\(product ?? "capstan")-data"
        return NDJSONExport(name) { rows in
            try await self.write(request, of: welcome, product, to: &rows)
        }
    }

    private func write(
        _ request: PersonalRequest, of welcome: Welcome, _ product: String?, to rows: inout NDJSONRows
    ) async throws {
        let parts = product.map { [$0] } ?? ["accounts"] + desk.parts.map(\.product)
        try await rows.row(
            ExportedHead(
                person: request.person, request: request.id, madeAt: request.requestedAt, parts: parts))
        var records = 0
        try await desk.export(welcome, of: product) { record in
            try await rows.row(record)
            records += 1
        }
        try await desk.finish(request, records: records)
    }

    // MARK: Pages

    private struct RequestLine: Sendable {
        let what: String
        let state: String
        let time: String
        let note: String
    }

    private struct DataModel: Sendable {
        let fields: [FieldModel]
        let failure: String?
        let requests: [RequestLine]
        let hasRequests: Bool
    }

    private struct ErasureForm: Input {
        let password: String
        let isSure: Bool?

        static let fields: [Field] = [
            .body("password", .text(1...1_024), "The person's password, asked for again."),
            .body("isSure", optional: .boolean, "That it was meant."),
        ]
    }

    private var showData: Route {
        Route(
            .get, "/account/data", "accounts.showData", "Shows what one may take along, and how one leaves.",
            policy: .signedIn, limit: AccountsRoutes.readLimit, budget: 1
        ) { [self] (request: Request<NoInput>) in try await page(for: request.person()) }
    }

    private var submitErasure: Route {
        Route(
            .post, "/account/erase", "accounts.submitErasure", "Closes one's own account by form.", policy: .signedIn,
            limit: Self.eraseLimit, budget: 9, bodyLimit: .kibibytes(16), accepts: .form, status: 303,
            failures: Self.failures + [Self.kept], handle: erase)
    }

    private var showErased: Route {
        Route(
            .get, "/account/erased", "accounts.showErased", "Says that an account is closed.", policy: .anyone,
            limit: .exempt(because: "The answer is a constant."), budget: 0
        ) { (_: Request<NoInput>) in
            var page = HTMLPage("Account closed", template: "accounts/erased", model: [String: String]())
            page.mainClass = "narrow"
            return page
        }
    }

    private func erase(_ request: Request<ErasureForm>) async throws -> FormAnswer {
        let person = try request.person()
        func again(_ status: Int, password: String? = nil, failure: String? = nil) async throws -> FormAnswer {
            var page = try await page(for: person, password: password, failure: failure)
            page.status = status
            return .page(page)
        }
        guard request.input.isSure == true else {
            return try await again(400, failure: "Tick that you are sure: it cannot be taken back.")
        }
        let outcome = try await desk.erase(
            person, password: Secret(request.input.password), in: request.tenant, at: request.clientAddress)
        switch outcome {
        case .begun: return .redirect(Redirect(to: "/account/erased", cookies: [request.context.signOut]))
        case .refused: return try await again(401, password: Self.wrongPassword)
        case .kept: return try await again(409, failure: Self.keptReason)
        case .limited(let wait):
            return try await again(429, failure: "Too many attempts. Try again in \(AccountsRoutes.words(wait)).")
        }
    }

    private func page(
        for person: ID<Person>, password: String? = nil, failure: String? = nil
    ) async throws -> HTMLPage {
        let requests = try await desk.requests(of: person).map(Self.line)
        let model = DataModel(
            fields: [
                FieldModel(
                    name: "password", label: "Your password", type: "password", autocomplete: "current-password",
                    maximum: PasswordRule.bytesMax, error: password)
            ], failure: failure, requests: requests, hasRequests: !requests.isEmpty)
        var page = HTMLPage("Your data", template: "accounts/data", model: model)
        page.mainClass = "narrow"
        return page
    }

    private static func line(_ request: PersonalRequest) -> RequestLine {
        RequestLine(
            what: request.kind == .export ? "Copy of your data" : "Removal",
            state: request.state == .running ? "under way or cut off" : "complete",
            time: String(request.requestedAt.description.prefix(16)).replacing("T", with: " ") + " UTC",
            note: request.note ?? "")
    }
}
