import Base
import InboxVendors
import Web

/// Where vendors deliver.
struct HookRoutes: Sendable {
    let office: Office

    var routes: [Route] { [receive, confirm] }

    private static let missing = Failure("inbox.notFound", 404, "Nobody has this address.")
    private static let exemption =
        "a vendor's deliveries are stored whatever their number and worked off later; its addresses are everybody's"

    private struct OfChannel: Input {
        static let fields: [Field] = [.path("pathKey", .text(1...64), "The end of the channel's address.")]

        let pathKey: String
    }

    private struct Received: Output {
        static let shape = Shape.object([.body("isReceived", .boolean)])

        let isReceived: Bool
    }

    private var receive: Route {
        Route(
            .post, "/hooks/{pathKey}", "inbox.receiveHook",
            "Takes a signed delivery of a vendor; what comes twice is kept once.", policy: .anyone,
            limit: .exempt(because: Self.exemption), budget: 3, bodyLimit: Delivery.Bounds.body,
            accepts: .bytes, deadline: .seconds(10),
            failures: [
                Self.missing, Failure("inbox.signatureInvalid", 401, "The delivery is not signed as it must be."),
                Failure("inbox.hookInvalid", 400, "The delivery cannot be read, or is larger than may be."),
            ]
        ) { [office] (request: Request<OfChannel>) in
            let context = request.context
            let body = try await HookDesk.bytes(of: context.body)
            try await refusing {
                try await office.hooks.receive(body, Self.headers(of: context), at: request.input.pathKey)
            }
            return Received(isReceived: true)
        }
    }

    /// What proves a sender, by whichever vendor; a context gives the first header of a name.
    private static func headers(of context: RequestContext) -> DeliveryHeaders {
        DeliveryHeaders(
            ["x-hub-signature-256", "x-telegram-bot-api-secret-token"].compactMap { name in
                context.header(name).map { (name, $0) }
            })
    }

    private struct Question: Input {
        static let fields: [Field] = [
            .path("pathKey", .text(1...64), "The end of the channel's address."),
            .query("hub.mode", optional: .text(1...100)), .query("hub.verify_token", optional: .text(1...500)),
            .query("hub.challenge", optional: .text(1...1_000)),
        ]

        enum CodingKeys: String, CodingKey {
            case pathKey
            case mode = "hub.mode"
            case token = "hub.verify_token"
            case challenge = "hub.challenge"
        }

        let pathKey: String
        let mode: String?
        let token: String?
        let challenge: String?

        var query: [String: String] {
            var query: [String: String] = [:]
            query["hub.mode"] = mode
            query["hub.verify_token"] = token
            query["hub.challenge"] = challenge
            return query
        }
    }

    /// The answer is the question's own text, neither quoted nor changed.
    private var confirm: Route {
        Route(
            .get, "/hooks/{pathKey}", "inbox.confirmHook", "Answers a vendor that asks whether the address is ours.",
            policy: .anyone, limit: .per(.address, "inbox.hookQuestions", 60), budget: 2,
            failures: [
                Self.missing,
                Failure("inbox.challengeInvalid", 403, "The question does not carry the channel's token."),
            ]
        ) { [office] (request: Request<Question>) in
            let answer = try await refusing {
                try await office.hooks.confirm(request.input.pathKey, request.input.query)
            }
            return Bytes(ReadyBytes(answer.utf8), mediaType: "text/plain; charset=utf-8")
        }
    }
}
