import Base
import Storage
import Web

/// The inbox: lists, threads, and what is done with them by forms.
struct DeskPageRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list] }

    private struct ListQuery: Input {
        static let fields: [Field] = [
            .query("view", optional: .choice(ConversationView.Name.self), default: "mine"),
            .query("channel", optional: .id), .query("team", optional: .id), .query("tag", optional: .id),
            .query("after", optional: .cursor), .query("said", optional: .text(1...60)),
        ]

        let view: ConversationView.Name
        let channel: ID<Channel>?
        let team: ID<Team>?
        let tag: ID<Tag>?
        let after: Cursor?
        let said: String?
    }

    private var list: Route {
        Route(
            .get, "/inbox", "inbox.showInbox", "Shows the conversations of a view.", policy: .signedIn,
            limit: Rates.reading, budget: 3, failures: [Failures.cursor]
        ) { [office] (request: Request<ListQuery>) in
            try await refusing {
                let input = request.input
                let agent = try await office.agents.agent(of: request.context)
                let view = ConversationView(
                    name: input.view, channel: input.channel, team: input.team, tag: input.tag)
                let page = try await office.threads.page(view, for: agent, after: input.after, in: request.tenant)
                return InboxPages.page(
                    "Inbox", "inbox",
                    DeskPage(
                        frame: try await office.frames.frame(.inbox, for: request.context),
                        rows: page.items.map { $0.head.contactName }),
                    layout: .desk, said: input.said)
            }
        }
    }
}

/// The page of the inbox.
struct DeskPage: Sendable {
    let frame: Frame
    let rows: [String]
}
