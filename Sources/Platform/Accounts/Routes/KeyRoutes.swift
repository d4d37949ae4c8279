import Base
import Storage
import Web

struct KeyInput: Input {
    var name: String
    var scopes: [Web.Scope]
    var lifetimeDays: Int?

    static let fields: [Field] = [
        .body("name", .text(1...100), "What the key is for."),
        .body("scopes", .list(.text(1...64), 1...50), "What it may be used for, each written product.verb."),
        .body("lifetimeDays", optional: .integer(1...3_650), "How many days it is good; until withdrawn when absent."),
    ]
}

struct KeyChoice: Input {
    var key: ID<APIKey>

    static let fields: [Field] = [.path("key", .id, "Which key.")]
}

struct KeyOutput: Output {
    var id: ID<APIKey>
    var prefix: String
    var name: String
    var scopes: [String]
    var createdAt: Timestamp
    var expiresAt: Timestamp?
    var revokedAt: Timestamp?
    var lastUsedAt: Timestamp?
    /// The key itself, told once.
    var text: String?

    static let shape = Shape.object([
        .body("id", .id), .body("prefix", .text), .body("name", .text), .body("scopes", .list(.text)),
        .body("createdAt", .timestamp), .body("expiresAt", optional: .timestamp),
        .body("revokedAt", optional: .timestamp), .body("lastUsedAt", optional: .timestamp),
        .body("text", optional: .text, "The key itself, told once, when it is made."),
    ])

    init(_ key: APIKey, text: String? = nil) {
        id = key.id
        prefix = key.prefix
        name = key.name
        scopes = key.scopes.map(\.rawValue).sorted()
        createdAt = key.createdAt
        expiresAt = key.expiresAt
        revokedAt = key.revokedAt
        lastUsedAt = key.lastUsedAt
        self.text = text
    }
}

struct KeysOutput: Output {
    var keys: [KeyOutput]
    var next: Cursor?

    static let shape = Shape.object([.body("keys", .list(KeyOutput.shape)), .body("next", optional: .cursor)])
}

extension AccountsRoutes {
    var keyRoutes: [Route] {
        [
            Route(
                .get, "/api/keys", "accounts.listKeys", "Lists the tenant's API keys.", policy: .role(.administrator),
                limit: Self.readLimit, budget: 1
            ) { [keys] (request: Request<PageQuery>) in
                let page = try await keys.page(
                    of: request.tenant, after: request.input.after, limit: request.input.limit)
                return KeysOutput(keys: page.items.map { KeyOutput($0) }, next: page.next)
            },
            Route(
                .post, "/api/keys", "accounts.createKey", "Makes an API key; its text is told this once.",
                policy: .role(.administrator), limit: Self.changeLimit, budget: 2, status: 201,
                failures: [
                    Failure(AccountsError.Code.tooManyKeys.rawValue, 409, "The tenant has as many keys as it may."),
                    Failure(AccountsError.Code.nameInvalid.rawValue, 400, "The name or a scope is malformed."),
                ]
            ) { [keys] (request: Request<KeyInput>) in
                let input = request.input
                let (key, text) = try await keys.create(
                    name: input.name, scopes: Set(input.scopes), for: request.tenant, by: request.person(),
                    lifetime: input.lifetimeDays.map { .seconds($0 * 86_400) })
                return KeyOutput(key, text: text.reveal { $0 })
            },
            Route(
                .delete, "/api/keys/{key}", "accounts.revokeKey", "Withdraws an API key.",
                policy: .role(.administrator), limit: Self.changeLimit, budget: 2, status: 204,
                failures: [Self.notFound]
            ) { [keys] (request: Request<KeyChoice>) in
                guard try await keys.revoke(request.input.key, of: request.tenant, by: request.person()) else {
                    throw AccountsError(.notFound, "There is no such key, or it is withdrawn already.")
                }
                return NoContent()
            },
        ]
    }
}
