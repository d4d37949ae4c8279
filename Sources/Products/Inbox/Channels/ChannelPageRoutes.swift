import Base
import InboxVendors
import Storage
import Web

/// Channels: how they do, connecting them, their dead letters, and whom they tell.
struct ChannelPageRoutes: Sendable {
    let office: Office

    var routes: [Route] {
        [
            list, connectPage, connect, show, change, rekey, check, setWidget, retry, addEndpoint, rotate, test, set,
            remove,
        ]
    }

    private static let changing = RouteLimit.per(.person, "inbox.connect", 10, in: .seconds(3_600))

    /// Where browsers reach this page, for addresses that are copied from it.
    private func home(_ context: RequestContext) -> String { office.origin(of: context) }

    private struct SaidQuery: Input {
        static let fields: [Field] = [.query("said", optional: .text(1...60))]

        let said: String?
    }

    private var list: Route {
        Route(
            .get, "/inbox/channels", "inbox.showChannels", "Shows how channels do, and whom they tell.",
            policy: .signedIn, limit: Rates.reading, budget: 6, failures: [Failures.notAllowed]
        ) { [office] (request: Request<SaidQuery>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let tenant = request.tenant
                // Before what it tells of, so that nothing falls between the two.
                let place = try await office.health.place(in: tenant)
                let channels = try await office.channels.channels(in: tenant)
                let page = ChannelsPage(
                    frame: try await office.frames.frame(.channels, for: request.context), channels,
                    checks: try await office.care.checks(in: tenant),
                    traffic: try await office.care.traffic(of: channels.map(\.id), in: tenant),
                    try await office.outgoing.endpoints(in: tenant), place: place, isDemo: office.reach.isDemo,
                    at: office.clock.now())
                return InboxPages.page(
                    "Channels", "channels", page, styles: ["channels.css"], scripts: ["channels.js"],
                    said: request.input.said)
            }
        }
    }

    // MARK: Connecting

    private struct KindInput: Input {
        static let fields: [Field] = [
            .path("kind", .choice(ChannelKind.self)), .query("said", optional: .text(1...60)),
        ]

        let kind: ChannelKind
        let said: String?
    }

