import Base
import Jobs

/// The kind of work that carries out what outside services told.
enum WebhookJobs {
    struct Apply: Codable, Sendable, Hashable {
        let receipt: ID<WebhookReceipt>
    }

    static let apply = JobKind<Apply>(
        "discovery.webhook.apply", attemptsMax: 10, backoff: .exponential(from: .seconds(1), to: .seconds(600)),
        unique: .whilePendingOrRunning)

    static func handlers(_ desk: WebhookDesk) -> [JobHandler] {
        [
            apply.handler { input, context in
                try await desk.apply(input.receipt, for: context.tenant) { body in try await context.complete(body) }
            }
        ]
    }
}
