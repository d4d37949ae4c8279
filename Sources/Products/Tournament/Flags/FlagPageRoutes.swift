import Base
import Hosting
import Web

/// The desk's switches: everybody at the desk sees them, a director changes them.
struct FlagPageRoutes {
    let house: Playhouse
    let flags: FeatureFlags

    var routes: [Route] { [page, change] }

    private struct Query: Input {
        static let fields: [Field] = [.query("said", optional: .text(1...40), "What the form before has led to.")]

        let said: String?
    }

    private var page: Route {
        Route(
            .get, "/tournament/desk/flags", "tournament.showFlags", "Shows what is switched on at this stage.",
            policy: .role(.moderator), limit: CommentRoutes.deciding, budget: 0
        ) { [house] (request: Request<Query>) in
            let tenant = request.context.tenant
            var page = TournamentPages.page(
                FlagsPage(canSwitch: request.context.principal.has(.administrator)) { house.isOn($0, in: tenant) })
            page.flash = request.input.said.flatMap(TournamentPages.flash)
            return page
        }
    }

    private struct Sent: Input {
        static let fields: [Field] = [
            .path("key", .choice(Playhouse.Flags.all.map(\.key))), .body("isEnabled", .boolean),
        ]

        let key: String
        let isEnabled: Bool
    }

    private var change: Route {
        Route(
            .post, "/tournament/desk/flags/{key}", "tournament.sendFlag", "Switches a feature on or off, by form.",
            policy: .role(.administrator), limit: CommentRoutes.deciding, budget: 1, accepts: .form, status: 303
        ) { [flags] (request: Request<Sent>) in
            try await flags.set(
                request.input.key, to: FlagState(isEnabled: request.input.isEnabled), for: request.context.tenant)
            return Redirect(to: "\(Addresses.flagsDesk)?said=\(request.input.isEnabled ? "switchedOn" : "switchedOff")")
        }
    }
}

extension TournamentPages {
    static func page(_ model: FlagsPage) -> HTMLPage {
        HTMLPage(
            "Flags", template: "tournament/flags", model: model,
            stylesheets: ["tournament/tournament.css", "tournament/social.css"])
    }
}
