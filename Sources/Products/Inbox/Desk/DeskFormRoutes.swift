import Base
import Storage
import Web

/// What is done with a conversation by forms, so that no script is needed for it.
struct DeskFormRoutes: Sendable {
    let office: Office

    var routes: [Route] {
        [
            reply, note, draft, schedule, assign, takeOver, snooze, close, open, tag, prioritise, move, read, unread,
            withdraw, retry, cancelScheduled,
        ]
    }

    /// What a form of a thread is about, and where to go back to.
    private struct Sent: Input {
        static let fields: [Field] = [.path("id", .id, "The conversation.")] + DeskPlace.fields

        let id: ID<Conversation>
        let view: ConversationView.Name
        let channel: ID<Channel>?
        let team: ID<Team>?
        let tag: ID<Tag>?

        var back: String { DeskPlace(view: view, channel: channel, team: team, tag: tag).thread(id) }
    }

    /// Back to the thread with what was done.
    private func form<Input>(
        _ request: Request<Input>, _ id: ID<Conversation>, back: String,
        _ work: (ID<Person>) async throws -> String
    ) async throws -> Redirect {
        try await Said.after(back) {
            try await refusing { try await work(try await office.person(of: request.context, at: id)) }
        }
    }

    private func route<Sent: Input>(
        _ verb: String, _ name: String, _ summary: String, limit: RouteLimit = Rates.writing,
        budget: StatementBudget = 11,
        _ work: @escaping @Sendable (Request<Sent>) async throws -> Redirect
    ) -> Route {
        Route(
            .post, PathTemplate("/inbox/conversations/{id}/\(verb)"), name, summary, policy: .signedIn,
            limit: limit, budget: budget, accepts: .form, status: 303, handle: work)
    }

    // MARK: Writing

    private struct WritingSent: Input {
        static let fields: [Field] =
            Sent.fields + [
                .body("body", optional: .text(0...Message.Bounds.bodyCharacters), default: ""),
                .body("clientId", optional: .text(1...Message.Bounds.clientIDBytes)),
                .body("seen", optional: .integer(0...Int(Int32.max)), default: .integer(0)),
                .body("at", optional: .text(0...20), "When, as the form's field writes it."),
                .body("offset", optional: .integer(-1_440...1_440), "Minutes of that clock behind UTC."),
            ]

        let id: ID<Conversation>
        let view: ConversationView.Name
        let channel: ID<Channel>?
        let team: ID<Team>?
        let tag: ID<Tag>?
        let body: String
        let clientId: String?
        let seen: Int64
        let at: String?
        let offset: Int64?

        var back: String { DeskPlace(view: view, channel: channel, team: team, tag: tag).thread(id) }
    }

    private var reply: Route {
        route("reply", "inbox.sendReply", "Answers a customer by form.", limit: Rates.sending, budget: 14) {
            [office, self] (request: Request<WritingSent>) in
            let (input, tenant) = (request.input, request.tenant)
            return try await form(request, input.id, back: input.back) { person in
                let head = try await office.head(input.id, in: tenant)
                let answer = ReplyDesk.Draft(
                    conversation: input.id, channel: head.channelID, body: input.body,
                    clientID: input.clientId ?? office.chanceID(), seen: input.seen)
                do {
                    _ = try await office.replies.reply(answer, by: person, in: tenant)
                } catch let error as InboxError {
                    // What somebody has written is not lost because it was refused.
                    try await office.scheduled.keepDraft(input.body, of: person, in: input.id, of: tenant)
                    throw error
                }
                try await office.scheduled.drafts.drop(of: person, in: input.id, of: tenant)
                return "queued"
            }
        }
    }

