import Base
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
            limit: .exempt(because: Self.exemption), budget: 3, bodyLimit: ByteCount(Receipt.Bounds.bodyBytes),
            accepts: .bytes, deadline: .seconds(10),
            failures: [
                Self.missing, Failure("inbox.signatureInvalid", 401, "The delivery is not signed as it must be."),
                Failure("inbox.hookInvalid", 400, "The delivery cannot be read, or is larger than may be."),
            ]
        ) { [office] (request: Request<OfChannel>) in
            let context = request.context
            var bytes: [UInt8] = []
            for try await chunk in context.body { bytes += Array(chunk.readableBytesView) }
            let body = bytes
            try await refusing {
                try await office.hooks.receive(
                    HookRequest(body: body) { context.header($0) }, at: request.input.pathKey)
            }
            return Received(isReceived: true)
        }
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
