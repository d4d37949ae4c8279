import Base
import InboxVendors
import Limits
import Web

/// What a widget's frame asks for its visitor.
///
/// Who asks is said by the header `x-inbox-visitor`: no cookie, which browsers keep from frames of other sites, and which
/// would make a visitor of one shop a visitor of another.
struct WidgetRoutes: Sendable {
    let office: Office

    var routes: [Route] {
        [session, messages, send, upload, file, typing, handOver, rate]
    }

    static let header = "x-inbox-visitor"
    private static let invalid = Failure("inbox.visitorInvalid", 401, "The visitor's token is not good any more.")
    private static let reading = RouteLimit.per(.address, "inbox.widgetRead", 1_200)
    private static let writing = RouteLimit.per(.address, "inbox.widgetWrite", 600)

    /// Whom a request comes from, as its token says.
    private func visitor(_ context: RequestContext, at channel: ID<Channel>) throws -> Visitor {
        try office.widget.visitor(context.header(Self.header), at: channel)
    }

    /// Our own origins, as the browser that asks names them.
    static func own(_ context: RequestContext) -> Set<String> {
        guard let host = context.header("host") else { return [] }
        return ["https://\(host)", "http://\(host)"]
    }

    // MARK: Sessions

    private struct SessionInput: Input {
        static let fields: [Field] = [
            .path("channel", .id, "The widget's channel."),
            .body("token", optional: .text(1...VisitorToken.Bounds.bytes), "The token of the last session."),
            .body("site", optional: .text(1...OriginRule.Bounds.bytes), "The origin in which the frame stands."),
            .body("userId", optional: .text(1...WidgetIdentity.Bounds.userIdBytes), "The company's own id of a user."),
            .body("userExpires", optional: .integer(1...100_000_000_000), "Until when its word holds, in seconds."),
            .body("userSignature", optional: .text(64...64), "HMAC-SHA256 of expiry and id, in hexadecimal digits."),
            .body("name", optional: .text(1...Contact.Bounds.nameCharacters)),
            .body("email", optional: .text(1...Contact.Bounds.emailBytes)),
            .body("phone", optional: .text(1...Contact.Bounds.phoneBytes)),
            .body("locale", optional: .text(2...35)),
        ]

        let channel: ID<Channel>
        let token: String?
        let site: String?
        let userId: String?
        let userExpires: Int64?
        let userSignature: String?
        let name: String?
        let email: String?
        let phone: String?
        let locale: String?
    }

    private struct SessionOutput: Output {
        static let shape = Shape.object([
            .body("token", .text, "To be kept by the browser and sent with each request."),
            .body("isKnown", .boolean, "Whether the company has said who it is."),
            .body("topic", .text, "Where messages are told as they come."), .body("expiresAt", .timestamp),
            .body("thread", .object(ThreadOutput.fields)), .body("takesRatings", .boolean),
        ])

        let token: String
        let isKnown: Bool
        let topic: String
        let expiresAt: Timestamp
        let thread: ThreadOutput
        let takesRatings: Bool
    }

    private var session: Route {
        Route(
            .post, "/widget/{channel}/session", "inbox.openWidgetSession",
            "Lets a visitor of a site in: known by their token or the company's word, or new.", policy: .anyone,
            limit: .per(.address, "inbox.widgetSessions", 120), budget: 9,
            failures: [
                Failures.missing, Self.invalid,
                Failure("inbox.originRefused", 403, "The widget may not stand on this site."),
                Failure("inbox.identityInvalid", 401, "The company's word about a user is not believed."),
            ]
        ) { [office] (request: Request<SessionInput>) in
            let (input, context) = (request.input, request.context)
            return try await refusing {
                var opening = WidgetDesk.Opening(
                    channel: input.channel, origin: context.header("origin"), own: Self.own(context), site: input.site,
                    token: input.token, group: LimitKey(request.tenant, context.clientAddress.group.id))
                if let user = input.userId {
                    opening.identity = WidgetDesk.Opening.Identity(
                        user: user, expires: input.userExpires ?? 0, signature: input.userSignature ?? "")
                }
                opening.details = WidgetDesk.Details(
                    name: input.name, email: input.email, phone: input.phone, locale: input.locale)
                let session = try await office.widget.open(opening, in: request.tenant)
                return SessionOutput(
                    token: session.token, isKnown: session.visitor.isKnown, topic: session.topic,
                    expiresAt: session.visitor.expires, thread: ThreadOutput(session.thread),
                    takesRatings: office.widget.takesRatings)
            }
        }
    }

