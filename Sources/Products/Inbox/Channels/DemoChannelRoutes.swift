import Base
import InboxVendors
import Web

/// A channel to try the inbox with, before anything is connected: a chat on a page of ours.
struct DemoChannelRoutes: Sendable {
    let office: Office

    var routes: [Route] { [make] }

    /// Where the form goes.
    static let path = Addresses.channels + "/demo"
    private static let name = "Demo chat"

    private var make: Route {
        Route(
            .post, "/inbox/channels/demo", "inbox.sendDemoChannel", "Makes a chat to try the inbox with, by form.",
            policy: .signedIn, limit: .per(.person, "inbox.connect", 10, in: .seconds(3_600)), budget: 8,
            accepts: .form, status: 303, failures: [Failures.notAllowed]
        ) { [office] (request: Request<NoInput>) in
            var path = Addresses.base
            let redirect = try await Said.after(path) {
                try await refusing {
                    _ = try request.context.person(atLeast: .owner)
                    var draft = ChannelDesk.Draft(
                        kind: .widget, externalAccount: "widget-\(office.channels.chance())", name: Self.name,
                        isBotFirst: true)
                    draft.keys.secrets = ChannelSecrets(signing: [Secret(office.channels.chance())])
                    let channel = try await office.channels.connect(draft, in: request.tenant)
                    var settings = WidgetSettings()
                    settings.title = Self.name
                    // It stands on our own page alone until sites are named.
                    try await office.widget.set(settings, of: channel.id, in: request.tenant)
                    path = ChannelPaths.channel(channel.id)
                }
                return "demoConnected"
            }
            return path == Addresses.base ? redirect : Redirect(to: "\(path)?said=demoConnected")
        }
    }
}
