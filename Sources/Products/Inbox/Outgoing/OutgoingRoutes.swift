import Base
import Storage
import Web

/// Endpoints of the company's own over HTTP.
struct OutgoingRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list, add, change, remove, rotate, test, told, retry] }

    private static let invalid = Failure(
        "inbox.endpointInvalid", 422, "The address may not be called, or no event is named.")

    private struct EndpointOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("address", .text), .body("events", .list(.choice(OutgoingHook.Kind.self))),
            .body("state", .choice(OutgoingEndpoint.State.self)), .body("reason", optional: .text),
            .body("failures", .integer, "One after the other."), .body("lastStatus", optional: .integer),
            .body("lastAt", optional: .timestamp), .body("secret", optional: .text, "Shown once, when it is made."),
        ]
        static let shape = Shape.object(fields)

        let id: ID<OutgoingEndpoint>
        let address: String
        let events: [OutgoingHook.Kind]
        let state: OutgoingEndpoint.State
        let reason: String?
        let failures: Int
        let lastStatus: Int?
        let lastAt: Timestamp?
        let secret: String?

        init(_ endpoint: OutgoingEndpoint, secret: String? = nil) {
            id = endpoint.id
            address = endpoint.address
            events = endpoint.events
            state = endpoint.state
            reason = endpoint.reason
            failures = endpoint.failures
            lastStatus = endpoint.lastStatus
            lastAt = endpoint.lastAt
            self.secret = secret
        }
    }

    private struct ListOutput: Output {
        static let shape = Shape.object([.body("endpoints", .list(.object(EndpointOutput.fields)))])

        let endpoints: [EndpointOutput]
    }

    private var list: Route {
        Route(
            .get, "/outgoing-hooks", "inbox.listEndpoints", "Lists the addresses that are told what happens.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.notAllowed]
        ) { [office] (request: Request<NoInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                return ListOutput(
                    endpoints: try await office.outgoing.endpoints(in: request.tenant).map { EndpointOutput($0) })
            }
        }
    }

    private struct AddInput: Input {
        static let fields: [Field] = [
            .body("address", .text(1...OutgoingEndpoint.Bounds.addressBytes), "Over https."),
            .body("events", .list(.choice(OutgoingHook.Kind.self), 1...OutgoingHook.Kind.allCases.count)),
        ]

        let address: String
        let events: [OutgoingHook.Kind]
    }

    private var add: Route {
        Route(
            .post, "/outgoing-hooks", "inbox.addEndpoint",
            "Has an address be told what happens, signed as Standard Webhooks says.", policy: .signedIn,
            limit: .per(.person, "inbox.connect", 10, in: .seconds(3_600)), budget: 2, status: 201,
            failures: [Failures.notAllowed, Failures.limit, Self.invalid]
        ) { [office] (request: Request<AddInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .owner)
                let made = try await office.outgoing.add(
                    request.input.address, events: request.input.events, in: request.tenant)
                return EndpointOutput(made.endpoint, secret: made.secret)
            }
        }
    }

    private struct OfEndpoint: Input {
        static let fields: [Field] = [.path("id", .id, "The endpoint.")]

        let id: ID<OutgoingEndpoint>
    }

    private struct ChangeInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The endpoint."), .body("state", .choice(OutgoingEndpoint.State.self)),
        ]

        let id: ID<OutgoingEndpoint>
        let state: OutgoingEndpoint.State
    }

    private var change: Route {
        Route(
            .patch, "/outgoing-hooks/{id}", "inbox.changeEndpoint", "Lets an endpoint go on, or rest.",
            policy: .signedIn, limit: Rates.writing, budget: 1, status: 204,
            failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<ChangeInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .owner)
                try await office.outgoing.set(request.input.id, request.input.state, in: request.tenant)
                return NoContent()
            }
        }
    }

    private var remove: Route {
        Route(
            .delete, "/outgoing-hooks/{id}", "inbox.removeEndpoint", "Has an address be told nothing any more.",
            policy: .signedIn, limit: Rates.writing, budget: 1, status: 204,
            failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfEndpoint>) in
            try await refusing {
                _ = try request.context.person(atLeast: .owner)
                try await office.outgoing.set(request.input.id, nil, in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct SecretOutput: Output {
        static let shape = Shape.object([.body("secret", .text, "Shown once; the former one signs for a day more.")])

        let secret: String
    }

    private var rotate: Route {
        Route(
            .post, "/outgoing-hooks/{id}/secret", "inbox.rotateEndpointSecret", "Makes a new secret for an endpoint.",
            policy: .signedIn, limit: Rates.writing, budget: 2, status: 201,
            failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfEndpoint>) in
            try await refusing {
                _ = try request.context.person(atLeast: .owner)
                return SecretOutput(secret: try await office.outgoing.rotate(request.input.id, in: request.tenant))
            }
        }
    }

    private var test: Route {
        Route(
            .post, "/outgoing-hooks/{id}/test", "inbox.testEndpoint", "Tells an endpoint something, to try it.",
            policy: .signedIn, limit: Rates.writing, budget: 3, status: 202,
            failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfEndpoint>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.outgoing.test(request.input.id, in: request.tenant)
                return Accepted(isAccepted: true)
            }
        }
    }

    private struct Accepted: Output {
        static let shape = Shape.object([.body("isAccepted", .boolean)])

        let isAccepted: Bool
    }

    private struct ToldInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The endpoint."), .query("after", optional: .cursor),
            .query("limit", optional: .integer(1...100), default: 25),
        ]

        let id: ID<OutgoingEndpoint>
        let after: Cursor?
        let limit: Int
    }

    private struct ToldOutput: Output {
        struct Line: Encodable {
            let id: ID<OutgoingHook>
            let kind: OutgoingHook.Kind
            let state: OutgoingHook.State
            let attempts: Int
            let status: Int?
            let reason: String?
            let createdAt: Timestamp
        }

        static let shape = Shape.object([
            .body(
                "deliveries",
                .list(
                    .object([
                        .body("id", .id), .body("kind", .choice(OutgoingHook.Kind.self)),
                        .body("state", .choice(OutgoingHook.State.self)), .body("attempts", .integer),
                        .body("status", optional: .integer), .body("reason", optional: .text),
                        .body("createdAt", .timestamp),
                    ]))), .body("next", optional: .cursor),
        ])

        let deliveries: [Line]
        let next: String?
    }

    private var told: Route {
        Route(
            .get, "/outgoing-hooks/{id}/deliveries", "inbox.listOutgoing",
            "Lists what an endpoint was told, the newest first.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.notAllowed, Failures.cursor]
        ) { [office] (request: Request<ToldInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let page = try await office.outgoing.store.page(
                    of: request.input.id, after: request.input.after, limit: request.input.limit, in: request.tenant)
                return ToldOutput(
                    deliveries: page.items.map {
                        ToldOutput.Line(
                            id: $0.id, kind: $0.kind, state: $0.state, attempts: $0.attempts, status: $0.status,
                            reason: $0.reason, createdAt: $0.createdAt)
                    }, next: page.next?.description)
            }
        }
    }

    private struct OfHook: Input {
        static let fields: [Field] = [.path("id", .id, "What was told.")]

        let id: ID<OutgoingHook>
    }

    private var retry: Route {
        Route(
            .post, "/outgoing/{id}/retry", "inbox.retryOutgoing", "Tells again what could not be told.",
            policy: .signedIn, limit: Rates.writing, budget: 2, status: 204,
            failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfHook>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.outgoing.retry(request.input.id, in: request.tenant)
                return NoContent()
            }
        }
    }
}
