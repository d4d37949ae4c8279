import Base
import InboxVendors
import Web

/// The frame in which a visitor talks, and the demo's shop that holds one.
struct WidgetPageRoutes: Sendable {
    let office: Office

    var routes: [Route] { [frame, shop] }

    private struct OfChannel: Input {
        static let fields: [Field] = [.path("channel", .id, "The widget's channel.")]

        let channel: ID<Channel>
    }

    /// Stands in frames of the company's sites, exactly those, and of no other.
    private var frame: Route {
        Route(
            .get, "/inbox/widget/{channel}", "inbox.showWidget", "The visitor's side of a conversation, for a frame.",
            policy: .anyone, limit: .per(.address, "inbox.widgetPages", 600), budget: 2, failures: [Failures.missing]
        ) { [office] (request: Request<OfChannel>) in
            try await refusing {
                let id = request.input.channel
                _ = try await office.widget.widget(id, in: request.tenant)
                let settings = try await office.widget.settings(of: id, in: request.tenant)
                var page = HTMLPage(
                    settings.title, template: "inbox/widget", model: WidgetPage(id, settings),
                    stylesheets: ["inbox/widget.css"], scripts: ["inbox/widget.js"])
                page.isBare = true
                page.framing = .within(settings.rule?.origins.sorted() ?? [])
                return page
            }
        }
    }

    /// A page as a customer of the company might have it: it knows the widget by one line.
    private var shop: Route {
        Route(
            .get, "/inbox/shop", "inbox.showShop", "A shop of the demo with the company's chat on it.", policy: .anyone,
            limit: .per(.address, "inbox.widgetPages", 600), budget: 1, failures: [Failures.missing]
        ) { [office] (request: Request<NoInput>) in
            try await refusing {
                let channels = try await office.channels.channels(in: request.tenant)
                guard office.reach.isDemo, let channel = channels.first(where: { $0.kind == .widget }) else {
                    throw InboxError.missing("shop")
                }
                var page = HTMLPage(
                    channel.name, template: "inbox/shop", model: ShopPage(channel), stylesheets: ["inbox/shop.css"])
                page.isBare = true
                page.framing = .holdingOwnPages
                return page
            }
        }
    }
}

/// What the frame is drawn with.
struct WidgetPage: Sendable {
    struct Asked: Sendable {
        let name: String
        let label: String
        let type: String
        let autocomplete: String
    }

    let channel: String
    let title: String
    let greeting: String?
    let botName: String
    let accent: String
    let onAccent: String
    let radius: Int
    let scheme: String
    /// Seconds after which it opens by itself.
    let opens: Int?
    let asks: Bool
    let fields: [Asked]
    let takesFiles: Bool
    let scores = Array(WidgetRating.Bounds.scores)

    init(_ id: ID<Channel>, _ settings: WidgetSettings) {
        channel = id.description
        title = settings.title
        greeting = settings.greeting.isEmpty ? nil : settings.greeting
        botName = settings.botName
        accent = settings.accent
        onAccent = settings.isAccentDark ? "#ffffff" : "#111111"
        radius = settings.radius
        scheme = settings.scheme.rawValue
        opens = settings.opensByItself ? WidgetSettings.Bounds.opensAfter : nil
        asks = !settings.fields.isEmpty
        fields = settings.fields.map { field in
            switch field {
            case .name: Asked(name: "name", label: "Name", type: "text", autocomplete: "name")
            case .email: Asked(name: "email", label: "E-mail", type: "email", autocomplete: "email")
            case .phone: Asked(name: "phone", label: "Phone", type: "tel", autocomplete: "tel")
            }
        }
        takesFiles = settings.takesFiles
    }
}

/// The demo's shop.
struct ShopPage: Sendable {
    struct Bike: Sendable {
        let name: String
        let what: String
        let price: String
    }

    let name: String
    let channel: String
    let bikes = [
        Bike(name: "Lark", what: "City bike, eight gears in the hub, lights that never ask.", price: "€ 899"),
        Bike(name: "Heron", what: "Long cargo bike for two children and a week's shopping.", price: "€ 4,290"),
        Bike(name: "Swift", what: "Light tourer with a belt instead of a chain.", price: "€ 1,640"),
    ]

    init(_ channel: Channel) {
        name = channel.name
        self.channel = channel.id.description
    }
}
