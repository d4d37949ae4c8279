import Base
import Web

/// Texts that are used again, over HTTP: the composer asks for them while somebody types `/`.
struct CannedReplyRoutes: Sendable {
    let office: Office

    var routes: [Route] { [find, make, change, remove, use] }

    private struct ReplyOutput: Output {
        static let fields: [Field] = [
            .body("id", .id), .body("shortcut", .text), .body("body", .text), .body("isOwn", .boolean),
            .body("uses", .integer),
        ]
        static let shape = Shape.object(fields)

        let id: ID<CannedReply>
        let shortcut: String
        let body: String
        let isOwn: Bool
        let uses: Int64

        init(_ reply: CannedReply) {
            id = reply.id
            shortcut = reply.shortcut
            body = reply.body
            isOwn = reply.owner != nil
            uses = reply.uses
        }
    }

    private struct FindInput: Input {
        static let fields: [Field] = [
            .query(
                "text", optional: .text(0...CannedReply.Bounds.wordsCharacters),
                "The beginning of a shortcut, or words of the text."),
            .query(
                "limit", optional: .integer(1...100), default: .integer(Int64(CannedReply.Bounds.found)), "How many."),
        ]

        let text: String?
        let limit: Int
    }

    private struct FoundOutput: Output {
        static let shape = Shape.object([.body("replies", .list(.object(ReplyOutput.fields)))])

        let replies: [ReplyOutput]
    }

    private var find: Route {
        Route(
            .get, "/replies", "inbox.findReplies", "Finds texts that one may use, the likeliest first.",
            policy: .signedIn, limit: .per(.person, "inbox.replies", 300), budget: 1
        ) { [office] (request: Request<FindInput>) in
            let found = try await office.canned.found(
                request.input.text ?? "", for: try request.person(), in: request.tenant)
            return FoundOutput(replies: found.prefix(request.input.limit).map(ReplyOutput.init))
        }
    }

    private static let draftFields: [Field] = [
        .body("shortcut", .text(1...CannedReply.Bounds.shortcutCharacters + 1), "With or without its slash."),
        .body(
            "body", .text(1...CannedReply.Bounds.bodyCharacters),
            "The text; {contact}, {contact.first}, {agent} and {agent.first} stand for names."),
        .body("isOwn", optional: .boolean, default: .boolean(true), "Whether only oneself uses it."),
    ]

    private struct MakeInput: Input {
        static let fields = draftFields

        let shortcut: String
        let body: String
        let isOwn: Bool
    }

    private struct ChangeInput: Input {
        static let fields = [Field.path("id", .id, "The text.")] + draftFields

        let id: ID<CannedReply>
        let shortcut: String
        let body: String
        let isOwn: Bool
    }

    /// The owner of a text: oneself, or the company, for which it takes an administrator.
    static func owner(isOwn: Bool, _ context: RequestContext) throws -> ID<Person>? {
        let person = try context.person(atLeast: isOwn ? .agent : .admin)
        return isOwn ? person : nil
    }

    private static let failures = [Failures.notAllowed, Failures.setting, Failures.named]

    private var make: Route {
        Route(
            .post, "/replies", "inbox.makeReply", "Makes a text that is used again.", policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 201, failures: Self.failures + [Failures.limit]
        ) { [office] (request: Request<MakeInput>) in
            let input = request.input
            return try await refusing {
                ReplyOutput(
                    try await office.canned.make(
                        input.shortcut, input.body, of: try Self.owner(isOwn: input.isOwn, request.context),
                        in: request.tenant))
            }
        }
    }

    private var change: Route {
        Route(
            .put, "/replies/{id}", "inbox.changeReply", "Changes a text that is used again.", policy: .signedIn,
            limit: Rates.writing, budget: 2, failures: Self.failures + [Failures.missing]
        ) { [office] (request: Request<ChangeInput>) in
            let input = request.input
            return try await refusing {
                ReplyOutput(
                    try await office.canned.change(
                        input.id, to: input.shortcut, input.body,
                        of: try Self.owner(isOwn: input.isOwn, request.context), in: request.tenant))
            }
        }
    }

    private struct RemoveInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The text."),
            .query("own", optional: .boolean, default: .boolean(true), "Whether it is one's own."),
        ]

        let id: ID<CannedReply>
        let own: Bool
    }

    private var remove: Route {
        Route(
            .delete, "/replies/{id}", "inbox.removeReply", "Removes a text that is used again.", policy: .signedIn,
            limit: Rates.writing, budget: 2, status: 204, failures: [Failures.notAllowed, Failures.missing]
        ) { [office] (request: Request<RemoveInput>) in
            try await refusing {
                try await office.canned.remove(
                    request.input.id, of: try Self.owner(isOwn: request.input.own, request.context),
                    in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct UseInput: Input {
        static let fields: [Field] = [
            .path("id", .id, "The text."), .body("conversationId", .id, "Where it is used: names come from there."),
        ]

        let id: ID<CannedReply>
        let conversationId: ID<Conversation>
    }

    private struct UsedOutput: Output {
        static let shape = Shape.object([.body("body", .text)])

        let body: String
    }

    private var use: Route {
        Route(
            .post, "/replies/{id}/uses", "inbox.useReply",
            "Takes a text for a conversation: counts the use, and fills in the names.", policy: .signedIn,
            limit: Rates.sending, budget: 2, failures: [Failures.missing]
        ) { [office] (request: Request<UseInput>) in
            try await refusing {
                UsedOutput(
                    body: try await office.canned.use(
                        request.input.id, in: request.input.conversationId,
                        by: try request.context.person(atLeast: .agent), of: request.tenant))
            }
        }
    }
}