    private var note: Route {
        route("note", "inbox.sendNote", "Writes a note by form.", budget: 13) {
            [office, self] (request: Request<WritingSent>) in
            let (input, tenant) = (request.input, request.tenant)
            return try await form(request, input.id, back: input.back) { person in
                let colleagues = try await office.colleagues(in: tenant)
                _ = try await office.conversations.note(
                    input.body, mentioning: Mentions.people(in: input.body, of: colleagues), on: input.id,
                    clientID: input.clientId, by: person, in: tenant)
                try await office.scheduled.drafts.drop(of: person, in: input.id, of: tenant)
                return "noted"
            }
        }
    }

    private var draft: Route {
        route("draft", "inbox.sendDraft", "Keeps what was begun by form.", budget: 2) {
            [office, self] (request: Request<WritingSent>) in
            let input = request.input
            return try await form(request, input.id, back: input.back) { person in
                try await office.scheduled.keepDraft(input.body, of: person, in: input.id, of: request.tenant)
                return "drafted"
            }
        }
    }

    private var schedule: Route {
        route("schedule", "inbox.sendLater", "Takes an answer by form that is sent later.", limit: Rates.sending) {
            [office, self] (request: Request<WritingSent>) in
            let (input, tenant) = (request.input, request.tenant)
            return try await form(request, input.id, back: input.back) { person in
                guard let time = LocalTime.timestamp(input.at ?? "", minutesBehind: input.offset ?? 0) else {
                    throw InboxError(.timeInvalid, "Choose when the answer is to be sent.")
                }
                let wish = ScheduledDesk.Wish(conversation: input.id, body: input.body, at: time)
                do {
                    _ = try await office.scheduled.schedule(wish, by: person, in: tenant)
                } catch let error as InboxError {
                    try await office.scheduled.keepDraft(input.body, of: person, in: input.id, of: tenant)
                    throw error
                }
                try await office.scheduled.drafts.drop(of: person, in: input.id, of: tenant)
                return "scheduled"
            }
        }
    }

    // MARK: Who answers

    private struct AssignSent: Input {
        static let fields: [Field] =
            Sent.fields + [
                .body("assignee", optional: .text(0...40), default: "", "To whom; to nobody when empty."),
                .body("from", optional: .text(0...40), default: "", "Who had it when the page was shown."),
            ]

        let id: ID<Conversation>
        let view: ConversationView.Name
        let channel: ID<Channel>?
        let team: ID<Team>?
        let tag: ID<Tag>?
        let assignee: String
        let from: String

        var back: String { DeskPlace(view: view, channel: channel, team: team, tag: tag).thread(id) }
    }

    private var assign: Route {
        route("assign", "inbox.sendAssignee", "Gives a conversation to somebody by form.") {
            [office, self] (request: Request<AssignSent>) in
            let input = request.input
            let assignee = ID<Person>(input.assignee)
            return try await form(request, input.id, back: "\(input.back)&was=\(input.from)") { person in
                _ = try await office.conversations.assign(
                    input.id, to: assignee, from: ID<Person>(input.from), by: person, in: request.tenant)
                return assignee == nil ? "unassigned" : "assigned"
            }
        }
    }

    private var takeOver: Route {
        route("takeover", "inbox.sendTakeover", "Takes the word from the bot by form.") {
            [office, self] (request: Request<Sent>) in
            let input = request.input
            return try await form(request, input.id, back: input.back) { person in
                _ = try await office.conversations.takeOver(input.id, by: person, in: request.tenant)
                return "takenOver"
            }
        }
    }

    // MARK: States

    private struct SnoozeSent: Input {
        static let fields: [Field] =
            Sent.fields + [
                .body("hours", optional: .integer(0...8_760), default: .integer(0), "How long; until a reply for 0.")
            ]

        let id: ID<Conversation>
        let view: ConversationView.Name
        let channel: ID<Channel>?
        let team: ID<Team>?
        let tag: ID<Tag>?
        let hours: Int64

        var back: String { DeskPlace(view: view, channel: channel, team: team, tag: tag).thread(id) }
    }

