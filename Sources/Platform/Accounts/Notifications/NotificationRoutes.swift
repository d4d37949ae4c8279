import Base
public import Outbound
import Storage
public import Web

/// The pages and routes of what people are told, and of the devices that are told it.
public struct NotificationRoutes: Sendable {
    let notifications: Notifications
    let kinds: [NoticeKind]
    let push: Push?

    /// How devices are told.
    public struct Push: Sendable {
        let subscriptions: PushSubscriptions
        let identity: PushIdentity
        let outbound: OutboundClient

        /// Takes what the routes call.
        public init(subscriptions: PushSubscriptions, identity: PushIdentity, outbound: OutboundClient) {
            self.subscriptions = subscriptions
            self.identity = identity
            self.outbound = outbound
        }
    }

    /// Takes what the routes call.
    ///
    /// - Parameters:
    ///   - notifications: What people are told.
    ///   - kinds: The kinds that people may switch off.
    ///   - push: How devices are told; `nil` when they are not.
    public init(notifications: Notifications, kinds: [NoticeKind], push: Push?) {
        self.notifications = notifications
        self.kinds = kinds
        self.push = push
    }

    /// All routes.
    public var routes: [Route] { pages + program + devices }

    static let notFound = Failure(AccountsError.Code.notFound.rawValue, 404, "There is none of that.")

    private var program: [Route] {
        [
            Route(
                .get, "/api/notifications", "accounts.listNotifications", "Lists what one was told, the newest first.",
                policy: .signedIn, limit: AccountsRoutes.readLimit, budget: 1
            ) { [notifications] (request: Request<PageQuery>) in
                let page = try await notifications.page(
                    of: request.person(), in: request.tenant, after: request.input.after, limit: request.input.limit)
                return NoticesOutput(notices: page.items.map(NoticeOutput.init), next: page.next)
            },
            Route(
                .post, "/api/notifications/read", "accounts.readNotifications", "Notes that one has read all of it.",
                policy: .signedIn, limit: AccountsRoutes.changeLimit, budget: 1, status: 204
            ) { [notifications] (request: Request<NoInput>) in
                try await notifications.markAllRead(by: request.person(), in: request.tenant)
                return NoContent()
            },
        ]
    }

    private var devices: [Route] {
        guard let push else { return [] }
        return [
            Route(
                .post, "/api/push-subscriptions", "accounts.createPushSubscription",
                "Has a device told by push, too; the same device again takes the old one's place.", policy: .signedIn,
                limit: .per(.person, "accounts.subscribe", 20), budget: 2, status: 201,
                failures: [
                    Failure(
                        AccountsError.Code.endpointInvalid.rawValue, 400,
                        "The endpoint is not encrypted, leads into a private network, or a key is none.")
                ]
            ) { (request: Request<PushInput>) in
                let input = request.input
                guard let offer = PushOffer(endpoint: input.endpoint, publicKey: input.key, secret: input.secret) else {
                    throw AccountsError(.endpointInvalid, "The endpoint must be encrypted, and the keys keys.")
                }
                do throws(OutboundError) {
                    try await push.outbound.check(offer.endpoint)
                } catch {
                    throw AccountsError(.endpointInvalid, error.message, underlying: error)
                }
                try await push.subscriptions.subscribe(offer, of: request.person(), in: request.tenant)
                return PushOutput(endpoint: offer.endpoint.description)
            },
            Route(
                .delete, "/api/push-subscriptions", "accounts.deletePushSubscription",
                "Has a device not told any more.", policy: .signedIn,
                limit: .per(.person, "accounts.subscribe", 20), budget: 1, status: 204, failures: [Self.notFound]
            ) { (request: Request<PushChoice>) in
                guard
                    try await push.subscriptions.unsubscribe(
                        request.input.endpoint, of: request.person(), in: request.tenant)
                else { throw AccountsError(.notFound, "There is no such device of yours.") }
                return NoContent()
            },
        ]
    }
}

struct PushInput: Input {
    var endpoint: String
    var key: String
    var secret: String

    static let fields: [Field] = [
        .body("endpoint", .text(1...2_048), "Where the device's push service is, as the browser tells it."),
        .body("key", .text(1...200), "The device's public key (`p256dh`), in base64 of addresses."),
        .body("secret", .text(1...100), "What the device shares (`auth`), in base64 of addresses."),
    ]
}

struct PushChoice: Input {
    var endpoint: String

    static let fields: [Field] = [.query("endpoint", .text(1...2_048), "Where the device's push service is.")]
}

struct PushOutput: Output {
    var endpoint: String

    static let shape = Shape.object([.body("endpoint", .text)])
}

struct NoticeOutput: Output {
    var id: ID<Notice>
    var kind: String
    var title: String
    var text: String
    var link: String
    var createdAt: Timestamp
    var readAt: Timestamp?

    static let shape = Shape.object([
        .body("id", .id), .body("kind", .text), .body("title", .text), .body("text", .text), .body("link", .text),
        .body("createdAt", .timestamp), .body("readAt", optional: .timestamp),
    ])

    init(_ notice: Notice) {
        id = notice.id
        kind = notice.kind
        title = notice.title
        text = notice.text
        link = notice.link
        createdAt = notice.createdAt
        readAt = notice.readAt
    }
}

struct NoticesOutput: Output {
    var notices: [NoticeOutput]
    var next: Cursor?

    static let shape = Shape.object([
        .body("notices", .list(NoticeOutput.shape)), .body("next", optional: .cursor),
    ])
}
