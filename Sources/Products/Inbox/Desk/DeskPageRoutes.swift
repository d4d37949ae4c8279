import Base
import Storage
import Web

/// The inbox: lists and threads; what is done with them by forms is in `DeskFormRoutes`.
struct DeskPageRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list, thread] + DeskFormRoutes(office: office).routes }

    private var reader: ReadingDesk { ReadingDesk(office: office) }
    private static let scripts = ["desk.js"]

    private struct ListQuery: Input {
        static let fields: [Field] =
            DeskPlace.fields + [.query("after", optional: .cursor), .query("said", optional: .text(1...60))]

        let view: ConversationView.Name
        let channel: ID<Channel>?
        let team: ID<Team>?
        let tag: ID<Tag>?
        let after: Cursor?
        let said: String?

        var place: DeskPlace { DeskPlace(view: view, channel: channel, team: team, tag: tag) }
    }

    private var list: Route {
        Route(
            .get, "/inbox", "inbox.showInbox", "Shows the conversations of a view.", policy: .signedIn,
            limit: Rates.reading, budget: 2, failures: [Failures.cursor]
        ) { [office, reader] (request: Request<ListQuery>) in
            try await refusing {
                let input = request.input
                let agent = try await office.agents.agent(of: request.context)
                let list = try await reader.list(input.place, for: agent, after: input.after, in: request.tenant)
                let frame = try await office.frames.frame(.inbox, for: request.context)
                return InboxPages.page(
                    list.title, "inbox", DeskPage(frame, list), layout: .desk, scripts: Self.scripts, said: input.said)
            }
        }
    }

    private struct ThreadQuery: Input {
        static let fields: [Field] =
            [.path("id", .id, "The conversation.")] + DeskPlace.fields + [
                .query("before", optional: .integer(1...Int(Int32.max)), "Messages before this number."),
                .query("at", optional: .integer(1...Int(Int32.max)), "The message that was looked for."),
                .query("use", optional: .text(1...20), "What is put where one writes: `suggestion`."),
                .query("was", optional: .text(0...40), "Who had it before it was assigned."),
                .query("said", optional: .text(1...60)),
            ]

        let id: ID<Conversation>
        let view: ConversationView.Name
        let channel: ID<Channel>?
        let team: ID<Team>?
        let tag: ID<Tag>?
        let before: Int64?
        let at: Int64?
        let use: String?
        let was: String?
        let said: String?

        var place: DeskPlace { DeskPlace(view: view, channel: channel, team: team, tag: tag) }

        /// How what was just done is taken back.
        var undo: ThreadView.Undo? {
            switch said {
            case "closed", "snoozed":
                ThreadView.Undo(action: place.form(id, "open"), assignee: "", isAssignment: false)
            case "assigned", "unassigned":
                ThreadView.Undo(action: place.form(id, "assign"), assignee: was ?? "", isAssignment: true)
            default: nil
            }
        }
    }

    private var thread: Route {
        Route(
            .get, "/inbox/conversations/{id}", "inbox.showThread", "Shows a thread beside its list.",
            policy: .signedIn, limit: Rates.reading, budget: 11, failures: [Failures.missing]
        ) { [office, reader] (request: Request<ThreadQuery>) in
            try await refusing {
                let input = request.input
                let agent = try await office.agents.agent(of: request.context)
                let list = try await reader.list(
                    input.place, for: agent, after: nil, current: input.id, in: request.tenant)
                let wish = ReadingDesk.Wish(
                    id: input.id, place: input.place, before: input.before, at: input.at,
                    usesSuggestion: input.use == "suggestion", undo: input.undo)
                let (thread, customer) = try await reader.thread(wish, for: agent, in: request.tenant)
                let frame = try await office.frames.frame(.inbox, for: request.context)
                return InboxPages.page(
                    thread.name, "inbox", DeskPage(frame, list, thread: thread, customer: customer), layout: .desk,
                    scripts: Self.scripts + ["thread.js"], said: input.said)
            }
        }
    }
}

extension DeskPlace {
    /// The fields of inputs that say where somebody is; all of them are optional.
    static let fields: [Field] = [
        .query("view", optional: .choice(ConversationView.Name.self), default: "mine"),
        .query("channel", optional: .id), .query("team", optional: .id), .query("tag", optional: .id),
    ]
}
