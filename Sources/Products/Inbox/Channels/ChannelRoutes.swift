import Base
import InboxVendors
import Storage
import Web

/// Channels over HTTP.
struct ChannelRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list, connect, health, deadLetters, retry] }

    private struct ChannelOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("kind", .choice(ChannelKind.self)), .body("name", .text),
            .body("account", .text), .body("hook", .text, "Where the vendor delivers."),
            .body("health", .choice(Channel.Health.self)), .body("healthReason", optional: .text),
            .body("tokenExpiresAt", optional: .timestamp), .body("isBotFirst", .boolean),
        ]
        static let shape = Shape.object(fields)

        let id: ID<Channel>
        let kind: ChannelKind
        let name: String
        let account: String
        let hook: String
        let health: Channel.Health
        let healthReason: String?
        let tokenExpiresAt: Timestamp?
        let isBotFirst: Bool

        init(_ channel: Channel) {
            id = channel.id
            kind = channel.kind
            name = channel.name
            account = channel.externalAccount
            hook = "\(Addresses.api)/hooks/\(channel.pathKey)"
            health = channel.health
            healthReason = channel.healthReason
            tokenExpiresAt = channel.tokenExpiresAt
            isBotFirst = channel.isBotFirst
        }
    }

    private struct ChannelsOutput: Output {
        static let shape = Shape.object([.body("channels", .list(.object(ChannelOutput.fields)))])

        let channels: [ChannelOutput]
    }

    private var list: Route {
        Route(
            .get, "/channels", "inbox.listChannels", "Lists the company's channels.", policy: .signedIn,
            limit: Rates.reading, budget: 0, failures: [Failures.notAllowed]
        ) { [office] (request: Request<NoInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                return ChannelsOutput(
                    channels: try await office.channels.channels(in: request.tenant).map(ChannelOutput.init))
            }
        }
    }

    private struct ConnectInput: Input {
        static let fields: [Field] = [
            .body("kind", .choice(ChannelKind.self)),
            .body("account", .text(1...Channel.Bounds.accountBytes), "The vendor's id of the account."),
            .body("name", .text(1...Channel.Bounds.nameCharacters)),
            .body("isBotFirst", optional: .boolean, default: .boolean(false)),
            .body("signingSecrets", .list(.text(1...500), 1...4), "What deliveries are signed with."),
            .body("verifyToken", optional: .text(1...500)), .body("accessToken", optional: .text(1...4_096)),
            .body("door", optional: .choice(ChannelLine.Door.self), default: "page"),
        ]

        let kind: ChannelKind
        let account: String
        let name: String
        let isBotFirst: Bool
        let signingSecrets: [String]
        let verifyToken: String?
        let accessToken: String?
        let door: ChannelLine.Door
    }

    private var connect: Route {
        Route(
            .post, "/channels", "inbox.connectChannel", "Connects a channel.", policy: .signedIn,
            limit: .per(.person, "inbox.connect", 10, in: .seconds(3_600)), budget: 4, status: 201,
            failures: [
                Failures.notAllowed, Failures.limit,
                Failure("inbox.channelInvalid", 422, "A name or account breaks a rule that is named."),
                Failure("inbox.accountTaken", 409, "The account is connected already."),
            ]
        ) { [office] (request: Request<ConnectInput>) in
            let input = request.input
            return try await refusing {
                _ = try request.context.person(atLeast: .owner)
                var draft = ChannelDesk.Draft(
                    kind: input.kind, externalAccount: input.account, name: input.name, isBotFirst: input.isBotFirst)
                draft.keys = ChannelKeys(
                    secrets: ChannelSecrets(
                        signing: input.signingSecrets.map { Secret($0) },
                        verifyToken: input.verifyToken.map { Secret($0) }),
                    token: Secret(input.accessToken ?? ""), door: input.door)
                return ChannelOutput(try await office.channels.connect(draft, in: request.tenant))
            }
        }
    }

    private struct OfChannel: Input {
        static let fields: [Field] = [.path("id", .id, "The channel.")]

        let id: ID<Channel>
    }

    private struct HealthOutput: Output {
        static let shape = Shape.object([
            .body("channel", .object(ChannelOutput.fields)), .body("lastInboundAt", optional: .timestamp),
        ])

        let channel: ChannelOutput
        let lastInboundAt: Timestamp?
    }

    private var health: Route {
        Route(
            .get, "/channels/{id}/health", "inbox.getChannelHealth", "Tells how a channel is.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfChannel>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let open = try await office.channels.channel(request.input.id, in: request.tenant)
                return HealthOutput(
                    channel: ChannelOutput(open.channel),
                    lastInboundAt: try await office.hooks.lastArrival(of: open.channel.id, in: request.tenant))
            }
        }
    }

    private struct LettersInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The channel."), .query("after", optional: .cursor),
            .query("limit", optional: .integer(1...100), default: 25),
        ]

        let id: ID<Channel>
        let after: Cursor?
        let limit: Int
    }

    private struct LettersOutput: Output {
        struct Letter: Encodable {
            let id: ID<Receipt>
            let delivery: String
            let reason: String
            let receivedAt: Timestamp
        }

        static let shape = Shape.object([
            .body(
                "deadLetters",
                .list(
                    .object([
                        .body("id", .id), .body("delivery", .text), .body("reason", .text),
                        .body("receivedAt", .timestamp),
                    ]))), .body("next", optional: .cursor),
        ])

        let deadLetters: [Letter]
        let next: String?
    }

    private var deadLetters: Route {
        Route(
            .get, "/channels/{id}/dead-letters", "inbox.listDeadLetters",
            "Lists deliveries that could not be worked off, the newest first.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.notAllowed, Failures.cursor]
        ) { [office] (request: Request<LettersInput>) in
            let input = request.input
            return try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let page = try await office.hooks.deadLetters(
                    of: input.id, after: input.after, limit: input.limit, in: request.tenant)
                return LettersOutput(
                    deadLetters: page.items.map {
                        LettersOutput.Letter(
                            id: $0.id, delivery: $0.deliveryKey, reason: $0.reason, receivedAt: $0.receivedAt)
                    }, next: page.next?.description)
            }
        }
    }

    private struct OfLetter: Input {
        static let fields: [Field] = [.path("id", .id, "The dead letter.")]

        let id: ID<Receipt>
    }

    private var retry: Route {
        Route(
            .post, "/dead-letters/{id}/retry", "inbox.retryDeadLetter", "Has a delivery be worked off once more.",
            policy: .signedIn, limit: Rates.writing, budget: 3, status: 204,
            failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfLetter>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.hooks.retry(request.input.id, in: request.tenant)
                return NoContent()
            }
        }
    }
}
