import Base
import Web

/// Where outside services deliver.
struct WebhookRoutes: Sendable {
    let bureau: Bureau

    var routes: [Route] { [receive] }

    private struct OfSource: Input {
        static let fields: [Field] = [.path("source", .choice(WebhookReceipt.Source.self))]

        let source: WebhookReceipt.Source
    }

    private struct Received: Output {
        static let shape = Shape.object([.body("isReceived", .boolean)])

        let isReceived: Bool
    }

    private var receive: Route {
        Route(
            .post, "/webhooks/{source}", "discovery.receiveWebhook",
            "Takes a signed delivery of an outside service; what comes twice is kept once.", policy: .anyone,
            limit: .per(.address, "discovery.webhooks", 600), budget: 4,
            bodyLimit: ByteCount(WebhookReceipt.Bounds.payloadBytes), accepts: .bytes, deadline: .seconds(15),
            failures: [
                Failure("discovery.signatureInvalid", 401, "The delivery is not signed as it must be."),
                Failure("discovery.webhookInvalid", 400, "The delivery cannot be read."),
            ]
        ) { [bureau] (request: Request<OfSource>) in
            let context = request.context
            let body = try await WebhookDesk.bytes(of: context.body)
            try await refusing {
                try await bureau.webhooks.receive(
                    WebhookDesk.Delivery(source: request.input.source, body: body) { context.header($0) },
                    in: request.tenant)
            }
            return Received(isReceived: true)
        }
    }
}
