import Base
import Storage
import Web

/// Threads over HTTP: reading, answering, notes, taking back.
struct MessageRoutes: Sendable {
    let office: Office

    var routes: [Route] { [list, reply, rewrite, withdraw, retry, note] }

    // MARK: Reading

    private struct PartInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The conversation."),
            .query("after", optional: .integer(0...Int(Int32.max)), "Messages behind this number."),
            .query("before", optional: .integer(1...Int(Int32.max)), "The newest messages before this number."),
            .query("limit", optional: .integer(1...100), default: 50),
        ]

        let id: ID<Conversation>
        let after: Int64?
        let before: Int64?
        let limit: Int
    }

    private struct ThreadOutput: Output {
        static let shape = Shape.object([.body("messages", .list(.object(MessageLine.fields)))])

        let messages: [MessageLine]
    }

    private var list: Route {
        Route(
            .get, "/conversations/{id}/messages", "inbox.listMessages",
            "Lists a part of a thread in the order of its numbers: the newest, unless a number is given.",
            policy: .signedIn, limit: Rates.reading, budget: 2, failures: [Failures.missing]
        ) { [office] (request: Request<PartInput>) in
            let input = request.input
            let part = input.after.map(ThreadPart.after) ?? .before(input.before ?? .max)
            let found = try await refusing {
                _ = try await office.person(of: request.context, at: input.id)
                return try await office.threads.messages(of: input.id, part, limit: input.limit, in: request.tenant)
            }
            return ThreadOutput(messages: found.map(MessageLine.init))
        }
    }

    // MARK: Answering

    private struct ReplyInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The conversation."), .body("channelId", .id, "The conversation's channel."),
            .body("body", .text(1...Message.Bounds.bodyCharacters)),
            .body(
                "clientId", .text(1...Message.Bounds.clientIDBytes),
                "The client's own name for it: the same when it is sent again."),
            .body("seen", .integer(0...Int(Int32.max)), "The number of the newest message that its author has seen."),
            .body(
                "confirm", optional: .boolean, default: .boolean(false),
                "Sends it although somebody has answered meanwhile."),
            .body(
                "undo", optional: .integer(ReplyDesk.Bounds.undo), default: 5,
                "Seconds in which it can be taken back."),
        ]

        let id: ID<Conversation>
        let channelId: ID<Channel>
        let body: String
        let clientId: String
        let seen: Int64
        let confirm: Bool
        let undo: Int
    }

    private var reply: Route {
        Route(
            .post, "/conversations/{id}/messages", "inbox.reply", "Answers a customer.", policy: .signedIn,
            limit: Rates.sending, budget: 9, status: 201,
            failures: [
                Failures.missing, Failures.closed, Failures.message,
                Failure("inbox.tooLong", 422, "The text is longer than the vendor takes; unit and limit are told."),
                Failure("inbox.windowClosed", 409, "The vendor takes no answer so long after the customer's last."),
                Failure("inbox.threadMoved", 409, "Somebody has answered meanwhile; what they said is told."),
            ]
        ) { [office] (request: Request<ReplyInput>) in
            let input = request.input
            return try await refusing {
                let person = try await office.person(of: request.context, at: input.id)
                let draft = ReplyDesk.Draft(
                    conversation: input.id, channel: input.channelId, body: input.body, clientID: input.clientId,
                    seen: input.seen, isConfirmed: input.confirm, undo: input.undo)
                return MessageLine(try await office.replies.reply(draft, by: person, in: request.tenant))
            }
        }
    }

    private struct OfMessage: Input {
        static let fields: [Field] = [.path("id", .id, "The message.")]

        let id: ID<Message>
    }

    private struct RewriteInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The message."), .body("body", .text(1...Message.Bounds.bodyCharacters)),
        ]

        let id: ID<Message>
        let body: String
    }

    private var rewrite: Route {
        Route(
            .patch, "/messages/{id}", "inbox.rewriteMessage", "Says an answer otherwise that has not been sent.",
            policy: .signedIn, limit: Rates.sending, budget: 9,
            failures: [
                Failures.missing, Failures.late, Failures.message,
                Failure("inbox.tooLong", 422, "The text is longer than the channel takes; unit and limit are told."),
            ]
        ) { [office] (request: Request<RewriteInput>) in
            try await refusing {
                MessageLine(
                    try await office.replies.rewrite(
                        request.input.id, to: request.input.body,
                        by: try request.context.person(atLeast: .agent), in: request.tenant))
            }
        }
    }

    private var withdraw: Route {
        Route(
            .delete, "/messages/{id}", "inbox.withdrawMessage", "Takes an answer back that has not been sent.",
            policy: .signedIn, limit: Rates.sending, budget: 9, status: 204,
            failures: [Failures.missing, Failures.late]
        ) { [office] (request: Request<OfMessage>) in
            try await refusing {
                try await office.replies.withdraw(
                    request.input.id, by: try request.context.person(atLeast: .agent), in: request.tenant)
                return NoContent()
            }
        }
    }

    private var retry: Route {
        Route(
            .post, "/messages/{id}/retry", "inbox.retryMessage", "Sends an answer again that could not be sent.",
            policy: .signedIn, limit: Rates.sending, budget: 9, status: 204,
            failures: [Failures.missing, Failures.late]
        ) { [office] (request: Request<OfMessage>) in
            try await refusing {
                try await office.replies.retry(
                    request.input.id, by: try request.context.person(atLeast: .agent), in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct NoteInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The conversation."), .body("body", .text(1...Message.Bounds.bodyCharacters)),
            .body("clientId", optional: .text(1...Message.Bounds.clientIDBytes)),
            .body(
                "mentions", optional: .list(.id, 0...ConversationDesk.Bounds.mentions),
                "People whose view of mentions shows it."),
        ]

        let id: ID<Conversation>
        let body: String
        let clientId: String?
        let mentions: [ID<Person>]?
    }

    private var note: Route {
        Route(
            .post, "/conversations/{id}/notes", "inbox.writeNote", "Writes a note that the customer never sees.",
            policy: .signedIn, limit: Rates.writing, budget: 9, status: 201,
            failures: [Failures.missing, Failures.message]
        ) { [office] (request: Request<NoteInput>) in
            let input = request.input
            return try await refusing {
                MessageLine(
                    try await office.conversations.note(
                        input.body, mentioning: input.mentions ?? [], on: input.id, clientID: input.clientId,
                        by: try await office.person(of: request.context, at: input.id), in: request.tenant))
            }
        }
    }
}

extension MessageLine: Output {
    static let fields: [Field] = [
        .body("id", .id), .body("sequence", .integer), .body("role", .choice(Message.Role.self)),
        .body("clientId", optional: .text), .body("personId", optional: .id), .body("body", .text),
        .body(
            "files",
            .list(
                .object([
                    .body("kind", .text), .body("name", optional: .text), .body("title", optional: .text),
                    .body("id", optional: .id, "Our copy."), .body("mediaType", optional: .text),
                    .body("bytes", optional: .integer), .body("failure", optional: .text, "Why there is no copy."),
                ]))), .body("delivery", .choice(Message.Delivery.self)), .body("failure", optional: .text),
        .body("sentAt", .timestamp), .body("isEdited", .boolean), .body("isDeleted", .boolean),
        .body(
            "sources",
            .list(.object([.body("passage", .text), .body("title", .text), .body("heading", .text)])),
            "Where the bot found its answer."),
    ]
    static let shape = Shape.object(fields)
}
