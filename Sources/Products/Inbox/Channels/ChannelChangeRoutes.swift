import Base
import InboxVendors
import Storage
import Web

/// Changing channels and their widgets over HTTP.
struct ChannelChangeRoutes: Sendable {
    let office: Office

    var routes: [Route] { [change, rekey, check, widget, setWidget] }

    private static let invalid = Failure("inbox.channelInvalid", 422, "A name breaks a rule that is named.")

    private struct ChangeInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The channel."), .body("name", optional: .text(1...Channel.Bounds.nameCharacters)),
            .body("isBotFirst", optional: .boolean, "Whether the bot answers first."),
        ]

        let id: ID<Channel>
        let name: String?
        let isBotFirst: Bool?
    }

    private var change: Route {
        Route(
            .patch, "/channels/{id}", "inbox.changeChannel", "Changes what a channel is called and who answers first.",
            policy: .signedIn, limit: Rates.writing, budget: 2, status: 204,
            failures: [Failures.missing, Failures.notAllowed, Self.invalid]
        ) { [office] (request: Request<ChangeInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let input = request.input
                try await office.channels.change(
                    input.id, name: input.name, isBotFirst: input.isBotFirst, in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct KeysInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The channel."),
            .body("signingSecrets", optional: .list(.text(1...500), 0...4), "All that are believed from now on."),
            .body("verifyToken", optional: .text(1...500)), .body("accessToken", optional: .text(1...4_096)),
            .body("tokenExpiresAt", optional: .timestamp),
        ]

        let id: ID<Channel>
        let signingSecrets: [String]?
        let verifyToken: String?
        let accessToken: String?
        let tokenExpiresAt: Timestamp?
    }

    private var rekey: Route {
        Route(
            .put, "/channels/{id}/keys", "inbox.rekeyChannel",
            "Puts other secrets in the place of a channel's; what is left out stays. Messages that wait are tried again.",
            policy: .signedIn, limit: .per(.person, "inbox.connect", 10, in: .seconds(3_600)), budget: 5, status: 204,
            failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<KeysInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .owner)
                let input = request.input
                try await office.channels.rekey(
                    input.id, signing: (input.signingSecrets ?? []).map { Secret($0) },
                    verifyToken: input.verifyToken.map { Secret($0) }, token: input.accessToken.map { Secret($0) },
                    expiresAt: input.tokenExpiresAt, in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct OfChannel: Input {
        static let fields: [Field] = [.path("id", .id, "The channel.")]

        let id: ID<Channel>
    }

    private var check: Route {
        Route(
            .post, "/channels/{id}/check", "inbox.checkChannel", "Has a channel be looked at now.", policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 204, failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfChannel>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let open = try await office.channels.channel(request.input.id, in: request.tenant)
                try await office.storage.write(for: request.tenant) { transaction in
                    try InboxJobs.check(open.channel.id, in: transaction)
                }
                return NoContent()
            }
        }
    }

    // MARK: Widgets

    private static let settings: [Field] = [
        .body(
            "origins", .list(.text(1...OriginRule.Bounds.bytes), 0...OriginRule.Bounds.origins),
            "The sites on which it may stand, exactly, as in https://www.example.com."),
        .body("title", .text(1...WidgetSettings.Bounds.titleCharacters)),
        .body("greeting", .text(0...WidgetSettings.Bounds.textCharacters)),
        .body("botName", .text(1...WidgetSettings.Bounds.titleCharacters)),
        .body("accent", .text(7...7), "As #rrggbb."),
        .body("radius", .integer(WidgetSettings.Bounds.radius)),
        .body("scheme", .choice(WidgetSettings.Scheme.self)),
        .body("fields", .list(.choice(WidgetSettings.Field.self), 0...WidgetSettings.Field.allCases.count)),
        .body("opensByItself", .boolean, "After three seconds, once."), .body("takesFiles", .boolean),
    ]

    private struct WidgetOutput: Output {
        static let shape = Shape.object(ChannelChangeRoutes.settings)

        let settings: WidgetSettings

        func encode(to encoder: any Encoder) throws { try settings.encode(to: encoder) }
    }

    private var widget: Route {
        Route(
            .get, "/channels/{id}/widget", "inbox.getWidget", "Tells how a widget looks and where it may stand.",
            policy: .signedIn, limit: Rates.reading, budget: 2, failures: [Failures.missing, Failures.notAllowed]
        ) { [office] (request: Request<OfChannel>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                _ = try await office.widget.widget(request.input.id, in: request.tenant)
                return WidgetOutput(
                    settings: try await office.widget.settings(of: request.input.id, in: request.tenant))
            }
        }
    }

    private struct WidgetInput: Input {
        static let fields: [Field] = [.path("id", .id, "The channel.")] + ChannelChangeRoutes.settings

        let id: ID<Channel>
        let settings: WidgetSettings

        private enum CodingKeys: String, CodingKey { case id }

        init(from decoder: any Decoder) throws {
            id = try decoder.container(keyedBy: CodingKeys.self).decode(ID<Channel>.self, forKey: .id)
            settings = try WidgetSettings(from: decoder)
        }
    }

    private var setWidget: Route {
        Route(
            .put, "/channels/{id}/widget", "inbox.setWidget", "Changes how a widget looks and where it may stand.",
            policy: .signedIn, limit: Rates.writing, budget: 2, status: 204,
            failures: [
                Failures.missing, Failures.notAllowed,
                Failure("inbox.widgetInvalid", 422, "A setting breaks its rule, which is named."),
            ]
        ) { [office] (request: Request<WidgetInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                try await office.widget.set(request.input.settings, of: request.input.id, in: request.tenant)
                return NoContent()
            }
        }
    }
}
