import Base
import Storage
import Web

/// Conversations over HTTP.
struct ConversationRoutes: Sendable {
    let office: Office

    var routes: [Route] {
        [list, show, change, badges, read, unread, assign, snooze, close, open, takeOver] + tagRoutes
    }

    // MARK: Lists

    private struct ViewInput: Input {
        static let fields: [Field] = [
            .query("view", optional: .choice(ConversationView.Name.self), default: "all"),
            .query("channelId", optional: .id), .query("teamId", optional: .id), .query("tagId", optional: .id),
            .query("after", optional: .cursor), .query("limit", optional: .integer(1...100), default: 25),
        ]

        let view: ConversationView.Name
        let channelId: ID<Channel>?
        let teamId: ID<Team>?
        let tagId: ID<Tag>?
        let after: Cursor?
        let limit: Int
    }

    private struct ListOutput: Output {
        static let shape = Shape.object([
            .body("conversations", .list(.object(SeenLine.fields))), .body("next", optional: .cursor),
        ])

        let conversations: [SeenLine]
        let next: String?
    }

    private var list: Route {
        Route(
            .get, "/conversations", "inbox.listConversations",
            "Lists a view, the conversation that was written in last first, with what one has not read.",
            policy: .signedIn, limit: Rates.reading, budget: 1, failures: [Failures.cursor]
        ) { [office] (request: Request<ViewInput>) in
            let input = request.input
            let page = try await refusing {
                let agent = try await office.agents.agent(of: request.context)
                let view = ConversationView(
                    name: input.view, channel: input.channelId, team: input.teamId, tag: input.tagId)
                return try await office.threads.page(
                    view, for: agent, after: input.after, limit: input.limit, in: request.tenant)
            }
            return ListOutput(conversations: page.items.map(SeenLine.init), next: page.next?.description)
        }
    }

    struct OfConversation: Input {
        static let fields: [Field] = [.path("id", .id, "The conversation.")]

        let id: ID<Conversation>
    }

    private var show: Route {
        Route(
            .get, "/conversations/{id}", "inbox.getConversation", "Tells of a conversation.", policy: .signedIn,
            limit: Rates.reading, budget: 1, failures: [Failures.missing]
        ) { [office] (request: Request<OfConversation>) in
            try await refusing {
                let agent = try await office.agents.agent(of: request.context)
                return SeenLine(
                    try await office.threads.conversation(request.input.id, for: agent, in: request.tenant))
            }
        }
    }

    private struct BadgesOutput: Output {
        static let shape = Shape.object([
            .body("all", .integer), .body("mine", .integer), .body("unassigned", .integer),
        ])

        let all: Int
        let mine: Int
        let unassigned: Int
    }

    private var badges: Route {
        Route(
            .get, "/badges", "inbox.getBadges",
            "Tells how many of the newest open conversations hold something that one has not read.",
            policy: .signedIn, limit: Rates.reading, budget: 1
        ) { [office] (request: Request<NoInput>) in
            let badges = try await refusing {
                let agent = try await office.agents.agent(of: request.context)
                return try await office.threads.badges(of: agent, in: request.tenant)
            }
            return BadgesOutput(all: badges.all, mine: badges.mine, unassigned: badges.unassigned)
        }
    }

    // MARK: Reading

