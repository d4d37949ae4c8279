import Base
import InboxVendors

/// The channels of a company, how they do, and whom they tell.
struct ChannelsPage: Sendable {
    struct Line: Sendable {
        let id: String
        let href: String
        let name: String
        let kindName: String
        let health: String
        let healthKind: String
        let reason: String?
        let last: String
        let lastISO: String
        let lag: String?
        let waits: String?
        let token: String?
        let tokenKind: String
        let dead: String?
        let subscribed: String?
        let checked: String
    }

    struct Connect: Sendable {
        let href: String
        let name: String
        let what: String
    }

    struct Endpoint: Sendable {
        struct Event: Sendable { let name: String }

        let id: String
        let address: String
        let events: String
        let state: String
        let stateKind: String
        let reason: String?
        let last: String
        let isActive: Bool
        let changeAction: String
        let testAction: String
        let secretAction: String
        let removeAction: String
        let nextState: String
        let nextLabel: String
    }

    struct Choice: Sendable {
        let value: String
        let label: String
    }

    let frame: Frame
    /// Where the topic of health stood when this was read.
    let epoch: String
    let offset: Int64
    let channels: [Line]
    let hasChannels: Bool
    let connects: [Connect]
    let endpoints: [Endpoint]
    let hasEndpoints: Bool
    let kinds: [Choice]
    let addAction = ChannelPaths.endpoints
    let isOwner: Bool
    let hasShop: Bool

    init(
        frame: Frame, _ channels: [Channel], checks: [ID<Channel>: ChannelCheck], traffic: [ID<Channel>: Traffic],
        _ endpoints: [OutgoingEndpoint], place: HealthDesk.Place, isDemo: Bool, at now: Timestamp
    ) {
        self.frame = frame
        (epoch, offset) = (place.epoch, place.offset)
        isOwner = frame.seat == Seat.owner.rawValue
        self.channels = channels.map { Line($0, checks[$0.id], traffic[$0.id] ?? Traffic(), at: now) }
        hasChannels = !channels.isEmpty
        connects = ChannelKind.allCases.map {
            Connect(href: ChannelPaths.connect($0), name: $0.title, what: $0.invitation)
        }
        self.endpoints = endpoints.map { Endpoint($0, at: now) }
        hasEndpoints = !endpoints.isEmpty
        kinds = OutgoingHook.Kind.allCases.filter { $0 != .test }.map { Choice(value: $0.rawValue, label: $0.label) }
        hasShop = isDemo && channels.contains { $0.kind == .widget }
    }
}

extension ChannelsPage.Line {
    init(_ channel: Channel, _ check: ChannelCheck?, _ traffic: Traffic, at now: Timestamp) {
        id = channel.id.description
        href = ChannelPaths.channel(channel.id)
        name = channel.name
        kindName = channel.kind.title
        (health, healthKind) = channel.health.words
        reason = channel.healthReason ?? check?.fault
        last = traffic.last.map { Wording.ago(now - $0) } ?? "nothing yet"
        lastISO = traffic.last?.description ?? ""
        lag = traffic.lag.map { "seen within \(Wording.lag($0))" }
        waits =
            traffic.waiting > 0
            ? "\(Self.counted(traffic.waiting, "delivery", "deliveries")) to be worked off" : nil
        let left = channel.tokenExpiresAt.map { $0 - now }
        token = left.map { $0 > .zero ? "ends in \(Wording.span($0))" : "has ended" }
        tokenKind = left.map { $0 < CareMachine.Bounds.renewal ? "bad" : "" } ?? ""
        dead = traffic.dead > 0 ? Self.counted(traffic.dead, "dead letter", "dead letters") : nil
        subscribed = check?.isSubscribed.map { $0 ? "subscribed" : "not subscribed" }
        checked = check.map { "looked at \(Wording.ago(now - $0.checkedAt))" } ?? "not looked at yet"
    }

    /// A count that ends at a hundred.
    private static func counted(_ count: Int, _ one: String, _ many: String) -> String {
        count >= 100 ? "100 or more \(many)" : Wording.count(count, one, many)
    }
}