    private var connectPage: Route {
        Route(
            .get, "/inbox/channels/connect/{kind}", "inbox.showConnect", "Shows how a channel is connected.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.notAllowed]
        ) { [office] (request: Request<KindInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .owner)
                let page = ConnectPage(
                    frame: try await office.frames.frame(.channels, for: request.context), request.input.kind,
                    verifyToken: office.channels.chance())
                return InboxPages.page(
                    "Connect \(request.input.kind.title)", "connect", page, styles: ["channels.css"],
                    said: request.input.said)
            }
        }
    }

    private struct ConnectSent: Input {
        static let fields: [Field] = [
            .path("kind", .choice(ChannelKind.self)), .body("name", .text(0...200)),
            .body("account", optional: .text(0...Channel.Bounds.accountBytes)),
            .body("signingSecret", optional: .text(0...500)), .body("verifyToken", optional: .text(0...500)),
            .body("accessToken", optional: .text(0...4_096)), .body("door", optional: .choice(ChannelLine.Door.self)),
            .body("origins", optional: .text(0...8_000)), .body("isBotFirst", optional: .boolean),
        ]

        let kind: ChannelKind
        let name: String
        let account: String?
        let signingSecret: String?
        let verifyToken: String?
        let accessToken: String?
        let door: ChannelLine.Door?
        let origins: String?
        let isBotFirst: Bool?

        /// What is to be connected; secrets that we choose ourselves are chosen by `chance`.
        func draft(chance: () -> String) -> ChannelDesk.Draft {
            var draft = ChannelDesk.Draft(
                kind: kind, externalAccount: (account ?? "").trimmed, name: name, isBotFirst: isBotFirst ?? false)
            draft.keys.token = Secret((accessToken ?? "").trimmed)
            switch kind {
            case .messenger, .instagram:
                draft.keys.secrets = ChannelSecrets(
                    signing: [Secret((signingSecret ?? "").trimmed)], verifyToken: Secret((verifyToken ?? "").trimmed))
                draft.keys.door = door ?? .page
            case .telegram:
                // A bot's token begins with its id.
                draft.externalAccount = String((accessToken ?? "").trimmed.prefix { $0 != ":" })
                draft.keys.secrets = ChannelSecrets(signing: [Secret(chance())])
            case .widget:
                draft.externalAccount = "widget-\(chance())"
                draft.keys.secrets = ChannelSecrets(signing: [Secret(chance())])
            }
            return draft
        }
    }

    private var connect: Route {
        Route(
            .post, "/inbox/channels/connect/{kind}", "inbox.sendConnect", "Connects a channel by form.",
            policy: .signedIn, limit: Self.changing, budget: 8, accepts: .form, failures: [Failures.notAllowed]
        ) { [office] (request: Request<ConnectSent>) -> Either<HTMLPage, Redirect> in
            let input = request.input
            var made: (channel: Channel, secret: String?)?
            let redirect = try await Said.after(ChannelPaths.connect(input.kind)) {
                made = try await refusing {
                    _ = try request.context.person(atLeast: .owner)
                    let draft = input.draft(chance: office.channels.chance)
                    var settings = WidgetSettings()
                    settings.origins = Self.lines(input.origins ?? "")
                    if input.kind == .widget, settings.fault != nil {
                        throw InboxError(.widgetInvalid, "A site has https:// and no path.")
                    }
                    let channel = try await office.channels.connect(draft, in: request.tenant)
                    guard input.kind == .widget else { return (channel, nil) }
                    try await office.widget.set(settings, of: channel.id, in: request.tenant)
                    return (channel, draft.keys.secrets.signing.first?.reveal { $0 })
                }
                return "channelConnected"
            }
            guard let made else { return .second(redirect) }
            let path = ChannelPaths.channel(made.channel.id)
            guard let secret = made.secret else { return .second(Redirect(to: "\(path)?said=channelConnected")) }
            let page = SecretPage(
                frame: try await office.frames.frame(.channels, for: request.context),
                heading: "\(made.channel.name) is connected",
                explanation:
                    "With this secret your own server proves who a signed-in customer is. It is shown this once.",
                secret: secret, backHref: path, backLabel: "To the chat's settings")
            return .first(InboxPages.page("Connected", "secret", page, styles: ["channels.css"]))
        }
    }

    private static func lines(_ text: String) -> [String] {
        text.split(whereSeparator: \.isNewline).map { String($0).trimmed }.filter { !$0.isEmpty }
    }

    // MARK: One channel

    private struct ShowInput: Input {
        static let fields: [Field] = [
            .path("id", .id), .query("after", optional: .cursor), .query("said", optional: .text(1...60)),
        ]

        let id: ID<Channel>
        let after: Cursor?
        let said: String?
    }

    private var show: Route {
        Route(
            .get, "/inbox/channels/{id}", "inbox.showChannel", "Shows a channel with its dead letters and settings.",
            policy: .signedIn, limit: Rates.reading, budget: 7,
            failures: [Failures.missing, Failures.notAllowed, Failures.cursor]
        ) { [self] (request: Request<ShowInput>) in
            try await refusing {
                _ = try request.context.person(atLeast: .admin)
                let (id, tenant) = (request.input.id, request.tenant)
                let place = try await office.health.place(in: tenant)
                let channel = try await office.channels.channel(id, in: tenant).channel
                let letters = try await office.hooks.deadLetters(
                    of: id, after: request.input.after, limit: 20, in: tenant)
                let page = ChannelPage(
                    frame: try await office.frames.frame(.channels, for: request.context), channel,
                    check: try await office.care.checks(in: tenant)[id],
                    traffic: try await office.care.traffic(of: [id], in: tenant)[id] ?? Traffic(),
                    letters: letters.items, next: letters.next?.description, place: place,
                    widget: channel.kind == .widget ? try await office.widget.settings(of: id, in: tenant) : nil,
                    home: home(request.context), at: office.clock.now())
                return InboxPages.page(
                    channel.name, "channel", page, styles: ["channels.css"], scripts: ["channels.js"],
                    said: request.input.said)
            }
        }
    }

    private struct ChangeSent: Input {
        static let fields: [Field] = [
            .path("id", .id), .body("name", .text(0...200)), .body("isBotFirst", optional: .boolean),
        ]

        let id: ID<Channel>
        let name: String
        let isBotFirst: Bool?
    }

    private var change: Route {
        Route(
            .post, "/inbox/channels/{id}/change", "inbox.sendChannelChange", "Changes a channel by form.",
            policy: .signedIn, limit: Rates.writing, budget: 2, accepts: .form, status: 303,
            failures: [Failures.notAllowed]
        ) { [office] (request: Request<ChangeSent>) in
            let input = request.input
            return try await Said.after(ChannelPaths.channel(input.id)) {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.channels.change(
                        input.id, name: input.name, isBotFirst: input.isBotFirst ?? false, in: request.tenant)
                }
                return "channelChanged"
            }
        }
    }

    private struct KeysSent: Input {
        static let fields: [Field] = [
            .path("id", .id), .body("accessToken", optional: .text(0...4_096)),
            .body("signingSecret", optional: .text(0...500)), .body("verifyToken", optional: .text(0...500)),
        ]

        let id: ID<Channel>
        let accessToken: String?
        let signingSecret: String?
        let verifyToken: String?
    }

    private var rekey: Route {
        Route(
            .post, "/inbox/channels/{id}/keys", "inbox.sendChannelKeys", "Puts new secrets in a channel by form.",
            policy: .signedIn, limit: Self.changing, budget: 6, accepts: .form, status: 303,
            failures: [Failures.notAllowed]
        ) { [office] (request: Request<KeysSent>) in
            let input = request.input
            func filled(_ text: String?) -> Secret<String>? {
                let text = (text ?? "").trimmed
                return text.isEmpty ? nil : Secret(text)
            }
            return try await Said.after(ChannelPaths.channel(input.id)) {
                try await refusing {
                    _ = try request.context.person(atLeast: .owner)
                    try await office.channels.rekey(
                        input.id, signing: [filled(input.signingSecret)].compactMap { $0 },
                        verifyToken: filled(input.verifyToken), token: filled(input.accessToken), expiresAt: nil,
                        in: request.tenant)
                }
                return "keysChanged"
            }
        }
    }

    private var check: Route {
        Route(
            .post, "/inbox/channels/{id}/check", "inbox.sendChannelCheck", "Has a channel be looked at, by form.",
            policy: .signedIn, limit: Rates.writing, budget: 2, accepts: .form, status: 303,
            failures: [Failures.notAllowed]
        ) { [office] (request: Request<ByID<Channel>>) in
            try await Said.after(ChannelPaths.channel(request.input.id)) {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    let open = try await office.channels.channel(request.input.id, in: request.tenant)
                    try await office.storage.write(for: request.tenant) { transaction in
                        try InboxJobs.check(open.channel.id, in: transaction)
                    }
                }
                return "checking"
            }
        }
    }

    private struct WidgetSent: Input {
        static let fields: [Field] = [
            .path("id", .id), .body("origins", .text(0...16_000)), .body("title", .text(0...200)),
            .body("greeting", .text(0...1_000)), .body("botName", .text(0...200)), .body("accent", .text(0...20)),
            .body("radius", .integer(0...100)), .body("scheme", .choice(WidgetSettings.Scheme.self)),
            .body("fields", optional: .list(.choice(WidgetSettings.Field.self), 0...3)),
            .body("opensByItself", optional: .boolean), .body("takesFiles", optional: .boolean),
        ]

        let id: ID<Channel>
        let origins: String
        let title: String
        let greeting: String
        let botName: String
        let accent: String
        let radius: Int
        let scheme: WidgetSettings.Scheme
        let fields: [WidgetSettings.Field]?
        let opensByItself: Bool?
        let takesFiles: Bool?

        var settings: WidgetSettings {
            var settings = WidgetSettings()
            settings.origins = ChannelPageRoutes.lines(origins)
            settings.title = title.storable.trimmed
            settings.greeting = greeting.storable.trimmed
            settings.botName = botName.storable.trimmed
            settings.accent = accent.trimmed.lowercased()
            settings.radius = radius
            settings.scheme = scheme
            settings.fields = fields ?? []
            settings.opensByItself = opensByItself ?? false
            settings.takesFiles = takesFiles ?? false
            return settings
        }
    }

    private var setWidget: Route {
        Route(
            .post, "/inbox/channels/{id}/widget", "inbox.sendWidget", "Changes a widget by form.", policy: .signedIn,
            limit: Rates.writing, budget: 2, accepts: .form, status: 303, failures: [Failures.notAllowed]
        ) { [office] (request: Request<WidgetSent>) in
            try await Said.after(ChannelPaths.channel(request.input.id), anchor: "widget") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.widget.set(
                        request.input.settings, of: request.input.id, in: request.tenant)
                }
                return "widgetSet"
            }
        }
    }

    private struct LetterSent: Input {
        static let fields: [Field] = [.path("id", .id), .query("channel", .id)]

        let id: ID<Receipt>
        let channel: ID<Channel>
    }

    private var retry: Route {
        Route(
            .post, "/inbox/channels/dead-letters/{id}/retry", "inbox.sendLetterRetry",
            "Has a delivery be tried again by form.", policy: .signedIn, limit: Rates.writing, budget: 3,
            accepts: .form, status: 303, failures: [Failures.notAllowed]
        ) { [office] (request: Request<LetterSent>) in
            try await Said.after(ChannelPaths.channel(request.input.channel), anchor: "letters") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.hooks.retry(request.input.id, in: request.tenant)
                }
                return "letterRetried"
            }
        }
    }

    // MARK: Endpoints

    private struct EndpointSent: Input {
        static let fields: [Field] = [
            .body("address", .text(0...OutgoingEndpoint.Bounds.addressBytes)),
            .body("events", optional: .list(.choice(OutgoingHook.Kind.self), 0...10)),
        ]

        let address: String
        let events: [OutgoingHook.Kind]?
    }

    private var addEndpoint: Route {
        Route(
            .post, "/inbox/channels/endpoints", "inbox.sendEndpoint", "Has an address be told what happens, by form.",
            policy: .signedIn, limit: Self.changing, budget: 3, accepts: .form, failures: [Failures.notAllowed]
        ) { [self] (request: Request<EndpointSent>) -> Either<HTMLPage, Redirect> in
            try await secret(of: request.context, "The endpoint is told from now on") {
                _ = try request.context.person(atLeast: .owner)
                return try await office.outgoing.add(
                    request.input.address, events: request.input.events ?? [], in: request.tenant
                ).secret
            }
        }
    }

    private var rotate: Route {
        Route(
            .post, "/inbox/channels/endpoints/{id}/secret", "inbox.sendEndpointSecret",
            "Makes a new secret for an endpoint by form.", policy: .signedIn, limit: Self.changing, budget: 3,
            accepts: .form, failures: [Failures.notAllowed]
        ) { [self] (request: Request<ByID<OutgoingEndpoint>>) -> Either<HTMLPage, Redirect> in
            try await secret(of: request.context, "The endpoint has a new secret") {
                _ = try request.context.person(atLeast: .owner)
                return try await office.outgoing.rotate(request.input.id, in: request.tenant)
            }
        }
    }

    /// Shows a secret once, or says why there is none.
    private func secret(
        of context: RequestContext, _ heading: String, _ make: () async throws -> String
    ) async throws -> Either<HTMLPage, Redirect> {
        var made: String?
        let redirect = try await Said.after(Addresses.channels, anchor: "endpoints") {
            made = try await refusing { try await make() }
            return "endpointChanged"
        }
        guard let made else { return .second(redirect) }
        let page = SecretPage(
            frame: try await office.frames.frame(.channels, for: context), heading: heading,
            explanation: "Deliveries are signed with this secret, as Standard Webhooks says. It is shown this once; "
                + "a former one signs beside it for a day.",
            secret: made, backHref: Addresses.channels, backLabel: "To the channels")
        return .first(InboxPages.page(heading, "secret", page, styles: ["channels.css"]))
    }

    private var test: Route {
        Route(
            .post, "/inbox/channels/endpoints/{id}/test", "inbox.sendEndpointTest", "Tries an endpoint by form.",
            policy: .signedIn, limit: Rates.writing, budget: 3, accepts: .form, status: 303,
            failures: [Failures.notAllowed]
        ) { [office] (request: Request<ByID<OutgoingEndpoint>>) in
            try await Said.after(Addresses.channels, anchor: "endpoints") {
                try await refusing {
                    _ = try request.context.person(atLeast: .admin)
                    try await office.outgoing.test(request.input.id, in: request.tenant)
                }
                return "endpointTested"
            }
        }
    }

    private struct StateSent: Input {
        static let fields: [Field] = [.path("id", .id), .body("state", .choice(OutgoingEndpoint.State.self))]

        let id: ID<OutgoingEndpoint>
        let state: OutgoingEndpoint.State
    }

    private var set: Route {
        Route(
            .post, "/inbox/channels/endpoints/{id}/change", "inbox.sendEndpointState",
            "Lets an endpoint go on or rest, by form.", policy: .signedIn, limit: Rates.writing, budget: 1,
            accepts: .form, status: 303, failures: [Failures.notAllowed]
        ) { [office] (request: Request<StateSent>) in
            try await Said.after(Addresses.channels, anchor: "endpoints") {
                try await refusing {
                    _ = try request.context.person(atLeast: .owner)
                    try await office.outgoing.set(request.input.id, request.input.state, in: request.tenant)
                }
                return "endpointChanged"
            }
        }
    }

    private var remove: Route {
        Route(
            .post, "/inbox/channels/endpoints/{id}/remove", "inbox.sendEndpointRemoval", "Removes an endpoint by form.",
            policy: .signedIn, limit: Rates.writing, budget: 1, accepts: .form, status: 303,
            failures: [Failures.notAllowed]
        ) { [office] (request: Request<ByID<OutgoingEndpoint>>) in
            try await Said.after(Addresses.channels, anchor: "endpoints") {
                try await refusing {
                    _ = try request.context.person(atLeast: .owner)
                    try await office.outgoing.set(request.input.id, nil, in: request.tenant)
                }
                return "endpointRemoved"
            }
        }
    }
}