    // MARK: Messages

    private struct ThreadOutput: Output {
        static let line: [Field] = [
            .body("id", .id), .body("sequence", .integer), .body("from", .choice(VisitorLine.From.self)),
            .body("clientId", optional: .text), .body("name", optional: .text), .body("body", .text),
            .body(
                "files",
                .list(
                    .object([
                        .body("id", optional: .id), .body("kind", .text), .body("name", optional: .text),
                        .body("mediaType", optional: .text), .body("bytes", optional: .integer),
                    ]))),
            .body(
                "sources", .list(.object([.body("title", .text), .body("heading", .text)])),
                "Where the bot found its answer."),
            .body("sentAt", .timestamp), .body("isDeleted", .boolean),
        ]
        static let fields: [Field] = [
            .body(
                "state",
                optional: .object([
                    .body("conversation", .id), .body("isClosed", .boolean),
                    .body("answering", .choice(VisitorState.Answering.self)), .body("closings", .integer),
                ])),
            .body("messages", .list(.object(line))), .body("next", .integer, "After which number to ask again."),
            .body("place", optional: .integer, "The place among those who wait for a person; 1 is next."),
        ]
        static let shape = Shape.object(fields)

        let state: VisitorState?
        let messages: [VisitorLine]
        let next: Int64
        let place: Int?

        init(_ thread: VisitorThread) {
            state = thread.state
            messages = thread.lines
            next = thread.next
            place = thread.place
        }
    }

    private struct PartInput: Input {
        static let fields: [Field] = [
            .query("channel", .id, "The widget's channel."),
            .query("after", optional: .integer(0...Int(Int32.max)), default: 0, "Messages behind this number."),
        ]

        let channel: ID<Channel>
        let after: Int64
    }

    private var messages: Route {
        Route(
            .get, "/widget/messages", "inbox.listWidgetMessages", "Lists what a visitor may see of their conversation.",
            policy: .anyone, limit: Self.reading, budget: 3, failures: [Failures.missing, Self.invalid]
        ) { [self] (request: Request<PartInput>) in
            try await refusing {
                let visitor = try visitor(request.context, at: request.input.channel)
                return ThreadOutput(
                    try await office.widget.thread(of: visitor, after: request.input.after, in: request.tenant))
            }
        }
    }

    private struct SendInput: Input {
        static let fields: [Field] = [
            .body("channel", .id, "The widget's channel."), .body("text", .text(1...8_000)),
            .body(
                "clientId", .text(1...WidgetNote.Bounds.clientIdBytes),
                "The browser's own name for it: the same when it is sent again."),
        ]

        let channel: ID<Channel>
        let text: String
        let clientId: String
    }

    private struct Received: Output {
        static let shape = Shape.object([.body("isReceived", .boolean)])

        let isReceived: Bool
    }

    private var send: Route {
        Route(
            .post, "/widget/messages", "inbox.sendWidgetMessage",
            "Takes a visitor's message, once however often it is sent.", policy: .anyone, limit: Self.writing,
            budget: 3,
            status: 202,
            failures: [
                Failures.missing, Self.invalid, Failures.message,
                Failure("inbox.tooLong", 422, "The text is longer than may be; unit and limit are told."),
            ]
        ) { [self] (request: Request<SendInput>) in
            let input = request.input
            return try await refusing {
                let visitor = try visitor(request.context, at: input.channel)
                try await office.widget.admit(visitor, in: request.tenant)
                try await office.widget.receive(
                    input.text, clientID: input.clientId, from: visitor, in: request.tenant)
                return Received(isReceived: true)
            }
        }
    }

    private struct UploadInput: Input {
        static let fields: [Field] = [
            .query("channel", .id, "The widget's channel."),
            .query("clientId", .text(1...WidgetNote.Bounds.clientIdBytes)),
            .query("name", optional: .text(1...StoredFile.Bounds.nameCharacters)),
        ]