    private var snooze: Route {
        route("snooze", "inbox.sendSnooze", "Puts a conversation aside by form.") {
            [office, self] (request: Request<SnoozeSent>) in
            let input = request.input
            return try await form(request, input.id, back: input.back) { person in
                let time = input.hours > 0 ? office.clock.now() + .seconds(input.hours * 3_600) : nil
                _ = try await office.conversations.snooze(input.id, until: time, by: person, in: request.tenant)
                return "snoozed"
            }
        }
    }

    private var close: Route {
        route("close", "inbox.sendClosing", "Closes a conversation by form.") {
            [office, self] (request: Request<Sent>) in
            let input = request.input
            return try await form(request, input.id, back: input.back) { person in
                _ = try await office.conversations.close(input.id, by: person, in: request.tenant)
                return "closed"
            }
        }
    }

    private var open: Route {
        route("open", "inbox.sendOpening", "Opens a conversation by form.") {
            [office, self] (request: Request<Sent>) in
            let input = request.input
            return try await form(request, input.id, back: input.back) { person in
                _ = try await office.conversations.open(input.id, by: person, in: request.tenant)
                return "opened"
            }
        }
    }

    // MARK: Order

    private struct TagSent: Input {
        static let fields: [Field] =
            Sent.fields + [
                .body("tagId", optional: .text(0...40), default: ""),
                .body("label", optional: .text(0...Tag.Bounds.labelCharacters), default: "", "A new tag."),
                .body("on", optional: .boolean, default: .boolean(true)),
            ]

        let id: ID<Conversation>
        let view: ConversationView.Name
        let channel: ID<Channel>?
        let team: ID<Team>?
        let tag: ID<Tag>?
        let tagId: String
        let label: String
        let on: Bool

        var back: String { DeskPlace(view: view, channel: channel, team: team, tag: tag).thread(id) }
    }

    private var tag: Route {
        route("tag", "inbox.sendTag", "Puts a tag on a conversation by form, or takes it off.", budget: 4) {
            [office, self] (request: Request<TagSent>) in
            let (input, tenant) = (request.input, request.tenant)
            return try await form(request, input.id, back: input.back) { _ in
                var tag = ID<Tag>(input.tagId)
                if tag == nil, !input.label.isEmpty {
                    tag = try await office.conversations.makeTag(input.label, in: tenant).id
                    await office.tags.forget(in: tenant)
                }
                guard let tag else { return "chooseTag" }
                try await office.conversations.tag(input.id, with: tag, isOn: input.on, in: tenant)
                return "tagged"
            }
        }
    }

    private struct PrioritySent: Input {
        static let fields: [Field] = Sent.fields + [.body("priority", .integer(0...3))]

        let id: ID<Conversation>
        let view: ConversationView.Name
        let channel: ID<Channel>?
        let team: ID<Team>?
        let tag: ID<Tag>?
        let priority: Int

        var back: String { DeskPlace(view: view, channel: channel, team: team, tag: tag).thread(id) }
    }

    private var prioritise: Route {
        route("priority", "inbox.sendPriority", "Says by form how pressing a conversation is.") {
            [office, self] (request: Request<PrioritySent>) in
            let input = request.input
            return try await form(request, input.id, back: input.back) { person in
                _ = try await office.conversations.prioritise(
                    input.id, as: input.priority, by: person, in: request.tenant)
                return "prioritised"
            }
        }
    }

    private struct TeamSent: Input {
        static let fields: [Field] =
            Sent.fields + [.body("teamId", optional: .text(0...40), default: "", "None when empty.")]

        let id: ID<Conversation>
        let view: ConversationView.Name
        let channel: ID<Channel>?
        let team: ID<Team>?
        let tag: ID<Tag>?
        let teamId: String

        var back: String { DeskPlace(view: view, channel: channel, team: team, tag: tag).thread(id) }
    }