    private struct ReadInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The conversation."),
            .body("sequence", .integer(0...Int(Int32.max)), "The number of the last message that was read."),
        ]

        let id: ID<Conversation>
        let sequence: Int64
    }

    private struct CursorOutput: Output {
        static let shape = Shape.object([.body("readSequence", .integer), .body("unread", .integer)])

        let readSequence: Int64
        let unread: Int64

        init(_ cursor: ReadCursor) {
            readSequence = cursor.sequence
            unread = cursor.unread
        }
    }

    private var read: Route {
        Route(
            .put, "/conversations/{id}/cursor", "inbox.readConversation",
            "Has read up to a message; only ever moves forward.", policy: .signedIn, limit: Rates.reading, budget: 1,
            failures: [Failures.missing]
        ) { [office] (request: Request<ReadInput>) in
            try await refusing {
                let agent = try await office.agents.agent(of: request.context)
                return CursorOutput(
                    try await office.threads.read(
                        request.input.id, upTo: request.input.sequence, by: agent, in: request.tenant))
            }
        }
    }

    private struct UnreadInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The conversation."),
            .query("from", .integer(1...Int(Int32.max)), "The number of the first message that was not read."),
        ]

        let id: ID<Conversation>
        let from: Int64
    }

    private var unread: Route {
        Route(
            .delete, "/conversations/{id}/cursor", "inbox.unreadConversation",
            "Has not read a message and what comes behind it.", policy: .signedIn, limit: Rates.reading, budget: 1,
            failures: [Failures.missing]
        ) { [office] (request: Request<UnreadInput>) in
            try await refusing {
                let agent = try await office.agents.agent(of: request.context)
                return CursorOutput(
                    try await office.threads.unread(
                        request.input.id, from: request.input.from, by: agent, in: request.tenant))
            }
        }
    }

    // MARK: Changing

    private struct AssignInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The conversation."), .body("assigneeId", optional: .id, "To whom; to nobody without."),
            .body("from", optional: .id, "Who had it when it was decided."),
        ]

        let id: ID<Conversation>
        let assigneeId: ID<Person>?
        let from: ID<Person>?
    }

    private var assign: Route {
        Route(
            .put, "/conversations/{id}/assignee", "inbox.assignConversation",
            "Gives a conversation to somebody, unless somebody else has it by now.", policy: .signedIn,
            limit: Rates.writing, budget: 9,
            failures: [
                Failures.missing,
                Failure("inbox.alreadyAssigned", 409, "Somebody else has it by now; the holder is told."),
            ]
        ) { [office] (request: Request<AssignInput>) in
            let input = request.input
            return try await refusing {
                ConversationLine(
                    try await office.conversations.assign(
                        input.id, to: input.assigneeId, from: input.from,
                        by: try await office.person(of: request.context, at: request.input.id), in: request.tenant))
            }
        }
    }

    private struct SnoozeInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The conversation."),
            .body("until", optional: .timestamp, "Until when; until the customer writes without."),
        ]

        let id: ID<Conversation>
        let until: Timestamp?
    }

    private struct ChangeInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The conversation."),
            .body("priority", optional: .integer(0...3), "How pressing it is, from as usual to urgent."),
            .body("teamId", optional: .text(0...40), "The team that answers; none when empty."),
        ]

        let id: ID<Conversation>
        let priority: Int?
        let teamId: String?
    }

    private var change: Route {
        Route(
            .patch, "/conversations/{id}", "inbox.changeConversation",
            "Says how pressing a conversation is, and which team answers.",
            policy: .signedIn, limit: Rates.writing, budget: 15, failures: [Failures.missing, Failures.message]
        ) { [office] (request: Request<ChangeInput>) in
            let (input, tenant) = (request.input, request.tenant)
            return try await refusing {
                let person = try await office.person(of: request.context, at: input.id)
                if let name = input.teamId {
                    try await office.move(input.id, toTeam: name, by: person, in: tenant)
                }
                guard let priority = input.priority else {
                    return ConversationLine(try await office.head(input.id, in: tenant))
                }
                return ConversationLine(
                    try await office.conversations.prioritise(input.id, as: priority, by: person, in: tenant))
            }
        }
    }

    private var snooze: Route {
        Route(
            .post, "/conversations/{id}/snooze", "inbox.snoozeConversation",
            "Puts a conversation aside until a time, or until the customer writes.", policy: .signedIn,
            limit: Rates.writing, budget: 9, failures: [Failures.missing, Failures.closed, Failures.time]
        ) { [office] (request: Request<SnoozeInput>) in
            try await refusing {
                ConversationLine(
                    try await office.conversations.snooze(
                        request.input.id, until: request.input.until,
                        by: try await office.person(of: request.context, at: request.input.id), in: request.tenant))
            }
        }
    }

    private var close: Route {
        Route(
            .post, "/conversations/{id}/closing", "inbox.closeConversation", "Closes a conversation.",
            policy: .signedIn, limit: Rates.writing, budget: 9, failures: [Failures.missing]
        ) { [office] (request: Request<OfConversation>) in
            try await refusing {
                ConversationLine(
                    try await office.conversations.close(
                        request.input.id, by: try await office.person(of: request.context, at: request.input.id),
                        in: request.tenant))
            }
        }
    }

    private var open: Route {
        Route(
            .delete, "/conversations/{id}/closing", "inbox.openConversation",
            "Opens a conversation that sleeps or is closed.", policy: .signedIn, limit: Rates.writing, budget: 9,
            failures: [Failures.missing, Failures.closed]
        ) { [office] (request: Request<OfConversation>) in
            try await refusing {
                ConversationLine(
                    try await office.conversations.open(
                        request.input.id, by: try await office.person(of: request.context, at: request.input.id),
                        in: request.tenant))
            }
        }
    }

    private var takeOver: Route {
        Route(
            .post, "/conversations/{id}/takeover", "inbox.takeOverConversation",
            "Takes the word from the bot, for good until the conversation is closed.", policy: .signedIn,
            limit: Rates.writing, budget: 9, failures: [Failures.missing]
        ) { [office] (request: Request<OfConversation>) in
            try await refusing {
                ConversationLine(
                    try await office.conversations.takeOver(
                        request.input.id, by: try await office.person(of: request.context, at: request.input.id),
                        in: request.tenant))
            }
        }
    }
}

extension ConversationLine: Output {
    static let fields: [Field] = [
        .body("id", .id), .body("contactId", .id), .body("channelId", .id), .body("name", .text),
        .body("state", .choice(Conversation.State.self)), .body("bot", .choice(Conversation.Bot.self)),
        .body("assigneeId", optional: .id), .body("teamId", optional: .id), .body("priority", .integer),
        .body("lastSequence", .integer), .body("customerTotal", .integer), .body("lastMessageAt", .timestamp),
        .body("lastCustomerAt", optional: .timestamp), .body("windowEndsAt", optional: .timestamp),
        .body("preview", .text), .body("previewRole", .choice(Message.Role.self)),
        .body("snoozedUntil", optional: .timestamp),
    ]
    static let shape = Shape.object(fields)
}

/// A conversation as one agent sees it, as the API tells of it.
struct SeenLine: Output {
    static let fields: [Field] = [
        .body("conversation", .object(ConversationLine.fields)), .body("readSequence", optional: .integer),
        .body("unread", .integer),
    ]
    static let shape = Shape.object(fields)

    let conversation: ConversationLine
    let readSequence: Int64?
    let unread: Int64

    init(_ seen: SeenConversation) {
        conversation = ConversationLine(seen.head)
        readSequence = seen.readSequence
        unread = seen.unread
    }
}