extension ChannelsPage.Endpoint {
    init(_ endpoint: OutgoingEndpoint, at now: Timestamp) {
        id = endpoint.id.description
        address = endpoint.address
        events = endpoint.events.map(\.label).joined(separator: ", ")
        isActive = endpoint.state == .active
        state = isActive ? endpoint.failures > 0 ? "failing" : "active" : "resting"
        stateKind = isActive ? endpoint.failures > 0 ? "bad" : "good" : ""
        reason =
            switch endpoint.reason {
            case "failures": "\(OutgoingEndpoint.Bounds.failures) deliveries failed one after the other."
            case "gone": "It answered that it is gone for good (410)."
            default: endpoint.failures > 0 ? Wording.count(endpoint.failures, "failure") + " in a row." : nil
            }
        last =
            endpoint.lastAt.map { "\(endpoint.lastStatus.map(String.init) ?? "no answer"), \(Wording.ago(now - $0))" }
            ?? "told nothing yet"
        changeAction = "\(ChannelPaths.endpoints)/\(id)/change"
        testAction = "\(ChannelPaths.endpoints)/\(id)/test"
        secretAction = "\(ChannelPaths.endpoints)/\(id)/secret"
        removeAction = "\(ChannelPaths.endpoints)/\(id)/remove"
        (nextState, nextLabel) = isActive ? ("paused", "Pause") : ("active", "Go on")
    }
}

/// A channel by itself: what it proves itself by is never shown.
struct ChannelPage: Sendable {
    struct Letter: Sendable {
        let action: String
        let reason: String
        let when: String
        let delivery: String
    }

    let frame: Frame
    let epoch: String
    let offset: Int64
    let line: ChannelsPage.Line
    let hook: String
    let account: String
    let isWidget: Bool
    let isBotFirst: Bool
    let isMeta: Bool
    let vendorName: String?
    let waiting: String?
    let quiet: String?
    let letters: [Letter]
    let hasLetters: Bool
    let hasMore: Bool
    let nextHref: String
    let changeAction: String
    let keysAction: String
    let checkAction: String
    let widgetAction: String
    let name: String
    let isOwner: Bool
    /// Of a widget.
    let widget: WidgetForm?
    let snippet: String?

    init(
        frame: Frame, _ channel: Channel, check: ChannelCheck?, traffic: Traffic, letters: [DeadLetter], next: String?,
        place: HealthDesk.Place, widget: WidgetSettings?, home: String, at now: Timestamp
    ) {
        self.frame = frame
        (epoch, offset) = (place.epoch, place.offset)
        isOwner = frame.seat == Seat.owner.rawValue
        line = ChannelsPage.Line(channel, check, traffic, at: now)
        name = channel.name
        hook = "\(home)\(Addresses.api)/hooks/\(channel.pathKey)"
        account = channel.externalAccount
        isWidget = channel.kind == .widget
        isMeta = channel.kind == .messenger || channel.kind == .instagram
        isBotFirst = channel.isBotFirst
        vendorName = check?.name
        waiting = check?.waiting.flatMap { $0 > 0 ? Wording.count($0, "delivery", "deliveries") : nil }
        quiet = check?.quietLimit.map { "Silence is told after \(Wording.span($0))." }
        self.letters = letters.map {
            Letter(
                action: "\(ChannelPaths.letters)/\($0.id)/retry?channel=\(channel.id)", reason: $0.reason,
                when: Wording.ago(now - $0.receivedAt), delivery: $0.deliveryKey)
        }
        hasLetters = !letters.isEmpty
        hasMore = next != nil
        nextHref = "\(ChannelPaths.channel(channel.id))?after=\(next ?? "")"
        let path = ChannelPaths.channel(channel.id)
        (changeAction, keysAction) = ("\(path)/change", "\(path)/keys")
        (checkAction, widgetAction) = ("\(path)/check", "\(path)/widget")
        self.widget = widget.map(WidgetForm.init)
        snippet =
            isWidget
            ? "<script src=\"\(home)/assets/inbox/embed.js\" data-channel=\"\(channel.id)\" async></script>" : nil
    }
}

/// The settings of a widget as a form shows them.
struct WidgetForm: Sendable {
    struct Choice: Sendable {
        let value: String
        let label: String
        let isChosen: Bool
    }

    let origins: String
    let title: String
    let greeting: String
    let botName: String
    let accent: String
    let radius: Int
    let schemes: [Choice]
    let asked: [Choice]
    let opensByItself: Bool
    let takesFiles: Bool

    init(_ settings: WidgetSettings) {
        origins = settings.origins.joined(separator: "\n")
        title = settings.title
        greeting = settings.greeting
        botName = settings.botName
        accent = settings.accent
        radius = settings.radius
        schemes = WidgetSettings.Scheme.allCases.map { scheme in
            Choice(
                value: scheme.rawValue,
                label: scheme == .auto ? "As the visitor's device" : Wording.title(scheme.rawValue),
                isChosen: scheme == settings.scheme)
        }
        asked = WidgetSettings.Field.allCases.map { field in
            Choice(
                value: field.rawValue, label: field == .email ? "E-mail" : Wording.title(field.rawValue),
                isChosen: settings.fields.contains(field))
        }
        opensByItself = settings.opensByItself
        takesFiles = settings.takesFiles
    }
}