    private var move: Route {
        route("team", "inbox.sendConversationTeam", "Gives a conversation to a team by form.") {
            [office, self] (request: Request<TeamSent>) in
            let input = request.input
            return try await form(request, input.id, back: input.back) { person in
                try await office.move(input.id, toTeam: input.teamId, by: person, in: request.tenant)
                return "teamChanged"
            }
        }
    }

    // MARK: Reading

    private struct ReadSent: Input {
        static let fields: [Field] =
            Sent.fields + [.body("sequence", .integer(1...Int(Int32.max)), "The number of the message.")]

        let id: ID<Conversation>
        let view: ConversationView.Name
        let channel: ID<Channel>?
        let team: ID<Team>?
        let tag: ID<Tag>?
        let sequence: Int64

        var place: DeskPlace { DeskPlace(view: view, channel: channel, team: team, tag: tag) }
    }

    private var read: Route {
        route("read", "inbox.sendRead", "Has read up to a message, by form.", budget: 2) {
            [office] (request: Request<ReadSent>) in
            let input = request.input
            try await refusing {
                let agent = try await office.agents.agent(of: request.context)
                _ = try await office.threads.read(input.id, upTo: input.sequence, by: agent, in: request.tenant)
            }
            return Redirect(to: input.place.thread(input.id))
        }
    }

    private var unread: Route {
        route("unread", "inbox.sendUnread", "Marks a conversation as unread by form.", budget: 2) {
            [office] (request: Request<ReadSent>) in
            let input = request.input
            return try await Said.after(input.place.list()) {
                try await refusing {
                    let agent = try await office.agents.agent(of: request.context)
                    _ = try await office.threads.unread(input.id, from: input.sequence, by: agent, in: request.tenant)
                    return "unread"
                }
            }
        }
    }

    // MARK: Messages

    /// Something that stands in a thread, and from where it was chosen.
    private struct LineSent<Line>: Input {
        static var fields: [Field] {
            [.path("id", .id, "The message or answer."), .query("conversation", .id)] + DeskPlace.fields
        }

        let id: ID<Line>
        let conversation: ID<Conversation>
        let view: ConversationView.Name
        let channel: ID<Channel>?
        let team: ID<Team>?
        let tag: ID<Tag>?

        var back: String { DeskPlace(view: view, channel: channel, team: team, tag: tag).thread(conversation) }
    }

    private var withdraw: Route {
        Route(
            .post, "/inbox/messages/{id}/withdraw", "inbox.sendWithdrawal", "Takes an answer back by form.",
            policy: .signedIn, limit: Rates.sending, budget: 11, accepts: .form, status: 303
        ) { [office, self] (request: Request<LineSent<Message>>) in
            let input = request.input
            return try await form(request, input.conversation, back: input.back) { person in
                try await office.replies.withdraw(input.id, by: person, in: request.tenant)
                return "withdrawn"
            }
        }
    }

    private var retry: Route {
        Route(
            .post, "/inbox/messages/{id}/retry", "inbox.sendRetry", "Sends an answer again by form.",
            policy: .signedIn, limit: Rates.sending, budget: 11, accepts: .form, status: 303
        ) { [office, self] (request: Request<LineSent<Message>>) in
            let input = request.input
            return try await form(request, input.conversation, back: input.back) { person in
                try await office.replies.retry(input.id, by: person, in: request.tenant)
                return "retried"
            }
        }
    }

    private var cancelScheduled: Route {
        Route(
            .post, "/inbox/scheduled/{id}/cancel", "inbox.sendCancellation", "Takes an answer back by form that waits.",
            policy: .signedIn, limit: Rates.sending, budget: 2, accepts: .form, status: 303
        ) { [office, self] (request: Request<LineSent<ScheduledMessage>>) in
            let input = request.input
            return try await form(request, input.conversation, back: input.back) { person in
                try await office.scheduled.cancel(input.id, by: person, in: request.tenant)
                return "cancelled"
            }
        }
    }
}