        let channel: ID<Channel>
        let clientId: String
        let name: String?
    }

    private var upload: Route {
        Route(
            .post, "/widget/files", "inbox.sendWidgetFile", "Takes a visitor's file as a message.", policy: .anyone,
            limit: Self.writing, budget: 4, bodyLimit: StoredFile.Bounds.bytes, accepts: .bytes,
            deadline: .seconds(300), status: 202,
            failures: [
                Failures.missing, Self.invalid, Failures.message,
                Failure("inbox.fileTooLarge", 413, "The file is larger than may be."),
            ]
        ) { [self] (request: Request<UploadInput>) in
            let (input, context) = (request.input, request.context)
            return try await refusing {
                let visitor = try visitor(context, at: input.channel)
                try await office.widget.admit(visitor, in: request.tenant)
                _ = try await office.widget.receive(
                    file: context.body, named: input.name, context.header("content-type"),
                    length: context.announcedLength, clientID: input.clientId, from: visitor, in: request.tenant)
                return Received(isReceived: true)
            }
        }
    }

    private struct FileInput: Input {
        static let fields: [Field] = [.path("id", .id, "The file."), .query("channel", .id, "The widget's channel.")]

        let id: ID<StoredFile>
        let channel: ID<Channel>
    }

    private var file: Route {
        Route(
            .get, "/widget/files/{id}", "inbox.getWidgetFile",
            "A file of the visitor's own conversation, or a part of it.",
            policy: .anyone, limit: Self.reading, budget: 2, cache: .privateRevalidate,
            failures: [Failures.missing, Self.invalid]
        ) { [self] (request: Request<FileInput>) in
            try await refusing {
                let visitor = try visitor(request.context, at: request.input.channel)
                let file = try await office.widget.file(request.input.id, of: visitor, in: request.tenant)
                return office.files.answer(file, in: request.tenant)
            }
        }
    }

    // MARK: Signs

    private struct SignInput: Input {
        static let fields: [Field] = [.body("channel", .id, "The widget's channel.")]

        let channel: ID<Channel>
    }

    private var typing: Route {
        Route(
            .post, "/widget/typing", "inbox.tellWidgetTyping", "Tells agents that the visitor is typing.",
            policy: .anyone, limit: Self.writing, budget: 1, status: 204, failures: [Self.invalid]
        ) { [self] (request: Request<SignInput>) in
            try await refusing {
                let visitor = try visitor(request.context, at: request.input.channel)
                try await office.widget.typing(visitor, in: request.tenant)
                return NoContent()
            }
        }
    }

    private var handOver: Route {
        Route(
            .post, "/widget/hand-over", "inbox.askForPerson", "Asks for a person in the bot's place.",
            policy: .anyone, limit: Self.writing, budget: 7, status: 204, failures: [Failures.missing, Self.invalid]
        ) { [self] (request: Request<SignInput>) in
            try await refusing {
                let visitor = try visitor(request.context, at: request.input.channel)
                try await office.widget.askForPerson(visitor, by: office.conversations, in: request.tenant)
                return NoContent()
            }
        }
    }

    private struct RatingInput: Input {
        static let fields: [Field] = [
            .body("channel", .id, "The widget's channel."), .body("score", .integer(WidgetRating.Bounds.scores)),
            .body("text", optional: .text(1...WidgetRating.Bounds.textCharacters)),
        ]

        let channel: ID<Channel>
        let score: Int
        let text: String?
    }

    private var rate: Route {
        Route(
            .post, "/widget/ratings", "inbox.rateByWidget", "Takes what a visitor thinks of a closed conversation.",
            policy: .anyone, limit: Self.writing, budget: 6, status: 204, failures: [Failures.missing, Self.invalid]
        ) { [self] (request: Request<RatingInput>) in
            try await refusing {
                let visitor = try visitor(request.context, at: request.input.channel)
                try await office.widget.rate(
                    request.input.score, request.input.text, by: visitor, in: request.tenant)
                return NoContent()
            }
        }
    }
}