/// How a channel of a kind is connected, step by step.
struct ConnectPage: Sendable {
    let frame: Frame
    let kindName: String
    let steps: [String]
    let action: String
    let isMeta: Bool
    let isInstagram: Bool
    let isTelegram: Bool
    let isWidget: Bool
    let verifyToken: String
    let channelsHref = Addresses.channels

    init(frame: Frame, _ kind: ChannelKind, verifyToken: String) {
        self.frame = frame
        kindName = kind.title
        steps = kind.steps
        action = ChannelPaths.connect(kind)
        isInstagram = kind == .instagram
        isMeta = kind == .messenger || isInstagram
        isTelegram = kind == .telegram
        isWidget = kind == .widget
        self.verifyToken = verifyToken
    }
}

/// Something that is shown once and never again.
struct SecretPage: Sendable {
    let frame: Frame
    let heading: String
    let explanation: String
    let secret: String
    let backHref: String
    let backLabel: String
}

/// Where the pages are.
enum ChannelPaths {
    static let endpoints = Addresses.channels + "/endpoints"
    static let letters = Addresses.channels + "/dead-letters"

    static func channel(_ id: ID<Channel>) -> String { "\(Addresses.channels)/\(id)" }
    static func connect(_ kind: ChannelKind) -> String { "\(Addresses.channels)/connect/\(kind.rawValue)" }
}

extension ChannelKind {
    var title: String {
        switch self {
        case .messenger: "Messenger"
        case .instagram: "Instagram"
        case .telegram: "Telegram"
        case .widget: "Website chat"
        }
    }

    var invitation: String {
        switch self {
        case .messenger: "Messages to your Facebook page."
        case .instagram: "Direct messages to your Instagram account."
        case .telegram: "Messages to your bot."
        case .widget: "A chat of your own on your site; works at once, without anybody else."
        }
    }

    /// What somebody does to connect it, in order.
    var steps: [String] {
        switch self {
        case .messenger:
            [
                "In Meta for Developers, open your app, or make one of the type Business, and add the product Messenger.",
                "Under App settings, Basic, copy the app secret.",
                "Under Messenger, Settings, add your page and make an access token for it; copy the page's id and the token.",
                "Connect below. Then, under Webhooks, enter the callback address that this page shows and the verify token.",
                "Subscribe the fields messages, messaging_postbacks, message_deliveries, message_reads, message_echoes.",
                "Write to your page from another account: it appears in the inbox within a second.",
            ]
        case .instagram:
            [
                "Make your Instagram account a professional one and allow access to messages in its privacy settings.",
                "In Meta for Developers, add the product Instagram to your app; choose Login with Instagram or with Facebook.",
                "Copy the Instagram app secret for the first way, the app secret under App settings for the second.",
                "Make an access token for the account and copy its id. A token of Instagram Login lasts 60 days and is renewed here before it ends.",
                "Connect below. Then, under Webhooks, enter the callback address that this page shows and the verify token.",
                "Write to the account from another one: it appears in the inbox within a second.",
            ]
        case .telegram:
            [
                "In Telegram, write /newbot to @BotFather and follow its questions; it answers with a token.",
                "Paste the token below. The webhook is set by itself, with a secret that only we and Telegram know.",
                "Open your bot and write to it: it appears in the inbox within a second.",
            ]
        case .widget:
            [
                "Give the chat a name and list the sites on which it may stand, each with https:// and without a path.",
                "After connecting, copy one line into your site's pages, before </body>.",
                "If your customers sign in at your site, let your server sign who they are with the secret that is shown once.",
            ]
        }
    }
}

extension Channel.Health {
    /// The state and how it is coloured.
    var words: (label: String, kind: String) {
        switch self {
        case .good: ("healthy", "good")
        case .failing: ("failing", "bad")
        case .tokenExpired: ("sign in again", "bad")
        case .silent: ("silent", "gold")
        }
    }
}

extension OutgoingHook.Kind {
    var label: String {
        switch self {
        case .opened: "conversation opened"
        case .closed: "conversation closed"
        case .handedOver: "handed over by the bot"
        case .received: "message received"
        case .botReplied: "bot replied"
        case .agentReplied: "agent replied"
        case .test: "test"
        }
    }
}
